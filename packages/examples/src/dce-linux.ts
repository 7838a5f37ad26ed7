import { simulation } from "@dcejs/dce-glue";
import { tcpEchoClient } from "./programs/tcp-echo-client.ts";
import { tcpEchoServer } from "./programs/tcp-echo-server.ts";
import { udpEchoClient } from "./programs/udp-echo-client.ts";
import { udpEchoServer } from "./programs/udp-echo-server.ts";

/** DCE's second example: two hosts on a cable, TCP or UDP, and a kernel parameter read during the run. */
export default simulation(
  {
    description: "two hosts on a cable: TCP or UDP, and a sysctl read while they talk",
    options: { transport: { type: "string", choices: ["tcp", "udp"], default: "tcp" } },
  },
  (sim) => {
    const server = sim.node("server");
    const client = sim.node("client");
    sim.link(server, client, { rate: "5Mbps", delay: "2ms" });
    server.ip("addr add 10.1.1.1/24 dev sim0");
    client.ip("addr add 10.1.1.2/24 dev sim0");

    const isTcp = sim.options.transport === "tcp";
    server.start(isTcp ? tcpEchoServer : udpEchoServer, { args: [2000, 10], name: "server" });
    const asking = client.start(isTcp ? tcpEchoClient : udpEchoClient, {
      args: ["10.1.1.1", 2000, isTcp ? "hello over a cable" : 10],
      name: "client",
      at: "1s",
    });
    let congestionControls = "";
    sim.at("1s", () => {
      congestionControls = server.sysctl.get("net.ipv4.tcp_available_congestion_control");
    });
    return () => ({ answer: asking.stdout.trim(), congestionControls });
  },
);

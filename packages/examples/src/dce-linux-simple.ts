import { simulation } from "@dcejs/dce-glue";
import { tcpEchoClient } from "./programs/tcp-echo-client.ts";
import { tcpEchoServer } from "./programs/tcp-echo-server.ts";

/** DCE's first example: one host, a TCP server and a client over its loopback device. */
export default simulation({ description: "one host: TCP over its loopback device" }, (sim) => {
  const node = sim.node("host");
  node.ip("link set lo up");
  node.start(tcpEchoServer, { args: [2000], name: "tcp-server" });
  const client = node.start(tcpEchoClient, {
    args: ["127.0.0.1", 2000, "hello over lo"],
    name: "tcp-client",
    at: "1s",
  });
  return () => ({ echoed: client.stdout.trim() });
});

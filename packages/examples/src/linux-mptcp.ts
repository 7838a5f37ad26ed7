import { IPPROTO_MPTCP, type Simulation, simulation } from "@dcejs/dce-glue";
import { goodputMbps } from "./measure/goodput.ts";
import { counters } from "./measure/mib.ts";
import { octetsPerInterface, octetsSince } from "./measure/octets-per-interface.ts";
import { seededText, sha256 } from "./measure/seeded-file.ts";
import { receiveFile } from "./programs/receive-file.ts";
import { sendFile } from "./programs/send-file.ts";

const PORT = 9000;
const SERVER = "10.9.0.1";

/** One connection of Multipath TCP over two paths, of which one fails in the middle. */
export default simulation(
  {
    description: "Multipath TCP over two paths; one fails, and the transfer goes on",
    kernel: "linux-6.12-full",
    options: {
      octets: { type: "number", default: 4_000_000, min: 100_000, max: 1e9, integer: true },
      failAt: { type: "string", default: "2s", description: "when the cable of path 1 is pulled" },
    },
  },
  (sim) => {
    const { octets, failAt } = sim.options;
    const { client, server, firstCable } = makePaths(sim);
    client.ip("mptcp limits set subflow 2");
    client.ip("mptcp endpoint add 10.0.2.1 dev sim1 subflow");
    server.ip("mptcp limits set subflow 2");

    const content = seededText(sim.random("file"), octets);
    client.fs.write("/file.bin", content);
    const receiving = server.start(receiveFile, { args: [PORT, "/received.bin", IPPROTO_MPTCP] });
    const sending = client.start(sendFile, {
      args: [SERVER, PORT, "/file.bin", IPPROTO_MPTCP],
      at: "1s",
    });
    let before: readonly number[] = [];
    sim.at(failAt, () => {
      firstCable.down();
      before = octetsPerInterface(client);
    });
    return () => ({
      isIntact: sha256(server.fs.read("/received.bin")) === sha256(content),
      goodputMbps: goodputMbps(octets, sending, receiving),
      octetsBefore: before,
      octetsAfter: octetsSince(client, before),
      client: nonZero(counters(client, "MPTcpExt")),
      server: nonZero(counters(server, "MPTcpExt")),
      endpoints: client.ip("mptcp endpoint show"),
    });
  },
);

/** client =(two cables)= two routers — switch — server; what the second address sends goes the second way. */
function makePaths(sim: Simulation) {
  const client = sim.node("client");
  const routers = [sim.router("path1"), sim.router("path2")];
  const server = sim.node("server");
  const fabric = sim.switch("switch");
  const cables = routers.map((router, i) => {
    const path = i + 1;
    const cable = sim.link(client, router, { rate: "10Mbps", delay: `${path * 10}ms` });
    client.ip(`addr add 10.0.${path}.1/24 dev sim${i}`);
    router.ip(`addr add 10.0.${path}.254/24 dev sim0`);
    sim.link(router, fabric, { rate: "100Mbps", delay: "1ms" });
    router.ip(`addr add 10.9.0.25${path}/24 dev sim1`);
    client.ip(`route add default via 10.0.${path}.254 metric ${path}`);
    client.ip(`rule add from 10.0.${path}.1 table ${path}`);
    client.ip(`route add default via 10.0.${path}.254 table ${path}`);
    return cable;
  });
  sim.link(server, fabric, { rate: "100Mbps", delay: "1ms" });
  server.ip(`addr add ${SERVER}/24 dev sim0`);
  server.ip("route add 10.0.1.0/24 via 10.9.0.251");
  server.ip("route add 10.0.2.0/24 via 10.9.0.252");
  const [firstCable] = cables;
  if (firstCable === undefined) throw new Error("there are two paths");
  return { client, server, firstCable };
}

function nonZero(all: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

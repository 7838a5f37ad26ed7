import { type Simulation, simulation } from "@dcejs/dce-glue";
import { goodputMbps } from "./measure/goodput.ts";
import { octetsPerInterface, octetsSince } from "./measure/octets-per-interface.ts";
import { seededText, sha256 } from "./measure/seeded-file.ts";
import { sctpReceiveFile } from "./programs/sctp-receive-file.ts";
import { sctpSendFile } from "./programs/sctp-send-file.ts";

const PORT = 5000;
const CLIENT = ["10.0.1.1", "10.0.2.1"];
const SERVER = ["10.0.1.2", "10.0.2.2"];

/** An association of two hosts with two addresses each: when the primary path fails, SCTP takes the other one. */
export default simulation(
  {
    description: "SCTP between hosts with two addresses each; the primary path fails",
    kernel: "linux-6.12-full",
    options: {
      octets: { type: "number", default: 2_000_000, min: 100_000, max: 1e9, integer: true },
    },
  },
  (sim) => {
    const { octets } = sim.options;
    const { client, server, primary } = makeHosts(sim);
    const content = seededText(sim.random("file"), octets);
    client.fs.write("/file.bin", content);
    const receiving = server.start(sctpReceiveFile, { args: [PORT, "/received.bin", ...SERVER] });
    const sending = client.start(sctpSendFile, {
      args: [SERVER[0] ?? "", PORT, "/file.bin", ...CLIENT],
      at: "1s",
    });
    let paths = { before: "", after: "" };
    let association = "";
    let before: readonly number[] = [];
    sim.at("1500ms", () => {
      association = client.proc("/proc/net/sctp/assocs");
      paths = { ...paths, before: client.proc("/proc/net/sctp/remaddr") };
      before = octetsPerInterface(client);
      primary.down();
    });
    sim.at("5s", () => {
      paths = { ...paths, after: client.proc("/proc/net/sctp/remaddr") };
    });
    return () => ({
      isIntact: sha256(server.fs.read("/received.bin")) === sha256(content),
      goodputMbps: goodputMbps(octets, sending, receiving),
      octetsBefore: before,
      octetsAfter: octetsSince(client, before),
      association: `\n${association}`,
      pathsBefore: `\n${paths.before}`,
      pathsAfter: `\n${paths.after}`,
      counters: nonZeroCounters(client.proc("/proc/net/sctp/snmp")),
    });
  },
);

/** Two cables between two hosts, each a path of its own. */
function makeHosts(sim: Simulation) {
  const client = sim.node("client");
  const server = sim.node("server");
  const cables = CLIENT.map((address, i) => {
    const cable = sim.link(client, server, { rate: "10Mbps", delay: "10ms" });
    client.ip(`addr add ${address}/24 dev sim${i}`);
    server.ip(`addr add ${SERVER[i]}/24 dev sim${i}`);
    return cable;
  });
  const [primary] = cables;
  if (primary === undefined) throw new Error("there are two cables");
  return { client, server, primary };
}

/** Of the lines of /proc/net/sctp/snmp: a name and a number. */
function nonZeroCounters(text: string): Record<string, number> {
  const pairs = [...text.matchAll(/^(\w+)\s+(\d+)$/gm)];
  return Object.fromEntries(
    pairs.map(([, name = "", count]) => [name, Number(count)] as const).filter(([, n]) => n > 0),
  );
}

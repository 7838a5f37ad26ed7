/**
 * Packet-hops a second over the full stack: UDP datagrams from one host through a chain of routers
 * to another, 1000 octets each. Prints one JSON object.
 *
 *     node -C @dcejs/source bench/udp-chain.ts [hops] [packets]
 */
import { AF_INET, type Posix, runScenario, simulation, SOCK_DGRAM } from "../src/index.ts";

const HOPS = Number(process.argv[2] ?? 8);
const PACKETS = Number(process.argv[3] ?? 5000);
const SIZE = 1000;
/** 90 % of 1 Gbit/s with the headers of Ethernet, IPv4 and UDP. */
const INTERVAL_NS = Math.round(((SIZE + 42) * 8) / 0.9);

async function blast(posix: Posix): Promise<void> {
  const [, address = ""] = posix.argv;
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.connect(socket, { address, port: 9 });
  const payload = new Uint8Array(SIZE);
  for (let i = 0; i < PACKETS; i++) {
    await posix.send(socket, payload);
    await posix.nanosleep(INTERVAL_NS);
  }
}

async function sink(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(socket, { address: "0.0.0.0", port: 9 });
  const buffer = new Uint8Array(2048);
  for (;;) await posix.recv(socket, buffer);
}

const chain = simulation({ name: "udp-chain" }, (sim) => {
  const nodes = Array.from({ length: HOPS + 1 }, (_, i) => sim.node(`n${i}`, { forwarding: true }));
  for (let i = 0; i < HOPS; i++) {
    const left = nodes[i];
    const right = nodes[i + 1];
    if (left === undefined || right === undefined) throw new Error("a chain has no gaps");
    sim.link(left, right, { rate: "1Gbps", delay: "10us" });
    left.ip(`addr add 10.0.${i}.1/24 dev sim${i === 0 ? 0 : 1}`);
    right.ip(`addr add 10.0.${i}.2/24 dev sim0`);
    if (i < HOPS - 1) left.ip(`route add default via 10.0.${i}.2`);
    if (i > 0) right.ip(`route add 10.0.0.0/24 via 10.0.${i}.1`);
  }
  nodes[HOPS]?.start(sink, { daemon: true });
  nodes[0]?.start(blast, { args: [`10.0.${HOPS - 1}.2`], at: "1s" });
});

const began = process.hrtime.bigint();
const result = await runScenario(chain);
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
const delivered = result.nodes.at(-1)?.mib["Udp"]?.["InDatagrams"] ?? 0;
process.stdout.write(
  `${JSON.stringify({
    hops: HOPS,
    packets: PACKETS,
    delivered,
    packetHops: delivered * HOPS,
    seconds: Number(seconds.toFixed(3)),
    packetHopsPerSecond: Math.round((delivered * HOPS) / seconds),
    events: result.events,
    eventsPerSecond: Math.round(result.events / seconds),
    traceHash: result.traceHash,
  })}\n`,
);

// Ours and ns-3's (where Debian's libns3-dev is installed) on the same scenarios, in turns in one run; prints JSON.
// Processor time, the best of ROUNDS rounds. `nsEachFirst` is our first round, while the engine still compiles;
// `startUpMs` is a run of the same hosts and cables with a packet or none.
//   node scripts/bootstrap.mjs -- node -C @dcejs/source packages/examples/bench/against-ns3.ts
//     [--kernel linux-6.12] [--stacks wasmfx]
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runScenario } from "@dcejs/dce-glue";
import dceUdpPerf from "../src/dce-udp-perf.ts";
import { tcpBulk } from "./tcp-bulk.ts";

const ROUNDS = 3;
const { values: flags } = parseArgs({
  options: { kernel: { type: "string" }, stacks: { type: "string" } },
});
const kernel = flags.kernel ?? "emulated";
const stacks = flags.stacks === "wasmfx" ? "wasmfx" : "jspi";
const overrides = { kernel, stacks } as const;
const folder = fileURLToPath(new URL("ns3", import.meta.url));
const binaries = fileURLToPath(new URL("../../../out/ns3/", import.meta.url));

/** What one round of one side did, and the processor time it took. */
interface Round {
  readonly work: number;
  readonly cpuSeconds: number;
}

interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: () => Promise<Round>;
  readonly ns3: () => Round;
  /** The same hosts and cables without traffic. */
  readonly empty: () => Promise<unknown>;
}

const hasNs3 = spawnSync("make", ["-s", "-C", folder]).status === 0;

/** Runs a peer program, and reads the number called `field` and its processor time from its JSON. */
function ns3(program: string, args: readonly number[], field: string): Round {
  const text = execFileSync(binaries + program, args.map(String), { encoding: "utf8" });
  const report: ReadonlyMap<string, unknown> = new Map(Object.entries(JSON.parse(text)));
  return { work: Number(report.get(field)), cpuSeconds: Number(report.get("cpuSeconds")) };
}

async function timed(run: () => Promise<number>): Promise<Round> {
  const before = process.cpuUsage();
  const work = await run();
  const { user, system } = process.cpuUsage(before);
  return { work, cpuSeconds: (user + system) / 1e6 };
}

function chain(hops: number, packets: number): Row {
  return {
    name: `udp chain, ${hops} hops`,
    unit: "packet-hop",
    ours: () =>
      timed(
        async () =>
          (await runScenario(dceUdpPerf, { ...overrides, options: { hops, packets } })).result
            .packetHops,
      ),
    ns3: () => ns3("udp-chain", [hops, packets, 1000, 1], "packetHops"),
    empty: () => runScenario(dceUdpPerf, { ...overrides, options: { hops, packets: 1 } }),
  };
}

function segments(bytes: number): number {
  return Math.round(bytes / 1448);
}

function bulk(flows: number, seconds: number): Row {
  return {
    name: `tcp bulk, ${flows} flows`,
    unit: "segment",
    ours: () =>
      timed(async () =>
        segments(
          (await runScenario(tcpBulk, { ...overrides, options: { flows, seconds } })).result.bytes,
        ),
      ),
    ns3: () => {
      const { work, cpuSeconds } = ns3("tcp-bulk", [flows, seconds], "bytes");
      return { work: segments(work), cpuSeconds };
    },
    empty: () => runScenario(tcpBulk, { ...overrides, options: { flows, seconds: 0.001 } }),
  };
}

const rows = [chain(1, 100_000), chain(4, 100_000), chain(16, 40_000), bulk(1, 40), bulk(100, 20)];
const report: Record<string, unknown>[] = [];
for (const { name, unit, ours, ns3: peer, empty } of rows) {
  let first = 0;
  let best = Infinity;
  let peerBest = Infinity;
  let work = 0;
  let peerWork = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const mine = await ours();
    work = mine.work;
    if (round === 0) first = mine.cpuSeconds;
    best = Math.min(best, mine.cpuSeconds);
    if (!hasNs3) continue;
    const theirs = peer();
    peerWork = theirs.work;
    peerBest = Math.min(peerBest, theirs.cpuSeconds);
  }
  const startUp = await timed(async () => {
    await empty();
    return 0;
  });
  const nanoseconds = (best * 1e9) / work;
  const peerNanoseconds = (peerBest * 1e9) / peerWork;
  report.push({
    name,
    unit,
    work,
    nsEach: Math.round(nanoseconds),
    nsEachFirst: Math.round((first * 1e9) / work),
    startUpMs: Math.round(startUp.cpuSeconds * 1e3),
    ...(hasNs3 && {
      ns3Work: peerWork,
      ns3NsEach: Math.round(peerNanoseconds),
      timesFaster: Number((peerNanoseconds / nanoseconds).toFixed(2)),
    }),
  });
}
console.log(
  JSON.stringify(
    {
      kernel,
      stacks,
      rounds: ROUNDS,
      peer: hasNs3 ? "ns-3 of Debian 12" : "not installed",
      report,
    },
    null,
    2,
  ),
);

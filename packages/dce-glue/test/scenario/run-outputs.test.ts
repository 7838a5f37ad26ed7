import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AF_INET, type Posix, SOCK_DGRAM } from "../../src/posix/index.ts";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { type Scenario, simulation } from "../../src/scenario/simulation.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dce-glue-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function greet(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  const [found] = await posix.getaddrinfo("peer");
  await posix.sendto(socket, "hello", { address: found?.address ?? "", port: 9 });
  await posix.print(`sent to ${found?.address}\n`);
}

async function talk(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.sendto(socket, await posix.readTextFile("/text"), { address: "127.0.0.1", port: 9 });
}

/** Two hosts with a cable that nothing goes through: one of them sends a datagram to itself. */
function lonely(text: string): Scenario {
  return simulation({}, (sim) => {
    const talker = sim.node("talker");
    sim.link(talker, sim.node("other"));
    // Not through argv: that is in the hash as well.
    talker.fs.write("/text", text);
    talker.start(talk);
  });
}

async function sleeps(posix: Posix): Promise<number> {
  await posix.nanosleep(Number(posix.getenv("NS")));
  return Number(posix.getenv("CODE"));
}

/** One process without a network, which ends at a time and in a way. */
function quiet(options: { at?: string; args?: string[]; ns?: number; code?: number }): Scenario {
  const { at = "0s", args = [], ns = 5, code = 0 } = options;
  return simulation({}, (sim) => {
    const env = { NS: String(ns), CODE: String(code) };
    sim.node("only").start(sleeps, { at, args, env, expect: "any" });
  });
}

const scenario = simulation({ name: "greeting" }, (sim) => {
  const a = sim.node("a");
  const b = sim.node("b");
  sim.link(a, b, { delay: "1ms" });
  a.ip("addr add 10.0.0.1/24 dev sim0");
  b.ip("addr add 10.0.0.2/24 dev sim0");
  a.hosts.set("peer", "10.0.0.2");
  a.fs.write("/etc/motd", "welcome\n");
  const greeting = a.start(greet, { at: "1ms" });
  return () => greeting.pid;
});

test("captures: a file for each interface and one for all, the same for the same seed", async () => {
  await runScenario(scenario, { pcap: join(folder, "one") });
  await runScenario(scenario, { pcap: join(folder, "two") });
  const files = readdirSync(join(folder, "one")).toSorted();
  expect(files).toEqual(["a-sim0.pcapng", "all.pcapng", "b-sim0.pcapng"]);
  for (const file of files) {
    const bytes = readFileSync(join(folder, "one", file));
    expect(bytes.subarray(0, 4)).toEqual(Buffer.from([0x0a, 0x0d, 0x0d, 0x0a]));
    expect(readFileSync(join(folder, "two", file)).equals(bytes)).toBe(true);
  }
});

test("lo is captured where it carried something, and its frames are in the trace hash of every host", async () => {
  const first = await runScenario(lonely("hello"), { pcap: folder });
  expect(readdirSync(folder).toSorted()).toEqual([
    "all.pcapng",
    "other-sim0.pcapng",
    "talker-lo.pcapng",
    "talker-sim0.pcapng",
  ]);
  expect(readFileSync(join(folder, "talker-lo.pcapng")).includes("hello")).toBe(true);
  expect(readFileSync(join(folder, "all.pcapng")).includes("hello")).toBe(true);
  expect((await runScenario(lonely("hello"))).traceHash).toBe(first.traceHash);
  expect((await runScenario(lonely("other"))).traceHash).not.toBe(first.traceHash);
});

test("the trace hash tells runs without frames apart by what their processes do", async () => {
  const runs = [
    quiet({}),
    quiet({ at: "1ns" }),
    quiet({ args: ["x"] }),
    quiet({ ns: 6 }),
    quiet({ code: 1 }),
  ];
  const hashes: string[] = [];
  for (const one of runs) hashes.push((await runScenario(one)).traceHash);
  expect(new Set(hashes).size).toBe(runs.length);
  expect((await runScenario(quiet({}))).traceHash).toBe(hashes[0]);
});

test("files: each host's tree, with what its processes and its kernel have written", async () => {
  const run = await runScenario(scenario, { files: folder });
  const log = join(folder, "files-0", "var", "log");
  const read = (...path: string[]): string => readFileSync(join(log, ...path), "utf8");
  expect(read(String(run.result), "stdout")).toBe("sent to 10.0.0.2\n");
  expect(read(String(run.result), "cmdline")).toContain("greet");
  expect(read(String(run.result), "status")).toContain("Exit: exit 0");
  expect(read("messages")).toContain("NET: Registered PF_INET protocol family");
  expect(readFileSync(join(folder, "files-0", "etc", "motd"), "utf8")).toBe("welcome\n");
  expect(readdirSync(folder).toSorted()).toEqual(["files-0", "files-1"]);
});

test("the result is plain data: it survives JSON, and says what happened", async () => {
  const run = await runScenario(scenario);
  expect(JSON.parse(JSON.stringify(run))).toMatchObject({
    scenario: "greeting",
    seed: 1,
    kernel: "emulated",
    wallMs: 0,
    nodes: [
      {
        id: 0,
        name: "a",
        kernel: "emulated",
        interfaces: [
          { name: "lo", ipv4: ["127.0.0.1/8"] },
          {
            name: "sim0",
            index: 2,
            address: "00:00:00:00:00:01",
            mtu: 1500,
            isUp: true,
            ipv4: ["10.0.0.1/24"],
            txPackets: 2,
          },
        ],
        mib: { Udp: { OutDatagrams: 1 } },
      },
      { name: "b", mib: { Udp: { NoPorts: 1 }, Icmp: { OutDestUnreachs: 1 } } },
    ],
    processes: [{ node: "a", argv: ["greet"], exit: 0, startNs: 1_000_000, asExpected: true }],
    counters: { framesDelivered: 4, framesDropped: 0 },
    ok: true,
  });
  expect(run.traceHash).toMatch(/^[0-9a-f]{16}$/);
});

test("options, seed and kernel come from outside, and are checked", async () => {
  const optional = simulation(
    { seed: 5, options: { count: { type: "number", default: 1, min: 1 } } },
    (sim) => ({ seed: sim.seed, count: sim.options.count }),
  );
  expect((await runScenario(optional)).result).toEqual({ seed: 5, count: 1 });
  expect((await runScenario(optional, { seed: 9, options: ["--count", "3"] })).result).toEqual({
    seed: 9,
    count: 3,
  });
  await expect(runScenario(optional, { options: { count: 0 } })).rejects.toThrow(
    "option --count: 0 is not in 1..",
  );
  await expect(runScenario(optional, { kernel: "linux-9.9" })).rejects.toThrow(
    'unknown kernel "linux-9.9"; there is: emulated',
  );
  await expect(runScenario(optional, { until: "later" })).rejects.toThrow(/^until: .*"later"/);
});

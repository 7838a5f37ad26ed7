import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RunOverrides, type RunResult, runScenario, type Scenario } from "@dcejs/dce-glue";
import { afterAll, beforeAll, expect, test } from "vitest";
import dceLinux from "../../src/dce-linux.ts";
import dceLinuxSimple from "../../src/dce-linux-simple.ts";
import dcePing from "../../src/dce-ping.ts";
import dceTcpFile from "../../src/dce-tcp-file.ts";
import dceUdpPerf from "../../src/dce-udp-perf.ts";
import { runPair, streamClient, streamServer } from "./hosts.ts";

const scenarios: [string, Scenario][] = [
  ["dce-linux", dceLinux],
  ["dce-linux-simple", dceLinuxSimple],
  ["dce-ping", dcePing],
  ["dce-tcp-file", dceTcpFile],
  ["dce-udp-perf", dceUdpPerf],
];
const command = fileURLToPath(new URL("../../../cli/bin/dce.mjs", import.meta.url));
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dcejs-same-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** All that a run says of itself; wallMs is 0 without a clock. */
function essence(run: RunResult): string {
  return JSON.stringify(run);
}

/** Names and digests of the files of a folder. */
function digests(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
      return `${file.slice(path.length)} ${digest}`;
    })
    .toSorted();
}

test.for(scenarios)(
  "%s runs twice in one process with one result, and the same files",
  async ([name, scenario]) => {
    const runs: string[] = [];
    const files: string[][] = [];
    for (const round of ["first", "second"]) {
      const pcap = join(folder, name, round, "pcap");
      const kept = join(folder, name, round, "files");
      runs.push(essence(await runScenario(scenario, { pcap, files: kept })));
      files.push([...digests(pcap), ...digests(kept)]);
    }
    expect(runs[1]).toBe(runs[0]);
    expect(files[1]).toEqual(files[0]);
    expect(files[0]?.length).toBeGreaterThan(3);
  },
);

test.for(scenarios)(
  "captures, kept files and traces change nothing about %s",
  async ([name, scenario]) => {
    const plain = await runScenario(scenario);
    const others: RunOverrides[] = [
      { pcap: join(folder, name, "p") },
      { files: join(folder, name, "f") },
      { trace: "*", onTrace: () => {} },
      { onProgress: () => Promise.resolve() },
    ];
    for (const overrides of others) {
      expect(essence(await runScenario(scenario, overrides))).toBe(essence(plain));
    }
  },
);

test("two processes write the same captures", () => {
  const rounds = ["one", "two"].map((round) => {
    const pcap = join(folder, "processes", round);
    const file = fileURLToPath(new URL("../../src/dce-tcp-file.ts", import.meta.url));
    const args = [command, "run", file, "--loss", "0.05", "--seed", "9", "--json", "--pcap", pcap];
    const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return [stdout.replace(/"wallMs":\d+/, ""), ...digests(pcap)];
  });
  expect(rounds[0]).toHaveLength(4);
  expect(rounds[1]).toEqual(rounds[0]);
});

test("a node that does nothing, and one that draws random numbers, change no draw of the others", async () => {
  const link = { rate: "10Mbps", delay: "5ms", loss: 0.05, jitter: "1ms", corrupt: 0.01 };
  const captured = async (extra: "nothing" | "idle" | "busy"): Promise<string[]> => {
    const pcap = join(folder, "streams", extra);
    await runPair(
      ({ sim, left, right }) => {
        right.start(streamServer(80));
        left.start(streamClient("10.0.0.2", 80, 200_000), { at: "1ms" });
        if (extra === "nothing") return;
        const [other, peer] = [sim.node("other"), sim.node("peer")];
        sim.link(other, peer, link);
        if (extra === "idle") return;
        sim.random("mine").next();
        other.ip("addr add 10.9.0.1/24 dev sim0");
        peer.ip("addr add 10.9.0.2/24 dev sim0");
        peer.start(streamServer(81));
        other.start(streamClient("10.9.0.2", 81, 50_000), { at: "2ms" });
      },
      link,
      { pcap },
    );
    return digests(pcap).filter((line) => /^\/(left|right)-sim0/.test(line));
  };
  const alone = await captured("nothing");
  expect(alone).toHaveLength(2);
  expect(await captured("idle")).toEqual(alone);
  expect(await captured("busy")).toEqual(alone);
});

test("concurrent runs in one process do not mix", async () => {
  const [alone, ...together] = [
    await runScenario(dceTcpFile),
    ...(await Promise.all([
      runScenario(dceTcpFile),
      runScenario(dceTcpFile, { seed: 2 }),
      runScenario(dceUdpPerf),
      runScenario(dceTcpFile),
    ])),
  ];
  const hash = alone.traceHash;
  expect(together.map(({ traceHash }) => traceHash === hash)).toEqual([true, false, false, true]);
});

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EXIT_DEADLOCK, EXIT_OK, EXIT_UNEXPECTED, EXIT_USAGE, main } from "../src/index.ts";

const scenarios = fileURLToPath(new URL("scenarios/", import.meta.url));
const sleeps = join(scenarios, "sleeps.ts");

/** Runs a command and gives back what it said. */
async function dce(...args: string[]): Promise<{ exit: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const exit = await main(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isTerminal: false,
  });
  return { exit, out, err };
}

test("--json prints one object and nothing else", async () => {
  const { exit, out, err } = await dce("run", sleeps, "--json", "--seed", "7");
  expect([exit, err]).toEqual([EXIT_OK, ""]);
  const run: unknown = JSON.parse(out);
  expect(run).toMatchObject({
    scenario: "sleeps",
    seed: 7,
    kernel: "emulated",
    virtualNs: 3e9, // one second after the last process
    processes: [{ node: "host", argv: ["sleeper"], exit: 0 }],
    result: { slept: 2 },
  });
  const keys =
    "scenario seed kernel virtualNs wallMs events traceHash nodes processes counters warnings result";
  expect(Object.keys(Object(run)).join(" ")).toBe(keys);
});

test("the same seed gives the same object but for wallMs", async () => {
  const [first, second] = await Promise.all([
    dce("run", sleeps, "--json"),
    dce("run", sleeps, "--json"),
  ]);
  const wall = /"wallMs":\d+/;
  expect(second.out.replace(wall, "")).toBe(first.out.replace(wall, ""));
});

test("options that dce does not know go to the scenario, before and after --", async () => {
  const before = await dce("run", sleeps, "--seconds", "5", "--json");
  const after = await dce("run", sleeps, "--json", "--", "--seconds=5");
  for (const { exit, out } of [before, after]) {
    expect(exit).toBe(EXIT_OK);
    expect(JSON.parse(out)).toMatchObject({ virtualNs: 6e9, result: { slept: 5 } });
  }
});

test("the summary shows processes, counters and the result", async () => {
  const { exit, out } = await dce("run", sleeps);
  expect(exit).toBe(EXIT_OK);
  for (const text of ["sleeps", "3s of virtual time", "sleeper", "exit 0", "slept", "trace"]) {
    expect(out).toContain(text);
  }
});

test("a process that does not end as expected is exit 1, and the summary says which", async () => {
  const { exit, out } = await dce("run", join(scenarios, "fails.ts"));
  expect(exit).toBe(EXIT_UNEXPECTED);
  expect(out).toMatch(/returns-3.*exit 3, expected exit 0/);
  expect(out).toMatch(/thrower.*expected exit 0/);
});

test("a deadlock is exit 3 with a report of who waits for what", async () => {
  const { exit, out, err } = await dce("run", join(scenarios, "waits-forever.ts"));
  expect([exit, out]).toEqual([EXIT_DEADLOCK, ""]);
  expect(err).toContain("lonely-server");
  expect(err).toMatch(/accept/);
});

test.for([
  [["run", "no-such-scenario"], /no scenario "no-such-scenario"/],
  [["run", "./no-such-file.ts"], /no such file/],
  [["run", scenarios], /is not a file/],
  [["run", join(scenarios, "exports-nothing.ts")], /is not a scenario/],
  [["run", join(scenarios, "breaks-on-import.ts")], /cannot be loaded: Error: broken on import/],
  [["run", join(scenarios, "bad-address.ts")], /10\.0\.0\.300/],
  [["run", sleeps, "--seconds", "61"], /--seconds: 61 is not in 0\.\.60/],
  [["run", sleeps, "--secnds", "6"], /unknown option --secnds/],
  [["run", sleeps, "--seed", "-1"], /a seed is an integer/],
  [["run", sleeps, "--kernel", "plan9"], /unknown kernel "plan9"/],
  [["run", sleeps, "--until", "soon"], /soon/],
  [["run"], /needs a scenario/],
  [["walk"], /unknown command 'walk'/],
] as const)("dce %j is exit 2 with one clear line", async ([args, line]) => {
  const { exit, out, err } = await dce(...args);
  expect(exit).toBe(EXIT_USAGE);
  expect(out).toBe("");
  expect(err).toMatch(line);
  expect(
    err
      .trimEnd()
      .split("\n")
      .filter((each) => !each.startsWith("(")),
  ).toHaveLength(1);
});

test("run --help shows the scenario's own options", async () => {
  const { exit, out } = await dce("run", sleeps, "--help");
  expect(exit).toBe(EXIT_OK);
  expect(out).toContain("--seconds NUMBER (default 2)");
  expect(out).toContain("--pcap <dir>");
});

test("--version and --help are no errors", async () => {
  expect((await dce("--version")).exit).toBe(EXIT_OK);
  expect((await dce("--help")).exit).toBe(EXIT_OK);
});

test("list shows the scenarios of a folder, and says which file it cannot load", async () => {
  const { exit, err } = await dce("list", scenarios);
  expect(exit).toBe(EXIT_USAGE);
  expect(err).toContain("breaks-on-import.ts");
});

test("--pcap and --files leave captures and the nodes' files", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dcejs-cli-"));
  try {
    const { exit } = await dce(
      "run",
      sleeps,
      "--pcap",
      join(folder, "pcap"),
      "--files",
      join(folder, "files"),
    );
    expect(exit).toBe(EXIT_OK);
    const [log] = readdirSync(join(folder, "files", "files-0", "var", "log")).filter((name) =>
      /^\d+$/.test(name),
    );
    expect(readdirSync(join(folder, "files", "files-0", "var", "log", log ?? ""))).toContain(
      "cmdline",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("--until ends a run early, and the program that still runs is not as expected", async () => {
  const { exit, out } = await dce("run", sleeps, "--until", "500ms", "--json");
  expect(exit).toBe(EXIT_UNEXPECTED);
  expect(JSON.parse(out)).toMatchObject({ virtualNs: 5e8, processes: [{ exit: null }] });
});

test("--trace prints tracepoints in virtual time on stderr", async () => {
  const { err } = await dce("run", sleeps, "--trace", "sched:*");
  expect(err).toMatch(/^\d+\.\d{9} \[0\] sched:/m);
});

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXIT_DEADLOCK, EXIT_OK, EXIT_USAGE, main } from "../src/index.ts";

const scenarios = fileURLToPath(new URL("scenarios/", import.meta.url));
const faults = join(scenarios, "faults.ts");
const sleeps = join(scenarios, "sleeps.ts");
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dcejs-faults-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function dce(...args: string[]): Promise<{ exit: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const exit = await main(args, {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    isTerminal: false,
  });
  return { exit, ...said };
}

test.for([
  ["setup", /^dce: TypeError: wrong from the start \(\/.*faults\.ts:\d+:\d+\)$/],
  ["later", /^dce: Error: wrong a moment later \(\/.*faults\.ts:\d+:\d+\)$/],
  ["text", /^dce: the scenario threw just a text$/],
  ["action", /^dce: Error: wrong in an action \(\/.*faults\.ts:\d+:\d+\)$/],
  ["async-action", /^dce: Error: wrong in a promise \(\/.*faults\.ts:\d+:\d+\)$/],
  ["result", /^dce: Error: wrong in the result \(\/.*faults\.ts:\d+:\d+\)$/],
] as const)(
  "a scenario that throws (%s) is exit 2 with one line that says where",
  async ([how, line]) => {
    const { exit, out, err } = await dce("run", faults, "--how", how);
    expect([exit, out]).toEqual([EXIT_USAGE, ""]);
    expect(err.trimEnd()).toMatch(line);
  },
);

test("a module that only looks like a scenario is none", async () => {
  const path = join(folder, "looks-like-one.mjs");
  writeFileSync(path, 'export default { kind: "dce-scenario", setup() {} };');
  const { exit, err } = await dce("run", path);
  expect(exit).toBe(EXIT_USAGE);
  expect(err).toMatch(/^dce: .* is not a scenario: its default export must come from simulation/);
});

test.for(["bigint", "cycle"])(
  "a result without a form in JSON (%s) is exit 2 with --json, and is shown without",
  async (how) => {
    const json = await dce("run", faults, "--how", how, "--json");
    expect(json.exit).toBe(EXIT_USAGE);
    expect(json.err).toMatch(/^dce: the scenario's result has no form in JSON: TypeError: .*\n$/);
    const text = await dce("run", faults, "--how", how);
    expect([text.exit, text.err]).toEqual([EXIT_OK, ""]);
    expect(text.out).toMatch(/1n|itself/);
  },
);

test.for([
  [EXIT_USAGE, "TypeError", ["run", faults, "--how", "setup"]],
  [EXIT_USAGE, "ScenarioError", ["run", sleeps, "--seconds", "61"]],
  [EXIT_USAGE, "CommanderError", ["walk"]],
  [EXIT_USAGE, "CommanderError", ["run", sleeps, "--seed", ""]],
  [EXIT_USAGE, "UsageError", ["list", "/no/such/folder"]],
  [EXIT_DEADLOCK, "DeadlockError", ["run", join(scenarios, "waits-forever.ts")]],
] as const)("with --json a failure is one object, too: exit %i, %s", async ([code, name, args]) => {
  const { exit, out } = await dce(...args, "--json");
  expect(exit).toBe(code);
  expect(out.match(/\n/g)).toHaveLength(1);
  expect(JSON.parse(out)).toMatchObject({ error: { exit: code, name } });
});

test.for([
  ["--pcap", "afile"],
  ["--pcap", "afile/below"],
  ["--pcap", ""],
  ["--pcap", "/proc/no-folder"],
  ["--files", "afile"],
  ["--files", "/proc/no-folder/below"],
] as const)(
  "%s %j cannot be written: exit 2 before the run, with one line",
  async ([option, name]) => {
    writeFileSync(join(folder, "afile"), "");
    const target = name === "" || name.startsWith("/") ? name : join(folder, name);
    const { exit, out, err } = await dce("run", faults, "--how", "action", option, target);
    expect([exit, out]).toEqual([EXIT_USAGE, ""]);
    expect(err).toMatch(/^dce: (captures|files): (cannot write to|"" is no folder).*\n$/);
  },
);

test("a run that fails keeps the nodes' files", async () => {
  const { exit } = await dce("run", join(scenarios, "waits-forever.ts"), "--files", folder);
  expect(exit).toBe(EXIT_DEADLOCK);
  expect(readdirSync(join(folder, "files-0", "var", "log"))).toContain("messages");
});

test.for(["", " ", "1e3", "0x10", "1.0", "+1", "4294967296"])(
  "--seed %j is no seed",
  async (seed) => {
    expect((await dce("run", sleeps, "--seed", seed)).exit).toBe(EXIT_USAGE);
  },
);

test("list of what is no folder is exit 2", async () => {
  const { exit, err } = await dce("list", faults);
  expect([exit, err]).toEqual([EXIT_USAGE, `dce: ${faults} is not a folder\n`]);
});

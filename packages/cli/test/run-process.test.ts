import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as hostTime } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const command = fileURLToPath(new URL("../bin/dce.mjs", import.meta.url));
const scenarios = fileURLToPath(new URL("scenarios/", import.meta.url));
const faults = join(scenarios, "faults.ts");
const sleeps = join(scenarios, "sleeps.ts");
const EXIT_BROKEN_PIPE = 141;
const DEV_FULL = "/dev/full";

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

async function ended(child: ChildProcess): Promise<Ended> {
  const said = { out: "", err: "" };
  child.stdout?.on("data", (chunk: Buffer) => void (said.out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => void (said.err += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, signal: child.signalCode, ...said };
}

test.concurrent("with --json, what programs print goes to stderr", async () => {
  const { code, out, err } = await ended(start("run", faults, "--json"));
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ scenario: "faults", result: { nothing: "wrong" } });
  expect(err).toBe("a program that prints to the host's console\n");
});

test.concurrent("without --json it goes where it always goes", async () => {
  const { out, err } = await ended(start("run", faults));
  expect(out).toMatch(/^a program that prints to the host's console\n/);
  expect(err).toBe("");
});

test.concurrent("a scenario that waits for what never comes is exit 2", async () => {
  const { code, out, err } = await ended(start("run", faults, "--how", "waits", "--json"));
  expect(code).toBe(2);
  expect(err).toBe("dce: the scenario waits for a promise that nothing will settle\n");
  expect(JSON.parse(out)).toMatchObject({ error: { exit: 2 } });
});

test.concurrent("who stops reading ends the command without a word", async () => {
  const child = start("run", sleeps);
  child.stdout?.destroy();
  const { code, err } = await ended(child);
  expect([code, err]).toEqual([EXIT_BROKEN_PIPE, ""]);
});

test.skipIf(!existsSync(DEV_FULL))("a full disk behind stdout is one line", async () => {
  const full = openSync(DEV_FULL, "w");
  const args = [command, "run", sleeps];
  const child = spawn(process.execPath, args, { stdio: ["ignore", full, "pipe"] });
  const { code, err } = await ended(child);
  expect(code).toBe(2);
  expect(err).toMatch(/^dce: cannot write: ENOSPC.*\n$/);
});

test.concurrent.for(["SIGINT", "SIGTERM"] as const)("%s ends a run promptly", async (signal) => {
  const child = start("run", join(scenarios, "runs-for-ever.ts"), "--trace", "printk:*");
  // The kernel's log on stderr: the run has begun.
  await once(child.stderr ?? child, "data");
  await hostTime(50);
  const begin = performance.now();
  child.kill(signal);
  expect((await ended(child)).signal).toBe(signal);
  expect(performance.now() - begin).toBeLessThan(2000);
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runScenario, ScenarioError } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/dce-tcp-file.ts";

test("the file arrives as it was sent", async () => {
  const run = await runScenario(scenario);
  expect(run.ok).toBe(true);
  expect(run.result.bytes).toBe(1_000_000);
  expect(run.result.sha256Received).toBe(run.result.sha256Sent);
  expect(run.counters.framesDropped).toBeGreaterThan(0);
  expect(run.leaks).toEqual({
    tasks: 0,
    events: 0,
    fileDescriptors: 0,
    packets: 0,
    hostObjects: 0,
  });
});

test.for([1, 2, 3, 4, 5, 6, 7, 8])(
  "seed %i: intact at 2 % loss, twice the same trace",
  async (seed) => {
    const first = await runScenario(scenario, { seed, options: { loss: 0.02 } });
    const second = await runScenario(scenario, { seed, options: { loss: 0.02 } });
    expect(first.result.sha256Received).toBe(first.result.sha256Sent);
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.events).toBe(first.events);
  },
);

test("without loss a link of 10 Mbit/s is filled", async () => {
  const run = await runScenario(scenario, { options: { loss: 0, delay: "5ms" } });
  expect(run.result.goodputMbps).toBeGreaterThan(8.5);
  expect(run.result.goodputMbps).toBeLessThan(9.6);
});

test("a file of the host's is sent, whatever its size", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dcejs-"));
  try {
    const file = join(folder, "three-octets");
    writeFileSync(file, "abc");
    const run = await runScenario(scenario, { options: { file } });
    expect(run.result.bytes).toBe(3);
    expect(run.result.sha256Received).toBe(run.result.sha256Sent);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a file that is not there is a scenario error", async () => {
  await expect(runScenario(scenario, { options: { file: "no-such-file" } })).rejects.toThrow(
    ScenarioError,
  );
});

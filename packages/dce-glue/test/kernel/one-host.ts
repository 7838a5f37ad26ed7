import type { Posix } from "../../src/posix/index.ts";
import { type RunOverrides, runScenario } from "../../src/scenario/run-scenario.ts";
import type { RunResult } from "../../src/scenario/run-result.ts";
import { simulation } from "../../src/scenario/simulation.ts";

/** Runs programs on one host, each from its time in ms; the run has to end without leaks and as expected. */
export async function onOneHost(
  programs: readonly (readonly [atMs: number, program: (posix: Posix) => Promise<void>])[],
  overrides: RunOverrides = {},
): Promise<RunResult> {
  const scenario = simulation({ name: "one-host" }, (sim) => {
    const host = sim.node("host");
    for (const [atMs, program] of programs) host.start(program, { at: `${atMs}ms` });
  });
  const run = await runScenario(scenario, overrides);
  const failed = run.processes.find((one) => !one.asExpected);
  if (failed !== undefined) throw new Error(`${failed.argv[0]}: ${failed.error ?? failed.exit}`);
  const { leaks } = run;
  const total = leaks.tasks + leaks.events + leaks.fileDescriptors + leaks.packets;
  if (total + leaks.hostObjects > 0) throw new Error(`leaks: ${JSON.stringify(leaks)}`);
  return run;
}

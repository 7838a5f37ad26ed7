import { DeadlockError } from "@dcejs/core-sched";
import { IpCommandError, KernelStoppedError, ScenarioError } from "@dcejs/dce-glue";
import { CommanderError } from "commander";
import { UsageError } from "./usage-error.ts";

/** All processes ended as expected. */
export const EXIT_OK = 0;
/** A process did not end as the scenario expects, or the run broke. */
export const EXIT_UNEXPECTED = 1;
/** Bad usage, or a scenario that is wrong. */
export const EXIT_USAGE = 2;
/** The simulation could not go on: everything waits for something that cannot come, or a kernel stopped. */
export const EXIT_DEADLOCK = 3;

/** The exit code for what a run has thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof DeadlockError || error instanceof KernelStoppedError) return EXIT_DEADLOCK;
  if (error instanceof UsageError || error instanceof ScenarioError) return EXIT_USAGE;
  if (error instanceof IpCommandError || error instanceof CommanderError) return EXIT_USAGE;
  return EXIT_UNEXPECTED;
}

/** What to tell the user: one line for what they can mend, the whole report for what they must study. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `dce: ${String(error)}`;
  const code = exitCodeOf(error);
  if (code === EXIT_USAGE) return `dce: ${error.message}`;
  if (code === EXIT_DEADLOCK) return error.message;
  return error.stack ?? error.message;
}

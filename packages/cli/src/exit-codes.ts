import { DeadlockError } from "@dcejs/core-sched";
import { IpCommandError, ScenarioError } from "@dcejs/dce-glue";
import { KernelPanicError, LklBugError } from "@dcejs/lkl-kernel";
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
  if (error instanceof DeadlockError || isKernelStop(error)) return EXIT_DEADLOCK;
  if (error instanceof UsageError || error instanceof ScenarioError) return EXIT_USAGE;
  if (error instanceof IpCommandError || error instanceof CommanderError) return EXIT_USAGE;
  return EXIT_UNEXPECTED;
}

/** Whether a kernel panicked, or found a bug in how it is used, on the way to this error. */
function isKernelStop(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof LklBugError || each instanceof KernelPanicError) return true;
  }
  return false;
}

/** What to tell the user: one line for what they can mend, the whole report for what they must study. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `dce: ${String(error)}`;
  const code = exitCodeOf(error);
  if (code === EXIT_USAGE) return `dce: ${error.message}`;
  if (code === EXIT_DEADLOCK) return error.message;
  return error.stack ?? error.message;
}

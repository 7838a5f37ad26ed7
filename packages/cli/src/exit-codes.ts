import { DeadlockError, InvariantError } from "@dcejs/core-sched";
import { IpCommandError, isScenarioFault, ScenarioError, SyscallError } from "@dcejs/dce-glue";
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
  if (error instanceof InvariantError) return EXIT_UNEXPECTED;
  if (error instanceof UsageError || error instanceof ScenarioError) return EXIT_USAGE;
  if (error instanceof IpCommandError || error instanceof CommanderError) return EXIT_USAGE;
  return isScenarioFault(error) || isHostError(error) ? EXIT_USAGE : EXIT_UNEXPECTED;
}

/** Whether a kernel panicked, or found a bug in how it is used, on the way to this error. */
function isKernelStop(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof LklBugError || each instanceof KernelPanicError) return true;
    // Of real Linux, whose package need not be installed.
    if (each.name === "LinuxStoppedError") return true;
  }
  return false;
}

/** An error of the host's own files: a full disk, a folder that may not be written. */
function isHostError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error && !(error instanceof SyscallError);
}

/** What to tell the user: one line for what they can mend, the whole report for what they must study. */
export function describeError(error: unknown): string {
  const code = exitCodeOf(error);
  if (!(error instanceof Error)) return `dce: ${String(error)}`;
  if (code === EXIT_DEADLOCK) return error.message;
  if (code !== EXIT_USAGE) return error.stack ?? error.message;
  return `dce: ${messageOf(error)}`;
}

/** The message of an error, for a program: without stack; with the place of a scenario's own error. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return exitCodeOf(error) !== EXIT_USAGE || isOurs(error) ? error.message : withPlace(error);
}

/** Its message says all; where in our code it was made is of no interest. */
function isOurs(error: Error): boolean {
  return (
    error instanceof UsageError ||
    error instanceof ScenarioError ||
    error instanceof IpCommandError ||
    error instanceof CommanderError ||
    isHostError(error)
  );
}

/** `TypeError: no such thing (/home/me/scenario.ts:7:12)`: what the scenario's code threw, and where. */
function withPlace(error: Error): string {
  const [message = ""] = error.message.split("\n", 1);
  const place = /^ +at (?:.*\()?(?:file:\/\/)?([/\\\w][^()]*:\d+:\d+)\)?$/m.exec(
    error.stack ?? "",
  )?.[1];
  return `${error.name}: ${message}${place === undefined ? "" : ` (${place})`}`;
}

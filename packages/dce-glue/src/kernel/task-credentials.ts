import type { Task } from "@dcejs/core-sched";

/** Whose rights a task's calls have. */
export interface Credentials {
  readonly euid: number;
  readonly egid: number;
}

/** Of the program that the task is of; undefined for the kernel's own tasks, which are root's. */
export function credentialsOf(task: Task | undefined): Credentials | undefined {
  // The context of a program's task is its thread, which has a process.
  const context = task?.context;
  if (typeof context !== "object" || context === null || !("process" in context)) return undefined;
  const { process } = context;
  return isCredentials(process) ? process : undefined;
}

function isCredentials(value: unknown): value is Credentials {
  return (
    typeof value === "object" &&
    value !== null &&
    "euid" in value &&
    typeof value.euid === "number" &&
    "egid" in value &&
    typeof value.egid === "number"
  );
}

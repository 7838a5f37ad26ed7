import { TaskStateError } from "./errors.ts";
import { invariant } from "./invariant.ts";
import { YIELDS_WHILE_UNWINDING_MAX } from "./limits.ts";
import type { Task } from "./task.ts";

/** A call that has not finished. The TaskManager completes it later with a number. */
export interface Blocked {
  /** What the caller waits for, in a word or two, as `ps -o wchan` shows it. */
  readonly waitChannel: string;
}

/**
 * Kernel-mode code that may block: it yields Blocked handles, is resumed with the number that the
 * handle completed with, and returns its result.
 */
export type Wait<T = number> = Generator<Blocked, T, number>;

/**
 * The handle of the call in which a task is blocked. A task can be blocked in one call at a time, so
 * each task has one handle, used again and again: do not keep it after the call is done.
 */
export class BlockedCall implements Blocked {
  readonly task: Task;
  /**
   * For hosts that attach a callback instead of a fiber: called in the slice that follows the
   * wake-up, with the task current, in place of resuming its fiber. Cleared before it is called.
   */
  onComplete: ((result: number) => void) | undefined = undefined;

  constructor(task: Task) {
    this.task = task;
  }

  get waitChannel(): string {
    return this.task.waitChannel;
  }

  /** True when the task is not in a blocking call: the last one has completed. */
  get isDone(): boolean {
    return !this.task.isInCall;
  }
}

/**
 * A slice ends with the handle of the call that the task is blocked in, and with nothing else.
 * @throws TaskStateError
 */
export function checkHandedUp(task: Task, handle: Blocked): void {
  if (handle !== task.call) {
    throw new TaskStateError(`${task.describe()} yielded something that is not its blocked call`);
  }
  if (task.currentState === "RUNNING") {
    throw new TaskStateError(`${task.describe()} yielded a handle, but is in no blocking call`);
  }
}

/** Ends a generator where it stands: its finally blocks run. May throw what they throw. */
export function unwind(code: Wait<unknown>): void {
  for (let yields = 0; yields < YIELDS_WHILE_UNWINDING_MAX; yields++) {
    if (code.return(undefined).done === true) return;
  }
  invariant(false, "code that is being killed does not block in its finally blocks");
}

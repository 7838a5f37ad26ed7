import type { Wait } from "./blocked.ts";
import { Errno } from "./errno.ts";
import type { LklKernel } from "./kernel.ts";
import { MAX_SCHEDULE_TIMEOUT } from "./limits.ts";
import { TASK_RUNNING, isSignalPendingFor } from "./task.ts";
import type { TaskStruct } from "./task.ts";

interface SwaitEntry {
  readonly task: TaskStruct;
  /** It was given what it waits for. */
  isGranted: boolean;
}

/**
 * A FIFO of tasks, each waiting to be given something: what lies under mutexes, semaphores and
 * completions. The giver hands over to the first in line, so nobody can overtake.
 */
export class SwaitQueue {
  readonly #kernel: LklKernel;
  readonly #waiters: SwaitEntry[] = [];

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  get hasWaiters(): boolean {
    return this.#waiters.length > 0;
  }

  /** Hands over to the first in line. @returns the task, or undefined when nobody waits */
  grant(): TaskStruct | undefined {
    const entry = this.#waiters.shift();
    if (entry === undefined) return undefined;
    entry.isGranted = true;
    this.#kernel.wake_up_process(entry.task);
    return entry.task;
  }

  /**
   * Sleeps in `state` until granted, at most `timeout` jiffies (__down_common).
   * @param giveBack Takes back a grant whose receiver was ended by the host before it could run.
   * @returns jiffies that were left, at least 1; 0: time ran out; -EINTR: a signal came
   */
  *wait(state: number, timeout: number, wchan: string, giveBack: () => void): Wait {
    const kernel = this.#kernel;
    const entry: SwaitEntry = { task: kernel.current, isGranted: false };
    this.#waiters.push(entry);
    let left = timeout;
    let isOver = false;
    try {
      for (;;) {
        const isInterrupted = isSignalPendingFor(entry.task, state);
        if (isInterrupted || left <= 0) {
          isOver = true;
          return isInterrupted ? -Errno.EINTR : 0;
        }
        entry.task.state = state;
        left = yield* kernel.schedule_timeout(left, wchan);
        if (entry.isGranted) {
          isOver = true;
          return Math.max(1, left);
        }
      }
    } finally {
      entry.task.state = TASK_RUNNING;
      if (!entry.isGranted) this.#waiters.splice(this.#waiters.indexOf(entry), 1);
      else if (!isOver) giveBack();
    }
  }

  /** As {@link wait} without a limit of time. @returns 1, or -EINTR */
  waitForever(state: number, wchan: string, giveBack: () => void): Wait {
    return this.wait(state, MAX_SCHEDULE_TIMEOUT, wchan, giveBack);
  }
}

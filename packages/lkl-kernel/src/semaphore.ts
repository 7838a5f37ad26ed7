import type { Wait } from "./blocked.ts";
import { Errno } from "./errno.ts";
import type { LklKernel } from "./kernel.ts";
import { MAX_SCHEDULE_TIMEOUT } from "./limits.ts";
import { SwaitQueue } from "./swait.ts";
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from "./task.ts";

/** struct semaphore: a counter that is never negative (kernel/locking/semaphore.c). up() may come from any context. */
export class Semaphore {
  readonly #wait: SwaitQueue;
  #count: number;

  constructor(kernel: LklKernel, count: number) {
    this.#wait = new SwaitQueue(kernel);
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  /** down_trylock with the sense of a predicate. @returns true if one was taken */
  tryDown(): boolean {
    if (this.#count === 0) return false;
    this.#count--;
    return true;
  }

  *down(): Wait<void> {
    yield* this.#down(TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
  }

  /** @returns 0, or -EINTR when a signal came first */
  downInterruptible(): Wait {
    return this.#down(TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
  }

  /** @returns 0, or -EINTR when a fatal signal came first */
  downKillable(): Wait {
    return this.#down(TASK_KILLABLE, MAX_SCHEDULE_TIMEOUT);
  }

  /** @returns 0, or -ETIME after `jiffies` */
  downTimeout(jiffies: number): Wait {
    return this.#down(TASK_UNINTERRUPTIBLE, jiffies);
  }

  up(): void {
    if (this.#wait.grant() === undefined) this.#count++;
  }

  *#down(state: number, jiffies: number): Wait {
    if (this.tryDown()) return 0;
    const left = yield* this.#wait.wait(state, jiffies, "down", () => {
      this.up();
    });
    if (left < 0) return left;
    return left === 0 ? -Errno.ETIME : 0;
  }
}

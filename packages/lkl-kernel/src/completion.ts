import type { Wait } from "./blocked.ts";
import { Errno } from "./errno.ts";
import type { LklKernel } from "./kernel.ts";
import { MAX_SCHEDULE_TIMEOUT } from "./limits.ts";
import { SwaitQueue } from "./swait.ts";
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from "./task.ts";

/** struct completion: something happens once, or n times; tasks wait for it (kernel/sched/completion.c). */
export class Completion {
  readonly #wait: SwaitQueue;
  /** How many waits will not sleep; Infinity after completeAll(). */
  #done = 0;

  constructor(kernel: LklKernel) {
    this.#wait = new SwaitQueue(kernel);
  }

  /** completion_done: a wait would not sleep. */
  get isDone(): boolean {
    return this.#done > 0;
  }

  /** Ends the first wait, or the next one. From any context. */
  complete(): void {
    if (this.#wait.grant() === undefined) this.#done++;
  }

  /** Ends all waits, also those to come. */
  completeAll(): void {
    this.#done = Number.POSITIVE_INFINITY;
    while (this.#wait.grant() !== undefined);
  }

  /** reinit_completion. */
  reinit(): void {
    this.#done = 0;
  }

  /** try_wait_for_completion: takes one without sleeping. */
  tryWait(): boolean {
    if (this.#done === 0) return false;
    this.#done--;
    return true;
  }

  *wait(): Wait<void> {
    yield* this.#sleep(TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
  }

  /** @returns jiffies that were left, at least 1; 0 when time ran out */
  waitTimeout(jiffies: number): Wait {
    return this.#sleep(TASK_UNINTERRUPTIBLE, jiffies);
  }

  /** @returns 0, or -ERESTARTSYS when a signal came first */
  *waitInterruptible(): Wait {
    const left = yield* this.#sleep(TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
    return left < 0 ? left : 0;
  }

  /** As waitTimeout, or -ERESTARTSYS when a signal came first. */
  waitInterruptibleTimeout(jiffies: number): Wait {
    return this.#sleep(TASK_INTERRUPTIBLE, jiffies);
  }

  /** @returns 0, or -ERESTARTSYS when a fatal signal came first */
  *waitKillable(): Wait {
    const left = yield* this.#sleep(TASK_KILLABLE, MAX_SCHEDULE_TIMEOUT);
    return left < 0 ? left : 0;
  }

  *#sleep(state: number, jiffies: number): Wait {
    if (this.tryWait()) return Math.max(1, jiffies);
    const left = yield* this.#wait.wait(state, jiffies, "wait_for_completion", () => {
      this.complete();
    });
    return left < 0 ? -Errno.ERESTARTSYS : left;
  }
}

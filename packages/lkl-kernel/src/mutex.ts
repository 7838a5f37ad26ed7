import type { Wait } from "./blocked.ts";
import type { LklKernel } from "./kernel.ts";
import { SwaitQueue } from "./swait.ts";
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from "./task.ts";
import type { TaskStruct } from "./task.ts";

/**
 * struct mutex: one task at a time, which must be the one to unlock (kernel/locking/mutex.c).
 * unlock() hands over to the first waiter.
 */
export class Mutex {
  readonly #kernel: LklKernel;
  readonly #wait: SwaitQueue;
  #owner: TaskStruct | undefined = undefined;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
    this.#wait = new SwaitQueue(kernel);
  }

  get owner(): TaskStruct | undefined {
    return this.#owner;
  }

  get isLocked(): boolean {
    return this.#owner !== undefined;
  }

  /** @returns true if it is ours now. Try this first: lock() makes a generator. */
  tryLock(): boolean {
    if (this.#owner !== undefined) return false;
    this.#owner = this.#kernel.current;
    return true;
  }

  *lock(): Wait<void> {
    yield* this.#lock(TASK_UNINTERRUPTIBLE);
  }

  /** @returns 0, or -EINTR when a signal came first */
  lockInterruptible(): Wait {
    return this.#lock(TASK_INTERRUPTIBLE);
  }

  /** @returns 0, or -EINTR when a fatal signal came first */
  lockKillable(): Wait {
    return this.#lock(TASK_KILLABLE);
  }

  unlock(): void {
    const { current } = this.#kernel;
    if (this.#owner !== current) {
      const owner = this.#owner === undefined ? "nobody" : `${this.#owner.comm}/${this.#owner.pid}`;
      this.#kernel.bug(
        `mutex_unlock: ${current.comm}/${current.pid} unlocks a mutex that ${owner} owns`,
      );
    }
    this.#owner = this.#wait.grant();
  }

  *#lock(state: number): Wait {
    if (this.tryLock()) return 0;
    const { current } = this.#kernel;
    if (this.#owner === current) {
      this.#kernel.bug(`mutex_lock: ${current.comm}/${current.pid} owns the mutex already`);
    }
    const left = yield* this.#wait.waitForever(state, "mutex_lock", () => {
      this.#owner = this.#wait.grant();
    });
    return left < 0 ? left : 0;
  }
}

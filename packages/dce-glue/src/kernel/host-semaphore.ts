import { type Blocked, invariant, type Task, type TaskManager } from "@dcejs/core-sched";

/** A counting semaphore over tasks. Waiters are served in the order in which they came. */
export class HostSemaphore {
  readonly #manager: TaskManager;
  #count: number;
  readonly #waiters: Task[] = [];

  constructor(manager: TaskManager, count: number) {
    this.#manager = manager;
    this.#count = count;
  }

  get waiterCount(): number {
    return this.#waiters.length;
  }

  /** Never blocks; from any context. The unit goes to the first waiter directly. */
  up(): void {
    while (this.#waiters.length > 0) {
      const task = this.#waiters.shift();
      // A waiter that was stopped meanwhile takes nothing.
      if (task !== undefined && this.#manager.wakeup(task, 0)) return;
    }
    this.#count++;
  }

  /** Takes a unit, or parks the current task until it gets one. */
  down(channel: string): Blocked | undefined {
    if (this.#count > 0) {
      this.#count--;
      return undefined;
    }
    const task = this.#manager.currentTask();
    invariant(task !== undefined, `${channel}: event context must never have to wait`);
    this.#waiters.push(task);
    return this.#manager.sleep(channel);
  }
}

/** A mutex over tasks, recursive or plain, handed on in the order in which the waiters came. */
export class HostMutex {
  readonly #manager: TaskManager;
  readonly #isRecursive: boolean;
  readonly #threadSelf: () => number;
  readonly #waiters: Task[] = [];
  /** Thread that holds it; 0: free. */
  #owner = 0;
  #count = 0;

  constructor(manager: TaskManager, isRecursive: boolean, threadSelf: () => number) {
    this.#manager = manager;
    this.#isRecursive = isRecursive;
    this.#threadSelf = threadSelf;
  }

  get owner(): number {
    return this.#owner;
  }

  lock(channel: string): Blocked | undefined {
    const self = this.#threadSelf();
    if (this.#owner === 0) {
      this.#owner = self;
      this.#count = 1;
      return undefined;
    }
    if (this.#owner === self) {
      invariant(
        this.#isRecursive,
        `${channel}: a plain mutex must not be locked again by its owner`,
      );
      this.#count++;
      return undefined;
    }
    const task = this.#manager.currentTask();
    invariant(task !== undefined, `${channel}: event context must never have to wait`);
    this.#waiters.push(task);
    return this.#manager.sleep(channel);
  }

  unlock(): void {
    invariant(this.#owner === this.#threadSelf(), "mutex_unlock: only the owner may unlock");
    if (--this.#count > 0) return;
    this.#owner = 0;
    for (let task = this.#waiters.shift(); task !== undefined; task = this.#waiters.shift()) {
      if (this.#manager.wakeup(task, 0)) {
        this.#owner = task.id;
        this.#count = 1;
        return;
      }
    }
  }
}

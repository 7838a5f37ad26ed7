/** Synchronization of threads, as pthreads has it. First come, first served, in virtual time. */
import type { Blocked, Wait } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { ERESTARTNOINTR, ERESTARTSYS } from "../fd/restart.ts";
import { WaitPoint } from "../fd/wait-point.ts";
import { FOREVER, type WaitingThread } from "../fd/waiter.ts";

export type MutexType = "NORMAL" | "RECURSIVE" | "ERRORCHECK";

/** pthread_mutex_t. */
export class MutexState {
  readonly #type: MutexType;
  readonly #queue = new WaitPoint();
  #owner: WaitingThread | undefined;
  #depth = 0;

  constructor(type: MutexType = "NORMAL") {
    this.#type = type;
  }

  get isLocked(): boolean {
    return this.#owner !== undefined;
  }

  /** @returns 0, -EBUSY, or -EDEADLK (ERRORCHECK, one's own). */
  tryLock(thread: WaitingThread): number {
    if (this.#owner === undefined) {
      this.#owner = thread;
      this.#depth = 1;
      return 0;
    }
    if (this.#owner === thread && this.#type === "RECURSIVE") {
      this.#depth++;
      return 0;
    }
    return -Errno.EBUSY;
  }

  /** @param deadlineNs virtual time at which to give up with -ETIMEDOUT. */
  lock(thread: WaitingThread, deadlineNs: number = FOREVER): number | Blocked {
    const result = this.tryLock(thread);
    if (result === 0) return 0;
    if (this.#owner === thread && this.#type === "ERRORCHECK") return -Errno.EDEADLK;
    return thread.task.manager.enter(this.lockWait(thread, deadlineNs));
  }

  /** In kernel style, for condition variables. */
  *lockWait(thread: WaitingThread, deadlineNs: number = FOREVER): Wait {
    for (;;) {
      if (this.tryLock(thread) === 0) return 0;
      const result = yield* waitOn(thread, this.#queue, "pthread_mutex_lock", deadlineNs);
      if (result < 0) return result;
    }
  }

  /** @returns 0, or -EPERM: not one's own. */
  unlock(thread: WaitingThread): number {
    if (this.#owner !== thread) return -Errno.EPERM;
    if (--this.#depth > 0) return 0;
    this.#owner = undefined;
    this.#queue.wakeUp();
    return 0;
  }
}

/** pthread_cond_t. Wake-ups without cause may happen, as POSIX says: wait in a loop. */
export class CondState {
  readonly #queue = new WaitPoint();

  /** Must hold the mutex; holds it again when the call is done, however it ends. */
  wait(thread: WaitingThread, mutex: MutexState, deadlineNs: number = FOREVER): number | Blocked {
    const result = mutex.unlock(thread);
    if (result < 0) return result;
    return thread.task.manager.enter(this.#wait(thread, mutex, deadlineNs));
  }

  signal(): void {
    this.#queue.wakeUp();
  }

  broadcast(): void {
    this.#queue.wakeUpAll();
  }

  *#wait(thread: WaitingThread, mutex: MutexState, deadlineNs: number): Wait {
    const result = yield* waitOn(thread, this.#queue, "pthread_cond_wait", deadlineNs);
    // Signals must not part the waiter from its mutex; only the end of the process does.
    let locked = yield* mutex.lockWait(thread);
    while (locked < 0 && !thread.isKilled) {
      yield thread.task.manager.yield();
      locked = yield* mutex.lockWait(thread);
    }
    return result === -Errno.ETIMEDOUT ? result : 0;
  }
}

/** sem_t. */
export class SemaphoreState {
  readonly #queue = new WaitPoint();
  #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  get value(): number {
    return this.#value;
  }

  tryWait(): number {
    if (this.#value === 0) return -Errno.EAGAIN;
    this.#value--;
    return 0;
  }

  /** Unlike a mutex, a signal handler may end it: EINTR without SA_RESTART. */
  wait(thread: WaitingThread, deadlineNs: number = FOREVER): number | Blocked {
    if (this.tryWait() === 0) return 0;
    return thread.task.manager.enter(this.#wait(thread, deadlineNs));
  }

  post(): number {
    if (this.#value === SEM_VALUE_MAX) return -Errno.EOVERFLOW;
    this.#value++;
    this.#queue.wakeUp();
    return 0;
  }

  *#wait(thread: WaitingThread, deadlineNs: number): Wait {
    while (this.tryWait() < 0) {
      const result = yield* waitOn(thread, this.#queue, "sem_wait", deadlineNs);
      if (result < 0) return result === -ERESTARTNOINTR ? -ERESTARTSYS : result;
    }
    return 0;
  }
}

const SEM_VALUE_MAX = 0x7fffffff;

/** pthread_rwlock_t: writers that wait go before new readers, so that they do not starve. */
export class RwLockState {
  readonly #queue = new WaitPoint();
  readonly #readers = new Map<WaitingThread, number>();
  #writer: WaitingThread | undefined;
  #writersWaiting = 0;

  tryReadLock(thread: WaitingThread): number {
    const isReader = this.#readers.has(thread);
    if (this.#writer !== undefined || (this.#writersWaiting > 0 && !isReader)) return -Errno.EBUSY;
    this.#readers.set(thread, (this.#readers.get(thread) ?? 0) + 1);
    return 0;
  }

  tryWriteLock(thread: WaitingThread): number {
    if (this.#writer !== undefined || this.#readers.size > 0) return -Errno.EBUSY;
    this.#writer = thread;
    return 0;
  }

  readLock(thread: WaitingThread): number | Blocked {
    if (this.#writer === thread) return -Errno.EDEADLK;
    if (this.tryReadLock(thread) === 0) return 0;
    return thread.task.manager.enter(this.#lockWait(thread, false));
  }

  writeLock(thread: WaitingThread): number | Blocked {
    if (this.#writer === thread || this.#readers.has(thread)) return -Errno.EDEADLK;
    if (this.tryWriteLock(thread) === 0) return 0;
    return thread.task.manager.enter(this.#lockWait(thread, true));
  }

  unlock(thread: WaitingThread): number {
    const depth = this.#readers.get(thread);
    if (this.#writer === thread) this.#writer = undefined;
    else if (depth === undefined) return -Errno.EPERM;
    else if (depth > 1) this.#readers.set(thread, depth - 1);
    else this.#readers.delete(thread);
    this.#queue.wakeUpAll();
    return 0;
  }

  *#lockWait(thread: WaitingThread, isWriter: boolean): Wait {
    if (isWriter) this.#writersWaiting++;
    try {
      for (;;) {
        const result = yield* waitOn(thread, this.#queue, "pthread_rwlock", FOREVER);
        if (result < 0) return result;
        const taken = isWriter ? this.tryWriteLock(thread) : this.tryReadLock(thread);
        if (taken === 0) return 0;
      }
    } finally {
      if (isWriter && --this.#writersWaiting === 0) this.#queue.wakeUpAll();
    }
  }
}

/** pthread_barrier_t. */
export class BarrierState {
  readonly #queue = new WaitPoint();
  readonly #count: number;
  #arrived = 0;
  #generation = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** @returns 1 for the one that came last (PTHREAD_BARRIER_SERIAL_THREAD), 0 for the others. */
  wait(thread: WaitingThread): number | Blocked {
    if (++this.#arrived === this.#count) {
      this.#arrived = 0;
      this.#generation++;
      this.#queue.wakeUpAll();
      return 1;
    }
    return thread.task.manager.enter(this.#wait(thread, this.#generation));
  }

  *#wait(thread: WaitingThread, generation: number): Wait {
    while (generation === this.#generation) {
      const result = yield* waitOn(thread, this.#queue, "pthread_barrier_wait", FOREVER);
      if (result < 0 && generation === this.#generation) {
        this.#arrived--;
        return result;
      }
    }
    return 0;
  }
}

/** Waits once, as one of a queue of which a wake-up takes one. @returns 0, -ETIMEDOUT or -ERESTARTNOINTR. */
function* waitOn(
  thread: WaitingThread,
  queue: WaitPoint,
  channel: string,
  deadlineNs: number,
): Wait {
  const { waiter } = thread;
  const { now } = thread.task.manager.simulator;
  const left = deadlineNs === FOREVER ? FOREVER : Math.max(deadlineNs - now, 0);
  waiter.isExclusive = true;
  try {
    const ended = yield* waiter.waitAt(queue, channel, left);
    if (ended === "INTERRUPTED") return -ERESTARTNOINTR;
    return ended === "TIMEOUT" ? -Errno.ETIMEDOUT : 0;
  } finally {
    waiter.isExclusive = false;
  }
}

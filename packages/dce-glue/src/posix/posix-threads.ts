import type { Blocked, Wait } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { ERESTARTNOINTR } from "../fd/restart.ts";
import { FOREVER } from "../fd/waiter.ts";
import type { Thread } from "../process/thread.ts";
import { THREAD_EXIT } from "../process/thread.ts";
import {
  BarrierState,
  CondState,
  type MutexType,
  MutexState,
  RwLockState,
  SemaphoreState,
} from "../process/thread-sync.ts";
import { type MaybePromise, mapResult } from "./posix-core.ts";
import { ExitRequest, PosixProcesses } from "./posix-processes.ts";
import { runExitHandlers } from "./exit-handlers.ts";
import { SyscallError } from "./syscall-error.ts";

/** A thread as pthread_create() gives it. */
export interface PosixThread {
  readonly tid: number;
  readonly name: string;
}

export interface Mutex {
  lock(): MaybePromise<number>;
  /** @returns false: another has it. */
  tryLock(): boolean;
  /** @throws {SyscallError} EPERM: not one's own. */
  unlock(): void;
  readonly state: MutexState;
}

export interface Cond {
  /** The mutex must be held; it is held again afterwards. */
  wait(mutex: Mutex): MaybePromise<number>;
  /** @returns false: the time was up. */
  timedWait(mutex: Mutex, timeoutNs: number): MaybePromise<boolean>;
  signal(): void;
  broadcast(): void;
}

export interface Semaphore {
  wait(): MaybePromise<number>;
  /** @returns false: the time was up. */
  timedWait(timeoutNs: number): MaybePromise<boolean>;
  tryWait(): boolean;
  post(): void;
  readonly value: number;
}

export interface RwLock {
  readLock(): MaybePromise<number>;
  writeLock(): MaybePromise<number>;
  tryReadLock(): boolean;
  tryWriteLock(): boolean;
  unlock(): void;
}

/** Threads of the process and what they synchronize with. */
export abstract class PosixThreads extends PosixProcesses {
  readonly #threads = new WeakMap<PosixThread, Thread>();

  /** Starts a thread. What the function returns is for join(). @throws {SyscallError} EAGAIN. */
  createThread(start: () => unknown, name: string = this.process.name): PosixThread {
    const { process, node } = this;
    const tid = node.processes.pids.allocate();
    if (tid === undefined || node.runner === undefined) {
      throw SyscallError.of(-Errno.EAGAIN, "clone");
    }
    const parentMask = this.thread.blocked.copy();
    const body = (): unknown => this.#runThread(start);
    const thread = node.runner.start(process, tid, body, { name, isMain: false });
    // A new thread has the mask of the one that made it.
    thread.setMask(parentMask);
    this.#threads.set(thread, thread);
    return thread;
  }

  /** Waits for the end of a thread. @returns what its function gave. @throws {SyscallError} EDEADLK, EINVAL. */
  join(handle: PosixThread): MaybePromise<unknown> {
    const target = this.#threads.get(handle);
    if (target === undefined) throw SyscallError.of(-Errno.ESRCH, "pthread_join");
    return mapResult(
      this.call("pthread_join", joinThread, target, 0, 0, 0),
      () => target.exitValue,
    );
  }

  /** Waits for a thread that execve() ends, whoever may join it. */
  protected joinForExec(target: Thread): MaybePromise<number> {
    const wait = (thread: Thread): number | Blocked =>
      target.hasEnded ? 0 : thread.task.manager.enter(joinWait(thread, target));
    return this.call("execve", wait, 0, 0, 0, 0);
  }

  detach(handle: PosixThread): void {
    const target = this.#threads.get(handle);
    if (target === undefined) throw SyscallError.of(-Errno.ESRCH, "pthread_detach");
    if (target.isDetached) throw SyscallError.of(-Errno.EINVAL, "pthread_detach");
    target.isDetached = true;
  }

  /** The thread that runs. */
  self(): PosixThread {
    const { thread } = this;
    this.#threads.set(thread, thread);
    return thread;
  }

  /** Ends the calling thread alone. */
  threadExit(value?: unknown): never {
    this.thread.exitValue = value;
    throw THREAD_EXIT;
  }

  /** pthread_kill(). */
  threadKill(handle: PosixThread, signo: number): MaybePromise<number> {
    return this.tgkill(handle.tid, signo);
  }

  mutex(type: MutexType = "NORMAL"): Mutex {
    const state = new MutexState(type);
    const lock = (thread: Thread): number | Blocked => state.lock(thread);
    return {
      state,
      lock: () => this.call("pthread_mutex_lock", lock, 0, 0, 0, 0),
      tryLock: () => state.tryLock(this.thread) === 0,
      unlock: () => check(state.unlock(this.thread), "pthread_mutex_unlock"),
    };
  }

  cond(): Cond {
    const state = new CondState();
    const wait = (thread: Thread, mutex: MutexState, deadlineNs: number): number | Blocked =>
      state.wait(thread, mutex, deadlineNs);
    return {
      wait: (mutex) => this.call("pthread_cond_wait", wait, mutex.state, FOREVER, 0, 0),
      timedWait: (mutex, timeoutNs) => {
        const deadline = this.deadline(timeoutNs);
        return this.#inTime(
          this.#orTimeout("pthread_cond_timedwait", (thread) =>
            wait(thread, mutex.state, deadline),
          ),
        );
      },
      signal: () => state.signal(),
      broadcast: () => state.broadcast(),
    };
  }

  semaphore(value: number): Semaphore {
    const state = new SemaphoreState(value);
    const wait = (thread: Thread, deadlineNs: number): number | Blocked =>
      state.wait(thread, deadlineNs);
    return {
      wait: () => this.call("sem_wait", wait, FOREVER, 0, 0, 0),
      timedWait: (timeoutNs) => {
        const deadline = this.deadline(timeoutNs);
        return this.#inTime(this.#orTimeout("sem_timedwait", (thread) => wait(thread, deadline)));
      },
      tryWait: () => state.tryWait() === 0,
      post: () => check(state.post(), "sem_post"),
      get value() {
        return state.value;
      },
    };
  }

  rwlock(): RwLock {
    const state = new RwLockState();
    const readLock = (thread: Thread): number | Blocked => state.readLock(thread);
    const writeLock = (thread: Thread): number | Blocked => state.writeLock(thread);
    return {
      readLock: () => this.call("pthread_rwlock_rdlock", readLock, 0, 0, 0, 0),
      writeLock: () => this.call("pthread_rwlock_wrlock", writeLock, 0, 0, 0, 0),
      tryReadLock: () => state.tryReadLock(this.thread) === 0,
      tryWriteLock: () => state.tryWriteLock(this.thread) === 0,
      unlock: () => check(state.unlock(this.thread), "pthread_rwlock_unlock"),
    };
  }

  /** @returns a wait that gives true to the one that came last. */
  barrier(count: number): { wait(): MaybePromise<boolean> } {
    const state = new BarrierState(count);
    const wait = (thread: Thread): number | Blocked => state.wait(thread);
    return {
      wait: () =>
        mapResult(this.call("pthread_barrier_wait", wait, 0, 0, 0, 0), (last) => last === 1),
    };
  }

  /** A call for which the end of its time is no error but the number 1. */
  #orTimeout(name: string, wait: (thread: Thread) => number | Blocked): MaybePromise<number> {
    const timed = (thread: Thread): number | Blocked => {
      const result = wait(thread);
      thread.completion = (raw) => (raw === -Errno.ETIMEDOUT ? 1 : raw);
      return result;
    };
    return this.call(name, timed, 0, 0, 0, 0);
  }

  #inTime(result: MaybePromise<number>): MaybePromise<boolean> {
    return mapResult(result, (value) => value === 0);
  }

  async #runThread(start: () => unknown): Promise<unknown> {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof ExitRequest)) throw error;
      await runExitHandlers(this.process);
      return this.exitImmediately(error.code);
    }
  }
}

function joinThread(thread: Thread, target: Thread): number | Blocked {
  if (target === thread) return -Errno.EDEADLK;
  if (target.isDetached || target.isJoined) return -Errno.EINVAL;
  if (!target.hasEnded) return thread.task.manager.enter(joinWait(thread, target));
  target.isJoined = true;
  return 0;
}

function* joinWait(thread: Thread, target: Thread): Wait {
  while (!target.hasEnded) {
    const ended = yield* thread.waiter.waitAt(target.joinPoint, `join of thread ${target.tid}`);
    if (ended === "INTERRUPTED" && !target.hasEnded) return -ERESTARTNOINTR;
  }
  target.isJoined = true;
  return 0;
}

function check(result: number, name: string): void {
  if (result < 0) throw SyscallError.of(result, name);
}

import type { Blocked, TaskManager } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { ERESTARTNOHAND, ERESTARTNOINTR, ERESTARTSYS } from "../fd/restart.ts";
import type { UnixFd } from "../fd/unix-fd.ts";
import { FOREVER } from "../fd/waiter.ts";
import type { NodeContext } from "../process/node-context.ts";
import type { Process } from "../process/process.ts";
import { type Delivery, deliverSignals } from "../process/signal-delivery.ts";
import { type LeftCall, PendingCall } from "../process/pending-call.ts";
import { THREAD_EXIT, Thread, ThreadExit } from "../process/thread.ts";
import { SyscallError } from "./syscall-error.ts";

/** A value now, or a promise of it when the call has blocked. `await` handles both. */
export type MaybePromise<T> = T | Promise<T>;

/** A system call: what a C program's syscall number and a method of Posix both end in. */
export type SystemCall<A, B, C, D> = (thread: Thread, a: A, b: B, c: C, d: D) => number | Blocked;

/**
 * Turns of the host's microtasks between the await of a blocked call and the parking of its program.
 * A call that is not awaited never parks. But it may be awaited by a function that nobody awaits: a
 * main function that returns then is seen to return before time moves, if not more than so many
 * functions stand between it and the program's start.
 */
const TURNS_BEFORE_PARKING = 4;
const TURN: Promise<void> = Promise.resolve();

/** The one entry of all calls of a TypeScript program. The rest of Posix is built on `call`. */
export abstract class PosixCore {
  /** The process whose calls these are. */
  readonly process: Process;
  protected readonly node: NodeContext;
  readonly #manager: TaskManager;

  constructor(process: Process) {
    this.process = process;
    this.node = process.node;
    this.#manager = process.node.taskManager;
  }

  /**
   * The thread that runs now, for a call that never blocks.
   * @throws {LivelockError} far too many of them at one instant: nothing else can ever happen.
   */
  protected get thread(): Thread {
    const thread = this.#runningThread();
    this.#manager.chargeBusyCall();
    return thread;
  }

  /**
   * Makes a call: traces it, waits, delivers signals, restarts, and turns -errno into an error. A
   * call that does not block costs no promise and no other object.
   * @throws {SyscallError} what the call has returned.
   */
  protected call<A, B, C, D>(
    name: string,
    fn: SystemCall<A, B, C, D>,
    a: A,
    b: B,
    c: C,
    d: D,
  ): MaybePromise<number> {
    const thread = this.#runningThread();
    if (this.node.syscallEnter.isEnabled) traceEnter(thread, name, [a, b, c, d]);
    thread.callName = name;
    thread.callFile = undefined;
    thread.completion = undefined;
    const result = fn(thread, a, b, c, d);
    let isBusy = false;
    if (typeof result === "number" && !thread.hasWork) {
      isBusy = this.#manager.chargeBusyCall();
      if (!isBusy) return this.#finish(thread, name, result, a);
    }
    const charge = isBusy ? this.#manager.chargedYield() : undefined;
    // A handler of a signal may make calls of its own inside of this one.
    const outer = thread.inflight;
    const pending = new PendingCall<number>({
      start: () => this.#settle(thread, name, outer, charge, result, fn, a, b, c, d),
      isLazy: true,
      failed: failureOf(thread, outer !== undefined),
    });
    thread.inflight = pending;
    // What does not block goes on by itself: signals are handled where they find the program.
    if (typeof result === "number" && charge === undefined) void pending.over;
    return pending;
  }

  /** A call that is made of several: its failure is told as that of one, when nobody awaits it. */
  protected several<T>(work: () => Promise<T>): Promise<T> {
    const failed = failureOf(this.#runningThread(), false);
    return new PendingCall<T>({ start: work, isLazy: false, failed });
  }

  /** The virtual time at which a call with this time limit gives up. @param ns negative: never. */
  protected deadline(ns: number): number {
    return ns < 0 ? FOREVER : this.node.simulator.now + ns;
  }

  /**
   * @throws {Error} the call comes from outside of the process (a callback of the host, an await of
   * something that is not simulated), or while the last call of this thread is still blocked.
   */
  #runningThread(): Thread {
    const context = this.#manager.currentTask()?.context;
    if (!(context instanceof Thread) || context.process !== this.process) {
      throw new Error(`a call of ${this.process.name} was made while another task was running`);
    }
    if (context.isKilled) throw THREAD_EXIT;
    if (context.task.state !== "RUNNING") {
      throw new Error(
        `${this.process.name} made a call while the one before was not over: await each call`,
      );
    }
    return context;
  }

  async #settle<A, B, C, D>(
    thread: Thread,
    name: string,
    outer: Thread["inflight"],
    charge: Blocked | undefined,
    first: number | Blocked,
    fn: SystemCall<A, B, C, D>,
    a: A,
    b: B,
    c: C,
    d: D,
  ): Promise<number> {
    const held = thread.callFile?.retain();
    try {
      if (charge !== undefined) await this.#payForBusyCall(thread, charge);
      else if (typeof first !== "number") {
        // oxlint-disable-next-line no-await-in-loop -- each turn lets one function more return
        for (let turn = 0; turn < TURNS_BEFORE_PARKING; turn++) await TURN;
      }
      let outcome = first;
      for (;;) {
        const { completion } = thread;
        // oxlint-disable-next-line no-await-in-loop -- each turn is the same call made again
        const result = typeof outcome === "number" ? outcome : await thread.park(outcome);
        // oxlint-disable-next-line no-await-in-loop -- handlers run before the call is made again
        const delivery = thread.hasWork ? await this.#deliver(thread, completion, result) : "NONE";
        thread.completion = completion;
        if (!isRestart(result)) {
          return this.#finish(thread, name, result, a);
        }
        if (isBrokenOff(result, delivery)) return this.#finish(thread, name, -Errno.EINTR, a);
        completion?.(result);
        thread.completion = undefined;
        outcome = fn(thread, a, b, c, d);
      }
    } finally {
      thread.inflight = outer;
      const closing = held === undefined ? 0 : this.#letGo(thread, held);
      if (typeof closing !== "number") await thread.park(closing);
    }
  }

  /** A thread that was stopped by force is none to the kernel any more: its file closes as from an event. */
  #letGo(thread: Thread, file: UnixFd): number | Blocked {
    if (thread.task.state !== "DEAD") return file.release();
    this.#manager.execOnMain(() => void file.release());
    return 0;
  }

  /** A program that polls without blocking moves the time by what its calls cost. */
  async #payForBusyCall(thread: Thread, charge: Blocked): Promise<void> {
    const { completion } = thread;
    const { now } = this.node.simulator;
    await thread.park(charge);
    thread.cpuTimeNs += this.node.simulator.now - now;
    thread.completion = completion;
  }

  /** Signals, and the end of the process; what the call had set aside is given back then. */
  async #deliver(
    thread: Thread,
    completion: Thread["completion"],
    result: number,
  ): Promise<Delivery> {
    try {
      return await deliverSignals(thread);
    } catch (error) {
      // With its result: a socket that the call has made gets its descriptor, and is closed with it.
      completion?.(result);
      throw error;
    }
  }

  #finish(thread: Thread, name: string, raw: number, argument: unknown): number {
    const { completion } = thread;
    thread.completion = undefined;
    const result = completion === undefined ? raw : completion(raw);
    if (this.node.syscallExit.isEnabled) {
      this.node.syscallExit.emit(thread.process.pid, thread.tid, name, result);
    }
    if (result >= 0) return result;
    throw SyscallError.of(result, name, typeof argument === "string" ? argument : undefined);
  }
}

/**
 * What is done with the error of a call. One that nobody has awaited is kept for the end of the
 * thread's function; one that is broken off because that has returned is nobody's any more.
 */
function failureOf(
  thread: Thread,
  isInsideOfCall: boolean,
): (call: LeftCall, error: unknown) => boolean {
  return (call, error) => {
    // The handler of a signal hears of it, so that the call that it interrupted comes to its end.
    if (error instanceof ThreadExit) return thread.hasReturned && !isInsideOfCall;
    if (!call.isAwaited) thread.failedCall ??= { call, error };
    return false;
  };
}

/** Applies `fn` to the value of a call, now or when it comes. */
export function mapResult<T, U>(
  result: MaybePromise<T>,
  fn: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  if (!(result instanceof Promise)) return fn(result);
  // Not awaited itself before the result is: a call parks its program when it is awaited.
  return new PendingCall<U>({
    start: async () => fn(await result),
    isLazy: true,
    failed: () => false,
  });
}

function isRestart(result: number): boolean {
  return result === -ERESTARTSYS || result === -ERESTARTNOHAND || result === -ERESTARTNOINTR;
}

function isBrokenOff(result: number, delivery: Delivery): boolean {
  if (delivery === "NONE" || result === -ERESTARTNOINTR) return false;
  return result === -ERESTARTNOHAND || delivery === "INTERRUPT";
}

/** As strace: strings in quotes, buffers by their length. */
function traceEnter(thread: Thread, name: string, values: readonly unknown[]): void {
  const words = values.map((value) => {
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (typeof value === "string") return JSON.stringify(value);
    if (value instanceof Uint8Array) return `[${value.length} octets]`;
    return value === undefined ? "NULL" : "{…}";
  });
  const { process, tid } = thread;
  process.node.syscallEnter.emit(process.pid, tid, name, words.join(", "));
}

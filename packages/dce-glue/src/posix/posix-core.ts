import type { Blocked, TaskManager } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { ERESTARTNOHAND, ERESTARTNOINTR, ERESTARTSYS } from "../fd/restart.ts";
import { FOREVER } from "../fd/waiter.ts";
import type { NodeContext } from "../process/node-context.ts";
import type { Process } from "../process/process.ts";
import { type Delivery, deliverSignals } from "../process/signal-delivery.ts";
import { THREAD_EXIT, Thread } from "../process/thread.ts";
import { SyscallError } from "./syscall-error.ts";

/** A value now, or a promise of it when the call has blocked. `await` handles both. */
export type MaybePromise<T> = T | Promise<T>;

/** A system call: what a C program's syscall number and a method of Posix both end in. */
export type SystemCall<A, B, C, D> = (thread: Thread, a: A, b: B, c: C, d: D) => number | Blocked;

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
    const settling = this.#settle(thread, name, isBusy, result, fn, a, b, c, d);
    thread.inflight = settling;
    return mayBeLeft(settling);
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
    isBusy: boolean,
    first: number | Blocked,
    fn: SystemCall<A, B, C, D>,
    a: A,
    b: B,
    c: C,
    d: D,
  ): Promise<number> {
    const held = thread.callFile?.retain();
    // A handler of a signal may make calls of its own inside of this one.
    const outer = thread.inflight;
    try {
      if (isBusy) await this.#payForBusyCall(thread);
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
      const closing = held?.release() ?? 0;
      if (typeof closing !== "number") await thread.park(closing);
    }
  }

  /** A program that polls without blocking moves the time by what its calls cost. */
  async #payForBusyCall(thread: Thread): Promise<void> {
    const { completion } = thread;
    const { now } = this.node.simulator;
    await thread.park(this.#manager.chargedYield());
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

function ignore(): void {}

/** A call that nobody awaits fails in silence: it must not end the whole simulation. */
export function mayBeLeft<T>(call: Promise<T>): Promise<T> {
  call.then(undefined, ignore);
  return call;
}

/** Applies `fn` to the value of a call, now or when it comes. */
export function mapResult<T, U>(
  result: MaybePromise<T>,
  fn: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return result instanceof Promise ? mayBeLeft(result.then(fn)) : fn(result);
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

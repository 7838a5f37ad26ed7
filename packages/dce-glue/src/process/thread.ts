import { type Blocked, invariant, type Task } from "@dcejs/core-sched";
import type { UnixFd, ValueLength } from "../fd/unix-fd.ts";
import { WaitPoint } from "../fd/wait-point.ts";
import { WaitingThread } from "../fd/waiter.ts";
import { PendingSignals } from "./pending-signals.ts";
import type { LeftCall } from "./pending-call.ts";
import type { Process } from "./process.ts";
import { sendToThread } from "./signal-send.ts";
import { SIGKILL, SIGSTOP } from "./signal-numbers.ts";
import { kernelSignal, SignalSet } from "./signals.ts";

/** A thread of a process: DCE's Thread. `task.context` of its task points at it. */
export class Thread extends WaitingThread {
  readonly process: Process;
  /** As gettid(); the main thread's is the process' pid. */
  readonly tid: number;
  readonly name: string;
  /** Signals that wait until they are unblocked. */
  readonly blocked: SignalSet = new SignalSet();
  /** Signals sent to this thread alone. */
  readonly pending: PendingSignals = new PendingSignals();
  /** The mask to return to when sigsuspend() or ppoll() is over. */
  savedMask: SignalSet | undefined;
  /**
   * Installed by a kernel while this thread is blocked in one of its calls: called when a signal
   * has come that has to end the call (signal_wake_up of the thread's kernel task). The call then
   * completes with -ERESTARTSYS or -EINTR. The kernel side takes it out when the call is over.
   */
  interruptHook: (() => void) | undefined;
  /** Turns the raw result of the running call into what the program gets: a new descriptor for accept(). */
  completion: ((result: number) => number) | undefined;
  /** The call that the thread is in, or was in last. */
  callName = "start";
  /** The file of the running call, so that it can be held while the call is blocked. */
  callFile: UnixFd | undefined;
  /** The call of an async program that has not come to its end. */
  inflight: LeftCall | undefined;
  /** A call that failed before anyone awaited it. */
  failedCall: { readonly call: LeftCall; readonly error: unknown } | undefined;
  /** Its function has returned or thrown: who of it still waits for a call is told nothing any more. */
  hasReturned = false;
  /** Woken when the thread ends. */
  readonly joinPoint: WaitPoint = new WaitPoint();
  isDetached = false;
  isJoined = false;
  hasEnded = false;
  /** Another thread has called execve(): this one leaves. */
  mustEnd = false;
  /** What its function returned, or what it gave to pthread_exit(). */
  exitValue: unknown;
  /** Nanoseconds that it was charged for using the CPU. */
  cpuTimeNs = 0;
  #spareLength: ValueLength | undefined;
  #hasWork = false;
  #task: Task | undefined;

  constructor(process: Process, tid: number, name: string) {
    super();
    this.process = process;
    this.tid = tid;
    this.name = name;
  }

  override get task(): Task {
    invariant(this.#task !== undefined, "a thread must have its task before it runs");
    return this.#task;
  }

  attach(task: Task): void {
    this.#task = task;
    task.context = this;
    task.describeWait = () => ({
      waitChannel: `${this.callName}: ${task.waitChannel}`,
      wakers: `${this.callFile?.describe() ?? "an event"}, or a signal to pid ${this.process.pid}`,
    });
    this.updateWork();
  }

  /** Something is to be done before the program goes on: signals, a stop, the end. */
  get hasWork(): boolean {
    return this.#hasWork;
  }

  /** Kernel side: signal_pending(). */
  override get hasPendingSignal(): boolean {
    return this.#hasWork;
  }

  /** Kernel side: fatal_signal_pending(). */
  override get isKilled(): boolean {
    return this.mustEnd || this.process.isExiting;
  }

  /** recalc_sigpending: after any change of masks, queues or the process' state. */
  updateWork(): void {
    const { process } = this;
    this.#hasWork =
      this.isKilled ||
      process.isStopped ||
      this.pending.hasUnblocked(this.blocked) ||
      process.pending.hasUnblocked(this.blocked);
  }

  /** Replaces the mask. SIGKILL and SIGSTOP are never blocked. */
  setMask(mask: SignalSet): void {
    this.blocked.assign(mask);
    this.blocked.delete(SIGKILL);
    this.blocked.delete(SIGSTOP);
    this.updateWork();
  }

  /** Ends the wait that the thread is in, so that it comes to the boundary of its call. */
  interrupt(): void {
    if (this.interruptHook === undefined) this.waiter.interrupt();
    else this.interruptHook();
  }

  override raise(signo: number): void {
    sendToThread(this, kernelSignal(signo));
  }

  /** A length for one call, with the room that the call has: no object for a call that does not wait. */
  borrowLength(room: number): ValueLength {
    const length = this.#spareLength ?? { value: 0 };
    this.#spareLength = undefined;
    length.value = room;
    return length;
  }

  returnLength(length: ValueLength): void {
    this.#spareLength = length;
  }

  /** For async programs: waits until the call is done. */
  park(call: Blocked): Promise<number> {
    return this.task.manager.promise(call);
  }
}

/**
 * Thrown through a program to end its thread: exit(), pthread_exit(), a fatal signal. A program that
 * catches it is thrown it again by its next call.
 */
export class ThreadExit extends Error {
  override readonly name = "ThreadExit";
}

/** Thrown once, known to all: making a stack trace for each exit would cost more than the exit. */
export const THREAD_EXIT: ThreadExit = new ThreadExit("the thread has ended");

import { nanoseconds, type Task, type TaskManager, type Wait } from "@dcejs/core-sched";
import type { WaitEntry, WaitPoint } from "./wait-point.ts";

/** How a wait ended (DCE: WaitPoint::Result). */
export type WaitResult = "OK" | "TIMEOUT" | "INTERRUPTED";

/** No time limit. */
export const FOREVER = -1;

/** A thread as the waits of files see it. */
export abstract class WaitingThread {
  readonly waiter: Waiter = new Waiter(this);
  /** The task that runs this thread. */
  abstract readonly task: Task;
  /** A signal or the end of its process waits for this thread: no interruptible wait may begin. */
  abstract get hasPendingSignal(): boolean;
  /** Its end has come: waits that no signal ends are over as well. */
  abstract get isKilled(): boolean;
  /** Sends a signal to this thread, as the kernel does for EPIPE. */
  abstract raise(signo: number): void;
}

/** A thread waits in one place at a time, so each thread has one Waiter, made once. */
export class Waiter implements WaitEntry {
  isExclusive = false;
  readonly #thread: WaitingThread;
  #state: "IDLE" | "WAITING" | WaitResult = "IDLE";

  constructor(thread: WaitingThread) {
    this.#thread = thread;
  }

  get isWaiting(): boolean {
    return this.#state === "WAITING";
  }

  func(): boolean {
    return this.wake();
  }

  /** The awaited event has happened. @returns false when it did not wait. */
  wake(): boolean {
    return this.#end("OK");
  }

  /** A signal has come. @returns false when it did not wait. */
  interrupt(): boolean {
    return this.#end("INTERRUPTED");
  }

  /**
   * Waits for wake(), without being in any wait point.
   * @param channel what a report of blocked tasks shows.
   * @param timeoutNs FOREVER, or nanoseconds.
   */
  *wait(channel: string, timeoutNs: number = FOREVER): Wait<WaitResult> {
    if (this.#thread.hasPendingSignal) return "INTERRUPTED";
    return yield* this.waitUninterrupted(channel, timeoutNs);
  }

  /** As wait, but only interrupt() ends it: a signal that is pending already does not. */
  *waitUninterrupted(channel: string, timeoutNs: number = FOREVER): Wait<WaitResult> {
    const { manager } = this.#thread.task;
    this.#state = "WAITING";
    try {
      yield timeoutNs === FOREVER
        ? manager.sleep(channel)
        : manager.sleepFor(channel, nanoseconds(timeoutNs));
      // Read through a function: the narrowing above does not see that wake() ran meanwhile.
      const state = this.#stateNow();
      if (state === "WAITING") return timeoutNs === FOREVER ? "OK" : "TIMEOUT";
      return state === "IDLE" ? "OK" : state;
    } finally {
      this.#state = "IDLE";
    }
  }

  /** Waits until the point is woken. */
  *waitAt(point: WaitPoint, channel: string, timeoutNs: number = FOREVER): Wait<WaitResult> {
    point.add(this);
    try {
      return yield* this.wait(channel, timeoutNs);
    } finally {
      point.remove(this);
    }
  }

  #stateNow(): "IDLE" | "WAITING" | WaitResult {
    return this.#state;
  }

  #end(result: WaitResult): boolean {
    if (this.#state !== "WAITING") return false;
    this.#state = result;
    this.#thread.task.manager.wakeup(this.#thread.task, 0);
    return true;
  }
}

/** The thread that runs now. A kernel task without a thread gets one that no signal reaches. */
export function currentThread(manager: TaskManager): WaitingThread {
  const task = manager.currentTask();
  if (task === undefined) throw new Error("a file was asked to wait outside of any task");
  return task.context instanceof WaitingThread ? task.context : new KernelTaskThread(task);
}

class KernelTaskThread extends WaitingThread {
  readonly task: Task;
  constructor(task: Task) {
    super();
    this.task = task;
  }
  get hasPendingSignal(): boolean {
    return false;
  }
  get isKilled(): boolean {
    return false;
  }
  raise(): void {}
}

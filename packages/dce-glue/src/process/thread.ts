import type { Task } from "@dcejs/core-sched";
import type { Process } from "./process.ts";

/** A thread of a process: DCE's Thread. `task.context` of its task points at it. */
export class Thread {
  readonly process: Process;
  readonly tid: number;
  readonly task: Task;
  /**
   * Installed by a kernel while this thread is blocked in one of its calls: called when a signal
   * has come that has to end the call (signal_wake_up of the thread's kernel task). The call then
   * completes with -ERESTARTSYS or -EINTR. Taken out by the kernel side when the call is over.
   */
  interruptHook: (() => void) | undefined;

  constructor(process: Process, tid: number, task: Task) {
    this.process = process;
    this.tid = tid;
    this.task = task;
  }

  /** Whether a signal waits that this thread does not block (kernel side: signal_pending). */
  get hasPendingSignal(): boolean {
    return false;
  }
}

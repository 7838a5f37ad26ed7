import type { Wait } from "./blocked.ts";
import type { KernelCalls } from "./kernel-calls.ts";
import { TimerList } from "./timer.ts";
import type { Worker } from "./worker-pool.ts";
import type { Workqueue } from "./workqueue.ts";
import { WaitQueueHead, wait_event } from "./wait.ts";

/** struct work_struct: a function that a kworker runs once for any number of queueings before. It may sleep. */
export class WorkStruct {
  readonly fn: (work: WorkStruct) => void | Wait<void>;
  /** For traces. */
  readonly name: string;
  /** WORK_STRUCT_PENDING: queued, or its delay runs; not yet begun. */
  isPending = false;
  /** The queue it was last queued on. */
  wq: Workqueue | undefined = undefined;
  /** Above 0 while somebody cancels it: it cannot be queued, not even by itself. */
  disableCount = 0;

  /** @internal The worker that runs it now. */ runningOn: Worker | undefined = undefined;
  /** @internal Times it was put in line for a worker. */ queued = 0;
  /** @internal Times it has run to its end or was cancelled. */ settled = 0;
  /** @internal Made by the first who waits. */ settledQueue: WaitQueueHead | undefined = undefined;

  constructor(fn: (work: WorkStruct) => void | Wait<void>, name = "work") {
    this.fn = fn;
    this.name = name;
  }

  /** work_busy: pending or running. */
  get isBusy(): boolean {
    return this.isPending || this.runningOn !== undefined;
  }

  /** @internal One queueing is dealt with. */
  settle(): void {
    this.settled++;
    this.settledQueue?.wakeUpAll();
  }
}

/** struct delayed_work. */
export class DelayedWork extends WorkStruct {
  readonly timer: TimerList = new TimerList(() => this.wq?.insert(this));
}

/**
 * flush_work: waits until the work, as it is queued now, has run to its end. A delay that still runs
 * is not waited for.
 * @returns false when there was nothing to wait for
 */
export function* flushWork(kernel: KernelCalls, work: WorkStruct): Wait<boolean> {
  const target = work.queued;
  if (work.settled >= target) return false;
  work.settledQueue ??= new WaitQueueHead();
  yield* wait_event(kernel, work.settledQueue, () => work.settled >= target, "flush_work");
  return true;
}

/** cancel_work: takes it back if it has not begun. @returns true if it was pending */
export function cancelWork(kernel: KernelCalls, work: WorkStruct): boolean {
  if (!work.isPending) return false;
  const hadTimer = work instanceof DelayedWork && kernel.del_timer(work.timer);
  if (!hadTimer && !(work.wq?.take(work) ?? false)) return false;
  work.isPending = false;
  return true;
}

/**
 * cancel_work_sync: takes it back, and waits for its end if it runs. When this returns the work
 * neither runs nor is pending, and can be queued again.
 * @returns true if it was pending
 */
export function* cancelWorkSync(kernel: KernelCalls, work: WorkStruct): Wait<boolean> {
  const wasPending = cancelWork(kernel, work);
  // While we wait for it, it must not queue itself again.
  work.disableCount++;
  try {
    yield* flushWork(kernel, work);
  } finally {
    work.disableCount--;
  }
  return wasPending;
}

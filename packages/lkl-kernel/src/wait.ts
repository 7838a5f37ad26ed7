import type { Wait } from "./blocked.ts";
import { Errno } from "./errno.ts";
import type { KernelCalls } from "./kernel-calls.ts";
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE } from "./task.ts";
import { isSignalPendingFor } from "./task.ts";
import type { TaskStruct } from "./task.ts";

/** wait_queue_entry: who is to be told. On one queue at a time. */
export interface WaitQueueEntry {
  /**
   * Called by a wake-up, from any context; must not sleep. `key`: poll bits of what happened, 0 for
   * anything.
   * @returns true if it woke somebody, which for an exclusive entry ends the wake-up
   */
  func(entry: WaitQueueEntry, key: number): boolean;
  readonly isExclusive: boolean;
  /** The links belong to the queue. */
  queueNext?: WaitQueueEntry | undefined;
  queuePrevious?: WaitQueueEntry | undefined;
  queueHead?: WaitQueueHead | undefined;
}

/** wait_queue_head: what can be waited for. Non-exclusive entries come first, as in Linux. */
export class WaitQueueHead {
  #first: WaitQueueEntry | undefined = undefined;
  #last: WaitQueueEntry | undefined = undefined;

  get hasWaiters(): boolean {
    return this.#first !== undefined;
  }

  /** Exclusive entries at the tail, others at the head; nothing if it is on this queue already. */
  add(entry: WaitQueueEntry): void {
    if (entry.queueHead === this) return;
    entry.queueHead?.remove(entry);
    entry.queueHead = this;
    if (entry.isExclusive) {
      entry.queuePrevious = this.#last;
      if (this.#last === undefined) this.#first = entry;
      else this.#last.queueNext = entry;
      this.#last = entry;
    } else {
      entry.queueNext = this.#first;
      if (this.#first === undefined) this.#last = entry;
      else this.#first.queuePrevious = entry;
      this.#first = entry;
    }
  }

  /** Nothing if it is not on this queue. */
  remove(entry: WaitQueueEntry): void {
    if (entry.queueHead !== this) return;
    const { queueNext: next, queuePrevious: previous } = entry;
    if (previous === undefined) this.#first = next;
    else previous.queueNext = next;
    if (next === undefined) this.#last = previous;
    else next.queuePrevious = previous;
    entry.queueHead = undefined;
    entry.queueNext = undefined;
    entry.queuePrevious = undefined;
  }

  /** All non-exclusive entries and the first exclusive one that is woken by it. */
  wakeUp(key = 0): void {
    this.wakeUpNr(1, key);
  }

  wakeUpAll(key = 0): void {
    this.wakeUpNr(Number.POSITIVE_INFINITY, key);
  }

  /** All non-exclusive entries and up to `exclusive` exclusive ones (__wake_up_common). */
  wakeUpNr(exclusive: number, key = 0): void {
    let left = exclusive;
    let entry = this.#first;
    while (entry !== undefined) {
      // Read first: the entry may take itself off.
      const next: WaitQueueEntry | undefined = entry.queueNext;
      if (entry.func(entry, key) && entry.isExclusive && --left <= 0) break;
      entry = next;
    }
  }
}

/** A sleeping task on a wait queue; DEFINE_WAIT. Wakes its task and takes itself off (autoremove). */
export class TaskWaitEntry implements WaitQueueEntry {
  readonly task: TaskStruct;
  readonly isExclusive: boolean;
  /** Wake-ups with a key that has none of these bits are not for this task. 0: all are. */
  readonly mask: number;
  queueNext: WaitQueueEntry | undefined = undefined;
  queuePrevious: WaitQueueEntry | undefined = undefined;
  queueHead: WaitQueueHead | undefined = undefined;

  constructor(task: TaskStruct, isExclusive = false, mask = 0) {
    this.task = task;
    this.isExclusive = isExclusive;
    this.mask = mask;
  }

  func(_entry: WaitQueueEntry, key: number): boolean {
    if (this.mask !== 0 && key !== 0 && (key & this.mask) === 0) return false;
    const isWoken = this.task.kernel.wake_up_process(this.task);
    if (isWoken) this.queueHead?.remove(this);
    return isWoken;
  }
}

/** Puts the current task's entry on the queue and sets its state; then check the condition, then schedule(). */
export function prepare_to_wait(wq: WaitQueueHead, entry: TaskWaitEntry, state: number): void {
  wq.add(entry);
  entry.task.state = state;
}

/** Takes the entry off and makes the task runnable again. */
export function finish_wait(entry: TaskWaitEntry): void {
  entry.task.state = 0;
  entry.queueHead?.remove(entry);
}

/** How long and how a wait_event sleeps. */
interface WaitMode {
  readonly state: number;
  readonly isExclusive: boolean;
  /** What a signal makes of it. */
  readonly signalErrno: number;
}

const UNINTERRUPTIBLE: WaitMode = {
  state: TASK_UNINTERRUPTIBLE,
  isExclusive: false,
  signalErrno: 0,
};
const INTERRUPTIBLE: WaitMode = {
  state: TASK_INTERRUPTIBLE,
  isExclusive: false,
  signalErrno: -Errno.ERESTARTSYS,
};
const INTERRUPTIBLE_EXCLUSIVE: WaitMode = { ...INTERRUPTIBLE, isExclusive: true };
const KILLABLE: WaitMode = { ...INTERRUPTIBLE, state: TASK_KILLABLE };

/** Sleeps until `condition()` holds. @returns 0 */
export function wait_event(
  kernel: KernelCalls,
  wq: WaitQueueHead,
  condition: () => boolean,
  wchan = "wait_event",
): Wait {
  return waitEvent(kernel, wq, condition, UNINTERRUPTIBLE, wchan);
}

/** Sleeps until `condition()` holds. @returns 0, or -ERESTARTSYS when a signal came first */
export function wait_event_interruptible(
  kernel: KernelCalls,
  wq: WaitQueueHead,
  condition: () => boolean,
  wchan = "wait_event_interruptible",
): Wait {
  return waitEvent(kernel, wq, condition, INTERRUPTIBLE, wchan);
}

/** As wait_event_interruptible; one wakeUp() ends one such wait, in FIFO order. */
export function wait_event_interruptible_exclusive(
  kernel: KernelCalls,
  wq: WaitQueueHead,
  condition: () => boolean,
  wchan = "wait_event_interruptible",
): Wait {
  return waitEvent(kernel, wq, condition, INTERRUPTIBLE_EXCLUSIVE, wchan);
}

/** As wait_event_interruptible, but only a fatal signal ends it. */
export function wait_event_killable(
  kernel: KernelCalls,
  wq: WaitQueueHead,
  condition: () => boolean,
  wchan = "wait_event_killable",
): Wait {
  return waitEvent(kernel, wq, condition, KILLABLE, wchan);
}

/**
 * Sleeps until `condition()` holds, at most `timeout` jiffies.
 * @returns jiffies that were left, at least 1; 0 when time ran out and it still does not hold
 */
export function wait_event_timeout(
  kernel: KernelCalls,
  wq: WaitQueueHead,
  condition: () => boolean,
  timeout: number,
  wchan = "wait_event_timeout",
): Wait {
  return waitEventTimeout(kernel, wq, condition, UNINTERRUPTIBLE, timeout, wchan);
}

/** As wait_event_timeout; -ERESTARTSYS when a signal came first. */
export function wait_event_interruptible_timeout(
  kernel: KernelCalls,
  wq: WaitQueueHead,
  condition: () => boolean,
  timeout: number,
  wchan = "wait_event_interruptible_timeout",
): Wait {
  return waitEventTimeout(kernel, wq, condition, INTERRUPTIBLE, timeout, wchan);
}

/**
 * Sleeps until `condition()` holds, at most `timeoutNs` nanoseconds, exactly.
 * @returns 0, -ETIME when time ran out, -ERESTARTSYS when a signal came first
 */
export function* wait_event_interruptible_hrtimeout(
  kernel: KernelCalls,
  wq: WaitQueueHead,
  condition: () => boolean,
  timeoutNs: number,
  wchan = "wait_event_interruptible_hrtimeout",
): Wait {
  if (condition()) return 0;
  const entry = new TaskWaitEntry(kernel.current);
  let left = timeoutNs;
  try {
    for (;;) {
      prepare_to_wait(wq, entry, TASK_INTERRUPTIBLE);
      if (condition()) return 0;
      if (isSignalPendingFor(entry.task, TASK_INTERRUPTIBLE)) return -Errno.ERESTARTSYS;
      if (left <= 0) return -Errno.ETIME;
      left = yield* kernel.schedule_hrtimeout(left, wchan);
    }
  } finally {
    finish_wait(entry);
  }
}

function* waitEvent(
  kernel: KernelCalls,
  wq: WaitQueueHead,
  condition: () => boolean,
  mode: WaitMode,
  wchan: string,
): Wait {
  if (condition()) return 0;
  const entry = new TaskWaitEntry(kernel.current, mode.isExclusive);
  try {
    for (;;) {
      prepare_to_wait(wq, entry, mode.state);
      if (condition()) return 0;
      if (isSignalPendingFor(entry.task, mode.state)) return mode.signalErrno;
      yield* kernel.schedule(wchan);
    }
  } finally {
    finish_wait(entry);
  }
}

function* waitEventTimeout(
  kernel: KernelCalls,
  wq: WaitQueueHead,
  condition: () => boolean,
  mode: WaitMode,
  timeout: number,
  wchan: string,
): Wait {
  if (condition()) return Math.max(1, timeout);
  const entry = new TaskWaitEntry(kernel.current, mode.isExclusive);
  let left = timeout;
  try {
    for (;;) {
      prepare_to_wait(wq, entry, mode.state);
      if (condition()) return Math.max(1, left);
      if (isSignalPendingFor(entry.task, mode.state)) return mode.signalErrno;
      if (left <= 0) return 0;
      left = yield* kernel.schedule_timeout(left, wchan);
    }
  } finally {
    finish_wait(entry);
  }
}

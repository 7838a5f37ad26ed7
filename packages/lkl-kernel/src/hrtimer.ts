import type { LklKernel } from "./kernel.ts";
import { TimerHeap } from "./timer-heap.ts";
import type { HeapEntry } from "./timer-heap.ts";

/** struct hrtimer: calls `fn` at an exact nanosecond, in interrupt context with interrupts off. */
export class HrTimer implements HeapEntry {
  readonly kernel: LklKernel;
  /** May start the timer again (HRTIMER_RESTART). Must not sleep. */
  readonly fn: (timer: HrTimer) => void;
  /** Nanoseconds on the kernel's monotonic clock. */
  expires = -0;
  heapKey = -0;
  heapSequence = 0;
  heapIndex = -1;

  constructor(kernel: LklKernel, fn: (timer: HrTimer) => void) {
    this.kernel = kernel;
    this.fn = fn;
  }

  get isQueued(): boolean {
    return this.heapIndex >= 0;
  }

  /** Fires at `expiresNs` on the monotonic clock (HRTIMER_MODE_ABS); moves it when it is queued. */
  start(expiresNs: number): void {
    this.kernel.hrtimers.start(this, expiresNs);
  }

  /** @returns true if it was queued (hrtimer_cancel's 1) */
  cancel(): boolean {
    return this.kernel.hrtimers.cancel(this);
  }

  /** Moves `expires` past `now` by whole intervals; gives how many (hrtimer_forward). */
  forward(now: number, interval: number): number {
    if (now < this.expires) return 0;
    const overruns = Math.floor((now - this.expires) / interval) + 1;
    this.expires += overruns * interval;
    return overruns;
  }
}

/** High-resolution timers: kernel/time/hrtimer.c. */
export class HrTimerBase {
  readonly #kernel: LklKernel;
  readonly #heap: TimerHeap<HrTimer> = new TimerHeap();

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  /** Nanoseconds at which the next timer fires; Infinity when there is none. */
  get nextExpiry(): number {
    return this.#heap.firstKey;
  }

  get size(): number {
    return this.#heap.size;
  }

  start(timer: HrTimer, expiresNs: number): void {
    if (timer.heapIndex >= 0) this.#heap.remove(timer);
    timer.expires = expiresNs;
    this.#heap.insert(timer, expiresNs);
    this.#kernel.tick.changed();
  }

  cancel(timer: HrTimer): boolean {
    if (timer.heapIndex < 0) return false;
    this.#heap.remove(timer);
    this.#kernel.tick.changed();
    return true;
  }

  /** hrtimer_interrupt: runs every timer that is due. Must be called in interrupt context. */
  interrupt(now: number): void {
    const tracepoint = this.#kernel.tracepoints.hrtimer_expire_entry;
    for (;;) {
      const timer = this.#heap.first;
      if (timer === undefined || timer.heapKey > now) break;
      this.#heap.remove(timer);
      if (tracepoint.isEnabled) tracepoint.emit(now, timer.expires);
      timer.fn(timer);
    }
  }
}

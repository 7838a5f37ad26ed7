import type { LklKernel } from "./kernel.ts";
import { TIMER_SOFTIRQ } from "./softirq.ts";
import { TimerHeap } from "./timer-heap.ts";
import type { HeapEntry } from "./timer-heap.ts";

/** struct timer_list: calls `fn` once, in softirq context, some time after `expires` jiffies. */
export class TimerList implements HeapEntry {
  readonly fn: (timer: TimerList) => void;
  /** Jiffies that were asked for; the wheel may fire later, never before. */
  expires = 0;
  heapKey = 0;
  heapSequence = 0;
  heapIndex = -1;

  constructor(fn: (timer: TimerList) => void) {
    this.fn = fn;
  }
}

// Linux's wheel (kernel/time/timer.c): 64 buckets a level, each level 8 times coarser.
const LVL_SIZE = 64;
const LVL_CLK_DIV = 8;

/** Jiffies timers: kernel/time/timer.c. */
export class TimerBase {
  readonly #kernel: LklKernel;
  readonly #levels: number;
  /** Ordered by the jiffy of the bucket in which Linux's wheel would have put the timer. */
  readonly #heap: TimerHeap<TimerList> = new TimerHeap();
  /** base->clk: everything before this jiffy has expired. */
  #clk = 0;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
    this.#levels = kernel.HZ > 100 ? 9 : 8;
    kernel.softirq.open(TIMER_SOFTIRQ, () => this.runTimerSoftirq());
  }

  /** Jiffies at which the next timer fires; Infinity when there is none. */
  get nextExpiry(): number {
    return this.#heap.firstKey;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** Arms it, or moves it. @returns true if it was pending */
  mod(timer: TimerList, expires: number): boolean {
    const wasPending = timer.heapIndex >= 0;
    if (wasPending && timer.expires === expires) return true;
    const bucket = this.#bucketOf(expires);
    timer.expires = expires;
    if (wasPending) {
      // Most re-arms land in the bucket where the timer is already.
      if (bucket === timer.heapKey) return true;
      this.#heap.remove(timer);
    }
    this.#heap.insert(timer, bucket);
    this.#kernel.tick.changed();
    return wasPending;
  }

  /** @returns true if it was pending */
  del(timer: TimerList): boolean {
    if (timer.heapIndex < 0) return false;
    this.#heap.remove(timer);
    this.#kernel.tick.changed();
    return true;
  }

  /** TIMER_SOFTIRQ: expires everything that is due, bucket by bucket. */
  runTimerSoftirq(): void {
    const tracepoint = this.#kernel.tracepoints.timer_expire_entry;
    const jiffies = this.#kernel.jiffies;
    this.#clk = Math.max(this.#clk, jiffies + 1);
    for (;;) {
      const timer = this.#heap.first;
      if (timer === undefined || timer.heapKey > jiffies) break;
      this.#heap.remove(timer);
      if (tracepoint.isEnabled) tracepoint.emit(jiffies, timer.expires);
      timer.fn(timer);
    }
    this.#kernel.tick.changed();
  }

  /**
   * calc_wheel_index: the jiffy at which the timer's bucket is run. A level's granularity is added,
   * so that a timer never fires early, even when armed at the edge of a tick.
   */
  #bucketOf(expires: number): number {
    const clk = Math.max(this.#clk, this.#kernel.jiffies);
    const delta = expires - clk;
    if (delta < 0) return clk;
    let granularity = 1;
    let start = LVL_SIZE - 1;
    let level = 0;
    while (delta >= start && level < this.#levels - 1) {
      granularity *= LVL_CLK_DIV;
      start *= LVL_CLK_DIV;
      level++;
    }
    // Beyond the last level (WHEEL_TIMEOUT_CUTOFF) a timer is brought back into its last bucket.
    const capped = delta >= start ? clk + start - granularity : expires;
    return (Math.floor(capped / granularity) + 1) * granularity;
  }
}

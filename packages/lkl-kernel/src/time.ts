import type { LklTimer } from "./host-operations.ts";
import type { LklKernel } from "./kernel.ts";
import { TIMER_SOFTIRQ } from "./softirq.ts";

export const NSEC_PER_USEC = 1000;
export const NSEC_PER_MSEC = 1_000_000;
export const NSEC_PER_SEC = 1_000_000_000;

/**
 * LKL's clockevent: one host timer in oneshot mode, set for the earliest of jiffies timers and
 * hrtimers. As with NO_HZ there is no tick while nothing is due.
 */
export class Tick {
  readonly #kernel: LklKernel;
  readonly #nsPerJiffy: number;
  #timer: LklTimer | undefined = undefined;
  #irq = 0;
  /** Nanoseconds at which the host timer fires; Infinity when it is off. */
  #programmed: number = Number.POSITIVE_INFINITY;
  /** Some queue changed, and the host timer may be set for too early. */
  isStale = false;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
    this.#nsPerJiffy = NSEC_PER_SEC / kernel.HZ;
  }

  get irq(): number {
    return this.#irq;
  }

  /** time_init: takes the timer's interrupt line. */
  init(): void {
    const kernel = this.#kernel;
    if (!kernel.hasTime) {
      kernel.printk(3, "lkl: no time or timer support provided by host");
      return;
    }
    this.#irq = kernel.lkl_get_free_irq("timer");
    kernel.request_irq(this.#irq, "timer", () => this.#interrupt());
    kernel.printk(6, `clocksource: lkl: mask: 0xffffffffffffffff rating: 499`);
    kernel.printk(6, `lkl: time and timers initialized (irq${this.#irq})`);
  }

  /**
   * A timer came, went or moved. An earlier deadline is programmed at once; a later one only when
   * the cpu becomes free ({@link beforeIdle}), which saves most of the re-programming.
   */
  changed(): void {
    const next = this.#nextEvent();
    if (next < this.#programmed) this.#program(next);
    else if (next > this.#programmed) this.isStale = true;
  }

  /** The cpu is about to become free: forget deadlines that are no longer wanted (tick_nohz_stop_tick). */
  beforeIdle(): void {
    this.isStale = false;
    const next = this.#nextEvent();
    if (next === this.#programmed) return;
    if (next === Number.POSITIVE_INFINITY) this.shutdown();
    else this.#program(next);
  }

  /** set_state_shutdown: no host timer is left. */
  shutdown(): void {
    this.#programmed = Number.POSITIVE_INFINITY;
    if (this.#timer === undefined) return;
    this.#kernel.ops.timer_free?.(this.#timer);
    this.#timer = undefined;
  }

  #nextEvent(): number {
    const { timers, hrtimers } = this.#kernel;
    return Math.min(hrtimers.nextExpiry, timers.nextExpiry * this.#nsPerJiffy);
  }

  #program(at: number): void {
    const kernel = this.#kernel;
    if (this.#irq === 0) return;
    const { ops } = kernel;
    this.#timer ??= ops.timer_alloc?.(() => {
      this.#programmed = Number.POSITIVE_INFINITY;
      kernel.lkl_trigger_irq(this.#irq);
    });
    if (this.#timer === undefined) return;
    this.#programmed = at;
    // min_delta_ns is 1, as in LKL: a deadline that has passed fires in the next nanosecond.
    ops.timer_set_oneshot?.(this.#timer, Math.max(1, at - kernel.ktime_get()));
  }

  #interrupt(): void {
    const kernel = this.#kernel;
    kernel.hrtimers.interrupt(kernel.ktime_get());
    if (kernel.timers.nextExpiry <= kernel.jiffies) kernel.softirq.raise(TIMER_SOFTIRQ);
    this.changed();
  }
}

/** Busy-waits that were asked for. They take no virtual time: see {@link LklKernel.ndelay}. */
export interface DelayCounters {
  calls: number;
  nanoseconds: number;
}

/** HZ values for which Linux's conversions below are exact. */
export type Hz = 100 | 250 | 1000;

/** Milliseconds to jiffies, rounded up; negative means for ever (include/linux/jiffies.h). */
export function msecsToJiffies(ms: number, hz: number, max: number): number {
  return ms < 0 ? max : Math.ceil((ms * hz) / 1000);
}

/** Microseconds to jiffies, rounded up. */
export function usecsToJiffies(us: number, hz: number, max: number): number {
  return us < 0 ? max : Math.ceil((us * hz) / 1_000_000);
}

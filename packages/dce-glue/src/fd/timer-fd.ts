import { type EventId, nanoseconds, NO_EVENT, type TaskManager } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { LocalFd } from "./local-fd.ts";
import { O_NONBLOCK, O_RDWR, POLLIN } from "./open-flags.ts";
import type { TimerSpec } from "./unix-fd.ts";

/** timerfd_settime: the value is an instant of the timer's clock, not a distance. */
export const TFD_TIMER_ABSTIME = 1;

const NS_PER_SEC = 1_000_000_000;

/** timerfd(2) over simulator events (fs/timerfd.c). */
export class TimerFd extends LocalFd {
  override readonly kind = "timerfd";
  override readonly isMessageBased = true;
  /** What the timer's clock showed at virtual time 0: 0 for CLOCK_MONOTONIC. */
  readonly #clockBaseSeconds: number;
  readonly #onExpire: () => void;
  #event: EventId = NO_EVENT;
  #isArmed = false;
  /** Instant of the expiration that is scheduled or was the last. */
  #expiresAtNs = 0;
  #intervalNs = 0;
  /** Expirations that no read has fetched, without those that an interval adds (see #forward). */
  #hasExpired = false;

  /** @param clockBaseSeconds what the clock showed at virtual time 0. */
  constructor(manager: TaskManager, clockBaseSeconds: number, flags: number) {
    super(manager, O_RDWR | (flags & O_NONBLOCK));
    this.#clockBaseSeconds = clockBaseSeconds;
    this.#onExpire = () => {
      this.#event = NO_EVENT;
      this.#hasExpired = true;
      this.waitPoint.wakeUp(POLLIN);
    };
  }

  override describe(): string {
    return "anon_inode:[timerfd]";
  }

  /** noop_llseek: allowed, and without meaning. */
  override lseek(): number {
    return 0;
  }

  override close(): number {
    this.#disarm();
    return 0;
  }

  override settime(flags: number, spec: TimerSpec, old: TimerSpec | undefined): number {
    if ((flags & ~TFD_TIMER_ABSTIME) !== 0) return -Errno.EINVAL;
    const { valueSec = 0, valueNs, intervalNs } = spec;
    if (!isTime(valueSec) || !isTime(valueNs) || !isTime(intervalNs)) return -Errno.EINVAL;
    if (old !== undefined) this.gettime(old);
    this.#disarm();
    if (valueSec === 0 && valueNs === 0) return 0;
    const isAbsolute = (flags & TFD_TIMER_ABSTIME) !== 0;
    const seconds = isAbsolute ? valueSec - this.#clockBaseSeconds : valueSec;
    const start = isAbsolute ? 0 : this.manager.simulator.now;
    this.#expiresAtNs = start + seconds * NS_PER_SEC + valueNs;
    this.#intervalNs = intervalNs;
    this.#isArmed = true;
    this.#schedule();
    return 0;
  }

  override gettime(out: TimerSpec): number {
    const { now } = this.manager.simulator;
    out.intervalNs = this.#intervalNs;
    if (!this.#isArmed || (this.#hasExpired && this.#intervalNs === 0)) out.valueNs = 0;
    else out.valueNs = Math.max(this.#nextExpiry(now) - now, 1);
    return 0;
  }

  protected override tryRead(buffer: Uint8Array): number {
    if (buffer.length < 8) return -Errno.EINVAL;
    if (!this.#hasExpired) return -Errno.EAGAIN;
    const ticks = this.#forward();
    const view = new DataView(buffer.buffer, buffer.byteOffset, 8);
    view.setUint32(0, ticks >>> 0, true);
    view.setUint32(4, Math.floor(ticks / 2 ** 32), true);
    return 8;
  }

  protected override events(): number {
    return this.#hasExpired ? POLLIN : 0;
  }

  /** As Linux (hrtimer_forward_now at read): an unread timer costs one event, not one per interval. */
  #forward(): number {
    this.#hasExpired = false;
    if (this.#intervalNs === 0) return 1;
    const { now } = this.manager.simulator;
    const ticks = 1 + Math.floor((now - this.#expiresAtNs) / this.#intervalNs);
    this.#expiresAtNs += ticks * this.#intervalNs;
    this.#schedule();
    return ticks;
  }

  #nextExpiry(now: number): number {
    if (!this.#hasExpired) return this.#expiresAtNs;
    const passed = Math.floor((now - this.#expiresAtNs) / this.#intervalNs);
    return this.#expiresAtNs + (passed + 1) * this.#intervalNs;
  }

  #schedule(): void {
    const { simulator } = this.manager;
    const delay = nanoseconds(Math.max(this.#expiresAtNs - simulator.now, 0));
    this.#event = simulator.schedule(delay, this.#onExpire);
  }

  #disarm(): void {
    this.manager.simulator.cancel(this.#event);
    this.#event = NO_EVENT;
    this.#isArmed = false;
    this.#hasExpired = false;
    this.#intervalNs = 0;
  }
}

function isTime(ns: number): boolean {
  return Number.isSafeInteger(ns) && ns >= 0;
}

import type { EpollEvent } from "../fd/epoll-fd.ts";
import {
  type PollFd,
  SELECT_EXCEPT_MASK,
  SELECT_READ_MASK,
  SELECT_WRITE_MASK,
  selectToPoll,
} from "../fd/poll.ts";
import type { TimerSpec } from "../fd/unix-fd.ts";
import { clockTime, type Timespec, CLOCK_REALTIME } from "../process/clocks.ts";
import type { SignalSet } from "../process/signals.ts";
import type { Thread } from "../process/thread.ts";
import * as events from "./calls/event-calls.ts";
import { sysSleepUntil } from "./calls/process-calls.ts";
import { mapResult, type MaybePromise } from "./posix-core.ts";
import { PosixSockets } from "./posix-sockets.ts";
import { SyscallError } from "./syscall-error.ts";

const NS_PER_SEC = 1_000_000_000;
const NS_PER_MSEC = 1_000_000;
const NS_PER_USEC = 1000;

export interface SelectSets {
  readonly read?: readonly number[];
  readonly write?: readonly number[];
  readonly except?: readonly number[];
}

/** Descriptors that are ready, in the order in which they were asked. */
export interface SelectResult {
  readonly read: number[];
  readonly write: number[];
  readonly except: number[];
}

/** Waiting for several things, and for time. */
export abstract class PosixEvents extends PosixSockets {
  /**
   * Sets `revents` of each element.
   * @param timeoutMs 0: do not wait; negative: for ever.
   * @returns how many elements have events.
   */
  poll(fds: readonly PollFd[], timeoutMs: number): MaybePromise<number> {
    const deadline = this.deadline(timeoutMs < 0 ? -1 : timeoutMs * NS_PER_MSEC);
    return this.call("poll", events.sysPoll, fds, deadline, undefined, 0);
  }

  /** @param timeoutNs negative: for ever. @param mask blocked signals while it waits. */
  ppoll(
    fds: readonly PollFd[],
    timeoutNs: number,
    mask: SignalSet | undefined,
  ): MaybePromise<number> {
    return this.call("ppoll", events.sysPoll, fds, this.deadline(timeoutNs), mask, 0);
  }

  /** @param timeoutNs negative: for ever. @throws {SyscallError} EBADF: one is not open. */
  select(sets: SelectSets, timeoutNs: number = -1): MaybePromise<SelectResult> {
    const { read = [], write = [], except = [] } = sets;
    const elements = selectToPoll(this.thread.process.files, read, write, except);
    if (typeof elements === "number") throw SyscallError.of(elements, "select");
    const deadline = this.deadline(timeoutNs);
    const result = this.call("select", events.sysPoll, elements, deadline, undefined, 0);
    const ready = (fds: readonly number[], mask: number): number[] =>
      fds.filter((fd) => elements.some((each) => each.fd === fd && (each.revents & mask) !== 0));
    return mapResult(result, () => ({
      read: ready(read, SELECT_READ_MASK),
      write: ready(write, SELECT_WRITE_MASK),
      except: ready(except, SELECT_EXCEPT_MASK),
    }));
  }

  /** @param flags O_CLOEXEC. */
  epollCreate(flags: number = 0): MaybePromise<number> {
    return this.call("epoll_create1", events.sysEpollCreate1, flags, 0, 0, 0);
  }

  /** @param operation EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL. @param event `data` defaults to fd. */
  epollCtl(
    epfd: number,
    operation: number,
    fd: number,
    event: { events: number; data?: unknown } = { events: 0 },
  ): MaybePromise<number> {
    const full: EpollEvent = { events: event.events, data: event.data ?? fd };
    return this.call("epoll_ctl", events.sysEpollCtl, epfd, operation, fd, full);
  }

  /** @returns the events; empty at the time limit. @param timeoutMs negative: for ever. */
  epollWait(epfd: number, maxEvents: number, timeoutMs: number): MaybePromise<EpollEvent[]> {
    const out: EpollEvent[] = [];
    const deadline = this.deadline(timeoutMs < 0 ? -1 : timeoutMs * NS_PER_MSEC);
    const result = this.call("epoll_wait", events.sysEpollWait, epfd, out, maxEvents, deadline);
    return mapResult(result, (count) => {
      out.length = count;
      return out;
    });
  }

  /** @param flags EFD_SEMAPHORE, O_NONBLOCK, O_CLOEXEC. */
  eventfd(initial: number, flags: number = 0): MaybePromise<number> {
    return this.call("eventfd2", events.sysEventfd2, initial, flags, 0, 0);
  }

  /** The counter of an eventfd, or the expirations of a timerfd, as a number. */
  readCounter(fd: number): MaybePromise<number> {
    const buffer = new Uint8Array(8);
    return mapResult(this.read(fd, buffer), () => {
      const view = new DataView(buffer.buffer);
      return view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
    });
  }

  /** Adds to the counter of an eventfd. @param value 0..2^53-1. */
  writeCounter(fd: number, value: number): MaybePromise<number> {
    const buffer = new Uint8Array(8);
    const view = new DataView(buffer.buffer);
    view.setUint32(0, value >>> 0, true);
    view.setUint32(4, Math.floor(value / 2 ** 32), true);
    return this.write(fd, buffer);
  }

  /** @param clock CLOCK_MONOTONIC, CLOCK_REALTIME or CLOCK_BOOTTIME. */
  timerfdCreate(clock: number, flags: number = 0): MaybePromise<number> {
    return this.call("timerfd_create", events.sysTimerfdCreate, clock, flags, 0, 0);
  }

  /** @param flags TFD_TIMER_ABSTIME. @returns what was set before. */
  timerfdSettime(fd: number, flags: number, spec: TimerSpec): MaybePromise<TimerSpec> {
    const old: TimerSpec = { valueNs: 0, intervalNs: 0 };
    const result = this.call("timerfd_settime", events.sysTimerfdSettime, fd, flags, spec, old);
    return mapResult(result, () => old);
  }

  timerfdGettime(fd: number): MaybePromise<TimerSpec> {
    const out: TimerSpec = { valueNs: 0, intervalNs: 0 };
    const result = this.call("timerfd_gettime", events.sysTimerfdGettime, fd, out, 0, 0);
    return mapResult(result, () => out);
  }

  /** @returns whole seconds that were left when a signal handler ran; 0: slept to the end. */
  sleep(seconds: number): Promise<number> {
    return this.several(() => this.#sleepUntil(this.deadline(seconds * NS_PER_SEC)));
  }

  usleep(microseconds: number): MaybePromise<number> {
    return this.nanosleep(microseconds * NS_PER_USEC);
  }

  /** @throws {SyscallError} EINTR: a signal handler ran; EINVAL: negative. */
  nanosleep(ns: number): MaybePromise<number> {
    if (!Number.isFinite(ns) || ns < 0) throw new SyscallError("EINVAL", -22, "nanosleep");
    return this.call("nanosleep", sysSleepUntil, this.deadline(Math.round(ns)), 0, 0, 0);
  }

  /** CLOCK_MONOTONIC in nanoseconds: the virtual time. */
  now(): number {
    return this.thread.process.node.simulator.now;
  }

  /** @param clock CLOCK_*. @throws {SyscallError} EINVAL: no such clock. */
  clockGettime(clock: number): MaybePromise<Timespec> {
    let time: Timespec = { sec: 0, nsec: 0 };
    const read = (thread: Thread): number => {
      const result = clockTime(thread, clock);
      if (typeof result === "number") return result;
      time = result;
      return 0;
    };
    return mapResult(this.call("clock_gettime", read, clock, 0, 0, 0), () => time);
  }

  gettimeofday(): MaybePromise<{ sec: number; usec: number }> {
    return mapResult(this.clockGettime(CLOCK_REALTIME), ({ sec, nsec }) => ({
      sec,
      usec: Math.floor(nsec / 1000),
    }));
  }

  /** Seconds since 1970. */
  time(): MaybePromise<number> {
    return mapResult(this.clockGettime(CLOCK_REALTIME), ({ sec }) => sec);
  }

  async #sleepUntil(deadline: number): Promise<number> {
    try {
      await this.call("nanosleep", sysSleepUntil, deadline, 0, 0, 0);
      return 0;
    } catch (error) {
      if (!(error instanceof SyscallError) || error.code !== "EINTR") throw error;
      return Math.ceil((deadline - this.node.simulator.now) / NS_PER_SEC);
    }
  }
}

import type { Wait } from "./blocked.ts";
import { Errno } from "./errno.ts";
import type { LklKernel } from "./kernel.ts";
import { SyscallNumber } from "./syscall-numbers.ts";
import type { SyscallDefinition, SyscallFunction } from "./syscalls.ts";
import { TASK_INTERRUPTIBLE, isSignalPendingFor } from "./task.ts";
import { NSEC_PER_SEC, NSEC_PER_USEC } from "./time.ts";

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_PROCESS_CPUTIME_ID = 2;
export const CLOCK_THREAD_CPUTIME_ID = 3;
export const CLOCK_MONOTONIC_RAW = 4;
export const CLOCK_REALTIME_COARSE = 5;
export const CLOCK_MONOTONIC_COARSE = 6;
export const CLOCK_BOOTTIME = 7;

export const TIMER_ABSTIME = 1;

/** struct timespec; calls that give a time fill it in. */
export interface LklTimespec {
  tv_sec: number;
  tv_nsec: number;
}

/** struct timeval. */
export interface LklTimeval {
  tv_sec: number;
  tv_usec: number;
}

const gettime: SyscallFunction = ([clock, out], kernel) => sys_clock_gettime(kernel, clock, out);
const getres: SyscallFunction = ([clock, out], kernel) => sys_clock_getres(kernel, clock, out);
const clockNanosleep: SyscallFunction = ([clock, flags, request, remaining], kernel) =>
  sys_clock_nanosleep(kernel, clock, flags, request, remaining);

/** Clocks, sleeping, yielding: kernel/time/posix-timers.c, hrtimer.c. */
export const SYS_TIME: readonly SyscallDefinition[] = [
  {
    no: SyscallNumber.nanosleep,
    name: "nanosleep",
    fn: ([request, remaining], kernel) => sys_nanosleep(kernel, request, remaining),
  },
  { no: SyscallNumber.clock_nanosleep, name: "clock_nanosleep", fn: clockNanosleep },
  { no: SyscallNumber.clock_nanosleep_time64, name: "clock_nanosleep", fn: clockNanosleep },
  { no: SyscallNumber.clock_gettime, name: "clock_gettime", fn: gettime },
  { no: SyscallNumber.clock_gettime64, name: "clock_gettime", fn: gettime },
  { no: SyscallNumber.clock_getres, name: "clock_getres", fn: getres },
  { no: SyscallNumber.clock_getres_time64, name: "clock_getres", fn: getres },
  {
    no: SyscallNumber.gettimeofday,
    name: "gettimeofday",
    fn: ([out], kernel) => sys_gettimeofday(kernel, out),
  },
  {
    no: SyscallNumber.sched_yield,
    name: "sched_yield",
    fn: (_, kernel) => sys_sched_yield(kernel),
  },
];

function isTimespec(value: unknown): value is LklTimespec {
  return typeof value === "object" && value !== null;
}

/** @param seconds to be added to `ns`: nanoseconds since 1970 are no exact numbers */
function storeTimespec(value: unknown, ns: number, seconds = 0): number {
  if (value === undefined || value === null) return 0;
  if (!isTimespec(value)) return -Errno.EFAULT;
  value.tv_sec = seconds + Math.floor(ns / NSEC_PER_SEC);
  value.tv_nsec = ns % NSEC_PER_SEC;
  return 0;
}

/** Nanoseconds less `seconds`, -EFAULT, or -EINVAL as timespec64_valid demands. */
function readTimespec(value: unknown, seconds = 0): number {
  if (!isTimespec(value)) return -Errno.EFAULT;
  const { tv_sec, tv_nsec } = value;
  if (!Number.isInteger(tv_sec) || !Number.isInteger(tv_nsec)) return -Errno.EINVAL;
  if (tv_sec < 0 || tv_nsec < 0 || tv_nsec >= NSEC_PER_SEC) return -Errno.EINVAL;
  // KTIME_MAX: longer than any simulation is for ever.
  const ns = (tv_sec - seconds) * NSEC_PER_SEC + tv_nsec;
  return Math.max(0, Math.min(ns, Number.MAX_SAFE_INTEGER));
}

/** Whole seconds that the wall clock is ahead. */
function clockSeconds(kernel: LklKernel, clock: unknown): number {
  const isWallClock = clock === CLOCK_REALTIME || clock === CLOCK_REALTIME_COARSE;
  return isWallClock ? Math.floor(kernel.wallClockBase / NSEC_PER_SEC) : 0;
}

/** Nanoseconds of a clock beyond clockSeconds, or -EINVAL. The cpu clocks stand still: code takes no time. */
function readClock(kernel: LklKernel, clock: unknown): number {
  const wall = (kernel.wallClockBase % NSEC_PER_SEC) + kernel.ktime_get();
  switch (clock) {
    case CLOCK_REALTIME:
      return wall;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
      return kernel.ktime_get();
    case CLOCK_REALTIME_COARSE:
      return floorToTick(kernel, wall);
    case CLOCK_MONOTONIC_COARSE:
      return floorToTick(kernel, kernel.ktime_get());
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
      return 0;
    default:
      return -Errno.EINVAL;
  }
}

function floorToTick(kernel: LklKernel, ns: number): number {
  return ns - (ns % (NSEC_PER_SEC / kernel.HZ));
}

function sys_clock_gettime(kernel: LklKernel, clock: unknown, out: unknown): number {
  const now = readClock(kernel, clock);
  if (now < 0) return now;
  return isTimespec(out) ? storeTimespec(out, now, clockSeconds(kernel, clock)) : -Errno.EFAULT;
}

function sys_clock_getres(kernel: LklKernel, clock: unknown, out: unknown): number {
  const now = readClock(kernel, clock);
  if (now < 0) return now;
  const isCoarse = clock === CLOCK_REALTIME_COARSE || clock === CLOCK_MONOTONIC_COARSE;
  return storeTimespec(out, isCoarse ? NSEC_PER_SEC / kernel.HZ : 1);
}

function isTimeval(value: unknown): value is LklTimeval {
  return typeof value === "object" && value !== null;
}

function sys_gettimeofday(kernel: LklKernel, out: unknown): number {
  if (out === undefined || out === null) return 0;
  if (!isTimeval(out)) return -Errno.EFAULT;
  const now = readClock(kernel, CLOCK_REALTIME);
  out.tv_sec = clockSeconds(kernel, CLOCK_REALTIME) + Math.floor(now / NSEC_PER_SEC);
  out.tv_usec = Math.floor((now % NSEC_PER_SEC) / NSEC_PER_USEC);
  return 0;
}

function sys_sched_yield(kernel: LklKernel): number | Wait {
  kernel.letInterruptsIn();
  return kernel.sched.isSingleTaskRunning ? 0 : yieldAndReturn(kernel);
}

function* yieldAndReturn(kernel: LklKernel): Wait {
  yield* kernel.sched_yield();
  return 0;
}

function sys_nanosleep(kernel: LklKernel, request: unknown, remaining: unknown): number | Wait {
  const ns = readTimespec(request);
  return ns < 0 ? ns : sleepUntil(kernel, kernel.ktime_get() + ns, remaining);
}

function sys_clock_nanosleep(
  kernel: LklKernel,
  clock: unknown,
  flags: unknown,
  request: unknown,
  remaining: unknown,
): number | Wait {
  if (clock === CLOCK_THREAD_CPUTIME_ID) return -Errno.EINVAL;
  const now = readClock(kernel, clock);
  if (now < 0) return now;
  const isAbsolute = (Number(flags) & TIMER_ABSTIME) !== 0;
  const ns = readTimespec(request, isAbsolute ? clockSeconds(kernel, clock) : 0);
  if (ns < 0) return ns;
  const delta = isAbsolute ? ns - now : ns;
  if (isAbsolute && delta <= 0) return 0;
  // An absolute sleep starts again with the same arguments, so nothing remains to be told.
  return sleepUntil(kernel, kernel.ktime_get() + delta, isAbsolute ? undefined : remaining);
}

/** do_nanosleep: exact. @returns 0, or -EINTR with the rest stored in `remaining` */
function* sleepUntil(kernel: LklKernel, expires: number, remaining: unknown): Wait {
  const task = kernel.current;
  for (;;) {
    const left = expires - kernel.ktime_get();
    if (left <= 0) return 0;
    if (isSignalPendingFor(task, TASK_INTERRUPTIBLE)) {
      const stored = storeTimespec(remaining, left);
      return stored < 0 ? stored : -Errno.EINTR;
    }
    task.state = TASK_INTERRUPTIBLE;
    yield* kernel.schedule_hrtimeout(left, "hrtimer_nanosleep");
  }
}

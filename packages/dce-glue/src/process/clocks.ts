import { Errno } from "@dcejs/lkl-kernel";
import type { Thread } from "./thread.ts";

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_PROCESS_CPUTIME_ID = 2;
export const CLOCK_THREAD_CPUTIME_ID = 3;
export const CLOCK_MONOTONIC_RAW = 4;
export const CLOCK_REALTIME_COARSE = 5;
export const CLOCK_MONOTONIC_COARSE = 6;
export const CLOCK_BOOTTIME = 7;
export const CLOCK_TAI = 11;

const NS_PER_SEC = 1_000_000_000;
/** International atomic time is ahead of UTC since 2017. */
const TAI_OFFSET_SECONDS = 37;

/** struct timespec. Two numbers, because nanoseconds since 1970 do not fit in one exactly. */
export interface Timespec {
  sec: number;
  /** 0..999,999,999 */
  nsec: number;
}

/** clock_gettime(2). The CPU clocks show what the process was charged, which is little. */
export function clockTime(thread: Thread, clock: number): Timespec | number {
  const { process } = thread;
  const { now } = process.node.simulator;
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
      return timespec(now, process.node.wallClockBaseSeconds);
    case CLOCK_TAI:
      return timespec(now, process.node.wallClockBaseSeconds + TAI_OFFSET_SECONDS);
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
      return timespec(now, 0);
    case CLOCK_PROCESS_CPUTIME_ID:
      return timespec(process.cpuTimeNs, 0);
    case CLOCK_THREAD_CPUTIME_ID:
      return timespec(thread.cpuTimeNs, 0);
    default:
      return -Errno.EINVAL;
  }
}

function timespec(ns: number, baseSeconds: number): Timespec {
  return { sec: baseSeconds + Math.floor(ns / NS_PER_SEC), nsec: ns % NS_PER_SEC };
}

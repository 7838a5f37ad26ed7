/** poll, select, epoll, eventfd, timerfd. Times are deadlines on the virtual clock, so that a call can be made again. */
import type { Blocked } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { EpollFd, type EpollEvent } from "../../fd/epoll-fd.ts";
import { EFD_SEMAPHORE, EventFd } from "../../fd/event-fd.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../../fd/open-flags.ts";
import { type PollFd, pollFiles } from "../../fd/poll.ts";
import { TimerFd } from "../../fd/timer-fd.ts";
import type { TimerSpec, UnixFd } from "../../fd/unix-fd.ts";
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME } from "../../process/clocks.ts";
import type { SignalSet } from "../../process/signals.ts";
import type { Thread } from "../../process/thread.ts";
import { fileOf } from "./descriptor-calls.ts";

/** poll(2), and ppoll(2) with a mask that holds while it waits. */
export function sysPoll(
  thread: Thread,
  fds: readonly PollFd[],
  deadlineNs: number,
  mask: SignalSet | undefined,
): number | Blocked {
  if (fds.length > thread.process.files.limit) return -Errno.EINVAL;
  if (mask !== undefined) useMaskForCall(thread, mask);
  return pollFiles(thread.task.manager, thread.process.files, fds, deadlineNs);
}

/** The old mask comes back at the boundary of the call, after the handlers have run. */
export function useMaskForCall(thread: Thread, mask: SignalSet): void {
  thread.savedMask ??= thread.blocked.copy();
  thread.setMask(mask);
}

function install(thread: Thread, file: UnixFd, flags: number): number {
  return thread.process.files.allocate(file, (flags & O_CLOEXEC) !== 0);
}

export function sysEpollCreate1(thread: Thread, flags: number): number {
  if ((flags & ~O_CLOEXEC) !== 0) return -Errno.EINVAL;
  return install(thread, new EpollFd(thread.task.manager), flags);
}

export function sysEpollCtl(
  thread: Thread,
  epfd: number,
  operation: number,
  fd: number,
  event: EpollEvent,
): number {
  const epoll = thread.process.files.get(epfd);
  const file = thread.process.files.get(fd);
  if (epoll === undefined || file === undefined) return -Errno.EBADF;
  return epoll instanceof EpollFd ? epoll.control(operation, fd, file, event) : -Errno.EINVAL;
}

export function sysEpollWait(
  thread: Thread,
  epfd: number,
  out: EpollEvent[],
  maxEvents: number,
  deadlineNs: number,
): number | Blocked {
  const epoll = fileOf(thread, epfd);
  if (epoll === undefined) return -Errno.EBADF;
  if (!(epoll instanceof EpollFd)) return -Errno.EINVAL;
  return epoll.waitEvents(out, maxEvents, deadlineNs);
}

export function sysEventfd2(thread: Thread, initial: number, flags: number): number {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE)) !== 0) return -Errno.EINVAL;
  return install(thread, new EventFd(thread.task.manager, initial, flags), flags);
}

export function sysTimerfdCreate(thread: Thread, clock: number, flags: number): number {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -Errno.EINVAL;
  const { node } = thread.process;
  let clockBaseSeconds: number;
  switch (clock) {
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
      clockBaseSeconds = 0;
      break;
    case CLOCK_REALTIME:
      clockBaseSeconds = node.wallClockBaseSeconds;
      break;
    default:
      return -Errno.EINVAL;
  }
  return install(thread, new TimerFd(thread.task.manager, clockBaseSeconds, flags), flags);
}

export function sysTimerfdSettime(
  thread: Thread,
  fd: number,
  flags: number,
  spec: TimerSpec,
  old: TimerSpec,
): number {
  return fileOf(thread, fd)?.settime(flags, spec, old) ?? -Errno.EBADF;
}

export function sysTimerfdGettime(thread: Thread, fd: number, out: TimerSpec): number {
  return fileOf(thread, fd)?.gettime(out) ?? -Errno.EBADF;
}

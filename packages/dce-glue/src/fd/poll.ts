import type { Blocked, TaskManager, Wait } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import type { FdTable } from "./fd-table.ts";
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from "./open-flags.ts";
import { PollTable } from "./poll-table.ts";
import { ERESTARTNOHAND } from "./restart.ts";
import { currentThread, FOREVER, type Waiter } from "./waiter.ts";

/** struct pollfd. */
export interface PollFd {
  /** Negative: skipped. */
  fd: number;
  /** POLL* that are asked for; POLLERR, POLLHUP and POLLNVAL are always reported. */
  events: number;
  revents: number;
}

/** The table of one poll() call: any event wakes the caller, which then looks at all files again. */
class CallPollTable extends PollTable {
  readonly #waiter: Waiter;
  constructor(waiter: Waiter) {
    super();
    this.#waiter = waiter;
  }
  override wake(): boolean {
    return this.#waiter.wake();
  }
}

/**
 * poll(2). `revents` of each element is set.
 * @param deadlineNs virtual time at which to give up; FOREVER; 0 or the past: do not wait.
 * @returns elements with events, 0 at the deadline, -ERESTARTNOHAND, or a Blocked handle.
 */
export function pollFiles(
  manager: TaskManager,
  table: FdTable,
  fds: readonly PollFd[],
  deadlineNs: number,
): number | Blocked {
  const count = scan(table, fds, undefined);
  if (count > 0) return count;
  if (deadlineNs !== FOREVER && deadlineNs <= manager.simulator.now) return 0;
  return manager.enter(pollBlocked(manager, table, fds, deadlineNs));
}

function* pollBlocked(
  manager: TaskManager,
  table: FdTable,
  fds: readonly PollFd[],
  deadlineNs: number,
): Wait {
  const { waiter } = currentThread(manager);
  const registrations = new CallPollTable(waiter);
  try {
    // A file may become ready by being asked with a table, so the first answers count too.
    let count = scan(table, fds, registrations);
    while (count === 0) {
      const left =
        deadlineNs === FOREVER ? FOREVER : Math.max(deadlineNs - manager.simulator.now, 0);
      const ended = yield* waiter.wait("poll", left);
      count = scan(table, fds, undefined);
      if (count > 0) break;
      if (ended === "INTERRUPTED") return -ERESTARTNOHAND;
      if (ended === "TIMEOUT") return 0;
    }
    return count;
  } finally {
    registrations.free();
  }
}

function scan(
  table: FdTable,
  fds: readonly PollFd[],
  registrations: PollTable | undefined,
): number {
  let count = 0;
  for (const element of fds) {
    element.revents = 0;
    if (element.fd < 0) continue;
    const file = table.get(element.fd);
    element.revents =
      file === undefined
        ? POLLNVAL
        : file.poll(registrations) & (element.events | POLLERR | POLLHUP);
    if (element.revents !== 0) count++;
  }
  return count;
}

/** What select()'s three sets ask for and are answered by (fs/select.c). */
export const SELECT_READ_MASK: number = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR;
export const SELECT_WRITE_MASK: number = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR;
export const SELECT_EXCEPT_MASK: number = POLLPRI;

/**
 * Turns the sets of select() into the elements of poll().
 * @returns the elements, or -EBADF when one is not open.
 */
export function selectToPoll(
  table: FdTable,
  read: readonly number[],
  write: readonly number[],
  except: readonly number[],
): PollFd[] | number {
  const byFd = new Map<number, PollFd>();
  const sets = [
    { fds: read, mask: SELECT_READ_MASK },
    { fds: write, mask: SELECT_WRITE_MASK },
    { fds: except, mask: SELECT_EXCEPT_MASK },
  ];
  for (const { fds, mask } of sets) {
    for (const fd of fds) {
      if (table.get(fd) === undefined) return -Errno.EBADF;
      const element = byFd.get(fd) ?? { fd, events: 0, revents: 0 };
      element.events |= mask;
      byFd.set(fd, element);
    }
  }
  return [...byFd.values()];
}

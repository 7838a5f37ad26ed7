import type { Blocked, Wait } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { ERESTARTSYS } from "../fd/restart.ts";
import { CONTINUED_STATUS, stoppedStatus } from "./exit-status.ts";
import type { Process } from "./process.ts";
import type { Thread } from "./thread.ts";

export const WNOHANG = 1;
export const WUNTRACED = 2;
export const WEXITED = 4;
export const WCONTINUED = 8;
export const WNOWAIT = 0x01000000;

/** What wait4() found. */
export interface WaitedChild {
  pid: number;
  /** As waitpid() encodes it. */
  status: number;
}

/**
 * wait4(2).
 * @param pid > 0: that child; 0: one of the own group; -1: any; < -1: one of group -pid.
 * @param options WNOHANG, WUNTRACED, WCONTINUED, WNOWAIT.
 * @returns pid of the child, 0 (WNOHANG, none has changed), -ECHILD, -EINVAL, or a Blocked handle.
 */
export function waitForChild(
  thread: Thread,
  pid: number,
  options: number,
  out: WaitedChild,
): number | Blocked {
  if ((options & ~(WNOHANG | WUNTRACED | WEXITED | WCONTINUED | WNOWAIT)) !== 0) {
    return -Errno.EINVAL;
  }
  return waitFor(thread, pid, options | WEXITED, out);
}

function waitFor(thread: Thread, pid: number, options: number, out: WaitedChild): number | Blocked {
  const result = tryWait(thread.process, pid, options, out);
  if (result !== 0 || (options & WNOHANG) !== 0) return result;
  return thread.task.manager.enter(waitBlocked(thread, pid, options, out));
}

/** Whom waitid() waits for. */
export const P_ALL = 0;
export const P_PID = 1;
export const P_PGID = 2;

/**
 * waitid(2): as wait4, but reports only what `options` name (WEXITED, WSTOPPED = WUNTRACED, WCONTINUED).
 * @returns as waitForChild.
 */
export function waitForId(
  thread: Thread,
  type: number,
  id: number,
  options: number,
  out: WaitedChild,
): number | Blocked {
  if ((options & (WEXITED | WUNTRACED | WCONTINUED)) === 0) return -Errno.EINVAL;
  switch (type) {
    case P_ALL:
      return waitFor(thread, -1, options, out);
    case P_PID:
      return id > 0 ? waitFor(thread, id, options, out) : -Errno.EINVAL;
    case P_PGID:
      return waitFor(thread, id === 0 ? 0 : -id, options, out);
    default:
      return -Errno.EINVAL;
  }
}

function* waitBlocked(thread: Thread, pid: number, options: number, out: WaitedChild): Wait {
  for (;;) {
    const ended = yield* thread.waiter.waitAt(thread.process.childPoint, "wait4");
    const result = tryWait(thread.process, pid, options, out);
    if (result !== 0) return result;
    if (ended === "INTERRUPTED") return -ERESTARTSYS;
  }
}

function tryWait(parent: Process, pid: number, options: number, out: WaitedChild): number {
  let isAny = false;
  for (const child of parent.children) {
    if (!isMeant(parent, child, pid)) continue;
    isAny = true;
    const status = changeOf(child, options);
    if (status === undefined) continue;
    out.pid = child.pid;
    out.status = status;
    if ((options & WNOWAIT) === 0) {
      if (child.isZombie) reap(parent, child);
      else child.unreportedChange = undefined;
    }
    return child.pid;
  }
  return isAny ? 0 : -Errno.ECHILD;
}

function changeOf(child: Process, options: number): number | undefined {
  if (child.exitStatus !== undefined) {
    return (options & WEXITED) === 0 ? undefined : child.exitStatus;
  }
  if (child.unreportedChange === "STOPPED" && (options & WUNTRACED) !== 0) {
    return stoppedStatus(child.stopSignal);
  }
  if (child.unreportedChange === "CONTINUED" && (options & WCONTINUED) !== 0) {
    return CONTINUED_STATUS;
  }
  return undefined;
}

function reap(parent: Process, child: Process): void {
  parent.node.processes.reap(child);
}

function isMeant(parent: Process, child: Process, pid: number): boolean {
  if (pid > 0) return child.pid === pid;
  if (pid === -1) return true;
  return child.pgid === (pid === 0 ? parent.pgid : -pid);
}

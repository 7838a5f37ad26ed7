/** System calls on time, signals and processes. */
import type { Blocked, Wait } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { ERESTARTNOHAND } from "../../fd/restart.ts";
import type { Process } from "../../process/process.ts";
import { sendToProcess, sendToThread } from "../../process/signal-send.ts";
import { SIGCONT, SIGKILL, SIGSTOP, SI_TKILL, SI_USER } from "../../process/signal-numbers.ts";
import {
  isSignal,
  type SignalAction,
  type SignalInfo,
  type SignalSet,
} from "../../process/signals.ts";
import type { Thread } from "../../process/thread.ts";
import { useMaskForCall } from "./event-calls.ts";

/** Sleeps until the deadline. @returns 0 or -ERESTARTNOHAND. */
export function sysSleepUntil(thread: Thread, deadlineNs: number): number | Blocked {
  const { manager } = thread.task;
  if (deadlineNs <= manager.simulator.now) return 0;
  return manager.enter(sleepWait(thread, deadlineNs));
}

function* sleepWait(thread: Thread, deadlineNs: number): Wait {
  const { simulator } = thread.task.manager;
  while (simulator.now < deadlineNs) {
    const ended = yield* thread.waiter.wait("nanosleep", deadlineNs - simulator.now);
    if (ended === "INTERRUPTED") return -ERESTARTNOHAND;
  }
  return 0;
}

/** pause(2), and sigsuspend(2) with a mask: never ends but by a signal. */
export function sysSigsuspend(thread: Thread, mask: SignalSet | undefined): number | Blocked {
  if (mask !== undefined) useMaskForCall(thread, mask);
  return thread.task.manager.enter(pauseWait(thread));
}

function* pauseWait(thread: Thread): Wait {
  let ended: string;
  do ended = yield* thread.waiter.wait("pause");
  while (ended !== "INTERRUPTED");
  return -ERESTARTNOHAND;
}

/**
 * kill(2). @param pid as kill(2): a process, 0: the own group, -1: all but oneself, < -1: group -pid.
 * @param signo 0: only asks whether one may.
 */
export function sysKill(thread: Thread, pid: number, signo: number): number {
  if (signo !== 0 && !isSignal(signo)) return -Errno.EINVAL;
  const { process } = thread;
  const targets = killTargets(process, pid);
  if (targets.length === 0) return -Errno.ESRCH;
  const permitted = targets.filter((target) => maySignal(process, target, signo));
  if (permitted.length === 0) return -Errno.EPERM;
  for (const target of permitted) {
    if (signo !== 0) sendToProcess(target, userSignal(process, signo, SI_USER));
  }
  return 0;
}

export function sysTgkill(thread: Thread, tid: number, signo: number): number {
  if (signo !== 0 && !isSignal(signo)) return -Errno.EINVAL;
  for (const target of thread.process.threads) {
    if (target.tid !== tid) continue;
    if (signo !== 0) sendToThread(target, userSignal(thread.process, signo, SI_TKILL));
    return 0;
  }
  return -Errno.ESRCH;
}

function killTargets(process: Process, pid: number): Process[] {
  const { processes } = process.node;
  if (pid > 0) {
    const target = processes.get(pid);
    return target === undefined ? [] : [target];
  }
  if (pid === -1) return processes.all.filter((target) => target !== process);
  return processes.inGroup(pid === 0 ? process.pgid : -pid);
}

function maySignal(from: Process, to: Process, signo: number): boolean {
  if (from.euid === 0 || (signo === SIGCONT && from.sid === to.sid)) return true;
  return [from.euid, from.uid].some((uid) => uid === to.uid || uid === to.suid);
}

function userSignal(from: Process, signo: number, code: number): SignalInfo {
  return { signo, code, pid: from.pid, uid: from.uid, status: 0, value: 0 };
}

/** @returns 0 or -EINVAL: no such signal, or one that cannot be caught. */
export function sysSigaction(thread: Thread, signo: number, action: SignalAction): number {
  if (!isSignal(signo) || signo === SIGKILL || signo === SIGSTOP) return -Errno.EINVAL;
  const { process } = thread;
  process.signalActions.set(signo, action);
  // What is ignored from now on is not delivered either.
  if (action.handler === "SIG_IGN") {
    process.pending.discard(signo);
    for (const each of process.threads) each.pending.discard(signo);
    process.updateWork();
  }
  return 0;
}

export function sysSetpgid(thread: Thread, pid: number, pgid: number): number {
  const { process } = thread;
  if (pgid < 0) return -Errno.EINVAL;
  const target = pid === 0 ? process : process.node.processes.get(pid);
  if (target === undefined || (target !== process && target.ppid !== process.pid)) {
    return -Errno.ESRCH;
  }
  if (target.sid === target.pid || target.sid !== process.sid) return -Errno.EPERM;
  const group = pgid === 0 ? target.pid : pgid;
  const isKnown = process.node.processes.inGroup(group).some((each) => each.sid === process.sid);
  if (group !== target.pid && !isKnown) return -Errno.EPERM;
  target.pgid = group;
  return 0;
}

export function sysSetsid(thread: Thread): number {
  const { process } = thread;
  if (process.pgid === process.pid) return -Errno.EPERM;
  process.sid = process.pid;
  process.pgid = process.pid;
  return process.sid;
}

/** setuid(2): root sets all three, others choose among those that they have. */
export function sysSetuid(thread: Thread, uid: number): number {
  const { process } = thread;
  if (process.euid === 0) {
    process.uid = uid;
    process.suid = uid;
  } else if (uid !== process.uid && uid !== process.suid) return -Errno.EPERM;
  process.euid = uid;
  return 0;
}

export function sysSetgid(thread: Thread, gid: number): number {
  const { process } = thread;
  if (process.euid === 0) {
    process.gid = gid;
    process.sgid = gid;
  } else if (gid !== process.gid && gid !== process.sgid) return -Errno.EPERM;
  process.egid = gid;
  return 0;
}

export function sysSeteuid(thread: Thread, euid: number): number {
  const { process } = thread;
  const { uid, suid } = process;
  if (process.euid !== 0 && euid !== uid && euid !== suid) return -Errno.EPERM;
  process.euid = euid;
  return 0;
}

export function sysSetegid(thread: Thread, egid: number): number {
  const { process } = thread;
  const { gid, sgid } = process;
  if (process.euid !== 0 && egid !== gid && egid !== sgid) return -Errno.EPERM;
  process.egid = egid;
  return 0;
}

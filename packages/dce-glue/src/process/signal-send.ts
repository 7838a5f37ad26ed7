import { killedStatus } from "./exit-status.ts";
import type { Process } from "./process.ts";
import {
  CLD_CONTINUED,
  CLD_STOPPED,
  SA_NOCLDSTOP,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
} from "./signal-numbers.ts";
import { defaultAction, type SignalInfo } from "./signals.ts";
import type { Thread } from "./thread.ts";

const STOP_SIGNALS: readonly number[] = [SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU];

/** Sends a signal to a process: one of its threads takes it (complete_signal). */
export function sendToProcess(process: Process, info: SignalInfo): void {
  const threads = [...process.threads];
  const target = threads.find((thread) => wants(thread, info.signo));
  if (!prepare(process, info, target ?? threads[0])) return;
  process.pending.add(info);
  if (target !== undefined) notify(target);
}

/** Sends a signal to one thread alone: SIGPIPE, pthread_kill. */
export function sendToThread(thread: Thread, info: SignalInfo): void {
  if (!prepare(thread.process, info, thread)) return;
  thread.pending.add(info);
  if (wants(thread, info.signo)) notify(thread);
}

/** A child has stopped or goes on: its parent hears of it, unless it asked not to. */
function reportStateChange(process: Process, change: "STOPPED" | "CONTINUED"): void {
  process.unreportedChange = change;
  const parent = process.node.processes.parentOf(process);
  if (parent === undefined) return;
  parent.childPoint.wakeUpAll();
  if ((parent.actionOf(SIGCHLD).flags & SA_NOCLDSTOP) !== 0) return;
  sendToProcess(parent, {
    signo: SIGCHLD,
    code: change === "STOPPED" ? CLD_STOPPED : CLD_CONTINUED,
    pid: process.pid,
    uid: process.uid,
    status: change === "STOPPED" ? process.stopSignal : SIGCONT,
    value: 0,
  });
}

/** A default action stops the process: its threads park at the boundary of their calls. */
export function stopProcess(process: Process, signo: number): void {
  if (process.isStopped || process.isExiting) return;
  process.stopSignal = signo;
  process.updateWork();
  reportStateChange(process, "STOPPED");
  for (const thread of process.threads) thread.interrupt();
}

/**
 * prepare_signal: what a signal does by being sent, and whether it is to be queued at all.
 * @returns false: it has had its effect, or is ignored.
 */
function prepare(process: Process, info: SignalInfo, target: Thread | undefined): boolean {
  const { signo } = info;
  if (process.isExiting || process.isZombie) return false;
  if (signo === SIGCONT) continueProcess(process);
  else if (STOP_SIGNALS.includes(signo)) discardEverywhere(process, SIGCONT);
  if (target !== undefined && target.blocked.has(signo)) return true;
  const { handler } = process.actionOf(signo);
  if (handler === "SIG_IGN" && signo !== SIGKILL) return false;
  if (handler !== "SIG_DFL") return true;
  const action = defaultAction(signo);
  if (action === "TERMINATE") process.beginExit(killedStatus(signo));
  else if (action === "STOP") stopProcess(process, signo);
  return false;
}

function continueProcess(process: Process): void {
  for (const signo of STOP_SIGNALS) discardEverywhere(process, signo);
  if (!process.isStopped) return;
  process.stopSignal = 0;
  process.updateWork();
  process.statePoint.wakeUpAll();
  reportStateChange(process, "CONTINUED");
}

function discardEverywhere(process: Process, signo: number): void {
  process.pending.discard(signo);
  for (const thread of process.threads) thread.pending.discard(signo);
  process.updateWork();
}

function wants(thread: Thread, signo: number): boolean {
  return !thread.blocked.has(signo) && !thread.hasEnded;
}

function notify(thread: Thread): void {
  thread.updateWork();
  thread.interrupt();
}

import type { Wait } from "@dcejs/core-sched";
import { killedStatus } from "./exit-status.ts";
import { stopProcess } from "./signal-send.ts";
import { SA_NODEFER, SA_RESETHAND, SA_RESTART, SIGKILL, SIGSTOP } from "./signal-numbers.ts";
import {
  DEFAULT_SIGNAL_ACTION,
  defaultAction,
  type SignalAction,
  type SignalHandler,
  type SignalInfo,
} from "./signals.ts";
import { THREAD_EXIT, type Thread } from "./thread.ts";

/** What handlers that ran mean for the call that was interrupted; NONE: none ran. */
export type Delivery = "NONE" | "RESTART" | "INTERRUPT";

/**
 * At the boundary of a call: takes the signals that wait, runs their handlers or default actions,
 * and parks while the process is stopped. Stays synchronous as long as the handlers do.
 * @param before what earlier handlers of this boundary meant: the first one decides.
 * @throws {ThreadExit} the process is on its way out.
 */
export function deliverSignals(
  thread: Thread,
  before: Delivery = "NONE",
): Delivery | Promise<Delivery> {
  const { process } = thread;
  let delivery = before;
  for (;;) {
    if (thread.isKilled) throw THREAD_EXIT;
    if (process.isStopped) return goOn(waitForContinue(thread), thread, delivery);
    const info = thread.pending.take(thread.blocked) ?? process.pending.take(thread.blocked);
    if (info === undefined) break;
    const action = process.actionOf(info.signo);
    if (typeof action.handler === "string") {
      actByDefault(thread, info, action);
      continue;
    }
    if (delivery === "NONE") delivery = (action.flags & SA_RESTART) === 0 ? "INTERRUPT" : "RESTART";
    const running = runHandler(thread, action.handler, action, info);
    if (running !== undefined) return goOn(running, thread, delivery);
  }
  if (thread.savedMask !== undefined) {
    const mask = thread.savedMask;
    thread.savedMask = undefined;
    thread.setMask(mask);
    // What only the temporary mask had held back is due now.
    if (thread.hasWork) return deliverSignals(thread, delivery);
  }
  thread.updateWork();
  return delivery;
}

async function goOn(running: Promise<void>, thread: Thread, delivery: Delivery): Promise<Delivery> {
  await running;
  return deliverSignals(thread, delivery);
}

/** A signal that was blocked when it came, so that its action is due only now. */
function actByDefault(thread: Thread, info: SignalInfo, action: SignalAction): void {
  if (action.handler === "SIG_IGN" && info.signo !== SIGKILL && info.signo !== SIGSTOP) return;
  switch (defaultAction(info.signo)) {
    case "TERMINATE":
      thread.process.beginExit(killedStatus(info.signo));
      return;
    case "STOP":
      stopProcess(thread.process, info.signo);
      return;
    case "IGNORE":
    case "CONTINUE":
      return;
  }
}

/** @returns a promise when the handler is asynchronous. */
function runHandler(
  thread: Thread,
  handler: SignalHandler,
  action: SignalAction,
  info: SignalInfo,
): Promise<void> | undefined {
  const { process } = thread;
  const oldMask = thread.blocked.copy();
  const mask = thread.blocked.copy();
  mask.addAll(action.mask);
  if ((action.flags & SA_NODEFER) === 0) mask.add(info.signo);
  if ((action.flags & SA_RESETHAND) !== 0) {
    process.signalActions.set(info.signo, DEFAULT_SIGNAL_ACTION);
  }
  thread.setMask(mask);
  let running: void | Promise<void>;
  try {
    running = handler(info.signo, info);
  } catch (error) {
    thread.setMask(oldMask);
    throw error;
  }
  if (running instanceof Promise) return running.finally(() => thread.setMask(oldMask));
  thread.setMask(oldMask);
  return undefined;
}

async function waitForContinue(thread: Thread): Promise<void> {
  const result = thread.task.manager.enter(stoppedWait(thread));
  if (typeof result !== "number") await thread.park(result);
}

function* stoppedWait(thread: Thread): Wait {
  const { process, waiter } = thread;
  process.statePoint.add(waiter);
  try {
    while (process.isStopped && !thread.isKilled) yield* waiter.waitUninterrupted("stopped");
  } finally {
    process.statePoint.remove(waiter);
  }
  return 0;
}

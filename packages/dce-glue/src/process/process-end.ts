import type { Wait } from "@dcejs/core-sched";
import { exitedStatus, WEXITSTATUS, WIFEXITED, WTERMSIG } from "./exit-status.ts";
import { writeStatusFile } from "./process-log.ts";
import { hashEnd } from "./process-trace.ts";
import type { ExitRecord } from "./process-table.ts";
import type { Process } from "./process.ts";
import { sendToProcess } from "./signal-send.ts";
import { CLD_EXITED, CLD_KILLED, SA_NOCLDWAIT, SIGCHLD } from "./signal-numbers.ts";

/**
 * do_exit of the last thread: closes what is open, becomes a zombie, tells the parent. Without a
 * parent that would wait, the process is gone at once.
 */
export function* endProcess(process: Process): Wait<ExitRecord> {
  const { node } = process;
  const { processes } = node;
  process.groupExit ??= exitedStatus(0);
  process.realTimer.set(0, 0);
  yield* process.closeFiles();
  process.pending.clear();
  process.endTime = node.simulator.now;
  process.exitStatus = process.groupExit;
  hashEnd(process);
  writeStatusFile(node.files, process);
  const record = processes.recordExit(process);
  processes.orphanChildren(process);
  const parent = processes.parentOf(process);
  if (parent === undefined || parent.isExiting || !tellParent(process, parent)) {
    processes.reap(process);
  }
  process.statePoint.wakeUpAll();
  parent?.childPoint.wakeUpAll();
  return record;
}

/** do_notify_parent. @returns false: the parent has said that it does not wait for children. */
function tellParent(process: Process, parent: Process): boolean {
  const status = process.exitStatus ?? 0;
  const action = parent.actionOf(SIGCHLD);
  const isExited = WIFEXITED(status);
  sendToProcess(parent, {
    signo: SIGCHLD,
    code: isExited ? CLD_EXITED : CLD_KILLED,
    pid: process.pid,
    uid: process.uid,
    status: isExited ? WEXITSTATUS(status) : WTERMSIG(status),
    value: 0,
  });
  return action.handler !== "SIG_IGN" && (action.flags & SA_NOCLDWAIT) === 0;
}

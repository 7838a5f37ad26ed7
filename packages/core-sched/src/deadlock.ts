import type { Task, TaskState } from "./task.ts";
import type { TaskManager } from "./task-manager.ts";
import { formatDuration, type Instant } from "./time.ts";

/** One task in a DeadlockError. */
export interface WaitReport {
  readonly task: string;
  readonly node: number;
  /** As TaskManager.describe() writes it: "node 1 (server)". */
  readonly nodeName: string;
  readonly state: TaskState;
  readonly waitChannel: string;
  readonly since: Instant;
  /** Who could end the wait, when its host told (Task.describeWait); else "". */
  readonly wakers: string;
  readonly isDaemon: boolean;
}

/** No event is left, and a task that is no daemon still waits: nothing can ever wake it. */
export class DeadlockError extends Error {
  override readonly name: string = "DeadlockError";
  /** Every task of the simulation, also the daemons, by node and then by age. */
  readonly report: readonly WaitReport[];

  constructor(report: readonly WaitReport[], now: Instant) {
    const stuck = report.filter((entry) => !entry.isDaemon).length;
    super(
      `deadlock at ${formatDuration(now)}: no event is left and ${stuck} task${stuck === 1 ? "" : "s"} cannot go on\n` +
        report.map(formatEntry).join("\n"),
    );
    this.report = report;
  }
}

/** The report when some task waits that is no daemon, else undefined. */
export function findDeadlock(
  managers: readonly TaskManager[],
  now: Instant,
): DeadlockError | undefined {
  let isStuck = false;
  const report: WaitReport[] = [];
  for (const manager of managers) {
    for (const task of manager.tasks) {
      if (!task.isDaemon) isStuck = true;
      report.push(describe(task));
    }
  }
  return isStuck ? new DeadlockError(report, now) : undefined;
}

function describe(task: Task): WaitReport {
  const told = task.describeWait?.();
  return {
    task: task.name,
    node: task.manager.context,
    nodeName: task.manager.describe(),
    state: task.state,
    waitChannel: told?.waitChannel ?? task.waitChannel,
    since: task.blockedSince,
    wakers: told?.wakers ?? "",
    isDaemon: task.isDaemon,
  };
}

function formatEntry(entry: WaitReport): string {
  const wait =
    entry.state === "ACTIVE"
      ? "in the run queue, but the scheduler does not choose it"
      : `waits for "${entry.waitChannel}"`;
  const wakers = entry.wakers === "" ? "" : `; could be woken by ${entry.wakers}`;
  const daemon = entry.isDaemon ? " (daemon)" : "";
  return `  ${entry.nodeName}  ${entry.task}${daemon}  ${entry.state}  ${wait} since ${formatDuration(entry.since)}${wakers}`;
}

import type { Task } from "./task.ts";

/** The body of a task threw; `cause` is what it threw. */
export class TaskError extends Error {
  override readonly name: string = "TaskError";
  readonly task: Task;
  constructor(task: Task, cause: unknown) {
    const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`${task.describe()}: ${what}`, { cause });
    this.task = task;
  }
}

/** Thrown by TaskManager.exit(): unwinds the task, which then ends normally. Do not catch it. */
export class TaskExit extends Error {
  override readonly name: string = "TaskExit";
  readonly task: Task;
  constructor(task: Task) {
    super(`${task.describe()} exits`);
    this.task = task;
  }
}

/** Thrown inside a task that TaskManager.stop() or Simulator.destroy() has killed. */
export class TaskKilled extends Error {
  override readonly name: string = "TaskKilled";
  readonly task: Task;
  constructor(task: Task) {
    super(`${task.describe()} was killed`);
    this.task = task;
  }
}

/** A blocking call was made where it cannot be: by no task, by another task, or while already blocked. */
export class TaskStateError extends Error {
  override readonly name: string = "TaskStateError";
}

/** A task awaited something that is not the simulator's, so virtual time could not tell when it goes on. */
export class ForeignAwaitError extends Error {
  override readonly name: string = "ForeignAwaitError";
  readonly task: Task;
  constructor(task: Task) {
    super(
      `${task.describe()} awaits a promise that is not the simulator's (a host timer, file, fetch or dynamic import?); ` +
        "use the simulated calls, or pass the promise through TaskManager.external()",
    );
    this.task = task;
  }
}

/** Virtual time cannot move: a program or a pair of tasks is busy for ever at one instant. */
export class LivelockError extends Error {
  override readonly name: string = "LivelockError";
}

/** runSync or runUntilSync met something that needs a promise. Use run or runUntil. */
export class SyncRunError extends Error {
  override readonly name: string = "SyncRunError";
}

import { checkHandedUp, unwind, type Wait } from "./blocked.ts";
import { SyncRunError, TaskError, TaskExit, TaskKilled, TaskStateError } from "./errors.ts";
import { type EventHandler, NO_EVENT } from "./event-queue.ts";
import type { SliceOutcome } from "./fiber-manager.ts";
import { invariant } from "./invariant.ts";
import type { ProcessDelayModel } from "./process-delay-model.ts";
import type { HandOff } from "./run-loop.ts";
import type { Simulator } from "./simulator.ts";
import type { Task, TaskPhase } from "./task.ts";
import type { TaskScheduler } from "./task-scheduler.ts";
import { nanoseconds } from "./time.ts";
import type { Tracepoint } from "./tracer.ts";

/**
 * Runs the slices of one node's tasks, one event each. A slice of a task first resumes the kernel
 * code that it is inside of, then its fiber. The slice of an async fiber is over when the fiber's
 * hand-off settles; the run loop waits for that and calls settle() or fail().
 */
export class SliceRunner implements HandOff {
  readonly tasks: Set<Task> = new Set();
  readonly scheduler: TaskScheduler;
  current: Task | undefined = undefined;
  switchCount = 0;

  readonly #simulator: Simulator;
  readonly #context: number;
  readonly #delayModel: ProcessDelayModel | undefined;
  readonly #switchPoint: Tracepoint;
  readonly #wakeupPoint: Tracepoint;
  /** An event for the next slice is in the queue. */
  #isRequested = false;
  /** The CPU is taken until then, by the delay model. */
  #busyUntil = 0;
  /** Tasks that ended by force, whose async programs have not run their finally blocks. */
  #dying: Task[] = [];
  /** The phase to go back to when the slice that unwinds the current task is over. */
  #phaseWhenUnwound: TaskPhase | undefined = undefined;

  constructor(
    simulator: Simulator,
    context: number,
    scheduler: TaskScheduler,
    delayModel: ProcessDelayModel | undefined,
  ) {
    this.#simulator = simulator;
    this.#context = context;
    this.scheduler = scheduler;
    this.#delayModel = delayModel;
    this.#switchPoint = simulator.tracer.tracepoint("sched:sched_switch");
    this.#wakeupPoint = simulator.tracer.tracepoint("sched:sched_wakeup");
  }

  /** The task whose hand-off the run loop waits for. */
  get task(): Task {
    invariant(this.current !== undefined, "hand-off: the resumed task is current");
    return this.current;
  }

  /** Puts the task into the run queue. */
  activate(task: Task): void {
    task.currentState = "ACTIVE";
    this.scheduler.enqueue(task);
    if (this.#wakeupPoint.isEnabled) this.#wakeupPoint.emit(task.name, task.id);
    this.request();
  }

  /** Asks for a slice, unless one runs (its end asks again) or is on its way. */
  request(): void {
    if (this.current !== undefined || this.#isRequested || this.scheduler.size === 0) return;
    this.#isRequested = true;
    const delay = nanoseconds(Math.max(0, this.#busyUntil - this.#simulator.now));
    this.#simulator.scheduleWithContext(this.#context, delay, this.#runSlice);
  }

  runWithCurrent(task: Task | undefined, fn: () => void): void {
    const saved = this.current;
    this.current = task;
    try {
      fn();
    } finally {
      this.current = saved;
    }
  }

  stop(task: Task): void {
    if (task === this.current || task.currentState === "DEAD") return;
    this.#bury(task, "killed");
    this.runWithCurrent(task, () => this.#discard(task));
  }

  destroy(): void {
    const left = [...this.#dying, ...this.tasks];
    this.#dying = [];
    this.current = undefined;
    for (const task of left) {
      this.#bury(task, "killed");
      this.runWithCurrent(task, () => {
        this.#unwindKernelCode(task);
        void this.#unwindFiber(task);
      });
    }
  }

  /** The hand-off of the current task: its fiber has blocked or ended. */
  settle(outcome: unknown): void {
    const { task } = this;
    if (this.#phaseWhenUnwound === undefined) {
      this.#endSlice(task, outcome === "ended" ? "ended" : "blocked");
    } else this.#closeUnwinding(task);
  }

  /** The hand-off of the current task: its body threw. */
  fail(error: unknown): void {
    const { task } = this;
    if (this.#phaseWhenUnwound === undefined) {
      this.#failSlice(task, error, true);
      return;
    }
    this.#closeUnwinding(task);
    if (!isEndOf(task, error)) throw new TaskError(task, error);
  }

  abandon(): void {
    const { task } = this;
    this.#bury(task, "killed");
    void task.fiber?.kill();
    this.#close(task);
  }

  // One function for all slices of the node: scheduling one allocates nothing.
  readonly #runSlice: EventHandler = () => {
    this.#isRequested = false;
    const task = this.scheduler.dequeueNext();
    if (task === undefined) return undefined;
    const { loop } = this.#simulator;
    if (loop.isSyncRun && task.fiber?.isSynchronous === false) this.#refuseSyncRun(task);
    this.#open(task);
    let outcome: SliceOutcome | Promise<SliceOutcome>;
    try {
      outcome = this.#resume(task);
    } catch (error) {
      this.#failSlice(task, error, false);
      return undefined;
    }
    if (typeof outcome === "string") {
      this.#endSlice(task, outcome);
      return undefined;
    }
    if (loop.isSyncRun) {
      this.abandon();
      throw new SyncRunError(`${task.describe()} is async: use run() or runUntil()`);
    }
    return this.#handOff(outcome);
  };

  /** The slice in which the finally blocks of an async program run that ended by force. */
  readonly #unwindSlice: EventHandler = () => {
    const task = this.#dying.shift();
    if (task === undefined) return undefined;
    this.current = task;
    this.#phaseWhenUnwound = task.phase;
    task.phase = "killed"; // whatever it calls now throws
    let unwinding: void | Promise<unknown>;
    try {
      unwinding = this.#unwindFiber(task);
    } catch (error) {
      this.#closeUnwinding(task);
      throw error;
    }
    if (unwinding !== undefined) return this.#handOff(unwinding);
    this.#closeUnwinding(task);
    return undefined;
  };

  /** The run loop waits for `promise` and then calls settle() or fail(). */
  #handOff(promise: Promise<unknown>): Promise<void> {
    this.#simulator.loop.handOff = this;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the loop gives the value to settle() as unknown
    return promise as Promise<void>;
  }

  #open(task: Task): void {
    const { now } = this.#simulator;
    this.current = task;
    task.currentState = "RUNNING";
    this.switchCount++;
    if (task.sliceInstant !== now) {
      task.sliceInstant = now;
      task.slicesAtInstant = 0;
    }
    task.slicesAtInstant++;
    this.#delayModel?.recordStart(task);
    task.switchNotifier?.("TO");
    if (this.#switchPoint.isEnabled) this.#switchPoint.emit(task.name, task.id);
  }

  /** First the kernel code that the task is inside of, then whoever waits for the result of the call. */
  #resume(task: Task): SliceOutcome | Promise<SliceOutcome> {
    let value = task.wakeValue;
    const { continuation, call, fiber } = task;
    if (continuation !== undefined) {
      const step = continuation.next(value);
      if (step.done !== true) {
        checkHandedUp(task, step.value);
        return "blocked";
      }
      task.continuation = undefined;
      if (task.phase === "hooks") return "ended";
      value = step.value;
    }
    task.isInCall = false;
    if (call.onComplete !== undefined) return this.#complete(task, call.onComplete, value);
    invariant(fiber !== undefined, "slice: a live task has a fiber");
    return fiber.resume(value);
  }

  /** The call belongs to a host with callbacks. Unless that blocks again, the task waits to be woken for more. */
  #complete(task: Task, onComplete: (result: number) => void, value: number): SliceOutcome {
    task.call.onComplete = undefined;
    onComplete(value);
    if (task.currentState === "RUNNING") {
      task.currentState = "BLOCKED";
      task.channel = "host";
      task.blockedSince = this.#simulator.now;
    }
    return "blocked";
  }

  #endSlice(task: Task, outcome: SliceOutcome): void {
    try {
      const end = outcome === "ended" ? this.#beginExit(task) : outcome;
      if (end === "ended") this.#bury(task, task.phase);
      else if (task.currentState === "RUNNING") throw notBlocked(task);
    } catch (error) {
      this.#failSlice(task, error, false);
      return;
    }
    this.#close(task);
  }

  /** The body of `task`, its kernel code or an exit hook threw. The simulation goes on if its owner takes the error. */
  #failSlice(task: Task, error: unknown, isFiberOver: boolean): void {
    try {
      const end = this.#afterError(task, error, isFiberOver);
      if (end === "ended") this.#bury(task, task.phase);
    } catch (fatal) {
      this.#bury(task, "killed");
      this.#close(task);
      throw fatal instanceof TaskError ? fatal : new TaskError(task, fatal);
    }
    this.#close(task);
  }

  #afterError(task: Task, error: unknown, isFiberOver: boolean): SliceOutcome {
    const wasInHooks = task.phase === "hooks";
    this.#leaveCall(task);
    task.currentState = "RUNNING";
    task.continuation = undefined;
    task.phase = "exiting";
    // What threw may have been kernel code, with the program still parked.
    if (!isFiberOver) this.#discard(task);
    if (!isEndOf(task, error)) {
      if (task.onError === undefined) throw new TaskError(task, error);
      task.onError(error);
    }
    return wasInHooks ? "ended" : this.#beginExit(task);
  }

  /** The body is over: runs the exit hooks, as kernel code of the dying task. */
  #beginExit(task: Task): SliceOutcome {
    if (task.phase === "hooks") return "ended";
    if (task.currentState !== "RUNNING") throw notHandedUp(task);
    task.phase = "hooks";
    if (task.exitHooks === undefined) return "ended";
    const hooks = runHooks(task.exitHooks);
    task.continuation = hooks;
    const step = hooks.next(0);
    if (step.done === true) return "ended";
    checkHandedUp(task, step.value);
    return "blocked";
  }

  #close(task: Task): void {
    this.current = undefined;
    task.switchNotifier?.("FROM");
    if (this.#delayModel !== undefined) {
      this.#busyUntil = this.#simulator.now + this.#delayModel.recordEnd(task);
    }
    this.request();
  }

  #bury(task: Task, phase: TaskPhase): void {
    this.#leaveCall(task);
    task.phase = phase;
    task.currentState = "DEAD";
    task.exitHooks = undefined;
    task.call.onComplete = undefined;
    this.tasks.delete(task);
  }

  /** Takes the task out of the run queue and forgets its timer. */
  #leaveCall(task: Task): void {
    if (task.currentState === "ACTIVE") this.scheduler.dequeue(task);
    this.#simulator.cancel(task.timer);
    task.timer = NO_EVENT;
    task.isInCall = false;
  }

  /** Kernel code and synchronous fibers are unwound at once, an async fiber in a slice of its own. */
  #discard(task: Task): void {
    this.#unwindKernelCode(task);
    if (task.fiber?.isSynchronous !== false) {
      void this.#unwindFiber(task);
      return;
    }
    this.#dying.push(task);
    this.#simulator.scheduleWithContext(this.#context, nanoseconds(0), this.#unwindSlice);
  }

  #unwindKernelCode(task: Task): void {
    const { continuation } = task;
    task.continuation = undefined;
    if (continuation === undefined) return;
    try {
      unwind(continuation);
    } catch (error) {
      if (!isEndOf(task, error)) throw new TaskError(task, error);
    }
  }

  #unwindFiber(task: Task): void | Promise<unknown> {
    try {
      return task.fiber?.kill();
    } catch (error) {
      if (!isEndOf(task, error)) throw new TaskError(task, error);
    }
    return undefined;
  }

  #closeUnwinding(task: Task): void {
    task.phase = this.#phaseWhenUnwound ?? "killed";
    this.#phaseWhenUnwound = undefined;
    this.current = undefined;
    this.request();
  }

  #refuseSyncRun(task: Task): never {
    this.scheduler.enqueue(task);
    this.request();
    throw new SyncRunError(`${task.describe()} is async: use run() or runUntil()`);
  }
}

/** Exit hooks one after the other, as one piece of kernel code. */
function* runHooks(hooks: readonly (() => void | Wait<unknown>)[]): Wait {
  for (const hook of hooks) {
    const wait = hook();
    if (wait !== undefined) yield* wait;
  }
  return 0;
}

/** The error is how this task ends, not a failure. */
function isEndOf(task: Task, error: unknown): boolean {
  return (error instanceof TaskExit || error instanceof TaskKilled) && error.task === task;
}

function notHandedUp(task: Task): TaskStateError {
  return new TaskStateError(
    `${task.describe()} ended while it was blocked in "${task.channel}": the handle was not yielded or awaited`,
  );
}

function notBlocked(task: Task): TaskStateError {
  return new TaskStateError(`${task.describe()} blocked in a call that is not its manager's`);
}

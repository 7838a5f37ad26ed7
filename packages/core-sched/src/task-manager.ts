import { type Blocked, type BlockedCall, checkHandedUp, unwind, type Wait } from "./blocked.ts";
import { LivelockError, SyncRunError, TaskError, TaskExit, TaskStateError } from "./errors.ts";
import { type EventHandler, type EventId, NO_EVENT } from "./event-queue.ts";
import {
  DefaultFiberManager,
  type Fiber,
  type FiberManager,
  type SliceOutcome,
  type TaskBody,
} from "./fiber-manager.ts";
import { invariant } from "./invariant.ts";
import { BUSY_CALLS_BEFORE_CHARGE, BUSY_CALLS_MAX, CHARGED_YIELD_NS } from "./limits.ts";
import type { ProcessDelayModel } from "./process-delay-model.ts";
import { type HandOff, NO_CONTEXT } from "./run-loop.ts";
import type { Simulator } from "./simulator.ts";
import { Task } from "./task.ts";
import { RrTaskScheduler, type TaskScheduler } from "./task-scheduler.ts";
import { type Nanoseconds, nanoseconds } from "./time.ts";
import type { Tracepoint } from "./tracer.ts";

export interface TaskManagerOptions {
  /** Node id. @default NO_CONTEXT */
  readonly context?: number;
  /** For reports. @default "node N" */
  readonly name?: string;
  /** @default first in, first out */
  readonly scheduler?: TaskScheduler;
  /** @default none: the CPU is free */
  readonly delayModel?: ProcessDelayModel;
  /** @default generator or async, by what a body returns */
  readonly fiberManager?: FiberManager;
}

export interface StartOptions {
  /** @default "task" */
  readonly name?: string;
  readonly context?: unknown;
  /** @default false */
  readonly isDaemon?: boolean;
}

const CHARGED_YIELD = nanoseconds(CHARGED_YIELD_NS);

/**
 * The tasks of one node (DCE's TaskManager). One task runs at a time, and every switch goes through
 * the simulator's loop: a slice is an event, and the next task's slice is the next event.
 */
export class TaskManager {
  readonly simulator: Simulator;
  readonly context: number;
  readonly name: string;
  /** Slices begun. */
  switchCount = 0;

  readonly #scheduler: TaskScheduler;
  readonly #delayModel: ProcessDelayModel | undefined;
  readonly #fiberManager: FiberManager;
  readonly #tasks = new Set<Task>();
  readonly #schedSwitch: Tracepoint;
  #current: Task | undefined = undefined;
  #hiTask: Task | undefined = undefined;
  #slice: EventId = NO_EVENT;
  /** The CPU is taken until then, by the delay model. */
  #busyUntil = 0;

  constructor(simulator: Simulator, options: TaskManagerOptions = {}) {
    this.simulator = simulator;
    this.context = options.context ?? NO_CONTEXT;
    this.name = options.name ?? (this.context === NO_CONTEXT ? "no node" : `node ${this.context}`);
    this.#scheduler = options.scheduler ?? new RrTaskScheduler();
    this.#delayModel = options.delayModel;
    this.#fiberManager = options.fiberManager ?? new DefaultFiberManager();
    this.#schedSwitch = simulator.tracer.tracepoint("sched:sched_switch");
    simulator.addManager(this);
  }

  /** The manager of the node whose event runs. */
  static current(simulator: Simulator): TaskManager | undefined {
    return simulator.currentManager();
  }

  get tasks(): ReadonlySet<Task> {
    return this.#tasks;
  }

  get liveTaskCount(): number {
    return this.#tasks.size;
  }

  /** Tasks in the run queue. */
  get runnableCount(): number {
    return this.#scheduler.size;
  }

  /** The task whose slice it is, or the one that enterHiTask has named. */
  currentTask(): Task | undefined {
    return this.#hiTask ?? this.#current;
  }

  describe(): string {
    return this.context === NO_CONTEXT ? this.name : `node ${this.context} (${this.name})`;
  }

  /** Starts a task; its first slice is an event of its own, after those that are due already. */
  start(body: TaskBody | Fiber, options: StartOptions = {}): Task {
    const { name = "task", context, isDaemon = false } = options;
    const task = new Task(this.simulator.nextTaskId(), this, name, context, isDaemon);
    task.fiber = typeof body === "function" ? this.#fiberManager.create(task, body) : body;
    task.blockedSince = this.simulator.now;
    this.#tasks.add(task);
    this.wakeup(task);
    return task;
  }

  /** Ends a task where it stands: its finally blocks run, its exit hooks do not. Ignored on self. */
  stop(task: Task): void {
    if (task === this.#current || task.currentState === "DEAD") return;
    task.phase = "killed";
    this.#bury(task);
    if (task.continuation !== undefined) unwind(task.continuation);
    task.continuation = undefined;
    const unwinding = task.fiber?.kill();
    if (unwinding !== undefined) unwinding.then(undefined, (error) => task.onError?.(error));
  }

  /**
   * Marks the current task BLOCKED, until wakeup(). The caller must hand the handle up: yield it,
   * await its promise(), or return it. Completes with the value given to wakeup.
   * @throws TaskStateError when no task runs, or it is blocked already.
   */
  sleep(waitChannel: string): BlockedCall {
    const task = this.#beginCall(waitChannel);
    task.currentState = "BLOCKED";
    return task.call;
  }

  /** As sleep, for `timeout` at the longest. Completes with the nanoseconds that were left; 0: timed out. */
  sleepFor(waitChannel: string, timeout: Nanoseconds): BlockedCall {
    const task = this.#beginCall(waitChannel);
    task.currentState = "BLOCKED";
    task.onTimeout ??= () => {
      task.timer = NO_EVENT;
      this.wakeup(task, 0);
    };
    task.timer = this.simulator.scheduleWithContext(this.context, timeout, task.onTimeout);
    return task.call;
  }

  /** Puts the current task at the tail of the run queue. */
  yield(): BlockedCall {
    const task = this.#beginCall("yield");
    task.wakeValue = 0;
    this.#makeActive(task);
    return task.call;
  }

  /** What a busy program waits when chargeBusyCall() asks for it: CHARGED_YIELD_NS. */
  chargedYield(): BlockedCall {
    return this.sleepFor("busy", CHARGED_YIELD);
  }

  /** Makes a BLOCKED task runnable; its call completes with `value`. True if it was BLOCKED. */
  wakeup(task: Task, value = 0): boolean {
    if (task.currentState !== "BLOCKED") return false;
    task.wakeValue = value;
    if (task.timer !== NO_EVENT) {
      task.wakeValue = this.simulator.delayLeft(task.timer);
      this.simulator.cancel(task.timer);
      task.timer = NO_EVENT;
    }
    this.#makeActive(task);
    return true;
  }

  /** Ends the current task: unwinds it with TaskExit, runs its exit hooks. */
  exit(): never {
    const task = this.#runningTask();
    task.phase = "exiting";
    throw new TaskExit(task);
  }

  /**
   * Drives kernel-mode code on the current task. Its number at once if it did not block; else the
   * task's handle, which completes with that number.
   */
  enter(wait: Wait): number | BlockedCall {
    const task = this.#runningTask();
    invariant(task.continuation === undefined, "a task is in one kernel call at a time");
    task.continuation = wait;
    let isOver = true;
    try {
      const step = wait.next(0);
      if (step.done === true) return step.value;
      checkHandedUp(task, step.value);
      isOver = false;
      return task.call;
    } finally {
      if (isOver) task.continuation = undefined;
    }
  }

  /**
   * The promise for an async program to await until its call is done; it settles with the result.
   * @throws TaskStateError when `call` is not what the current task is blocked in, or its fiber is not async.
   */
  promise(call: Blocked): Promise<number> {
    const task = this.#current;
    if (task === undefined || task.call !== call || !task.isInCall) {
      throw new TaskStateError("promise() takes the handle of the call that the current task is in");
    }
    const park = task.fiber?.park?.();
    if (park === undefined) {
      throw new TaskStateError(`${task.describe()} is no async program and cannot await`);
    }
    return park;
  }

  /** Awaits something of the host's on behalf of the current task; virtual time stands still meanwhile. */
  async external<T>(promise: PromiseLike<T>): Promise<T> {
    this.simulator.loop.beginHostWait();
    try {
      return await promise;
    } finally {
      this.simulator.loop.endHostWait();
    }
  }

  /** Lets simulator code act as `task` until leaveHiTask: currentTask() gives it. */
  enterHiTask(task: Task): void {
    invariant(this.#hiTask === undefined, "one HiTask at a time");
    this.#hiTask = task;
  }

  leaveHiTask(task: Task): void {
    invariant(this.#hiTask === task, "leaveHiTask leaves the task that was entered");
    this.#hiTask = undefined;
  }

  /** Calls `fn` as if from the simulator's main loop: no task is current meanwhile. */
  execOnMain(fn: () => void): void {
    const current = this.#current;
    this.#current = undefined;
    try {
      fn();
    } finally {
      this.#current = current;
    }
  }

  /** An event of this node, outside of all tasks. */
  scheduleMain(delay: Nanoseconds, handler: EventHandler, arg = 0): EventId {
    return this.simulator.scheduleWithContext(this.context, delay, handler, arg);
  }

  /**
   * Counts a call of the current task that did not block. True: it has made so many at this instant
   * that it must await chargedYield() now, or virtual time would never move.
   * @throws LivelockError when it goes on without.
   */
  chargeBusyCall(): boolean {
    const task = this.#current;
    if (task === undefined) return false;
    const { now } = this.simulator;
    if (task.busyInstant !== now) {
      task.busyInstant = now;
      task.busyCalls = 0;
    }
    if (++task.busyCalls <= BUSY_CALLS_BEFORE_CHARGE) return false;
    if (task.busyCalls > BUSY_CALLS_MAX) {
      throw new LivelockError(
        `${task.describe()} made ${BUSY_CALLS_MAX} calls at ${now} ns without blocking or awaiting one`,
      );
    }
    return true;
  }

  /** @internal */
  destroy(): void {
    for (const task of this.#tasks) this.stop(task);
    this.#current = undefined;
    this.#slice = NO_EVENT;
  }

  #runningTask(): Task {
    const task = this.#current;
    if (task === undefined) throw new TaskStateError(`no task of ${this.describe()} is running`);
    if (task.currentState !== "RUNNING") {
      throw new TaskStateError(
        `${task.describe()} is in a blocking call already ("${task.channel}"): await it first`,
      );
    }
    return task;
  }

  #beginCall(waitChannel: string): Task {
    const task = this.#runningTask();
    task.isInCall = true;
    task.channel = waitChannel;
    task.blockedSince = this.simulator.now;
    return task;
  }

  #makeActive(task: Task): void {
    task.currentState = "ACTIVE";
    this.#scheduler.enqueue(task);
    if (this.#current === undefined) this.#requestSlice();
  }

  #requestSlice(): void {
    if (this.#slice !== NO_EVENT || this.#scheduler.peekNext() === undefined) return;
    const delay = nanoseconds(Math.max(0, this.#busyUntil - this.simulator.now));
    this.#slice = this.simulator.scheduleWithContext(this.context, delay, this.#schedule);
  }

  /** DCE's Schedule: one slice of the next task. */
  readonly #schedule = (): void | Promise<void> => {
    this.#slice = NO_EVENT;
    const task = this.#scheduler.dequeueNext();
    if (task === undefined) return;
    const { now, loop } = this.simulator;
    if (task.sliceInstant !== now) {
      task.sliceInstant = now;
      task.slicesAtInstant = 0;
    }
    task.slicesAtInstant++;
    this.switchCount++;
    this.#current = task;
    task.currentState = "RUNNING";
    this.#delayModel?.recordStart(task);
    task.switchNotifier?.("TO");
    if (this.#schedSwitch.isEnabled) this.#schedSwitch.emit(task.name, task.id);
    let outcome: SliceOutcome | Promise<SliceOutcome>;
    try {
      outcome = this.#resume(task);
    } catch (error) {
      this.#bodyFailed(task, error);
      return;
    }
    if (typeof outcome === "string") {
      this.#endSlice(task, outcome);
      return;
    }
    if (loop.isSyncRun) throw new SyncRunError(`${task.describe()} is asynchronous: use run()`);
    // Made once for each asynchronous task, not for each slice.
    task.handOff ??= this.#handOffOf(task);
    loop.handOff = task.handOff;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the loop hands the outcome to handOff.settle
    return outcome as unknown as Promise<void>;
  };

  /** Goes on where the task was: in kernel code first, then in its body. */
  #resume(task: Task): SliceOutcome | Promise<SliceOutcome> {
    let value = task.wakeValue;
    if (task.continuation !== undefined) {
      let step: IteratorResult<Blocked, number>;
      try {
        step = task.continuation.next(value);
      } catch (error) {
        task.continuation = undefined;
        throw error;
      }
      if (step.done !== true) {
        checkHandedUp(task, step.value);
        return "blocked";
      }
      task.continuation = undefined;
      value = step.value;
    }
    task.isInCall = false;
    if (task.phase === "hooks") return "ended";
    const { onComplete } = task.call;
    if (onComplete !== undefined) {
      task.call.onComplete = undefined;
      onComplete(value);
      return task.isInCall ? "blocked" : "ended";
    }
    invariant(task.fiber !== undefined, "a live task has a fiber");
    return task.fiber.resume(value);
  }

  #handOffOf(task: Task): HandOff {
    return {
      task,
      settle: (outcome) => this.#endSlice(task, outcome === "ended" ? "ended" : "blocked"),
      fail: (error) => this.#bodyFailed(task, error),
      abandon: () => {
        this.#bury(task);
        this.#current = undefined;
      },
    };
  }

  #bodyFailed(task: Task, error: unknown): void {
    if (error instanceof TaskExit && error.task === task) {
      this.#endSlice(task, "ended");
      return;
    }
    if (task.onError === undefined || task.phase === "hooks") {
      this.#bury(task);
      this.#leave(task);
      throw error instanceof LivelockError ? error : new TaskError(task, error);
    }
    task.currentState = "RUNNING";
    task.onError(error);
    this.#endSlice(task, "ended");
  }

  #endSlice(task: Task, outcome: SliceOutcome): void {
    if (outcome === "ended" && this.#runExitHooks(task)) this.#bury(task);
    this.#leave(task);
  }

  #leave(task: Task): void {
    task.switchNotifier?.("FROM");
    if (this.#delayModel !== undefined) {
      this.#busyUntil = this.simulator.now + this.#delayModel.recordEnd(task);
    }
    this.#current = undefined;
    this.#requestSlice();
  }

  /** True when all have run; false when one has blocked: the task goes on in its next slice. */
  #runExitHooks(task: Task): boolean {
    task.phase = "hooks";
    for (;;) {
      const hook = task.exitHooks?.shift();
      if (hook === undefined) return true;
      task.currentState = "RUNNING";
      const code = hook();
      if (code === undefined) continue;
      const step = code.next(0);
      if (step.done === true) continue;
      checkHandedUp(task, step.value);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the result of a hook is ignored
      task.continuation = code as Wait;
      return false;
    }
  }

  #bury(task: Task): void {
    if (task.currentState === "ACTIVE") this.#scheduler.dequeue(task);
    this.simulator.cancel(task.timer);
    task.timer = NO_EVENT;
    task.currentState = "DEAD";
    this.#tasks.delete(task);
  }
}

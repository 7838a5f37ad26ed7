import { type Blocked, type BlockedCall, checkHandedUp, type Wait } from "./blocked.ts";
import { LivelockError, TaskExit, TaskKilled, TaskStateError } from "./errors.ts";
import { type EventHandler, type EventId, NO_EVENT } from "./event-queue.ts";
import {
  DefaultFiberManager,
  type Fiber,
  type FiberManager,
  type TaskBody,
} from "./fiber-manager.ts";
import { invariant } from "./invariant.ts";
import { BUSY_CALLS_BEFORE_CHARGE, BUSY_CALLS_MAX, CHARGED_YIELD_NS } from "./limits.ts";
import type { ProcessDelayModel } from "./process-delay-model.ts";
import { NO_CONTEXT } from "./run-loop.ts";
import type { Simulator } from "./simulator.ts";
import { SliceRunner } from "./slice-runner.ts";
import { Task } from "./task.ts";
import { RrTaskScheduler, type TaskScheduler } from "./task-scheduler.ts";
import { type Nanoseconds, nanoseconds } from "./time.ts";

const CHARGED_YIELD = nanoseconds(CHARGED_YIELD_NS);

export interface TaskManagerOptions {
  /** Id of the node, unique in the simulator. @default the number of managers made before */
  readonly context?: number;
  /** For messages. @default "" */
  readonly name?: string;
  /** @default RrTaskScheduler */
  readonly scheduler?: TaskScheduler;
  /** @default the CPU is free */
  readonly delayModel?: ProcessDelayModel;
  /** @default DefaultFiberManager */
  readonly fiberManager?: FiberManager;
}

export interface StartOptions {
  /** For reports. @default "task-<id>" */
  readonly name?: string;
  /** Becomes Task.context. */
  readonly context?: unknown;
  /** @default false */
  readonly isDaemon?: boolean;
}

/**
 * The tasks of one node, as DCE's TaskManager: one runs at a time, every switch goes through the
 * main loop, one event per slice, first in first out. Calls that block mark the current task BLOCKED
 * and return its handle, which the caller hands up: a generator yields it, an async program awaits
 * `promise(handle)`, a wasm import suspends on it.
 */
export class TaskManager {
  readonly context: number;
  readonly name: string;
  /** Non-blocking calls at one instant after which chargeBusyCall() asks for a charged yield. */
  busyCallsBeforeCharge: number = BUSY_CALLS_BEFORE_CHARGE;
  /** Non-blocking calls at one instant after which chargeBusyCall() throws LivelockError. */
  busyCallsMax: number = BUSY_CALLS_MAX;

  readonly #simulator: Simulator;
  readonly #slices: SliceRunner;
  readonly #fiberManager: FiberManager;
  #hiTask: Task | undefined = undefined;

  constructor(simulator: Simulator, options: TaskManagerOptions = {}) {
    this.#simulator = simulator;
    this.context = options.context ?? simulator.taskManagers.length;
    this.name = options.name ?? "";
    this.#fiberManager = options.fiberManager ?? new DefaultFiberManager();
    this.#slices = new SliceRunner(
      simulator,
      this.context,
      options.scheduler ?? new RrTaskScheduler(),
      options.delayModel,
    );
    simulator.addManager(this);
  }

  /** The manager of the node of the running event; undefined outside of events and in events of no node. */
  static current(simulator: Simulator): TaskManager | undefined {
    return simulator.currentManager();
  }

  get simulator(): Simulator {
    return this.#simulator;
  }

  /** All tasks that are not dead, in the order of their start. */
  get tasks(): ReadonlySet<Task> {
    return this.#slices.tasks;
  }

  get liveTaskCount(): number {
    return this.#slices.tasks.size;
  }

  /** Tasks in the run queue; the current one is not in it. */
  get runnableCount(): number {
    return this.#slices.scheduler.size;
  }

  /** Slices run so far. */
  get switchCount(): number {
    return this.#slices.switchCount;
  }

  set switchCount(count: number) {
    this.#slices.switchCount = count;
  }

  /** For messages: `node 1 (server)`. */
  describe(): string {
    if (this.context === NO_CONTEXT) return this.name === "" ? "no node" : this.name;
    return this.name === "" ? `node ${this.context}` : `node ${this.context} (${this.name})`;
  }

  /**
   * Starts a task at this instant, behind the tasks that are runnable already. `body` is a function
   * (see TaskBody) or a fiber of another back end.
   */
  start(body: TaskBody | Fiber, options: StartOptions = {}): Task {
    const id = this.#simulator.nextTaskId();
    const name = options.name ?? `task-${id}`;
    const task = new Task(id, this, name, options.context, options.isDaemon ?? false);
    task.fiber = typeof body === "function" ? this.#fiberManager.create(task, body) : body;
    task.blockedSince = this.#simulator.now;
    this.#slices.tasks.add(task);
    this.wakeup(task);
    return task;
  }

  /**
   * Kills a task: it is DEAD when this returns. A synchronous fiber has been unwound by then; an async
   * one gets a slice of its own for its finally blocks, at this instant. Calls of a killed task throw
   * TaskKilled. Ignored on the current task and on dead ones.
   */
  stop(task: Task): void {
    this.#checkOwned(task);
    if (this.#hiTask === task) this.#hiTask = undefined;
    this.#slices.stop(task);
  }

  /** The running task, or the HiTask; undefined between slices. */
  currentTask(): Task | undefined {
    return this.#hiTask ?? this.#slices.current;
  }

  /**
   * For facades that belong to one task: the call that follows is made by `task`, in its slice.
   * @throws TaskKilled if it was killed, TaskStateError if it is not the running one: the call comes
   * from a promise continuation that the task did not await.
   */
  assertRuns(task: Task): void {
    if (this.#slices.current === task && task.phase !== "killed") return;
    if (task.phase === "killed") throw new TaskKilled(task);
    throw new TaskStateError(
      `${task.describe()} is not running: the call was made outside of its slice, by a promise that it did not await`,
    );
  }

  /** Marks the current task BLOCKED until wakeup(). The caller must hand the handle up. */
  sleep(waitChannel: string): BlockedCall {
    const task = this.#caller(waitChannel);
    this.#block(task, waitChannel);
    return task.call;
  }

  /** As sleep, for at most `timeout`. Completes with the nanoseconds that were left; 0: timed out. */
  sleepFor(waitChannel: string, timeout: Nanoseconds): BlockedCall {
    const task = this.#caller(waitChannel);
    task.onTimeout ??= () => {
      task.timer = NO_EVENT;
      task.wakeValue = 0;
      this.#slices.activate(task);
    };
    task.timer = this.#simulator.scheduleWithContext(this.context, timeout, task.onTimeout);
    this.#block(task, waitChannel);
    return task.call;
  }

  /**
   * Makes a BLOCKED task runnable, at the tail of the run queue, and cancels its timer. Its call
   * completes with `value`: by default the time left of a timed sleep, else 0.
   * @returns false, and nothing happens, if it was not blocked.
   */
  wakeup(task: Task, value?: number): boolean {
    this.#checkOwned(task);
    if (task.currentState !== "BLOCKED") return false;
    if (task.timer === NO_EVENT) {
      task.wakeValue = value ?? 0;
    } else {
      task.wakeValue = value ?? this.#simulator.delayLeft(task.timer);
      this.#simulator.cancel(task.timer);
      task.timer = NO_EVENT;
    }
    this.#slices.activate(task);
    return true;
  }

  /** Puts the current task at the tail of the run queue. Completes with 0. */
  yield(): BlockedCall {
    const task = this.#caller("yield");
    task.channel = "yield";
    task.isInCall = true;
    task.blockedSince = this.#simulator.now;
    task.wakeValue = 0;
    this.#slices.activate(task);
    return task.call;
  }

  /** Ends the current task, by a TaskExit that unwinds its body; then its exit hooks run. */
  exit(): never {
    const task = this.#caller("exit");
    if (task.phase === "alive") task.phase = "exiting";
    throw new TaskExit(task);
  }

  /**
   * Drives kernel-mode code on the current task: returns its result if it never blocks, else the
   * handle to hand up, which completes with the result. Wake-ups resume the kernel code first, and
   * the program only when that has returned. Kernel code calls kernel code with `yield*`, not with enter.
   */
  enter(wait: Wait): number | BlockedCall {
    const task = this.#caller("enter");
    invariant(
      task.continuation === undefined,
      "enter: kernel code calls blocking kernel code with yield*",
    );
    task.continuation = wait;
    try {
      const step = wait.next(0);
      if (step.done === true) {
        task.continuation = undefined;
        return step.value;
      }
      checkHandedUp(task, step.value);
    } catch (error) {
      task.continuation = undefined;
      throw error;
    }
    return task.call;
  }

  /** For async programs: parks the current fiber until the call is done. */
  promise(call: Blocked): Promise<number> {
    const task = this.#slices.current;
    if (task === undefined || call !== task.call || !task.isInCall) {
      throw new TaskStateError(
        `promise("${call.waitChannel}"): not the blocked call of the task that runs on ${this.describe()}`,
      );
    }
    const parked = task.fiber?.park?.();
    if (parked === undefined) {
      throw new TaskStateError(
        `${task.describe()} cannot await: its fiber is of kind "${task.fiber?.kind}"`,
      );
    }
    return parked;
  }

  /**
   * Lets the current async program await a promise of the host (a file, a compilation). Virtual time
   * stands still meanwhile. What the promise gives must not differ between runs.
   */
  async external<T>(promise: PromiseLike<T>): Promise<T> {
    const { loop } = this.#simulator;
    loop.beginHostWait();
    try {
      return await promise;
    } finally {
      loop.endHostWait();
    }
  }

  /** Until leaveHiTask, currentTask() is `task`, which has no fiber of its own here and cannot block. */
  enterHiTask(task: Task): void {
    this.#checkOwned(task);
    invariant(this.#hiTask === undefined, "enterHiTask: one HiTask at a time");
    this.#hiTask = task;
  }

  leaveHiTask(task: Task): void {
    invariant(this.#hiTask === task, "leaveHiTask: names the HiTask that was entered");
    this.#hiTask = undefined;
  }

  /** Runs `fn` at once as the main loop would: no task is current in it. */
  execOnMain(fn: () => void): void {
    this.#slices.runWithCurrent(undefined, fn);
  }

  /** Schedules an event in the context of this node. */
  scheduleMain(delay: Nanoseconds, handler: EventHandler, arg = 0): EventId {
    return this.#simulator.scheduleWithContext(this.context, delay, handler, arg);
  }

  /** For schedulers that may refuse to run anything: asks them again. */
  reschedule(): void {
    this.#slices.request();
  }

  /**
   * Counts a call of the current task that did not block. True: the task is polling, and the caller
   * must let it wait in `chargedYield()`, so that virtual time moves.
   * @throws LivelockError when the program goes on without awaiting.
   */
  chargeBusyCall(): boolean {
    const task = this.#slices.current;
    if (task === undefined) return false;
    const { now } = this.#simulator;
    if (task.busyInstant !== now) {
      task.busyInstant = now;
      task.busyCalls = 0;
    }
    task.busyCalls++;
    if (task.busyCalls > this.busyCallsMax) {
      throw new LivelockError(
        `${task.describe()} made ${task.busyCalls} calls at ${now} ns without blocking or awaiting one of them`,
      );
    }
    return task.busyCalls > this.busyCallsBeforeCharge;
  }

  /** Sleeps the microsecond that polling costs. */
  chargedYield(): BlockedCall {
    return this.sleepFor("busy", CHARGED_YIELD);
  }

  /** @internal Kills all tasks, without slices. */
  destroy(): void {
    this.#hiTask = undefined;
    this.#slices.destroy();
  }

  #block(task: Task, waitChannel: string): void {
    task.currentState = "BLOCKED";
    task.channel = waitChannel;
    task.isInCall = true;
    task.blockedSince = this.#simulator.now;
    task.busyCalls = 0;
  }

  /** The task that makes a call which ends its slice. */
  #caller(call: string): Task {
    const task = this.#slices.current;
    if (
      task === undefined ||
      this.#hiTask !== undefined ||
      task.currentState !== "RUNNING" ||
      task.phase === "exiting"
    ) {
      return this.#refuse(call, task);
    }
    return task;
  }

  #refuse(call: string, task: Task | undefined): never {
    if (this.#hiTask !== undefined) {
      throw new TaskStateError(
        `"${call}": ${this.#hiTask.describe()} is a HiTask and cannot block`,
      );
    }
    if (task === undefined) {
      throw new TaskStateError(
        `"${call}": no task of ${this.describe()} is running; the call was made by an event handler, ` +
          "or by a promise that a task did not await",
      );
    }
    if (task.phase === "killed") throw new TaskKilled(task);
    if (task.phase === "exiting") throw new TaskExit(task);
    throw new TaskStateError(
      `${task.describe()} is blocked in "${task.channel}" and cannot also call "${call}": await one call before the next`,
    );
  }

  #checkOwned(task: Task): void {
    invariant(task.manager === this, `${task.describe()} belongs to ${this.describe()}`);
  }
}

import { BlockedCall, type Wait } from "./blocked.ts";
import type { EventHandler, EventId } from "./event-queue.ts";
import { NO_EVENT } from "./event-queue.ts";
import type { Fiber } from "./fiber-manager.ts";
import type { HandOff } from "./run-loop.ts";
import type { TaskManager } from "./task-manager.ts";
import { type Instant, instant } from "./time.ts";

/** RUNNING: in its slice. ACTIVE: in the run queue. BLOCKED: in a call. DEAD: over. */
export type TaskState = "RUNNING" | "ACTIVE" | "BLOCKED" | "DEAD";

/** "TO": a slice of the task begins; "FROM": it is over. */
export type SwitchType = "TO" | "FROM";

/** "exiting": exit() unwinds the body. "hooks": the body is over, the exit hooks run. @internal */
export type TaskPhase = "alive" | "exiting" | "hooks" | "killed";

/** What a host can tell about a wait beyond the channel of the host-level call. */
export interface WaitDescription {
  readonly waitChannel: string;
  /** Who could end the wait, in words: "sem_up(rx_sem) by irq 5". */
  readonly wakers: string;
}

/** A thread of execution on one node: a fiber, and the kernel code that it is blocked in. Made by TaskManager.start. */
export class Task {
  /** At least 1 and unique in the Simulator. */
  readonly id: number;
  readonly name: string;
  readonly manager: TaskManager;
  /** Free for the owner: DCE keeps its Thread here. */
  context: unknown;
  /** Free for the kernel: DCE keeps the SimTask here. */
  extraContext: unknown = undefined;
  /** Daemon tasks (kernel threads) may wait for ever: they never count as a deadlock. */
  isDaemon: boolean;
  /** Set it for a better report than the channel of the host-level call. */
  describeWait: (() => WaitDescription) | undefined = undefined;
  /** Takes an error of the body in place of run(), which then goes on. Runs in the dying task. */
  onError: ((error: unknown) => void) | undefined = undefined;
  /** When the current wait began; meaningless while the task is RUNNING. */
  blockedSince: Instant = instant(-0);

  // The rest belongs to TaskManager and its fibers and schedulers.
  /** @internal */ currentState: TaskState = "BLOCKED";
  /** @internal */ channel = "start";
  /** @internal */ fiber: Fiber | undefined = undefined;
  /** @internal The one handle of this task. */ readonly call: BlockedCall = new BlockedCall(this);
  /** @internal Between a blocking call and the resumption of the fiber with its result. */ isInCall = false;
  /** @internal Kernel code that the task is inside of. */ continuation: Wait | undefined =
    undefined;
  /** @internal Wakes a timed sleep. */ timer: EventId = NO_EVENT;
  /** @internal Made at the first timed sleep. */ onTimeout: EventHandler | undefined = undefined;
  /** @internal What the call completes with. */ wakeValue = 0;
  /** @internal What the run loop waits for; made at the first asynchronous slice. */
  handOff: HandOff | undefined = undefined;
  /** @internal */ phase: TaskPhase = "alive";
  /** @internal */ exitHooks: (() => void | Wait<unknown>)[] | undefined = undefined;
  /** @internal */ switchNotifier: ((type: SwitchType) => void) | undefined = undefined;
  /** @internal Non-blocking calls at `busyInstant`. */ busyCalls = 0;
  /** @internal NaN, a double, equals no instant. */ busyInstant = Number.NaN;
  /** @internal Slices at `sliceInstant`. */ slicesAtInstant = 0;
  /** @internal */ sliceInstant = Number.NaN;
  /** @internal */ queueNext: Task | undefined = undefined;
  /** @internal */ queuePrevious: Task | undefined = undefined;

  /** @internal */
  constructor(id: number, manager: TaskManager, name: string, context: unknown, isDaemon: boolean) {
    this.id = id;
    this.manager = manager;
    this.name = name;
    this.context = context;
    this.isDaemon = isDaemon;
  }

  get state(): TaskState {
    return this.currentState;
  }

  /** What the task waits for; "" while it runs. */
  get waitChannel(): string {
    return this.currentState === "BLOCKED" || this.isInCall ? this.channel : "";
  }

  /**
   * Adds a hook that runs when the task ends by itself (return, error, exit): on the dying task, in
   * kernel mode, in the order of addition; a hook that returns a Wait may block. stop() runs none.
   */
  onExit(hook: () => void | Wait<unknown>): void {
    this.exitHooks ??= [];
    this.exitHooks.push(hook);
  }

  /** `fn` is told of each slice: "TO" before it, "FROM" after it. */
  setSwitchNotifier(fn: ((type: SwitchType) => void) | undefined): void {
    this.switchNotifier = fn;
  }

  /** "task 3 \"ping\" of node 1 (server)". */
  describe(): string {
    return `task ${this.id} "${this.name}" of ${this.manager.describe()}`;
  }
}

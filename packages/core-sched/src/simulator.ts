import { findDeadlock } from "./deadlock.ts";
import { SyncRunError } from "./errors.ts";
import type { EventHandler, EventId } from "./event-queue.ts";
import { invariant, InvariantError } from "./invariant.ts";
import { TASKS_NAMED_MAX } from "./limits.ts";
import { RandomStream } from "./random-stream.ts";
import { RunLoop } from "./run-loop.ts";
import type { Task } from "./task.ts";
import type { TaskManager } from "./task-manager.ts";
import { type Instant, type Nanoseconds, nanoseconds } from "./time.ts";
import { TraceHash } from "./trace-hash.ts";
import { Tracer } from "./tracer.ts";

export interface SimulatorOptions {
  /** A safe integer; all random streams derive from it. @default 1 */
  readonly seed?: number;
}

interface DestroyEvent {
  readonly context: number;
  readonly handler: EventHandler;
  readonly arg: number;
}

/**
 * A discrete-event simulator: a virtual clock and events in order of time, in order of insertion
 * among equal times. Several may live in one process; they share nothing.
 *
 * @example
 * const sim = new Simulator({ seed: 7 });
 * sim.schedule(nanoseconds(5), (arg) => console.log(sim.now, arg), 42);
 * await sim.run(); // prints 5 42
 */
export class Simulator {
  readonly seed: number;
  readonly tracer: Tracer;
  readonly traceHash: TraceHash = new TraceHash();
  /** Called every `progressEveryEvents` events; virtual time waits for a promise that it returns. */
  onProgress: ((sim: Simulator) => void | Promise<void>) | undefined = undefined;
  /** @internal */ readonly loop: RunLoop;

  readonly #managers: TaskManager[] = [];
  readonly #managerOfContext = new Map<number, TaskManager>();
  readonly #streams = new Map<string, RandomStream>();
  #destroyEvents: DestroyEvent[] = [];
  #lastTaskId = 0;

  constructor(options: SimulatorOptions = {}) {
    this.seed = options.seed ?? 1;
    if (!Number.isSafeInteger(this.seed)) {
      throw new RangeError(`the seed is a safe integer, not ${this.seed}`);
    }
    this.tracer = new Tracer(this);
    this.loop = new RunLoop({
      checkDeadlock: () => this.#checkDeadlock(),
      reportProgress: () => this.onProgress?.(this),
      describeBusy: () => this.#describeBusy(),
    });
  }

  get now(): Instant {
    return this.loop.now;
  }

  /** Node id of the running event; NO_CONTEXT outside of events. */
  get context(): number {
    return this.loop.context;
  }

  /** Events executed so far. */
  get eventCount(): number {
    return this.loop.eventCount;
  }

  /** Events in the queue; cancelled ones are not there. */
  get pendingEvents(): number {
    return this.loop.queue.size;
  }

  get taskManagers(): readonly TaskManager[] {
    return this.#managers;
  }

  /** @default 100000 */
  get progressEveryEvents(): number {
    return this.loop.progressEvery;
  }

  set progressEveryEvents(events: number) {
    this.loop.progressEvery = events;
  }

  /** Events at one instant after which a run ends with LivelockError (noticed before twice as many). @default 10000000 */
  get eventsAtOneInstantMax(): number {
    return this.loop.livelockLimit;
  }

  set eventsAtOneInstantMax(events: number) {
    this.loop.livelockLimit = events;
  }

  /**
   * Runs `handler(arg)` after `delay`, in the context of the running event.
   * @throws InvariantError when the delay is no integer >= 0, or the clock would pass 2^53 ns (104 days).
   */
  schedule(delay: Nanoseconds, handler: EventHandler, arg = 0): EventId {
    return this.#push(this.loop.context, delay, handler, arg);
  }

  /** As schedule, for an event of node `context` (NO_CONTEXT: of none). */
  scheduleWithContext(
    context: number,
    delay: Nanoseconds,
    handler: EventHandler,
    arg = 0,
  ): EventId {
    return this.#push(context, delay, handler, arg);
  }

  /** At this instant, after all events that are scheduled for it already. */
  scheduleNow(handler: EventHandler, arg = 0): EventId {
    return this.#push(this.loop.context, 0, handler, arg);
  }

  /** Runs `handler(arg)` in destroy(), in the order of these calls. It must not return a promise. */
  scheduleDestroy(handler: EventHandler, arg = 0): void {
    this.#destroyEvents.push({ context: this.loop.context, handler, arg });
  }

  /** True if the event was pending. Ids of past events, and NO_EVENT, are harmless. O(1). */
  cancel(id: EventId): boolean {
    return this.loop.queue.cancel(id);
  }

  isPending(id: EventId): boolean {
    return this.loop.queue.isPending(id);
  }

  /** Time until the event runs; 0 if it is not pending. */
  delayLeft(id: EventId): Nanoseconds {
    return nanoseconds((this.loop.queue.timeOf(id) ?? this.loop.now) - this.loop.now);
  }

  /**
   * Runs until no event is left, or stop().
   * @throws DeadlockError when no event is left and a task that is no daemon still waits; TaskError,
   * ForeignAwaitError, LivelockError, and what event handlers throw. The rest of the queue is kept.
   */
  run(): Promise<void> {
    return this.loop.run(Infinity);
  }

  /** Runs the events up to and including `t`; the clock then stands at `t`. Waiting tasks are no deadlock here. */
  runUntil(t: Instant): Promise<void> {
    return this.loop.run(t);
  }

  /** As run, without promises: throws SyncRunError when a handler returns one or an async fiber is to go on. */
  runSync(): void {
    this.loop.runSync(Infinity);
  }

  /** As runUntil, without promises. */
  runUntilSync(t: Instant): void {
    this.loop.runSync(t);
  }

  /** Ends the run after the running event. Another run continues from there. */
  stop(): void {
    this.loop.stop();
  }

  /**
   * Ends the simulation: runs what scheduleDestroy collected, kills the tasks that are left and
   * empties the queue. Finally blocks of async programs run in the microtasks that follow.
   */
  destroy(): void {
    invariant(!this.loop.isRunning, "destroy() is called when no run is in progress");
    const events = this.#destroyEvents;
    this.#destroyEvents = [];
    for (const { context, handler, arg } of events) {
      this.loop.context = context;
      if (handler(arg) !== undefined) {
        throw new SyncRunError("a handler of scheduleDestroy returned a promise");
      }
    }
    for (const manager of this.#managers) manager.destroy();
    this.loop.queue.clear();
    this.loop.end();
  }

  /** The random stream of this name: of (seed, name) alone. The same object each time. */
  random(name: string): RandomStream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new RandomStream(this.seed, name);
      this.#streams.set(name, stream);
    }
    return stream;
  }

  /** @internal */
  addManager(manager: TaskManager): void {
    invariant(
      !this.#managerOfContext.has(manager.context),
      `node ${manager.context} has one task manager`,
    );
    this.#managers.push(manager);
    this.#managerOfContext.set(manager.context, manager);
  }

  /** @internal The manager of the node of the running event. */
  currentManager(): TaskManager | undefined {
    return this.#managerOfContext.get(this.loop.context);
  }

  /** @internal */
  nextTaskId(): number {
    return ++this.#lastTaskId;
  }

  #push(context: number, delay: number, handler: EventHandler, arg: number): EventId {
    const time = this.loop.now + delay;
    if (!(delay >= 0) || !Number.isSafeInteger(time)) refuseDelay(delay, this.loop.now);
    return this.loop.queue.push(time, context, handler, arg);
  }

  #checkDeadlock(): void {
    const deadlock = findDeadlock(this.#managers, this.loop.now);
    if (deadlock !== undefined) throw deadlock;
  }

  #describeBusy(): string {
    const busy: Task[] = [];
    for (const manager of this.#managers) {
      for (const task of manager.tasks) if (task.sliceInstant === this.loop.now) busy.push(task);
    }
    if (busy.length === 0) return "event handlers schedule each other without delay";
    busy.sort((a, b) => b.slicesAtInstant - a.slicesAtInstant);
    return busy
      .slice(0, TASKS_NAMED_MAX)
      .map((task) => `${task.describe()} (${task.slicesAtInstant} slices)`)
      .join(", ");
  }
}

function refuseDelay(delay: number, now: Instant): never {
  throw new InvariantError(
    `a delay is an integer >= 0 of nanoseconds that keeps the clock below 2^53; ${delay} at ${now} is not`,
  );
}

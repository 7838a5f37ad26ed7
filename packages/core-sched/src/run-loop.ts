import { ForeignAwaitError, LivelockError, SyncRunError } from "./errors.ts";
import { EventQueue } from "./event-queue.ts";
import { type CancelAfterMicrotasks, afterMicrotasks } from "./host-boundary.ts";
import { invariant } from "./invariant.ts";
import { EVENTS_AT_ONE_INSTANT_MAX, PROGRESS_EVERY_EVENTS } from "./limits.ts";
import type { Task } from "./task.ts";
import { type Instant, instant } from "./time.ts";

/** The context of events that belong to no node. */
export const NO_CONTEXT = 0xffffffff;

/** A slice whose fiber has been resumed and will tell by a promise that it has blocked or ended. */
export interface HandOff {
  readonly task: Task;
  settle(outcome: unknown): void;
  fail(error: unknown): void;
  /** The fiber will never tell; its task is dead from now on. */
  abandon(): void;
}

/** What the loop asks of the simulator. */
export interface RunLoopOwner {
  /** The queue is empty and virtual time has no end: throws if something waits for ever. */
  checkDeadlock(): void;
  reportProgress(): void | Promise<void>;
  /** Names who is busy at this instant, for the report of a livelock. */
  describeBusy(): string;
}

/**
 * Takes events one by one and moves the virtual clock. Runs without promises as long as handlers
 * return none; when one does, the loop goes on when it settles, and no time passes until then.
 */
export class RunLoop {
  readonly queue: EventQueue = new EventQueue();
  now: Instant = instant(0);
  /** Node id of the running event. */
  context: number = NO_CONTEXT;
  eventCount = 0;
  isRunning = false;
  isSyncRun = false;
  handOff: HandOff | undefined = undefined;

  readonly #owner: RunLoopOwner;
  #isStopRequested = false;
  #hostWaits = 0;
  #asyncRun: AsyncRun | undefined = undefined;
  #cancelWatchdog: CancelAfterMicrotasks | undefined = undefined;

  // Every so many events the loop looks up from its work.
  #nextCheckpoint = 0;
  #progressEvery: number = PROGRESS_EVERY_EVENTS;
  #nextProgress: number = PROGRESS_EVERY_EVENTS;
  #livelockLimit: number = EVENTS_AT_ONE_INSTANT_MAX;
  #nextLivelockCheck: number = EVENTS_AT_ONE_INSTANT_MAX;
  #instantAtLivelockCheck = -1;

  constructor(owner: RunLoopOwner) {
    this.#owner = owner;
    this.#setCheckpoint();
  }

  get progressEvery(): number {
    return this.#progressEvery;
  }

  set progressEvery(events: number) {
    invariant(events >= 1, "progressEveryEvents is at least 1");
    this.#progressEvery = events;
    this.#nextProgress = this.eventCount + events;
    this.#setCheckpoint();
  }

  get livelockLimit(): number {
    return this.#livelockLimit;
  }

  set livelockLimit(events: number) {
    invariant(events >= 1, "eventsAtOneInstantMax is at least 1");
    this.#livelockLimit = events;
    this.#nextLivelockCheck = this.eventCount + events;
    this.#instantAtLivelockCheck = -1;
    this.#setCheckpoint();
  }

  /** Ends the run after the running event. */
  stop(): void {
    this.#isStopRequested = true;
  }

  run(limit: number): Promise<void> {
    this.#begin(limit, false);
    return new Promise((resolve, reject) => {
      this.#asyncRun = new AsyncRun(this, limit, resolve, reject);
      this.#asyncRun.advance();
    });
  }

  runSync(limit: number): void {
    this.#begin(limit, true);
    try {
      if (this.drain(limit) !== undefined) {
        throw new SyncRunError("an event handler returned a promise: use run() or runUntil()");
      }
      this.finish(limit);
    } finally {
      this.end();
    }
  }

  /**
   * Runs events up to `limit` until there is none, stop() is called, or something must be awaited;
   * that is returned.
   */
  drain(limit: number): PromiseLike<unknown> | undefined {
    const queue = this.queue;
    while (!this.#isStopRequested) {
      if (this.eventCount >= this.#nextCheckpoint) {
        const progress = this.#passCheckpoint();
        if (progress !== undefined) return progress;
      }
      if (!queue.take(limit)) return undefined;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made from an Instant in Simulator.schedule
      this.now = queue.time as Instant;
      this.context = queue.context;
      this.eventCount++;
      const { handler } = queue;
      const result = handler(queue.arg);
      if (result !== undefined && isPromiseLike(result)) {
        if (this.handOff !== undefined) this.#armWatchdog();
        return result;
      }
    }
    return undefined;
  }

  /** The queue is done or stop() was called: moves the clock to a finite limit, or looks for a deadlock. */
  finish(limit: number): void {
    if (this.#isStopRequested) return;
    if (limit !== Infinity) this.now = instant(limit);
    else this.#owner.checkDeadlock();
  }

  end(): void {
    this.isRunning = false;
    this.context = NO_CONTEXT;
    this.#asyncRun = undefined;
    this.#cancelWatchdog?.();
    this.#cancelWatchdog = undefined;
  }

  /** Between these two a task may await the host. */
  beginHostWait(): void {
    this.#hostWaits++;
  }

  endHostWait(): void {
    this.#hostWaits--;
    if (this.handOff !== undefined) this.#armWatchdog();
  }

  #begin(limit: number, isSyncRun: boolean): void {
    invariant(!this.isRunning, "the simulator is running already");
    if (limit !== Infinity && !(Number.isSafeInteger(limit) && limit >= this.now)) {
      throw new RangeError(`cannot run until ${limit}: the clock is at ${this.now}`);
    }
    this.isRunning = true;
    this.isSyncRun = isSyncRun;
    this.#isStopRequested = false;
  }

  /**
   * Hand-off accounting. The watchdog fires only when all microtasks have drained, so whenever it
   * fires while a resumed fiber has neither blocked nor ended, that fiber awaits something else.
   * One that is armed serves a whole run, however many times tasks are resumed meanwhile.
   */
  #armWatchdog(): void {
    this.#cancelWatchdog ??= afterMicrotasks(() => {
      this.#cancelWatchdog = undefined;
      const { handOff } = this;
      if (handOff === undefined || this.#hostWaits > 0) return;
      const { task } = handOff;
      if (task.fiber?.mayAwaitHost === true) return;
      this.handOff = undefined;
      handOff.abandon();
      this.#asyncRun?.abort(new ForeignAwaitError(task));
    });
  }

  #passCheckpoint(): Promise<void> | undefined {
    if (this.eventCount >= this.#nextLivelockCheck) {
      if (this.#instantAtLivelockCheck === this.now) {
        throw new LivelockError(
          `more than ${this.#livelockLimit} events at one instant, ${this.now} ns: ${this.#owner.describeBusy()}`,
        );
      }
      this.#instantAtLivelockCheck = this.now;
      this.#nextLivelockCheck = this.eventCount + this.#livelockLimit;
    }
    let progress: void | Promise<void> = undefined;
    if (this.eventCount >= this.#nextProgress) {
      this.#nextProgress = this.eventCount + this.#progressEvery;
      progress = this.#owner.reportProgress();
    }
    this.#setCheckpoint();
    return isPromiseLike(progress) ? progress : undefined;
  }

  #setCheckpoint(): void {
    this.#nextCheckpoint = Math.min(this.#nextProgress, this.#nextLivelockCheck);
  }
}

/** One call of run(). Continuations of an aborted run find `#isOver` set, and do nothing. */
class AsyncRun {
  readonly #loop: RunLoop;
  readonly #limit: number;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #isOver = false;

  constructor(loop: RunLoop, limit: number, resolve: () => void, reject: (error: unknown) => void) {
    this.#loop = loop;
    this.#limit = limit;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  advance(): void {
    try {
      const pending = this.#loop.drain(this.#limit);
      if (pending !== undefined) {
        pending.then(this.#settled, this.#failed);
        return;
      }
      this.#loop.finish(this.#limit);
    } catch (error) {
      this.abort(error);
      return;
    }
    this.#isOver = true;
    this.#loop.end();
    this.#resolve();
  }

  abort(error: unknown): void {
    this.#isOver = true;
    this.#loop.end();
    this.#reject(error);
  }

  // Made once for each run, not for each promise.
  readonly #settled = (value: unknown): void => {
    if (this.#isOver) return;
    const handOff = this.#takeHandOff();
    if (handOff === undefined) this.advance();
    else this.#advanceAfter(() => handOff.settle(value));
  };

  readonly #failed = (error: unknown): void => {
    if (this.#isOver) return;
    const handOff = this.#takeHandOff();
    if (handOff === undefined) this.abort(error);
    else this.#advanceAfter(() => handOff.fail(error));
  };

  #advanceAfter(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.abort(error);
      return;
    }
    this.advance();
  }

  #takeHandOff(): HandOff | undefined {
    const { handOff } = this.#loop;
    this.#loop.handOff = undefined;
    return handOff;
  }
}

function isPromiseLike(value: unknown): value is Promise<void> {
  return typeof value === "object" && value !== null && "then" in value;
}

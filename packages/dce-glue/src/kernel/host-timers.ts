import {
  type EventHandler,
  type EventId,
  NO_EVENT,
  nanoseconds,
  type Simulator,
} from "@dcejs/core-sched";

/** A one-shot timer: an event of the simulator, in the context of the node. */
export class HostTimer {
  readonly handler: EventHandler;
  event: EventId = NO_EVENT;

  constructor(fn: () => void | Promise<void>) {
    this.handler = () => {
      this.event = NO_EVENT;
      return fn();
    };
  }
}

/** The virtual clock's end; a timer beyond it never fires. */
const TIME_MAX = Number.MAX_SAFE_INTEGER;

export class HostTimers {
  readonly #simulator: Simulator;
  readonly #context: number;
  readonly #timers = new Set<HostTimer>();

  constructor(simulator: Simulator, context: number) {
    this.#simulator = simulator;
    this.#context = context;
  }

  get liveCount(): number {
    return this.#timers.size;
  }

  alloc(fn: () => void | Promise<void>): HostTimer {
    const timer = new HostTimer(fn);
    this.#timers.add(timer);
    return timer;
  }

  /** @param delta nanoseconds; past the clock's end: never */
  setOneshot(timer: HostTimer, delta: number): number {
    if (!this.#timers.has(timer) || delta < 0) return -1;
    this.#simulator.cancel(timer.event);
    timer.event =
      delta > TIME_MAX - this.#simulator.now
        ? NO_EVENT
        : this.#simulator.scheduleWithContext(this.#context, nanoseconds(delta), timer.handler);
    return 0;
  }

  disarm(timer: HostTimer): void {
    this.#simulator.cancel(timer.event);
    timer.event = NO_EVENT;
  }

  free(timer: HostTimer): void {
    this.disarm(timer);
    this.#timers.delete(timer);
  }

  destroy(): void {
    for (const timer of this.#timers) this.#simulator.cancel(timer.event);
    this.#timers.clear();
  }
}

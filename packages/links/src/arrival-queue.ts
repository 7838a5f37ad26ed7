import {
  type EventHandler,
  type EventId,
  invariant,
  nanoseconds,
  NO_CONTEXT,
  NO_EVENT,
  type Simulator,
} from "@dcejs/core-sched";
import type { Frame } from "./frame.ts";
import { IN_FLIGHT_MAX } from "./limits.ts";

/** What becomes of a frame when its time has come; `tag` is the number it was pushed with. */
export type Arrival = (frame: Frame, tag: number) => void;

/**
 * Frames under way that arrive in the order in which they were sent. The queue keeps one pending
 * event, for its first frame, so the simulator's queue does not grow with the frames in flight.
 */
export class ArrivalQueue {
  readonly #simulator: Simulator;
  readonly #arrival: Arrival;
  readonly #handler: EventHandler;
  #frames: (Frame | undefined)[] = Array.from({ length: 16 });
  #times = new Float64Array(16);
  #tags = new Int32Array(16);
  #head = 0;
  #count = 0;
  #event: EventId = NO_EVENT;
  /** Node in whose name the arrivals run. */
  context: number = NO_CONTEXT;

  constructor(simulator: Simulator, arrival: Arrival) {
    this.#simulator = simulator;
    this.#arrival = arrival;
    this.#handler = () => this.#arrive();
  }

  /** Frames under way. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes a frame that arrives at the instant `at`, which is not before the last one's.
   * @returns false when IN_FLIGHT_MAX frames are under way: the frame is still the caller's.
   */
  push(frame: Frame, at: number, tag = 0): boolean {
    if (this.#count === this.#frames.length && !this.#grow()) return false;
    const slot = (this.#head + this.#count) & (this.#frames.length - 1);
    this.#frames[slot] = frame;
    this.#times[slot] = at;
    this.#tags[slot] = tag;
    this.#count++;
    if (this.#count === 1) this.#arm(at);
    return true;
  }

  /** Takes all frames out and gives each to `dispose`. */
  clear(dispose: Arrival): void {
    this.#simulator.cancel(this.#event);
    this.#event = NO_EVENT;
    while (this.#count > 0) {
      const slot = this.#head;
      dispose(this.#takeFirst(), this.#tags[slot] ?? 0);
    }
  }

  #arrive(): void {
    this.#event = NO_EVENT;
    const tag = this.#tags[this.#head] ?? 0;
    const frame = this.#takeFirst();
    // Armed before the frame is delivered: whatever the receiver does, it finds the queue in order.
    if (this.#count > 0) this.#arm(this.#times[this.#head] ?? 0);
    this.#arrival(frame, tag);
  }

  #takeFirst(): Frame {
    const frame = this.#frames[this.#head];
    invariant(frame !== undefined, "arrival queue: must hold a frame when it is taken from");
    this.#frames[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#frames.length - 1);
    this.#count--;
    return frame;
  }

  #arm(at: number): void {
    const delay = nanoseconds(at - this.#simulator.now);
    this.#event = this.#simulator.scheduleWithContext(this.context, delay, this.#handler);
  }

  /** Doubles the ring; the length stays a power of two. */
  #grow(): boolean {
    const length = this.#frames.length;
    if (length >= IN_FLIGHT_MAX) return false;
    const frames: (Frame | undefined)[] = Array.from({ length: length * 2 });
    const times = new Float64Array(length * 2);
    const tags = new Int32Array(length * 2);
    for (let i = 0; i < this.#count; i++) {
      const slot = (this.#head + i) & (length - 1);
      frames[i] = this.#frames[slot];
      times[i] = this.#times[slot] ?? 0;
      tags[i] = this.#tags[slot] ?? 0;
    }
    this.#frames = frames;
    this.#times = times;
    this.#tags = tags;
    this.#head = 0;
    return true;
  }
}

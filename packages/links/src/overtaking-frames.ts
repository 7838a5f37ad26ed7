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

/**
 * Frames under way that may overtake each other: one event for each, which carries the number of
 * the frame's slot. Frames that arrive at the same instant do so in the order in which they were sent.
 */
export class OvertakingFrames {
  readonly #simulator: Simulator;
  readonly #arrival: (frame: Frame) => void;
  readonly #handler: EventHandler;
  readonly #frames: (Frame | undefined)[] = [];
  readonly #events: EventId[] = [];
  readonly #freeSlots: number[] = [];
  #count = 0;
  /** Node in whose name the arrivals run. */
  context: number = NO_CONTEXT;

  constructor(simulator: Simulator, arrival: (frame: Frame) => void) {
    this.#simulator = simulator;
    this.#arrival = arrival;
    this.#handler = (slot) => this.#arrive(slot);
  }

  /** Frames under way. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes a frame that arrives at the instant `at`.
   * @returns false when IN_FLIGHT_MAX frames are under way: the frame is still the caller's.
   */
  push(frame: Frame, at: number): boolean {
    if (this.#count >= IN_FLIGHT_MAX) return false;
    const slot = this.#freeSlots.pop() ?? this.#frames.length;
    const delay = nanoseconds(at - this.#simulator.now);
    this.#frames[slot] = frame;
    this.#events[slot] = this.#simulator.scheduleWithContext(
      this.context,
      delay,
      this.#handler,
      slot,
    );
    this.#count++;
    return true;
  }

  /** Takes all frames out and gives each to `dispose`. */
  clear(dispose: (frame: Frame) => void): void {
    for (let slot = 0; slot < this.#frames.length; slot++) {
      if (this.#frames[slot] === undefined) continue;
      this.#simulator.cancel(this.#events[slot] ?? NO_EVENT);
      dispose(this.#take(slot));
    }
  }

  #arrive(slot: number): void {
    this.#arrival(this.#take(slot));
  }

  #take(slot: number): Frame {
    const frame = this.#frames[slot];
    invariant(frame !== undefined, "overtaking frames: a slot with an event must hold a frame");
    this.#frames[slot] = undefined;
    this.#freeSlots.push(slot);
    this.#count--;
    return frame;
  }
}

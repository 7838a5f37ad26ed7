import { type EventHandler, type EventId, nanoseconds, NO_EVENT } from "@dcejs/core-sched";
import type { Port } from "./port.ts";

/**
 * The frames of one station that have been accepted and have not left yet, by the instants at
 * which they will have. There is no event for a frame that leaves: the ring looks at the clock when
 * it is asked, and arms one event only when somebody waits for room.
 */
export class TransmitRing {
  readonly #port: Port;
  readonly #wake: EventHandler;
  #capacity: number;
  #ends: Float64Array;
  #head = 0;
  #count = 0;
  #isAwaited = false;
  #wakeEvent: EventId = NO_EVENT;

  /** @param length Frames that may wait while one is on the wire. */
  constructor(port: Port, length: number) {
    this.#port = port;
    this.#capacity = length + 1;
    this.#ends = new Float64Array(this.#capacity);
    this.#wake = () => {
      this.#wakeEvent = NO_EVENT;
      if (!this.#hasRoom()) this.#armWake();
      else if (this.#isAwaited) {
        this.#isAwaited = false;
        this.#port.tellWritable();
      }
    };
  }

  /** As `Wire.admits`. */
  admits(): boolean {
    if (this.#hasRoom()) return true;
    this.#isAwaited = true;
    if (this.#wakeEvent === NO_EVENT) this.#armWake();
    return false;
  }

  /** Takes a place until the instant `end`. Instants never go down from one call to the next. */
  add(end: number): void {
    if (end <= this.#port.simulator.now) return;
    let at = this.#head + this.#count;
    if (at >= this.#ends.length) at -= this.#ends.length;
    this.#ends[at] = end;
    this.#count++;
  }

  /** A shorter ring than there are frames admits the next one when enough of them have left. */
  setLength(length: number): void {
    this.#capacity = length + 1;
    if (this.#capacity <= this.#ends.length) return;
    const ends = new Float64Array(this.#capacity);
    for (let i = 0; i < this.#count; i++)
      ends[i] = this.#ends[(this.#head + i) % this.#ends.length] ?? 0;
    this.#ends = ends;
    this.#head = 0;
  }

  /** The frames are gone. Who waits for room is told, in an event at this instant. */
  clear(): void {
    this.#head = 0;
    this.#count = 0;
    if (!this.#isAwaited) return;
    this.#port.simulator.cancel(this.#wakeEvent);
    this.#armWake();
  }

  #hasRoom(): boolean {
    const now = this.#port.simulator.now;
    while (this.#count > 0 && (this.#ends[this.#head] ?? 0) <= now) {
      this.#head = this.#head + 1 === this.#ends.length ? 0 : this.#head + 1;
      this.#count--;
    }
    return this.#count < this.#capacity;
  }

  /** At the instant at which the next frame has left, or now when there is none. */
  #armWake(): void {
    const { simulator, context } = this.#port;
    const at = this.#count > 0 ? (this.#ends[this.#head] ?? 0) : simulator.now;
    this.#wakeEvent = simulator.scheduleWithContext(
      context,
      nanoseconds(at - simulator.now),
      this.#wake,
    );
  }
}

import type { Frame } from "./frame.ts";
import type { QueueLimit } from "./units.ts";

/** A FIFO of frames with a limit in packets or octets. What does not fit is refused (drop-tail). */
export class FrameQueue {
  readonly #limit: QueueLimit;
  #frames: (Frame | undefined)[] = Array.from({ length: 16 });
  #head = 0;
  #count = 0;
  #octets = 0;

  constructor(limit: QueueLimit) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  get octets(): number {
    return this.#octets;
  }

  /** False when the limit would be passed: the frame is still the caller's. */
  push(frame: Frame): boolean {
    const { unit, limit } = this.#limit;
    const used = unit === "packets" ? this.#count + 1 : this.#octets + frame.length;
    if (used > limit) return false;
    if (this.#count === this.#frames.length) this.#grow();
    this.#frames[(this.#head + this.#count) & (this.#frames.length - 1)] = frame;
    this.#count++;
    this.#octets += frame.length;
    return true;
  }

  /** The first frame, which stays in the queue. */
  peek(): Frame | undefined {
    return this.#count === 0 ? undefined : this.#frames[this.#head];
  }

  /** Takes the first frame out. */
  shift(): Frame | undefined {
    const frame = this.peek();
    if (frame === undefined) return undefined;
    this.#frames[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#frames.length - 1);
    this.#count--;
    this.#octets -= frame.length;
    return frame;
  }

  /** Doubles the ring; the length stays a power of two. */
  #grow(): void {
    const length = this.#frames.length;
    const frames: (Frame | undefined)[] = Array.from({ length: length * 2 });
    for (let i = 0; i < this.#count; i++) {
      frames[i] = this.#frames[(this.#head + i) & (length - 1)];
    }
    this.#frames = frames;
    this.#head = 0;
  }
}

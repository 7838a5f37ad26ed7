import { invariant } from "@dcejs/core-sched";
import type { Frame } from "./frame.ts";
import { FRAME_LENGTH_MAX, FRAME_POOL_LIVE_MAX } from "./limits.ts";

interface FrameBuffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  owners: number;
}

const NO_BUFFER: FrameBuffer = {
  bytes: new Uint8Array(0),
  view: new DataView(new ArrayBuffer(0)),
  owners: 0,
};

/** A `Frame` whose memory comes from a `FramePool`. Made by the pool, never with `new`. */
export class SimpleFrame implements Frame {
  offset = 0;
  length = 0;
  csumStart = -1;
  csumOffset = 0;
  readonly #pool: FramePool;
  #buffer: FrameBuffer = NO_BUFFER;

  constructor(pool: FramePool) {
    this.#pool = pool;
  }

  get bytes(): Uint8Array {
    return this.#buffer.bytes;
  }

  get view(): DataView {
    return this.#buffer.view;
  }

  /** True when another frame has the same octets: they must not be written. */
  get isShared(): boolean {
    return this.#buffer.owners > 1;
  }

  clone(): SimpleFrame {
    const twin = this.#pool.adopt(this.#buffer);
    twin.#takePlaceOf(this);
    return twin;
  }

  copy(): SimpleFrame {
    const own = this.#pool.alloc(this.length, this.offset);
    own.bytes.set(this.toBytes(), this.offset);
    own.#takePlaceOf(this);
    return own;
  }

  release(): void {
    invariant(this.#buffer !== NO_BUFFER, "frame: must be released only once");
    const buffer = this.#buffer;
    this.#buffer = NO_BUFFER;
    this.#pool.takeBack(this, buffer);
  }

  /** A view of the frame's octets alone. Allocates: for tests and captures, not for the data path. */
  toBytes(): Uint8Array {
    return this.bytes.subarray(this.offset, this.offset + this.length);
  }

  /** Gives a frame fresh from the pool its memory. Called by the pool. */
  hold(buffer: FrameBuffer): void {
    buffer.owners++;
    this.#buffer = buffer;
    this.csumStart = -1;
    this.csumOffset = 0;
  }

  #takePlaceOf(other: SimpleFrame): void {
    this.offset = other.offset;
    this.length = other.length;
    this.csumStart = other.csumStart;
    this.csumOffset = other.csumOffset;
  }
}

/** Memory for frames, used again after `release()`: a warmed-up pool allocates nothing. */
export class FramePool {
  readonly #bufferLength: number;
  readonly #freeFrames: SimpleFrame[] = [];
  readonly #freeBuffers: FrameBuffer[] = [];
  #live = 0;

  /** @param bufferLength Octets of a pooled buffer; a longer frame gets memory that is not pooled. */
  constructor(bufferLength = 2048) {
    this.#bufferLength = bufferLength;
  }

  /** Frames that have been handed out and not been released. 0 at the end of a test without leaks. */
  get live(): number {
    return this.#live;
  }

  /**
   * A frame of `length` octets that begins `headroom` octets into its buffer. The octets are what
   * the buffer's last user left there.
   * @throws RangeError when the length is not 0 to FRAME_LENGTH_MAX.
   */
  alloc(length: number, headroom = 0): SimpleFrame {
    if (!Number.isInteger(length) || length < 0 || length > FRAME_LENGTH_MAX) {
      throw new RangeError(`not the length of a frame: ${length}`);
    }
    const frame = this.adopt(this.#takeBuffer(headroom + length));
    frame.offset = headroom;
    frame.length = length;
    return frame;
  }

  /** A frame with a copy of these octets. */
  from(octets: Uint8Array): SimpleFrame {
    const frame = this.alloc(octets.length);
    frame.bytes.set(octets, frame.offset);
    return frame;
  }

  /** A frame on this memory. Called by `SimpleFrame.clone`. */
  adopt(buffer: FrameBuffer): SimpleFrame {
    invariant(this.#live < FRAME_POOL_LIVE_MAX, "frame pool: frames must be released");
    const frame = this.#freeFrames.pop() ?? new SimpleFrame(this);
    frame.hold(buffer);
    this.#live++;
    return frame;
  }

  /** Called by `SimpleFrame.release`. */
  takeBack(frame: SimpleFrame, buffer: FrameBuffer): void {
    this.#live--;
    this.#freeFrames.push(frame);
    buffer.owners--;
    if (buffer.owners === 0 && buffer.bytes.length === this.#bufferLength) {
      this.#freeBuffers.push(buffer);
    }
  }

  #takeBuffer(length: number): FrameBuffer {
    if (length <= this.#bufferLength) {
      const free = this.#freeBuffers.pop();
      if (free !== undefined) return free;
    }
    const bytes = new Uint8Array(Math.max(length, this.#bufferLength));
    return { bytes, view: new DataView(bytes.buffer), owners: 0 };
  }
}

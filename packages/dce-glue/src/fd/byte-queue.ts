/** A bounded first-in first-out queue of octets. Its memory grows with what it holds. */
export class ByteQueue {
  #ring: Uint8Array = EMPTY;
  #head = 0;
  #length = 0;
  #capacity: number;

  /** @param capacity octets it may hold. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** At least the octets that are held now. */
  set capacity(octets: number) {
    this.#capacity = octets;
  }

  get free(): number {
    return this.#capacity - this.#length;
  }

  /** @returns octets taken, at most `free`. */
  write(from: Uint8Array): number {
    const count = Math.min(from.length, this.free);
    if (count <= 0) return 0;
    this.#reserve(this.#length + count);
    const ring = this.#ring;
    const tail = (this.#head + this.#length) % ring.length;
    const untilEnd = Math.min(count, ring.length - tail);
    ring.set(untilEnd === from.length ? from : from.subarray(0, untilEnd), tail);
    if (count > untilEnd) ring.set(from.subarray(untilEnd, count), 0);
    this.#length += count;
    return count;
  }

  /** Takes out up to `to.length` octets. */
  read(to: Uint8Array): number {
    const count = this.peek(to);
    this.drop(count);
    return count;
  }

  /** Copies up to `to.length` octets and leaves them. */
  peek(to: Uint8Array): number {
    const count = Math.min(to.length, this.#length);
    if (count === 0) return 0;
    const ring = this.#ring;
    const untilEnd = Math.min(count, ring.length - this.#head);
    to.set(ring.subarray(this.#head, this.#head + untilEnd));
    if (count > untilEnd) to.set(ring.subarray(0, count - untilEnd), untilEnd);
    return count;
  }

  drop(count: number): void {
    const dropped = Math.min(count, this.#length);
    this.#length -= dropped;
    this.#head = this.#length === 0 ? 0 : (this.#head + dropped) % this.#ring.length;
  }

  clear(): void {
    this.#ring = EMPTY;
    this.#head = 0;
    this.#length = 0;
  }

  #reserve(needed: number): void {
    if (needed <= this.#ring.length) return;
    let size = Math.max(this.#ring.length, SMALLEST_RING);
    while (size < needed) size *= 2;
    const grown = new Uint8Array(size);
    this.peek(grown);
    this.#ring = grown;
    this.#head = 0;
  }
}

const EMPTY = new Uint8Array(0);
const SMALLEST_RING = 256;

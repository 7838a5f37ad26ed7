import { ByteQueue } from "./byte-queue.ts";

/** Octets of a slot: a page. */
export const PIPE_SLOT_OCTETS = 4096;

/**
 * What is in a pipe. As in Linux its room is counted in slots of a page each: a write begins a new
 * slot unless its odd end fits behind the last one, and a slot is free only when all of it was read.
 */
export class PipeBuffer {
  readonly #octets: ByteQueue;
  /** Where the data in each slot ends, the oldest first. */
  readonly #ends: number[] = [];
  /** Octets of the oldest slot that were read. */
  #read = 0;
  #slotsMax: number;

  constructor(octets: number) {
    this.#octets = new ByteQueue(octets);
    this.#slotsMax = octets / PIPE_SLOT_OCTETS;
  }

  get length(): number {
    return this.#octets.length;
  }

  get capacity(): number {
    return this.#slotsMax * PIPE_SLOT_OCTETS;
  }

  get slotsUsed(): number {
    return this.#ends.length;
  }

  get isFull(): boolean {
    return this.#ends.length >= this.#slotsMax;
  }

  /** @param octets a multiple of a slot, not below what is in use. */
  setCapacity(octets: number): void {
    this.#slotsMax = octets / PIPE_SLOT_OCTETS;
    this.#octets.capacity = octets;
  }

  /** @returns octets taken; 0: no room at all (pipe_write). */
  write(from: Uint8Array): number {
    const oddEnd = from.length % PIPE_SLOT_OCTETS;
    const last = this.#ends.length - 1;
    let taken = 0;
    if (oddEnd > 0 && last >= 0) {
      const end = (this.#ends[last] ?? 0) + oddEnd;
      if (end <= PIPE_SLOT_OCTETS) {
        this.#ends[last] = end;
        taken = oddEnd;
      }
    }
    while (taken < from.length && !this.isFull) {
      const count = Math.min(from.length - taken, PIPE_SLOT_OCTETS);
      this.#ends.push(count);
      taken += count;
    }
    if (taken > 0) this.#octets.write(taken === from.length ? from : from.subarray(0, taken));
    return taken;
  }

  read(to: Uint8Array): number {
    const count = this.#octets.read(to);
    let left = count;
    while (left > 0) {
      const inSlot = (this.#ends[0] ?? 0) - this.#read;
      if (left < inSlot) {
        this.#read += left;
        break;
      }
      left -= inSlot;
      this.#ends.shift();
      this.#read = 0;
    }
    return count;
  }

  clear(): void {
    this.#octets.clear();
    this.#ends.length = 0;
    this.#read = 0;
  }
}

/**
 * A fingerprint of a run: 64 bits over all that was fed to it, in order. Not cryptographic. Equal on
 * every platform and Node version; adding costs no allocation.
 */
export class TraceHash {
  #a = 0x243f6a88;
  #b = 0x85a308d3 | 0;
  #count = 0;

  /** Adds an integer, -2^53 < n < 2^53. */
  add(n: number): void {
    this.#mix(n | 0);
    this.#mix(Math.floor(n / 2 ** 32) | 0);
  }

  /** Adds `length` bytes from `offset`, and their number. */
  addBytes(bytes: Uint8Array, offset: number, length: number): void {
    // The state stays in local variables: this runs for each frame, and a field costs a store a step.
    let a = this.#a;
    let b = this.#b;
    const end = offset + length;
    let at = offset;
    for (; at + 4 <= end; at += 4) {
      const word =
        (bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24);
      const mixed = Math.imul(a ^ word, 0x9e3779b1);
      b = Math.imul(b + word, 0x85ebca6b) ^ (mixed >>> 15);
      a = (mixed << 13) | (mixed >>> 19);
      b = (((b << 7) | (b >>> 25)) + a) | 0;
    }
    this.#a = a;
    this.#b = b;
    this.#count = (this.#count + (length >>> 2)) | 0;
    let rest = 0;
    for (let shift = 0; at < end; at++, shift += 8) rest |= (bytes[at] ?? 0) << shift;
    this.#mix(rest);
    this.#mix(length);
  }

  /** 16 hexadecimal digits over all added so far; more may be added afterwards. */
  digest(): string {
    const a = finalMix(this.#a ^ this.#count);
    const b = finalMix(this.#b + Math.imul(a, 0x9e3779b1));
    return hex(a) + hex(b);
  }

  #mix(word: number): void {
    const a = Math.imul(this.#a ^ word, 0x9e3779b1);
    const b = Math.imul(this.#b + word, 0x85ebca6b) ^ (a >>> 15);
    this.#a = (a << 13) | (a >>> 19);
    this.#b = (((b << 7) | (b >>> 25)) + this.#a) | 0;
    this.#count = (this.#count + 1) | 0;
  }
}

/** Spreads each bit of `word` over all 32 (the finalizer of MurmurHash3, public domain). */
export function finalMix(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/**
 * The clock of a transmitter: when a frame that is handed over now has left completely.
 *
 * Times are whole nanoseconds. The part of a nanosecond that a frame's duration leaves over is
 * carried to the next one, so the n-th of frames sent back to back ends at exactly
 * floor(all their bits × 10⁹ / rate) after the first began, however many there are. The remainder
 * is forgotten when the transmitter is idle, because a frame then begins on a whole nanosecond.
 */
export class Serialiser {
  #rate = 0;
  #overhead = 0;
  // -0: V8 then keeps the field as a double from the start (docs/PERFORMANCE.md).
  #busyUntil = -0;
  #remainder = -0;

  get rate(): number {
    return this.#rate;
  }

  /** The instant at which the last frame has left, in ns. */
  get busyUntil(): number {
    return this.#busyUntil;
  }

  /**
   * For the frames that follow; those handed over before keep their times.
   * @param rate Bit/s; 0 sends in no time.
   * @param overhead Octets beside each frame's own.
   */
  setRate(rate: number, overhead: number): void {
    if (rate !== this.#rate) this.#remainder = 0;
    this.#rate = rate;
    this.#overhead = overhead;
  }

  /** Puts a frame behind those that have not left yet; gives the instant at which it has left. */
  append(now: number, octets: number): number {
    const rate = this.#rate;
    let start = this.#busyUntil;
    if (start < now) {
      start = now;
      this.#remainder = 0;
    }
    if (rate === 0) {
      this.#busyUntil = start;
      return start;
    }
    // Below 2^53: limits.ts bounds octets and rate. The quotient may be rounded up to the next
    // integer when it is just below one; the remainder is then negative and shows it.
    const bits = (octets + this.#overhead) * 8;
    const numerator = bits * 1e9 + this.#remainder;
    let duration = Math.floor(numerator / rate);
    let remainder = numerator - duration * rate;
    if (remainder < 0) {
      duration--;
      remainder += rate;
    }
    this.#remainder = remainder;
    this.#busyUntil = start + duration;
    return this.#busyUntil;
  }

  /** The frames that have not left are gone: the transmitter is idle. */
  reset(): void {
    this.#busyUntil = 0;
    this.#remainder = 0;
  }
}

/**
 * Minimum over a sliding window of time in constant space (Linux lib/win_minmax.c, after Kathleen
 * Nichols): the best, second best and third best sample, each later than the one before.
 */
export class WindowedMin {
  private readonly time: [number, number, number] = [0, 0, 0];
  private readonly value: [number, number, number] = [0xffffffff, 0xffffffff, 0xffffffff];

  /** Smallest sample in the window; 2^32 - 1 when there was none. */
  get(): number {
    return this.value[0];
  }

  reset(t: number, v: number): void {
    this.time.fill(t);
    this.value.fill(v);
  }

  /**
   * Takes in sample `v` at time `t`; both in any unit, `window` in that of `t`.
   * @returns The minimum now.
   */
  running(window: number, t: number, v: number): number {
    if (v <= this.value[0] || t - this.time[2] > window) {
      this.reset(t, v);
      return v;
    }
    if (v <= this.value[1]) {
      this.put(1, t, v);
      this.put(2, t, v);
    } else if (v <= this.value[2]) {
      this.put(2, t, v);
    }
    return this.age(window, t, v);
  }

  /** Lets the choices expire: a whole, a half, a quarter of the window (minmax_subwin_update). */
  private age(window: number, t: number, v: number): number {
    const dt = t - this.time[0];
    if (dt > window) {
      this.put(0, this.time[1], this.value[1]);
      this.put(1, this.time[2], this.value[2]);
      this.put(2, t, v);
      if (t - this.time[0] > window) {
        this.put(0, this.time[1], this.value[1]);
        this.put(1, this.time[2], this.value[2]);
        this.put(2, t, v);
      }
    } else if (this.time[1] === this.time[0] && dt > window / 4) {
      this.put(1, t, v);
      this.put(2, t, v);
    } else if (this.time[2] === this.time[1] && dt > window / 2) {
      this.put(2, t, v);
    }
    return this.value[0];
  }

  private put(i: 0 | 1 | 2, t: number, v: number): void {
    this.time[i] = t;
    this.value[i] = v;
  }
}

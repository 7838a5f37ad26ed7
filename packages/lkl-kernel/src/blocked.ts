/** A call that has not finished. The host completes it later with a number. */
export interface Blocked {
  /** What the caller waits for, in a word or two. */
  readonly waitChannel: string;
}

/**
 * Kernel code that may block: it yields {@link Blocked} handles, is resumed with the number that
 * the handle completed with, and returns its result. Only parking is a generator; everything that
 * cannot sleep is a plain call.
 */
export type Wait<T = number> = Generator<Blocked, T, number>;

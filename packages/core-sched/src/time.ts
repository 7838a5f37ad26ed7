import { InvariantError } from "./invariant.ts";

/** A number that must not be mixed with others of another meaning. Costs nothing at run time. */
export type Brand<T, N extends string> = T & { readonly __brand: N };

/** A span of virtual time: an integer >= 0 of nanoseconds, below 2^53 (104 days). */
export type Nanoseconds = Brand<number, "Nanoseconds">;
/** A point in virtual time: nanoseconds since the simulation began; an integer below 2^53. */
export type Instant = Brand<number, "Instant">;

export const NSEC_PER_USEC = 1_000;
export const NSEC_PER_MSEC = 1_000_000;
export const NSEC_PER_SEC = 1_000_000_000;
const NSEC_PER_MIN = 60 * NSEC_PER_SEC;
const NSEC_PER_HOUR = 60 * NSEC_PER_MIN;

/** @throws InvariantError unless `n` is a safe integer >= 0. */
export function nanoseconds(n: number): Nanoseconds {
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new InvariantError(`a duration is a safe integer >= 0 of nanoseconds, not ${n}`);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one constructor of this brand
  return n as Nanoseconds;
}

/** @throws InvariantError unless `n` is a safe integer >= 0. */
export function instant(n: number): Instant {
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new InvariantError(`virtual time is a safe integer >= 0 of nanoseconds, not ${n}`);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one constructor of this brand
  return n as Instant;
}

/** The instant `duration` later than `start`. */
export function after(start: Instant, duration: Nanoseconds): Instant {
  return instant(start + duration);
}

/** The time from `from` to `to`, which must not be earlier. */
export function elapsed(from: Instant, to: Instant): Nanoseconds {
  return nanoseconds(to - from);
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: NSEC_PER_USEC,
  µs: NSEC_PER_USEC,
  ms: NSEC_PER_MSEC,
  s: NSEC_PER_SEC,
  min: NSEC_PER_MIN,
  h: NSEC_PER_HOUR,
};
const DURATION = /^\s*(\d+)(?:\.(\d{1,15}))?\s*([a-zµ]+)\s*$/;

/**
 * Reads a duration as people write it: "250ns", "3us", "10ms", "1.5s", "2min", "1h", or "0".
 * A number is nanoseconds already. Fractions are rounded to the nearest nanosecond.
 * @throws RangeError naming the text, when it has no unit, is negative or passes 2^53 ns.
 */
export function parseDuration(text: string | number): Nanoseconds {
  const ns = typeof text === "number" ? text : durationFromText(text);
  if (ns === undefined || !Number.isSafeInteger(ns) || ns < 0) {
    throw new RangeError(
      `"${text}" is not a duration: write a number with ns, us, ms, s, min or h, for example "10ms"`,
    );
  }
  return nanoseconds(ns);
}

function durationFromText(text: string): number | undefined {
  if (text.trim() === "0") return 0;
  const found = DURATION.exec(text);
  if (found === null) return undefined;
  const [, whole = "0", fraction = "", unitName = ""] = found;
  const unit = Object.hasOwn(UNITS, unitName) ? UNITS[unitName] : undefined;
  if (unit === undefined) return undefined;
  const fractionNs = fraction === "" ? 0 : (Number(fraction) * unit) / 10 ** fraction.length;
  return Number(whole) * unit + Math.round(fractionNs);
}

/** Writes nanoseconds in the largest of s, ms, us, ns that is not above the value; exact. "1.234567s", "10ms", "-3us". */
export function formatDuration(d: number): string {
  if (d < 0) return `-${formatDuration(-d)}`;
  if (d >= NSEC_PER_SEC) return `${decimal(d, NSEC_PER_SEC, 9)}s`;
  if (d >= NSEC_PER_MSEC) return `${decimal(d, NSEC_PER_MSEC, 6)}ms`;
  if (d >= NSEC_PER_USEC) return `${decimal(d, NSEC_PER_USEC, 3)}us`;
  return `${d}ns`;
}

function decimal(d: number, unit: number, digits: number): string {
  const whole = Math.floor(d / unit);
  const rest = Math.round(d - whole * unit);
  if (rest === 0) return String(whole);
  return `${whole}.${String(rest).padStart(digits, "0").replace(/0+$/, "")}`;
}

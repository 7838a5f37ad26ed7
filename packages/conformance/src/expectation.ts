import { isDeepStrictEqual, inspect } from "node:util";
import { type MaybePromise, SyscallError } from "@dcejs/dce-glue";
import { Mismatch } from "./verdict.ts";

/** @throws {Mismatch} `what: ACTUAL, not EXPECTED` */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Mismatch(`${what}: ${show(actual)}, not ${show(expected)}`);
  }
}

/** @throws {Mismatch} `what` does not hold */
export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Mismatch(`not so: ${what}`);
}

/** @throws {Mismatch} outside of `low…high`, both included */
export function between(actual: number, low: number, high: number, what: string): void {
  if (!(actual >= low && actual <= high)) {
    throw new Mismatch(`${what}: ${show(actual)}, not within ${low}…${high}`);
  }
}

/** Linux's timer wheel fires up to an eighth late, and jiffies are up to 10 ms (HZ = 100). */
const WHEEL_LATENESS = 1.13;
const JIFFIES_NS = 25e6;

/** Times of kernel timers: an instant within what the timer wheel may add. All in nanoseconds. */
export function timed(actual: number, expected: number, what: string): void {
  const [low, high] = [expected - JIFFIES_NS, expected * WHEEL_LATENESS + JIFFIES_NS];
  if (!(actual >= low && actual <= high)) {
    throw new Mismatch(`${what}: ${actual / 1e9} s, not ${expected / 1e9} s`);
  }
}

/** A sequence of instants, each within what the timer wheel may add to the time since the one before. */
export function timedSeries(
  actual: readonly number[],
  gaps: readonly number[],
  what: string,
): void {
  same(actual.length, gaps.length + 1, `${what}: how many`);
  gaps.forEach((gap, index) => {
    const passed = (actual[index + 1] ?? 0) - (actual[index] ?? 0);
    timed(passed, gap, `${what}: time between number ${index + 1} and ${index + 2}`);
  });
}

/** @throws {Mismatch} the call succeeds, or fails with another errno than `code` */
export async function fails(
  code: string,
  call: () => MaybePromise<unknown>,
  what: string,
): Promise<void> {
  const outcome = await outcomeOf(call);
  if (outcome !== code) throw new Mismatch(`${what}: ${show(outcome)}, not ${code}`);
}

/** The value of a call, or the name of its errno. */
export async function outcomeOf<T>(call: () => MaybePromise<T>): Promise<T | string> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof SyscallError) return error.code;
    throw error;
  }
}

const SHOWN_MAX = 300;

/** In one line of bounded length. */
function show(value: unknown): string {
  const text =
    typeof value === "string"
      ? value
      : inspect(value, { breakLength: Infinity, compact: true, depth: 4, maxArrayLength: 40 });
  const line = text.replaceAll(/\s*\n\s*/g, " ");
  return line.length <= SHOWN_MAX ? line : `${line.slice(0, SHOWN_MAX)}…`;
}

import { assert, integer, property } from "fast-check";
import { describe, expect, test } from "vitest";
import {
  after,
  elapsed,
  formatDuration,
  instant,
  InvariantError,
  nanoseconds,
  parseDuration,
} from "../src/index.ts";

describe("parseDuration", () => {
  test.each([
    ["250ns", 250],
    ["3us", 3_000],
    ["3µs", 3_000],
    ["10ms", 10_000_000],
    ["1.5s", 1_500_000_000],
    ["1.1us", 1_100],
    ["0.1us", 100],
    ["2min", 120_000_000_000],
    ["1h", 3_600_000_000_000],
    ["0", 0],
    [" 7 ms ", 7_000_000],
  ])("%s is %d ns", (text, ns) => {
    expect(parseDuration(text)).toBe(ns);
  });

  test("a number is nanoseconds already", () => {
    expect(parseDuration(17)).toBe(17);
  });

  test.each(["", "10", "ms", "-1ms", "1.5.2s", "10 parsecs", "1e3s", "9999999h", "toString"])(
    "%j is refused by name",
    (text) => {
      expect(() => parseDuration(text)).toThrow(RangeError);
      expect(() => parseDuration(text)).toThrow(`"${text}"`);
    },
  );

  test.each([-1, 1.5, Number.NaN, 2 ** 53])("the number %d is refused", (ns) => {
    expect(() => parseDuration(ns)).toThrow(RangeError);
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0ns"],
    [999, "999ns"],
    [1_500, "1.5us"],
    [10_000_000, "10ms"],
    [1_234_567_000, "1.234567s"],
    [60_000_000_001, "60.000000001s"],
    [-3_000, "-3us"],
  ])("%d ns is written %s", (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
  });

  test("parseDuration reads back what formatDuration writes, to the nanosecond", () => {
    assert(
      property(integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (ns) => {
        expect(parseDuration(formatDuration(ns))).toBe(ns);
      }),
    );
  });
});

test("after and elapsed are inverse", () => {
  const start = instant(5);
  const end = after(start, nanoseconds(7));
  expect(end).toBe(12);
  expect(elapsed(start, end)).toBe(7);
  expect(() => elapsed(end, start)).toThrow(InvariantError);
});

test.each([-1, 0.5, 2 ** 53, Number.NaN, Infinity])("%d is no time", (n) => {
  expect(() => instant(n)).toThrow(InvariantError);
  expect(() => nanoseconds(n)).toThrow(InvariantError);
});

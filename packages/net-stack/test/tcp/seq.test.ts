import * as fc from "fast-check";
import { expect, test } from "vitest";
import { after, before, between, seqAdd, seqDiff, seqNum, seqToU32 } from "../../src/tcp/seq.ts";

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const half = fc.integer({ min: 1, max: 0x7fffffff });

test("a number is before any that is up to half the circle ahead", () => {
  fc.assert(
    fc.property(u32, half, (n, d) => {
      const from = seqNum(n);
      const to = seqAdd(from, d);
      expect([before(from, to), after(to, from), before(to, from), seqDiff(to, from)]).toEqual([
        true,
        true,
        false,
        d,
      ]);
    }),
  );
});

test("the comparison holds across the wrap", () => {
  expect(before(seqNum(0xfffffff0), seqNum(0x10))).toBe(true);
  expect(seqDiff(seqNum(0x10), seqNum(0xfffffff0))).toBe(0x20);
  expect(seqToU32(seqAdd(seqNum(0xffffffff), 1))).toBe(0);
});

test("between includes both ends", () => {
  fc.assert(
    fc.property(u32, half, half, (n, a, b) => {
      const low = seqNum(n);
      const inside = Math.min(a, b);
      const length = Math.max(a, b);
      const high = seqAdd(low, length);
      expect(between(seqAdd(low, inside), low, high)).toBe(true);
      expect(between(low, low, high)).toBe(true);
      expect(between(high, low, high)).toBe(true);
      expect(between(seqAdd(high, 1), low, high)).toBe(false);
    }),
  );
});

test("every SeqNum is a 32-bit integer", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (a, b) => {
      const sum = seqAdd(seqNum(a), b);
      expect(sum).toBe(sum | 0);
    }),
  );
});

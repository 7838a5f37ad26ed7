import { array, assert, integer, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { TraceHash } from "../src/index.ts";

function hashOf(...numbers: number[]): string {
  const hash = new TraceHash();
  for (const n of numbers) hash.add(n);
  return hash.digest();
}

test("is the same for the same input, on every machine", () => {
  expect(hashOf(1, 2, 2 ** 40)).toMatchInlineSnapshot(`"a84c4255afd7e460"`);
  const bytes = new TraceHash();
  bytes.addBytes(Uint8Array.of(1, 2, 3, 4, 5, 250), 1, 5);
  expect(bytes.digest()).toMatchInlineSnapshot(`"9568305239f93d60"`);
});

test("sees order, number and each bit of what was added", () => {
  const seen = new Set([hashOf(), hashOf(0), hashOf(0, 0), hashOf(1, 2), hashOf(2, 1)]);
  for (let bit = 0; bit < 53; bit++) seen.add(hashOf(2 ** bit));
  expect(seen.size).toBe(5 + 53);
});

test("has no collision among random sequences", () => {
  const digests = new Map<string, string>();
  assert(
    property(array(integer({ min: 0, max: 3 }), { maxLength: 12 }), (numbers) => {
      const digest = hashOf(...numbers);
      const key = numbers.join();
      expect(digests.get(digest) ?? key).toBe(key);
      digests.set(digest, key);
    }),
    { numRuns: 3000 },
  );
});

test("takes bytes by value: neither alignment nor what lies around them counts", () => {
  assert(
    property(uint8Array({ maxLength: 70 }), integer({ min: 0, max: 9 }), (bytes, shift) => {
      const here = new TraceHash();
      here.addBytes(bytes, 0, bytes.length);
      const padded = new Uint8Array(bytes.length + shift + 3).fill(0xaa);
      padded.set(bytes, shift);
      const there = new TraceHash();
      there.addBytes(padded, shift, bytes.length);
      expect(there.digest()).toBe(here.digest());
    }),
  );
});

test("digest does not change the hash", () => {
  const hash = new TraceHash();
  hash.add(5);
  expect(hash.digest()).toBe(hash.digest());
  expect(hash.digest()).toMatch(/^[0-9a-f]{16}$/);
});

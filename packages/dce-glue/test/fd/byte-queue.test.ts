import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ByteQueue } from "../../src/fd/byte-queue.ts";

test("a byte queue gives back what was put in, in order, within its capacity", () => {
  const step = fc.record({
    write: fc.uint8Array({ maxLength: 700 }),
    read: fc.integer({ min: 0, max: 700 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ByteQueue(1000);
      const model: number[] = [];
      for (const { write, read } of steps) {
        const taken = queue.write(write);
        expect(taken).toBe(Math.min(write.length, 1000 - model.length));
        model.push(...write.subarray(0, taken));
        const into = new Uint8Array(read);
        const count = queue.read(into);
        expect([...into.subarray(0, count)]).toEqual(model.splice(0, read));
        expect(queue.length).toBe(model.length);
      }
    }),
  );
});

test("peek leaves the octets in the queue", () => {
  const queue = new ByteQueue(16);
  queue.write(Uint8Array.of(1, 2, 3));
  const into = new Uint8Array(2);
  expect(queue.peek(into)).toBe(2);
  expect([...into]).toEqual([1, 2]);
  expect(queue.length).toBe(3);
});

import { equal } from "node:assert/strict";
import { array, check, constantFrom, integer, oneof, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { type EventId, EventQueue, NO_EVENT } from "../src/index.ts";

function nothing(): void {}

/** Times that meet the borders of the base-256 digits and of the 32-bit words. */
const anyDelay = oneof(
  integer({ min: 0, max: 3 }),
  integer({ min: 0, max: 70_000 }),
  constantFrom(0, 255, 256, 65_535, 65_536, 2 ** 24, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40),
  integer({ min: 0, max: 2 ** 45 }),
);

interface Pending {
  readonly id: EventId;
  readonly time: number;
  readonly order: number;
}

/** The queue beside a sorted list: every answer must be the same. */
class QueueBesideList {
  readonly #queue = new EventQueue();
  readonly #list: Pending[] = [];
  readonly #stale: EventId[] = [NO_EVENT];
  #now = 0;
  #order = 0;

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  push(delay: number): void {
    const time = this.#now + delay;
    const order = ++this.#order;
    this.#list.push({ id: this.#queue.push(time, 3, nothing, order), time, order });
  }

  take(limit: number): void {
    this.#list.sort((a, b) => a.time - b.time || a.order - b.order);
    const [first] = this.#list;
    const isDue = first !== undefined && first.time <= limit;
    equal(this.#queue.take(limit), isDue);
    if (!isDue) {
      if (limit !== Infinity) this.#now = limit;
      return;
    }
    this.#list.shift();
    this.#stale.push(first.id);
    this.#now = first.time;
    equal(this.#queue.time, first.time);
    equal(this.#queue.arg, first.order);
  }

  takeWithin(delay: number): void {
    this.take(this.#now + delay);
  }

  cancel(pick: number): void {
    const [chosen] = this.#list.splice(pick % (this.#list.length + 1), 1);
    if (chosen === undefined) return;
    equal(this.#queue.timeOf(chosen.id), chosen.time);
    equal(this.#queue.cancel(chosen.id), true);
    this.#stale.push(chosen.id);
  }

  useStaleId(pick: number): void {
    const id = this.#stale[pick % this.#stale.length] ?? NO_EVENT;
    equal(this.#queue.isPending(id), false);
    equal(this.#queue.cancel(id), false);
    equal(this.#queue.timeOf(id), undefined);
  }

  checkSize(): void {
    equal(this.#queue.size, this.#list.length);
  }
}

describe("order", () => {
  test("equals that of a sorted list under random pushes, cancels and limited takes", () => {
    const step = record({
      what: constantFrom("push", "push", "push", "take", "take", "limit", "cancel", "stale"),
      delay: anyDelay,
      pick: integer({ min: 0, max: 1000 }),
    });
    const result = check(
      property(array(step, { maxLength: 300 }), (steps) => {
        const both = new QueueBesideList();
        for (const { what, delay, pick } of steps) {
          if (what === "push") both.push(delay);
          else if (what === "take") both.take(Infinity);
          else if (what === "limit") both.takeWithin(delay);
          else if (what === "cancel") both.cancel(pick);
          else both.useStaleId(pick);
          both.checkSize();
        }
        while (!both.isEmpty) both.take(Infinity);
        both.take(Infinity);
      }),
      { numRuns: 300 },
    );
    expect(result.counterexample).toBeNull();
    expect(result.failed).toBe(false);
  });

  test("equal times come out in the order of insertion, also across bucket moves", () => {
    const queue = new EventQueue();
    const far = 2 ** 40 + 12_345;
    queue.push(far, 0, nothing, 1);
    queue.push(10, 0, nothing, 0);
    queue.take(Infinity);
    queue.push(far, 0, nothing, 2);
    queue.push(far - 1, 0, nothing, 0);
    queue.take(Infinity);
    queue.push(far, 0, nothing, 3);
    const taken: number[] = [];
    while (queue.take(Infinity)) taken.push(queue.arg);
    expect(taken).toEqual([1, 2, 3]);
  });
});

test("an event carries context, argument and handler", () => {
  const queue = new EventQueue();
  queue.push(2 ** 52 + 1, 0xffffffff, nothing, 2 ** 50 + 1);
  queue.take(Infinity);
  expect([queue.time, queue.context, queue.arg]).toEqual([2 ** 52 + 1, 0xffffffff, 2 ** 50 + 1]);
  expect(queue.handler).toBe(nothing);
});

test("ids of past events never name a later event in the same slot", () => {
  const queue = new EventQueue();
  const seen = new Set<EventId>();
  for (let i = 0; i < 1000; i++) {
    const id = queue.push(i, 0, nothing, 0);
    expect(seen.has(id)).toBe(false);
    seen.add(id);
    expect(queue.cancel(id)).toBe(true);
  }
  queue.push(1000, 0, nothing, 0);
  for (const id of seen) expect(queue.isPending(id)).toBe(false);
});

test("a storm of re-armed timers keeps the queue at the live timers", () => {
  const queue = new EventQueue();
  const timers = Array.from({ length: 10 }, () => queue.push(200_000_000, 0, nothing, 0));
  for (let i = 1; i <= 100_000; i++) {
    const index = i % timers.length;
    queue.cancel(timers[index] ?? NO_EVENT);
    timers[index] = queue.push(200_000_000 + i, 0, nothing, 0);
    expect(queue.size).toBe(10);
  }
  // Ids hold the slot in their low 24 bits: no slot beyond the live ones was ever needed.
  for (const id of timers) expect(id & 0xffffff).toBeLessThan(11);
});

test("clear removes everything, and the queue works on", () => {
  const queue = new EventQueue();
  for (let i = 0; i < 1000; i++) queue.push(i * i * 1000, 0, nothing, i);
  queue.clear();
  expect(queue.size).toBe(0);
  expect(queue.take(Infinity)).toBe(false);
  queue.push(5, 0, nothing, 9);
  expect(queue.take(Infinity)).toBe(true);
  expect(queue.arg).toBe(9);
});

import { expect, test } from "vitest";
import { SkBuffPool } from "../src/skbuff-pool.ts";
import {
  SkBuffHead,
  skb_dequeue,
  skb_queue_after,
  skb_queue_before,
  skb_queue_head,
  skb_queue_purge,
  skb_queue_tail,
  skb_unlink,
} from "../src/skbuff-queue.ts";
import {
  kfree_skb,
  skb_cow_head,
  skb_get,
  skb_header_cloned,
  skb_header_release,
  skb_pull,
  skb_push,
  skb_put,
  skb_reserve,
  skb_truesize,
  skb_trim,
} from "../src/skbuff.ts";
import type { SkBuff } from "../src/skbuff.ts";

function packet(pool: SkBuffPool, payload: number): SkBuff {
  const skb = pool.alloc(100 + payload);
  skb_reserve(skb, 100);
  skb_put(skb, payload);
  return skb;
}

test("head and tail room are used up and then refused", () => {
  const skb = packet(new SkBuffPool(), 50);
  expect(skb_push(skb, 20)).toBe(80);
  expect(skb.length).toBe(70);
  expect(skb_pull(skb, 71)).toBe(false);
  expect(skb_pull(skb, 30)).toBe(true);
  skb_trim(skb, 10);
  expect([skb.offset, skb.length]).toEqual([110, 10]);
  expect(() => skb_push(skb, 111)).toThrow("skb_under_panic");
  expect(() => skb_put(skb, 5000)).toThrow("skb_over_panic");
});

test("a clone shares bytes until a header is to be written", () => {
  const pool = new SkBuffPool();
  const skb = packet(pool, 50);
  const clone = skb.clone();
  expect(clone.bytes).toBe(skb.bytes);
  skb_cow_head(clone, 14);
  expect(clone.bytes).not.toBe(skb.bytes);
  expect(pool.buffersLive).toBe(2);
  for (const one of [skb, clone]) kfree_skb(one);
  expect([pool.skbsLive, pool.buffersLive]).toEqual([0, 0]);
});

test("a holder of the payload lets clones write headers in place", () => {
  const pool = new SkBuffPool();
  const original = packet(pool, 50);
  skb_header_release(original);
  const clone = original.clone();
  expect(skb_header_cloned(clone)).toBe(false);
  skb_cow_head(clone, 40);
  expect(clone.bytes).toBe(original.bytes);
  const second = original.clone();
  expect(skb_header_cloned(second)).toBe(true);
  for (const one of [original, clone, second]) kfree_skb(one);
  expect([pool.skbsLive, pool.buffersLive]).toEqual([0, 0]);
});

test("a free packet cannot be freed again, nor one in a queue", () => {
  const pool = new SkBuffPool();
  const skb = skb_get(packet(pool, 1));
  kfree_skb(skb);
  const queue = new SkBuffHead();
  skb_queue_tail(queue, skb);
  expect(() => kfree_skb(skb)).toThrow("still in a queue");
  skb_queue_purge(queue);
  expect(() => kfree_skb(skb)).toThrow("free already");
});

test("queues keep their order", () => {
  const pool = new SkBuffPool();
  const [a, b, c, d] = [packet(pool, 1), packet(pool, 2), packet(pool, 3), packet(pool, 4)];
  if (!a || !b || !c || !d) throw new Error("four packets");
  const queue = new SkBuffHead();
  skb_queue_tail(queue, b);
  skb_queue_head(queue, a);
  skb_queue_after(queue, b, d);
  skb_queue_before(queue, d, c);
  expect(() => skb_queue_tail(queue, a)).toThrow("another queue");
  skb_unlink(b, queue);
  expect([
    queue.qlen,
    skb_dequeue(queue),
    skb_dequeue(queue),
    skb_dequeue(queue),
    skb_dequeue(queue),
  ]).toEqual([3, a, c, d, undefined]);
});

test("truesize is what Linux charges", () => {
  // kmalloc(1024+320 → 2048) + 256; 1500-octet frames fit 2048 as well; a jumbo takes 16 KB in pages.
  expect(skb_truesize(1024)).toBe(2304);
  expect(skb_truesize(1600)).toBe(2304);
  expect(skb_truesize(128)).toBe(768);
  expect(skb_truesize(9000)).toBe(12_288 + 256);
});

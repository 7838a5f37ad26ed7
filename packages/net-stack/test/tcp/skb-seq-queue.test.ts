import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SkBuffPool } from "../../src/skbuff-pool.ts";
import type { SkBuff } from "../../src/skbuff.ts";
import { SkbSeqQueue } from "../../src/tcp/skb-seq-queue.ts";
import { seqAdd } from "../../src/tcp/seq.ts";

function packet(pool: SkBuffPool, seq: number, length: number): SkBuff {
  const skb = pool.alloc(0);
  skb.seq = seqAdd(seq, 0);
  skb.end_seq = seqAdd(seq, length);
  return skb;
}

/** Starts of the packets, relative to `base`. */
function starts(queue: SkbSeqQueue, base: number): number[] {
  return Array.from({ length: queue.length }, (_, i) => ((queue.at(i)?.seq ?? 0) - base) | 0);
}

test("it behaves as a sorted list under pushes, shifts, insertions and removals", () => {
  const action = fc.record({
    kind: fc.constantFrom("push", "shift", "insert", "remove"),
    at: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.integer(), fc.array(action, { maxLength: 60 }), (base, actions) => {
      const pool = new SkBuffPool();
      const queue = new SkbSeqQueue();
      const model: number[] = [];
      let next = 0;
      for (const { kind, at } of actions) {
        if (kind === "push") {
          queue.push(packet(pool, base + next, 5));
          model.push(next);
          next += 10;
        } else if (kind === "shift") {
          queue.shift()?.release();
          model.shift();
        } else if (kind === "insert" && at < model.length) {
          queue.insertAt(at + 1, packet(pool, base + (model[at] ?? 0) + 5, 5));
          model.splice(at + 1, 0, (model[at] ?? 0) + 5);
          break;
        } else if (kind === "remove" && at < model.length) {
          queue.at(at)?.release();
          queue.removeAt(at);
          model.splice(at, 1);
        }
        expect(starts(queue, base)).toEqual(model);
      }
      expect(starts(queue, base)).toEqual(model);
      queue.purge();
      expect(pool.skbsLive).toBe(0);
    }),
  );
});

test("look-ups find the packet that holds, and the first that follows, a number", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 40 }), fc.nat(500), (base, count, at) => {
      const pool = new SkBuffPool();
      const queue = new SkbSeqQueue();
      for (let i = 0; i < count; i++) queue.push(packet(pool, base + i * 10, 10));
      expect(queue.indexOf(seqAdd(base, at))).toBe(Math.min(Math.floor(at / 10), count));
      expect(queue.indexFrom(seqAdd(base, at))).toBe(Math.min(Math.ceil(at / 10), count));
      queue.purge();
    }),
  );
});

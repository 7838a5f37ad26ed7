import { kfree_skb } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { after, before } from "./seq.ts";

/**
 * Packets in sequence order in a ring. Linux keeps the retransmit queue and the out-of-order queue
 * in red-black trees; both are filled at the end and emptied at the front nearly always, so a ring
 * with binary search gives the same O(log n) look-up, O(1) ends, and neighbours by index.
 * Packets do not overlap. A packet in the ring may still be in one linked list.
 */
export class SkbSeqQueue {
  private slots: (SkBuff | undefined)[] = [undefined, undefined, undefined, undefined];
  private start = 0;
  length = 0;

  /** The packet at position `i`; undefined outside the queue. */
  at(i: number): SkBuff | undefined {
    if (i < 0 || i >= this.length) return undefined;
    return this.slots[(this.start + i) & (this.slots.length - 1)];
  }

  get first(): SkBuff | undefined {
    return this.at(0);
  }

  get last(): SkBuff | undefined {
    return this.at(this.length - 1);
  }

  push(skb: SkBuff): void {
    if (this.length === this.slots.length) this.grow();
    this.slots[(this.start + this.length) & (this.slots.length - 1)] = skb;
    this.length++;
  }

  shift(): SkBuff | undefined {
    const skb = this.at(0);
    if (skb === undefined) return undefined;
    this.slots[this.start] = undefined;
    this.start = (this.start + 1) & (this.slots.length - 1);
    this.length--;
    return skb;
  }

  /** Puts `skb` before the packet that is now at `i`. */
  insertAt(i: number, skb: SkBuff): void {
    this.push(skb);
    const mask = this.slots.length - 1;
    for (let j = this.length - 1; j > i; j--) {
      this.slots[(this.start + j) & mask] = this.slots[(this.start + j - 1) & mask];
    }
    this.slots[(this.start + i) & mask] = skb;
  }

  /** Takes out `count` packets from `i` on; the caller owns them already. */
  removeAt(i: number, count = 1): void {
    const mask = this.slots.length - 1;
    for (let j = i; j < this.length - count; j++) {
      this.slots[(this.start + j) & mask] = this.slots[(this.start + j + count) & mask];
    }
    for (let j = this.length - count; j < this.length; j++) {
      this.slots[(this.start + j) & mask] = undefined;
    }
    this.length -= count;
  }

  /** Position of the first packet that ends after `seq`; `length` when there is none. */
  indexOf(seq: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      const skb = this.at(mid);
      if (skb !== undefined && after(skb.end_seq, seq)) high = mid;
      else low = mid + 1;
    }
    return low;
  }

  /** Position of the first packet that starts at or after `seq`; `length` when there is none. */
  indexFrom(seq: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      const skb = this.at(mid);
      if (skb !== undefined && before(skb.seq, seq)) low = mid + 1;
      else high = mid;
    }
    return low;
  }

  /** Frees every packet. */
  purge(): void {
    for (let skb = this.shift(); skb !== undefined; skb = this.shift()) kfree_skb(skb);
  }

  private grow(): void {
    const bigger: (SkBuff | undefined)[] = [];
    for (let i = 0; i < this.length; i++) bigger.push(this.at(i));
    for (let i = this.length; i < this.slots.length * 2; i++) bigger.push(undefined);
    this.slots = bigger;
    this.start = 0;
  }
}

/** struct sk_buff_head: a queue of packets linked through the packets themselves. */
import { kfree_skb } from "./skbuff.ts";
import type { SkBuff } from "./skbuff.ts";

/** A packet is in at most one queue at a time (`skb.list`). Walk with `for (let skb = q.head; skb; skb = skb.next)`. */
export class SkBuffHead {
  head: SkBuff | undefined = undefined;
  tail: SkBuff | undefined = undefined;
  qlen = 0;
}

function mustBeFree(skb: SkBuff): void {
  if (skb.list !== undefined) throw new Error("skb_queue: the skb is in another queue");
}

export function skb_queue_tail(list: SkBuffHead, skb: SkBuff): void {
  mustBeFree(skb);
  skb.list = list;
  skb.prev = list.tail;
  skb.next = undefined;
  if (list.tail === undefined) list.head = skb;
  else list.tail.next = skb;
  list.tail = skb;
  list.qlen++;
}

export function skb_queue_head(list: SkBuffHead, skb: SkBuff): void {
  mustBeFree(skb);
  skb.list = list;
  skb.next = list.head;
  skb.prev = undefined;
  if (list.head === undefined) list.tail = skb;
  else list.head.prev = skb;
  list.head = skb;
  list.qlen++;
}

/** skb_append: `skb` right behind `old`, which must be in the list. */
export function skb_queue_after(list: SkBuffHead, old: SkBuff, skb: SkBuff): void {
  mustBeFree(skb);
  skb.list = list;
  skb.prev = old;
  skb.next = old.next;
  if (old.next === undefined) list.tail = skb;
  else old.next.prev = skb;
  old.next = skb;
  list.qlen++;
}

export function skb_queue_before(list: SkBuffHead, old: SkBuff, skb: SkBuff): void {
  if (old.prev === undefined) skb_queue_head(list, skb);
  else skb_queue_after(list, old.prev, skb);
}

/** Takes `skb`, which must be in this list, out of it. */
export function skb_unlink(skb: SkBuff, list: SkBuffHead): void {
  if (skb.list !== list) throw new Error("skb_unlink: the skb is not in this queue");
  if (skb.prev === undefined) list.head = skb.next;
  else skb.prev.next = skb.next;
  if (skb.next === undefined) list.tail = skb.prev;
  else skb.next.prev = skb.prev;
  skb.next = undefined;
  skb.prev = undefined;
  skb.list = undefined;
  list.qlen--;
}

export function skb_dequeue(list: SkBuffHead): SkBuff | undefined {
  const skb = list.head;
  if (skb !== undefined) skb_unlink(skb, list);
  return skb;
}

/** Frees every packet of the queue. */
export function skb_queue_purge(list: SkBuffHead): void {
  for (let skb = skb_dequeue(list); skb !== undefined; skb = skb_dequeue(list)) kfree_skb(skb);
}

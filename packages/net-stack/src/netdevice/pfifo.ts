/** The queue in front of a device: pfifo, with a limit in packets and, if wanted, in octets (net/sched/sch_fifo.c). */
import { kfree_skb } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import {
  SkBuffHead,
  skb_dequeue,
  skb_queue_head,
  skb_queue_purge,
  skb_queue_tail,
} from "../skbuff-queue.ts";

/** What dev_queue_xmit says besides negative errnos (include/linux/netdevice.h). */
export const NET_XMIT_SUCCESS = 0;
const NET_XMIT_DROP = 1;
export const NET_XMIT_CN = 2;

export class Pfifo {
  limitPackets: number;
  limitOctets: number = Number.POSITIVE_INFINITY;
  readonly #queue: SkBuffHead = new SkBuffHead();
  /** Octets waiting. */
  backlog = 0;
  /** Packets that found the queue full. */
  drops = 0;
  /** Packets that the driver gave back. */
  requeues = 0;

  constructor(limitPackets: number) {
    this.limitPackets = limitPackets;
  }

  get qlen(): number {
    return this.#queue.qlen;
  }

  /** Takes the packet, or frees it and returns NET_XMIT_DROP. */
  enqueue(skb: SkBuff): number {
    if (this.#queue.qlen >= this.limitPackets || this.backlog + skb.length > this.limitOctets) {
      this.drops++;
      kfree_skb(skb);
      return NET_XMIT_DROP;
    }
    this.backlog += skb.length;
    skb_queue_tail(this.#queue, skb);
    return NET_XMIT_SUCCESS;
  }

  dequeue(): SkBuff | undefined {
    const skb = skb_dequeue(this.#queue);
    if (skb !== undefined) this.backlog -= skb.length;
    return skb;
  }

  /** dev_requeue_skb: the driver was busy; the packet is next again, whatever the limit. */
  requeue(skb: SkBuff): void {
    this.requeues++;
    this.backlog += skb.length;
    skb_queue_head(this.#queue, skb);
  }

  reset(): void {
    skb_queue_purge(this.#queue);
    this.backlog = 0;
  }
}

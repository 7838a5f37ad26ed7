/** Allocation of SkBuffs for one kernel, with counters that must come back to zero. */
import { sharedArena } from "./skbuff-data.ts";
import type { SkBuffArena, SkBuffData } from "./skbuff-data.ts";
import {
  SKB_NO_DESTRUCTOR,
  SKB_SOCK_RFREE,
  SkBuff,
  skb_copy_header,
  skb_truesize,
} from "./skbuff.ts";
import { sock_rfree, sock_wfree } from "./socket/sock-memory.ts";

/** Free structs kept; more go to the garbage collector. */
const FREE_SKBS_MAX = 4096;

export class SkBuffPool {
  readonly arena: SkBuffArena;
  /** SkBuffs of this pool that somebody owns now, wherever they are (also in another kernel). */
  skbsLive = 0;
  /** Buffers that those look at. */
  buffersLive = 0;
  /** SkBuffs ever handed out. */
  allocated = 0;
  readonly #free: SkBuff[] = [];

  constructor(arena: SkBuffArena = sharedArena) {
    this.arena = arena;
  }

  /**
   * An empty packet with room for `size` octets (`offset` and `length` are 0).
   * Its truesize is what Linux would charge for that size, whatever the real buffer is.
   */
  alloc(size: number): SkBuff {
    const data = this.arena.take(size);
    this.buffersLive++;
    const skb = this.#takeStruct(data);
    skb.truesize = skb_truesize(size);
    return skb;
  }

  /** skb_clone. The clone belongs to no socket. */
  clone(skb: SkBuff): SkBuff {
    const clone = this.#takeStruct(skb.head);
    clone.offset = skb.offset;
    clone.length = skb.length;
    clone.truesize = skb.truesize;
    skb_copy_header(clone, skb, 0);
    skb.head.dataref++;
    skb.cloned = true;
    clone.cloned = true;
    return clone;
  }

  free(skb: SkBuff): void {
    if (skb.users > 1) {
      skb.users--;
      return;
    }
    if (skb.users !== 1) throw new Error("kfree_skb: the skb is free already");
    if (skb.list !== undefined) throw new Error("kfree_skb: the skb is still in a queue");
    skb.users = 0;
    skb_orphan(skb);
    skb.dst = undefined;
    skb.dev = undefined;
    this.dropData(skb.head, skb.nohdr);
    this.skbsLive--;
    if (this.#free.length < FREE_SKBS_MAX) this.#free.push(skb);
  }

  /** One SkBuff of this pool stops looking at `data`. */
  dropData(data: SkBuffData, wasPayloadOnly: boolean): void {
    if (wasPayloadOnly) data.payloadRefs--;
    if (--data.dataref === 0) {
      this.buffersLive--;
      this.arena.give(data);
    }
  }

  #takeStruct(data: SkBuffData): SkBuff {
    this.skbsLive++;
    this.allocated++;
    const skb = this.#free.pop();
    if (skb === undefined) {
      const fresh = new SkBuff(this, data);
      fresh.users = 1;
      return fresh;
    }
    return resetStruct(skb, data);
  }
}

function resetStruct(skb: SkBuff, data: SkBuffData): SkBuff {
  skb.head = data;
  skb.bytes = data.bytes;
  skb.view = data.view;
  skb.users = 1;
  skb.offset = 0;
  skb.length = 0;
  skb.csumStart = -1;
  skb.csumOffset = 0;
  skb.ip_summed = 0;
  skb.csum = 0;
  skb.mac_header = 0;
  skb.network_header = 0;
  skb.transport_header = 0;
  skb.mac_len = 0;
  skb.protocol = 0;
  skb.pkt_type = 0;
  skb.priority = 0;
  skb.mark = 0;
  skb.cloned = false;
  skb.nohdr = false;
  skb.ignore_df = false;
  skb.skb_iif = 0;
  skb.tstamp = 0;
  skb.ipcb_optlen = 0;
  skb.ipcb_flags = 0;
  skb.ipcb_frag_max_size = 0;
  skb.frag_offset = 0;
  skb.seq = 0;
  skb.end_seq = 0;
  skb.ack_seq = 0;
  skb.tcp_flags = 0;
  skb.sacked = 0;
  skb.ip_dsfield = 0;
  skb.tx_delivered = 0;
  skb.tx_delivered_mstamp = 0;
  skb.tx_first_tx_mstamp = 0;
  skb.tx_in_flight = 0;
  skb.tx_is_app_limited = false;
  skb.peeked = 0;
  return skb;
}

/** Gives the accounting back to the socket that the packet belongs to, and forgets the socket. */
export function skb_orphan(skb: SkBuff): void {
  const sk = skb.sk;
  if (sk !== undefined && skb.destructor !== SKB_NO_DESTRUCTOR) {
    if (skb.destructor === SKB_SOCK_RFREE) sock_rfree(sk, skb.truesize);
    else sock_wfree(sk, skb.truesize);
  }
  skb.sk = undefined;
  skb.destructor = SKB_NO_DESTRUCTOR;
}

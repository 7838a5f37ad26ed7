/**
 * struct sk_buff: one packet, its memory, and what the layers know about it.
 *
 * Memory is one linear buffer (`bytes`, `view`); every offset here is an absolute index into it:
 *
 *     0 ........ offset ......... offset+length ........ bytes.length
 *     head       data             tail                   end
 *
 * A clone shares the buffer. Bytes of a shared buffer are read-only, except that the headers may be
 * written when every other holder said that it looks at the payload only (`skb_header_release`):
 * call `skb_cow_head` before a header is written, and `skb_ensure_writable` before payload is.
 */
import type { Frame } from "@dcejs/lkl-kernel";
import type { NetDevice } from "./netdevice/netdevice.ts";
import type { Rtable } from "./ip/rtable.ts";
import type { SkBuffHead } from "./skbuff-queue.ts";
import type { SkBuffPool } from "./skbuff-pool.ts";
import type { SkBuffData } from "./skbuff-data.ts";
import type { Sock } from "./socket/sock.ts";

/** skb->ip_summed (include/linux/skbuff.h). */
export const CHECKSUM_NONE = 0;
/** Receive: the device (or the link) vouches for the transport checksum. */
export const CHECKSUM_UNNECESSARY = 1;
/** Receive: `csum` holds the sum of everything from `offset`. */
export const CHECKSUM_COMPLETE = 2;
/** Transmit: the sum from `csumStart` to the end is still to be stored at `csumStart + csumOffset`. */
export const CHECKSUM_PARTIAL = 3;

/** skb->pkt_type (include/uapi/linux/if_packet.h). */
export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export const PACKET_LOOPBACK = 5;

/** Who gets the memory accounting back when the skb goes. */
export const SKB_NO_DESTRUCTOR = 0;
export const SKB_SOCK_RFREE = 1;
export const SKB_SOCK_WFREE = 2;

const SMP_CACHE_BYTES = 64;
const SIZEOF_SK_BUFF = 256; // 232, aligned to a cache line
const SIZEOF_SKB_SHARED_INFO = 320;

function align(octets: number, to: number): number {
  return Math.ceil(octets / to) * to;
}

/** kmalloc_size_roundup: what the allocator really hands out. */
function kmallocRoundup(octets: number): number {
  if (octets <= 96 && octets > 64) return 96;
  if (octets <= 192 && octets > 128) return 192;
  if (octets > 8192) return align(octets, 4096);
  let size = 64;
  while (size < octets) size *= 2;
  return size;
}

/** What Linux charges to a socket for a linear buffer of `size` octets (__alloc_skb and SKB_TRUESIZE). */
export function skb_truesize(size: number): number {
  return kmallocRoundup(align(size, SMP_CACHE_BYTES) + SIZEOF_SKB_SHARED_INFO) + SIZEOF_SK_BUFF;
}

export class SkBuff implements Frame {
  readonly pool: SkBuffPool;
  head: SkBuffData;
  bytes: Uint8Array;
  view: DataView;
  /** skb->data and skb->len. */
  offset = 0;
  length = 0;

  /** Frame's view of CHECKSUM_PARTIAL: -1 unless ip_summed is CHECKSUM_PARTIAL. */
  csumStart = -1;
  csumOffset = 0;
  ip_summed: number = CHECKSUM_NONE;
  /** Ones-complement sum of the bytes from `offset` on; only with CHECKSUM_COMPLETE. */
  csum = 0;

  mac_header = 0;
  network_header = 0;
  transport_header = 0;
  mac_len = 0;

  /** Ethertype, host order. */
  protocol = 0;
  pkt_type: number = PACKET_HOST;
  priority = 0;
  mark = 0;
  /** Linux counts a whole struct for each buffer; clones inherit it. */
  truesize = 0;
  /** True when this skb shares (or has shared) its buffer. */
  cloned = false;
  /** True when this skb promised to look at the payload only. */
  nohdr = false;
  ignore_df = false;

  dev: NetDevice | undefined = undefined;
  /** Interface of arrival, 0 for packets made here. */
  skb_iif = 0;
  sk: Sock | undefined = undefined;
  destructor: number = SKB_NO_DESTRUCTOR;
  dst: Rtable | undefined = undefined;
  /** skb->tstamp and TCP's skb_mstamp_ns: nanoseconds of the kernel's clock, 0 for none. */
  // Times begin as -0, which V8 keeps as a double: see docs/PERFORMANCE.md.
  tstamp = -0;

  /** IPCB: options of the arrived header (absolute offset, 0 for none) and the largest fragment seen. */
  ipcb_optlen = 0;
  ipcb_flags = 0;
  ipcb_frag_max_size = 0;
  /** Reassembly: where the fragment begins in the datagram, octets. */
  frag_offset = 0;

  /** TCP_SKB_CB. Sequence numbers are unsigned 32-bit; `end_seq` counts SYN and FIN. */
  seq = 0;
  end_seq = 0;
  ack_seq = 0;
  tcp_flags = 0;
  sacked = 0;
  ip_dsfield = 0;
  /** Rate sample of this skb when it was sent (tcp_rate.c). */
  tx_delivered = 0;
  tx_delivered_mstamp = -0;
  tx_first_tx_mstamp = -0;
  tx_in_flight = 0;
  tx_is_app_limited = false;
  /** A mark that the owning protocol may set (TCP: MSG_EOR ends this packet). */
  peeked = 0;

  next: SkBuff | undefined = undefined;
  prev: SkBuff | undefined = undefined;
  list: SkBuffHead | undefined = undefined;

  /** Owners of this struct (skb_get); 0 once it is back in the pool. */
  users = 0;

  constructor(pool: SkBuffPool, head: SkBuffData) {
    this.pool = pool;
    this.head = head;
    this.bytes = head.bytes;
    this.view = head.view;
  }

  /** Another owner of the same bytes, which are read-only from then on. */
  clone(): SkBuff {
    return this.pool.clone(this);
  }

  /** The same packet in its own memory. */
  copy(): SkBuff {
    return skb_copy(this, this.offset);
  }

  release(): void {
    this.pool.free(this);
  }
}

/** Ends one ownership of the packet. Linux's kfree_skb and consume_skb; drops are counted by the caller. */
export function kfree_skb(skb: SkBuff): void {
  skb.pool.free(skb);
}

/** One more owner of the same struct: both see each other's changes. */
export function skb_get(skb: SkBuff): SkBuff {
  skb.users++;
  return skb;
}

function skb_panic(skb: SkBuff, what: string, len: number): never {
  throw new Error(
    `${what}: len ${len} on skb data ${skb.offset} length ${skb.length} end ${skb.bytes.length}`,
  );
}

export function skb_tailroom(skb: SkBuff): number {
  return skb.bytes.length - skb.offset - skb.length;
}

/** Makes headroom. The skb must be empty. */
export function skb_reserve(skb: SkBuff, len: number): void {
  if (skb.length !== 0 || skb.offset + len > skb.bytes.length) skb_panic(skb, "skb_reserve", len);
  skb.offset += len;
}

/** Appends `len` octets, whose contents are undefined, and returns where they begin. */
export function skb_put(skb: SkBuff, len: number): number {
  const tail = skb.offset + skb.length;
  if (tail + len > skb.bytes.length) skb_panic(skb, "skb_over_panic", len);
  skb.length += len;
  return tail;
}

/** Prepends `len` octets and returns where they begin (the new `offset`). */
export function skb_push(skb: SkBuff, len: number): number {
  if (len > skb.offset) skb_panic(skb, "skb_under_panic", len);
  skb.offset -= len;
  skb.length += len;
  return skb.offset;
}

/** Removes `len` octets from the start; false, and nothing done, when there are fewer. */
export function skb_pull(skb: SkBuff, len: number): boolean {
  if (len > skb.length) return false;
  skb.offset += len;
  skb.length -= len;
  return true;
}

/** Cuts the packet to `len` octets, if it is longer. A received checksum over the whole no longer holds. */
export function skb_trim(skb: SkBuff, len: number): void {
  if (len >= skb.length) return;
  skb.length = len;
  if (skb.ip_summed === CHECKSUM_COMPLETE) skb.ip_summed = CHECKSUM_NONE;
}

export function skb_reset_network_header(skb: SkBuff): void {
  skb.network_header = skb.offset;
}

export function skb_reset_transport_header(skb: SkBuff): void {
  skb.transport_header = skb.offset;
}

/** True when someone else looks at the same bytes. */
export function skb_cloned(skb: SkBuff): boolean {
  return skb.cloned && skb.head.dataref > 1;
}

/** True when someone else may look at the headers. */
export function skb_header_cloned(skb: SkBuff): boolean {
  if (!skb.cloned) return false;
  return skb.head.dataref - skb.head.payloadRefs > 1;
}

/** Promises not to look at anything before `offset` again, so that clones may write headers there. */
export function skb_header_release(skb: SkBuff): void {
  if (skb.nohdr) return;
  skb.nohdr = true;
  skb.head.payloadRefs++;
}

/** After this `headroom` octets before `offset` and all headers may be written. Copies only if it must. */
export function skb_cow_head(skb: SkBuff, headroom: number): void {
  if (skb.offset >= headroom && !skb_header_cloned(skb)) return;
  pskb_expand_head(skb, Math.max(headroom - skb.offset, 0), 0);
}

/** After this every byte may be written. */
export function skb_ensure_writable(skb: SkBuff): void {
  if (skb_cloned(skb)) pskb_expand_head(skb, 0, 0);
}

/** Moves the packet into memory of its own with so much more head and tail room. Offsets stay valid. */
function pskb_expand_head(skb: SkBuff, nhead: number, ntail: number): void {
  const old = skb.head;
  const used = skb.offset + skb.length;
  const data = skb.pool.arena.take(nhead + used + ntail);
  skb.pool.buffersLive++;
  copyBytes(old.bytes, 0, data.bytes, nhead, used);
  const wasPayloadOnly = skb.nohdr;
  skb.pool.dropData(old, wasPayloadOnly);
  skb.head = data;
  skb.bytes = data.bytes;
  skb.view = data.view;
  skb.offset += nhead;
  skb.mac_header += nhead;
  skb.network_header += nhead;
  skb.transport_header += nhead;
  if (skb.csumStart >= 0) skb.csumStart += nhead;
  skb.cloned = false;
  skb.nohdr = false;
}

/** A copy of the packet in its own memory, with `headroom` octets before the data. */
function skb_copy(skb: SkBuff, headroom: number, pool: SkBuffPool = skb.pool): SkBuff {
  const copy = pool.alloc(headroom + skb.length);
  copy.offset = headroom;
  copy.length = skb.length;
  copyBytes(skb.bytes, skb.offset, copy.bytes, headroom, skb.length);
  skb_copy_header(copy, skb, headroom - skb.offset);
  return copy;
}

/** Everything a packet knows except memory, ownership and queue links. `delta` is how far the bytes moved. */
export function skb_copy_header(to: SkBuff, from: SkBuff, delta: number): void {
  to.csumStart = from.csumStart < 0 ? -1 : from.csumStart + delta;
  to.csumOffset = from.csumOffset;
  to.ip_summed = from.ip_summed;
  to.csum = from.csum;
  to.mac_header = from.mac_header + delta;
  to.network_header = from.network_header + delta;
  to.transport_header = from.transport_header + delta;
  to.mac_len = from.mac_len;
  to.protocol = from.protocol;
  to.pkt_type = from.pkt_type;
  to.priority = from.priority;
  to.mark = from.mark;
  to.ignore_df = from.ignore_df;
  to.dev = from.dev;
  to.skb_iif = from.skb_iif;
  to.dst = from.dst;
  to.tstamp = from.tstamp;
  to.ipcb_optlen = from.ipcb_optlen;
  to.ipcb_flags = from.ipcb_flags;
  to.ipcb_frag_max_size = from.ipcb_frag_max_size;
  to.frag_offset = from.frag_offset;
  to.seq = from.seq;
  to.end_seq = from.end_seq;
  to.ack_seq = from.ack_seq;
  to.tcp_flags = from.tcp_flags;
  to.sacked = from.sacked;
  to.ip_dsfield = from.ip_dsfield;
  to.tx_delivered = from.tx_delivered;
  to.tx_delivered_mstamp = from.tx_delivered_mstamp;
  to.tx_first_tx_mstamp = from.tx_first_tx_mstamp;
  to.tx_in_flight = from.tx_in_flight;
  to.tx_is_app_limited = from.tx_is_app_limited;
  to.peeked = from.peeked;
}

const SHORT_COPY_OCTETS = 48;

/** memcpy. A view object costs 30 ns, a loop 1.5 ns an octet: short pieces are copied by hand. */
export function copyBytes(
  from: Uint8Array,
  fromOffset: number,
  to: Uint8Array,
  toOffset: number,
  length: number,
): void {
  if (length <= SHORT_COPY_OCTETS) {
    for (let i = 0; i < length; i++) to[toOffset + i] = from[fromOffset + i] ?? 0;
  } else if (length === from.length) {
    to.set(from, toOffset);
  } else {
    to.set(from.subarray(fromOffset, fromOffset + length), toOffset);
  }
}

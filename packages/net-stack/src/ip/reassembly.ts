/** Reassembly (net/ipv4/ip_fragment.c). Overlapping fragments kill the datagram, as in Linux since 2018. */
import { TimerList } from "@dcejs/lkl-kernel";
import { icmp_send } from "../icmp/icmp-send.ts";
import type { NetStack } from "../net-stack.ts";
import { CHECKSUM_NONE, PACKET_HOST, copyBytes, kfree_skb } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { SkBuffHead, skb_queue_before, skb_queue_purge, skb_queue_tail } from "../skbuff-queue.ts";
import { ICMP_EXC_FRAGTIME, ICMP_TIME_EXCEEDED } from "../wire/icmp.ts";
import {
  IPV4_PACKET_LENGTH_MAX,
  IP_DADDR,
  IP_DF,
  IP_FRAG_OFF,
  IP_ID,
  IP_MF,
  IP_OFFSET,
  IP_PROTOCOL,
  IP_SADDR,
  IP_TOT_LEN,
  ip_send_check,
} from "../wire/ipv4.ts";
import { RTN_LOCAL } from "./rtable.ts";

/** Headroom of a reassembled packet: it may be forwarded after all. */
const HEADROOM = 64;

/** struct ipq: the pieces of one datagram, in order. */
class IpQueue {
  readonly key: string;
  readonly timer: TimerList;
  readonly fragments: SkBuffHead = new SkBuffHead();
  /** Octets of payload that are here. */
  meat = 0;
  /** End of the highest octet seen; the datagram's length once the last fragment came. */
  len = 0;
  hasFirst = false;
  hasLast = false;
  max_size = 0;
  hasDf = false;
  memory = 0;

  constructor(key: string, timer: TimerList) {
    this.key = key;
    this.timer = timer;
  }
}

/** The datagrams that wait for fragments (struct fqdir). */
export class FragmentTable {
  readonly queues: Map<string, IpQueue> = new Map();
  /** Truesize of all fragments. */
  memory = 0;
}

/**
 * ip_defrag. Takes the packet.
 * @returns the whole datagram, when this was its missing piece.
 */
export function ip_defrag(net: NetStack, skb: SkBuff): SkBuff | undefined {
  const table = net.ipv4.fragments;
  net.mib.ip.ReasmReqds++;
  const queue = findQueue(net, table, skb);
  if (queue === undefined) {
    net.mib.ip.ReasmFails++;
    kfree_skb(skb);
    return undefined;
  }
  return addFragment(net, table, queue, skb);
}

function findQueue(net: NetStack, table: FragmentTable, skb: SkBuff): IpQueue | undefined {
  const { view, network_header: h } = skb;
  const key = `${view.getUint32(h + IP_SADDR)},${view.getUint32(h + IP_DADDR)},${view.getUint16(h + IP_ID)},${view.getUint8(h + IP_PROTOCOL)}`;
  const existing = table.queues.get(key);
  if (existing !== undefined) return existing;
  if (table.memory > net.ipv4.ipfrag_high_thresh.value) return undefined;
  const timer = new TimerList(() => ip_expire(net, table, queue));
  const queue = new IpQueue(key, timer);
  table.queues.set(key, queue);
  net.kernel.mod_timer(timer, net.kernel.jiffies + net.ipv4.ipfrag_time.value * net.kernel.HZ);
  return queue;
}

function kill(net: NetStack, table: FragmentTable, queue: IpQueue): void {
  net.kernel.del_timer(queue.timer);
  table.queues.delete(queue.key);
  table.memory -= queue.memory;
  skb_queue_purge(queue.fragments);
}

/** The missing pieces did not come: RFC 792 wants a message if the first one is here. */
function ip_expire(net: NetStack, table: FragmentTable, queue: IpQueue): void {
  net.mib.ip.ReasmFails++;
  net.mib.ip.ReasmTimeout++;
  const first = queue.fragments.head;
  if (queue.hasFirst && first?.dst?.rt_type === RTN_LOCAL && first.pkt_type === PACKET_HOST) {
    icmp_send(net, first, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, 0);
  }
  kill(net, table, queue);
}

/** ip_frag_queue. */
function addFragment(
  net: NetStack,
  table: FragmentTable,
  queue: IpQueue,
  skb: SkBuff,
): SkBuff | undefined {
  const { view, network_header: h } = skb;
  const headerLength = (view.getUint8(h) & 0x0f) * 4;
  const word = view.getUint16(h + IP_FRAG_OFF);
  const begin = (word & IP_OFFSET) << 3;
  const isMoreToCome = (word & IP_MF) !== 0;
  let payload = skb.length - headerLength;
  if (isMoreToCome) payload &= ~7;
  const end = begin + payload;
  const isContradiction = isMoreToCome
    ? queue.hasLast && end > queue.len
    : end < queue.len || (queue.hasLast && end !== queue.len);
  if (payload <= 0 || isContradiction || end > IPV4_PACKET_LENGTH_MAX) {
    return drop(net, skb);
  }
  const place = findPlace(queue, begin, end);
  if (place === "duplicate") return drop(net, skb);
  if (place === "overlap") {
    net.mib.ip.ReasmOverlaps++;
    kill(net, table, queue);
    return drop(net, skb);
  }
  skb.length = headerLength + payload;
  skb.frag_offset = begin;
  skb.end_seq = end;
  if (place === undefined) skb_queue_tail(queue.fragments, skb);
  else skb_queue_before(queue.fragments, place, skb);
  queue.meat += payload;
  queue.len = Math.max(queue.len, end);
  queue.memory += skb.truesize;
  table.memory += skb.truesize;
  queue.hasFirst ||= begin === 0;
  queue.hasLast ||= !isMoreToCome;
  queue.max_size = Math.max(queue.max_size, headerLength + payload);
  queue.hasDf ||= (word & IP_DF) !== 0;
  if (!queue.hasFirst || !queue.hasLast || queue.meat !== queue.len) return undefined;
  return reassemble(net, table, queue);
}

function drop(net: NetStack, skb: SkBuff): undefined {
  net.mib.ip.ReasmFails++;
  kfree_skb(skb);
  return undefined;
}

/** The fragment that the new one goes in front of; undefined: at the end. */
function findPlace(
  queue: IpQueue,
  begin: number,
  end: number,
): SkBuff | undefined | "duplicate" | "overlap" {
  // Most fragments come in order.
  const { tail } = queue.fragments;
  if (tail === undefined || tail.end_seq <= begin) return undefined;
  for (let other = queue.fragments.head; other !== undefined; other = other.next) {
    if (begin >= other.frag_offset && end <= other.end_seq) return "duplicate";
    if (begin < other.end_seq && end > other.frag_offset) return "overlap";
    if (end <= other.frag_offset) return other;
  }
  return undefined;
}

/** ip_frag_reasm: one packet of all pieces, with the first one's header. */
function reassemble(net: NetStack, table: FragmentTable, queue: IpQueue): SkBuff | undefined {
  const first = queue.fragments.head;
  if (first === undefined) return undefined;
  const headerLength = (first.view.getUint8(first.network_header) & 0x0f) * 4;
  const total = headerLength + queue.len;
  if (total > IPV4_PACKET_LENGTH_MAX) {
    net.mib.ip.ReasmFails++;
    kill(net, table, queue);
    return undefined;
  }
  const whole = net.skbPool.alloc(HEADROOM + total);
  whole.offset = HEADROOM;
  whole.length = total;
  whole.network_header = HEADROOM;
  whole.transport_header = HEADROOM + headerLength;
  copyBytes(first.bytes, first.network_header, whole.bytes, HEADROOM, headerLength);
  for (let piece: SkBuff | undefined = first; piece !== undefined; piece = piece.next) {
    const from = piece.network_header + (piece.view.getUint8(piece.network_header) & 0x0f) * 4;
    const to = HEADROOM + headerLength + piece.frag_offset;
    copyBytes(piece.bytes, from, whole.bytes, to, piece.end_seq - piece.frag_offset);
  }
  whole.ip_summed = CHECKSUM_NONE;
  whole.dev = first.dev;
  whole.skb_iif = first.skb_iif;
  whole.dst = first.dst;
  whole.protocol = first.protocol;
  whole.pkt_type = first.pkt_type;
  whole.tstamp = first.tstamp;
  whole.ipcb_optlen = first.ipcb_optlen;
  whole.ipcb_frag_max_size = queue.hasDf ? queue.max_size : 0;
  whole.view.setUint16(HEADROOM + IP_TOT_LEN, total);
  whole.view.setUint16(HEADROOM + IP_FRAG_OFF, queue.hasDf ? IP_DF : 0);
  ip_send_check(whole.view, HEADROOM);
  net.mib.ip.ReasmOKs++;
  kill(net, table, queue);
  return whole;
}

/** Frees everything that waits (ipv4_frags_exit_net). */
export function ip_frag_flush(net: NetStack): void {
  for (const queue of net.ipv4.fragments.queues.values()) kill(net, net.ipv4.fragments, queue);
}

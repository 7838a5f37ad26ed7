/** Fragmentation (ip_do_fragment in net/ipv4/ip_output.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { icmp_send } from "../icmp/icmp-send.ts";
import { NET_XMIT_CN } from "../netdevice/pfifo.ts";
import type { NetStack } from "../net-stack.ts";
import { CHECKSUM_PARTIAL, copyBytes, kfree_skb, skb_ensure_writable } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_checksum_help } from "../skbuff-checksum.ts";
import { skb_set_owner_w } from "../socket/sock-memory.ts";
import { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED } from "../wire/icmp.ts";
import {
  IPV4_HEADER_LENGTH,
  IP_DF,
  IP_FRAG_OFF,
  IP_MF,
  IP_OFFSET,
  IP_TOT_LEN,
  ip_send_check,
} from "../wire/ipv4.ts";
import { MAX_HEADER, ip_finish_output2 } from "./output.ts";
import type { Rtable } from "./rtable.ts";

const COPIED_FLAG = 0x80;
const IPOPT_NOOP = 1;

/**
 * Sends the packet in pieces of at most `mtu` octets, or says that it must not be cut. Takes it.
 * @returns 0, -EMSGSIZE, or what the first failing piece returned.
 */
export function ip_fragment(net: NetStack, skb: SkBuff, mtu: number, rt: Rtable): number {
  const hasDf = (skb.view.getUint16(skb.network_header + IP_FRAG_OFF) & IP_DF) !== 0;
  const wasLarger = skb.ipcb_frag_max_size > mtu;
  if (hasDf && (!skb.ignore_df || wasLarger)) {
    net.mib.ip.FragFails++;
    icmp_send(net, skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
    kfree_skb(skb);
    return -Errno.EMSGSIZE;
  }
  // A packet that was reassembled here leaves in pieces no larger than it came in.
  const limit = skb.ipcb_frag_max_size !== 0 ? Math.min(mtu, skb.ipcb_frag_max_size) : mtu;
  if (skb.length <= limit && !hasDf) return ip_finish_output2(net, skb, rt);
  return ip_do_fragment(net, skb, limit, rt);
}

function ip_do_fragment(net: NetStack, skb: SkBuff, mtu: number, rt: Rtable): number {
  if (skb.ip_summed === CHECKSUM_PARTIAL) {
    skb_ensure_writable(skb);
    skb_checksum_help(skb);
  }
  const headerLength = (skb.view.getUint8(skb.network_header) & 0x0f) * 4;
  const room = (mtu - headerLength) & ~7;
  if (room <= 0) {
    net.mib.ip.FragFails++;
    kfree_skb(skb);
    return -Errno.EMSGSIZE;
  }
  const fragOff = skb.view.getUint16(skb.network_header + IP_FRAG_OFF);
  const payload = skb.length - headerLength;
  let error = 0;
  for (let at = 0; at < payload && error === 0; at += room) {
    const length = Math.min(room, payload - at);
    const piece = makeFragment(net, skb, headerLength, at, length, fragOff, at + length < payload);
    piece.dst = rt;
    net.mib.ip.FragCreates++;
    error = ip_finish_output2(net, piece, rt);
    if (error === NET_XMIT_CN) error = 0;
  }
  if (error === 0) net.mib.ip.FragOKs++;
  else net.mib.ip.FragFails++;
  kfree_skb(skb);
  return error;
}

function makeFragment(
  net: NetStack,
  skb: SkBuff,
  headerLength: number,
  at: number,
  length: number,
  fragOff: number,
  isMoreToCome: boolean,
): SkBuff {
  const piece = net.skbPool.alloc(MAX_HEADER + headerLength + length);
  piece.offset = MAX_HEADER;
  piece.length = headerLength + length;
  const header = piece.offset;
  piece.network_header = header;
  piece.transport_header = header + headerLength;
  copyBytes(skb.bytes, skb.network_header, piece.bytes, header, headerLength);
  copyBytes(skb.bytes, skb.offset + headerLength + at, piece.bytes, header + headerLength, length);
  piece.dev = skb.dev;
  piece.protocol = skb.protocol;
  piece.priority = skb.priority;
  piece.mark = skb.mark;
  piece.pkt_type = skb.pkt_type;
  piece.ipcb_flags = skb.ipcb_flags;
  if (skb.sk !== undefined) skb_set_owner_w(piece, skb.sk);
  if (at > 0) blankUncopiedOptions(piece, header, headerLength);
  const offset = ((fragOff & IP_OFFSET) << 3) + at;
  const flags = (fragOff & IP_MF) | (isMoreToCome ? IP_MF : 0) | (fragOff & IP_DF);
  piece.view.setUint16(header + IP_TOT_LEN, piece.length);
  piece.view.setUint16(header + IP_FRAG_OFF, flags | (offset >>> 3));
  ip_send_check(piece.view, header);
  return piece;
}

/** ip_options_fragment: options without the copied flag are in the first fragment only. */
function blankUncopiedOptions(piece: SkBuff, header: number, headerLength: number): void {
  const end = header + headerLength;
  for (let at = header + IPV4_HEADER_LENGTH; at < end; ) {
    const kind = piece.view.getUint8(at);
    if (kind === 0) return;
    const length = kind === IPOPT_NOOP ? 1 : at + 1 < end ? piece.view.getUint8(at + 1) : 0;
    if (length === 0 || at + length > end) return;
    if ((kind & COPIED_FLAG) === 0) piece.bytes.fill(IPOPT_NOOP, at, at + length);
    at += length;
  }
}

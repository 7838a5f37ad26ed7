/** ICMP errors that this host sends (icmp_send in net/ipv4/icmp.c). */
import { ip_fast_csum } from "../checksum.ts";
import { inet_select_addr } from "../ip/in-device.ts";
import { MAX_HEADER, ip_push_header, ip_send_skb } from "../ip/output.ts";
import { IPPROTO_ICMP } from "../ip/protocol.ts";
import { ip_route_output } from "../ip/route.ts";
import { RTCF_BROADCAST, RTCF_LOCAL, RTCF_MULTICAST } from "../ip/rtable.ts";
import type { NetStack } from "../net-stack.ts";
import { CHECKSUM_PARTIAL, PACKET_HOST, copyBytes } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_pending_checksum } from "../skbuff-checksum.ts";
import {
  ICMP_CHECK,
  ICMP_DEST_UNREACH,
  ICMP_HEADER_LENGTH,
  ICMP_PARAMETERPROB,
  ICMP_REDIRECT,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
  writeIcmpHeader,
} from "../wire/icmp.ts";
import {
  IPV4_HEADER_LENGTH,
  IP_DADDR,
  IP_FRAG_OFF,
  IP_OFFSET,
  IP_PROTOCOL,
  IP_SADDR,
  IP_TOS,
} from "../wire/ipv4.ts";
import { icmp_global_allow, icmpv4_xrlim_allow } from "./rate-limit.ts";

/** RFC 1812, section 4.3.2.3: as much of the packet as fits 576 octets. */
const ICMP_ERROR_LENGTH_MAX = 576;
const IPTOS_PREC_INTERNETCONTROL = 0xc0;
const RT_TOS_MASK = 0x1e;

function icmp_is_error(type: number): boolean {
  return (
    type === ICMP_DEST_UNREACH ||
    type === ICMP_SOURCE_QUENCH ||
    type === ICMP_REDIRECT ||
    type === ICMP_TIME_EXCEEDED ||
    type === ICMP_PARAMETERPROB
  );
}

/**
 * Tells the source of `skb` about an error. `skb.network_header` is at the IPv4 header and `skb.dst` is
 * set; the packet stays the caller's. Nothing is sent about broadcasts, later fragments and ICMP errors
 * (RFC 1122, section 3.2.2), nor beyond the rate limits.
 * @param info The header's second word: the MTU for ICMP_FRAG_NEEDED, a pointer, a gateway.
 */
export function icmp_send(
  net: NetStack,
  skb: SkBuff,
  type: number,
  code: number,
  info: number,
): void {
  const { view, network_header: h, dst } = skb;
  if (dst === undefined || skb.pkt_type !== PACKET_HOST) return;
  if ((dst.rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) !== 0) return;
  if ((view.getUint16(h + IP_FRAG_OFF) & IP_OFFSET) !== 0) return;
  if (icmp_is_error(type) && isIcmpErrorOrUnknown(skb)) return;
  if (!icmp_global_allow(net, type, code, skb.dev)) return;
  const isLocal = (dst.rt_flags & RTCF_LOCAL) !== 0;
  const source = isLocal && dst.rt_is_input ? view.getUint32(h + IP_DADDR) : sourceFor(net, skb);
  const tos = (view.getUint8(h + IP_TOS) & RT_TOS_MASK) | IPTOS_PREC_INTERNETCONTROL;
  const daddr = view.getUint32(h + IP_SADDR);
  const fl4 = net.ipv4.fl4.set(daddr, source, skb.sk?.sk_bound_dev_if ?? 0, tos, IPPROTO_ICMP);
  const rt = ip_route_output(net, fl4);
  if (typeof rt === "number") return;
  const saddr = fl4.saddr;
  if (!icmpv4_xrlim_allow(net, rt.dev, daddr, type, code)) return;
  const room = Math.min(rt.mtu(), ICMP_ERROR_LENGTH_MAX) - IPV4_HEADER_LENGTH - ICMP_HEADER_LENGTH;
  const quoted = Math.min(skb.offset + skb.length - h, room);
  if (quoted <= IPV4_HEADER_LENGTH) return;
  const reply = net.skbPool.alloc(MAX_HEADER + ICMP_HEADER_LENGTH + quoted);
  reply.offset = MAX_HEADER;
  reply.length = ICMP_HEADER_LENGTH + quoted;
  reply.transport_header = MAX_HEADER;
  writeIcmpHeader(reply.view, MAX_HEADER, type, code, info);
  copyBytes(skb.bytes, h, reply.bytes, MAX_HEADER + ICMP_HEADER_LENGTH, quoted);
  completeQuotedChecksum(skb, reply, quoted);
  reply.view.setUint16(MAX_HEADER + ICMP_CHECK, ip_fast_csum(reply.view, MAX_HEADER, reply.length));
  reply.dst = rt;
  icmp_out_count(net, type);
  ip_push_header(net, undefined, reply, tos, 0, rt.hoplimit(), IPPROTO_ICMP, saddr, daddr);
  ip_send_skb(net, reply);
}

/**
 * A packet whose checksum its sender's device would complete is quoted as it is on a wire: the links
 * of a simulation carry it as it is.
 */
function completeQuotedChecksum(skb: SkBuff, reply: SkBuff, quoted: number): void {
  if (skb.ip_summed !== CHECKSUM_PARTIAL) return;
  const at = skb.csumStart + skb.csumOffset - skb.network_header;
  if (at + 2 > quoted) return;
  const field = MAX_HEADER + ICMP_HEADER_LENGTH + at;
  reply.view.setUint16(field, skb_pending_checksum(skb));
}

/** 0 lets the route choose; with icmp_errors_use_inbound_ifaddr the address of the device it came in by. */
function sourceFor(net: NetStack, skb: SkBuff): number {
  if (net.ipv4.icmp_errors_use_inbound_ifaddr.value === 0) return 0;
  const dev = net.dev_get_by_index(skb.skb_iif);
  return dev === undefined ? 0 : inet_select_addr(dev, 0, 253);
}

/** Is the packet itself an ICMP error, or ICMP of a kind that could be one? */
function isIcmpErrorOrUnknown(skb: SkBuff): boolean {
  const { view, network_header: h } = skb;
  if (view.getUint8(h + IP_PROTOCOL) !== IPPROTO_ICMP) return false;
  const at = h + (view.getUint8(h) & 0x0f) * 4;
  if (at >= skb.offset + skb.length) return true;
  const type = view.getUint8(at);
  return type > 18 || icmp_is_error(type);
}

/** icmp_out_count. */
export function icmp_out_count(net: NetStack, type: number): void {
  net.mib.icmp.OutMsgs++;
  net.mib.icmpMsg.out(type);
}

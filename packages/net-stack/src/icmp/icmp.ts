/** ICMP input: echo, and errors about packets of ours (icmp_rcv in net/ipv4/icmp.c). */
import { ip_fast_csum } from "../checksum.ts";
import { inet_addr_type } from "../ip/addr-type.ts";
import { MAX_HEADER, ip_push_header, ip_send_skb } from "../ip/output.ts";
import type { NetProtocol } from "../ip/protocol.ts";
import { IPPROTO_ICMP } from "../ip/protocol.ts";
import { ipv4_update_pmtu } from "../ip/pmtu.ts";
import { ip_route_output } from "../ip/route.ts";
import { RTCF_BROADCAST, RTCF_MULTICAST, RTN_BROADCAST } from "../ip/rtable.ts";
import type { NetStack } from "../net-stack.ts";
import { raw_icmp_error } from "../raw/raw.ts";
import { copyBytes, kfree_skb, skb_pull } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_checksum_simple_valid } from "../skbuff-checksum.ts";
import {
  ICMP_CHECK,
  ICMP_DEST_UNREACH,
  ICMP_ECHO,
  ICMP_ECHOREPLY,
  ICMP_FRAG_NEEDED,
  ICMP_HEADER_LENGTH,
  ICMP_PARAMETERPROB,
  ICMP_SOURCE_QUENCH,
  ICMP_TIMESTAMP,
  ICMP_TIME_EXCEEDED,
  NR_ICMP_TYPES,
  NR_ICMP_UNREACH,
  readIcmpHeader,
  writeIcmpHeader,
} from "../wire/icmp.ts";
import type { IcmpHeader } from "../wire/icmp.ts";
import {
  IPV4_HEADER_LENGTH,
  IP_DADDR,
  IP_PROTOCOL,
  IP_SADDR,
  IP_TOS,
  IP_TOT_LEN,
} from "../wire/ipv4.ts";
import { icmp_out_count } from "./icmp-send.ts";
import { ping_rcv } from "./ping.ts";

/** Plateaus of RFC 1191, section 7.1, for routers that do not say their MTU. */
const MTU_PLATEAUS = [32_000, 17_914, 8166, 4352, 2002, 1492, 576, 296, 216, 128, 68];

export function icmpProtocol(net: NetStack): NetProtocol {
  return {
    rcv: (skb) => icmp_rcv(net, skb),
    // An ICMP error about an echo of ours is for the ping socket that sent it.
    err: (skb, type, code, info) => net.ipv4.ping.err(skb, type, code, info),
  };
}

const header: IcmpHeader = { type: 0, code: 0, check: 0, rest: 0 };

function icmp_rcv(net: NetStack, skb: SkBuff): void {
  const mib = net.mib.icmp;
  mib.InMsgs++;
  if (!skb_checksum_simple_valid(skb)) {
    mib.InCsumErrors++;
    mib.InErrors++;
    kfree_skb(skb);
    return;
  }
  if (!readIcmpHeader(skb.view, skb.offset, skb.offset + skb.length, header)) {
    mib.InErrors++;
    kfree_skb(skb);
    return;
  }
  net.mib.icmpMsg.in(header.type);
  if (header.type > NR_ICMP_TYPES) {
    mib.InErrors++;
    kfree_skb(skb);
    return;
  }
  const toMany = ((skb.dst?.rt_flags ?? 0) & (RTCF_BROADCAST | RTCF_MULTICAST)) !== 0;
  if (toMany && !isAllowedToMany(net, header.type)) {
    kfree_skb(skb);
    return;
  }
  dispatch(net, skb, header);
}

/** RFC 1122, section 3.2.2: echo and time stamp requests to groups may go unanswered; nothing else is sent to groups. */
function isAllowedToMany(net: NetStack, type: number): boolean {
  if (type === ICMP_ECHO || type === ICMP_TIMESTAMP) {
    return net.ipv4.icmp_echo_ignore_broadcasts.value === 0;
  }
  return type === ICMP_ECHOREPLY;
}

function dispatch(net: NetStack, skb: SkBuff, icmph: Readonly<IcmpHeader>): void {
  switch (icmph.type) {
    case ICMP_ECHOREPLY:
      ping_rcv(net, skb);
      return;
    case ICMP_ECHO:
      if (net.ipv4.icmp_echo_ignore_all.value === 0) icmp_echo(net, skb, icmph.rest);
      break;
    case ICMP_DEST_UNREACH:
    case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETERPROB:
    case ICMP_SOURCE_QUENCH:
      icmp_unreach(net, skb, icmph);
      break;
    default:
      // Time stamps, redirects and the old address mask messages are counted only.
      break;
  }
  kfree_skb(skb);
}

/** icmp_echo and icmp_reply: the same bytes back. */
function icmp_echo(net: NetStack, skb: SkBuff, rest: number): void {
  const h = skb.network_header;
  const daddr = skb.view.getUint32(h + IP_SADDR);
  const toMany = ((skb.dst?.rt_flags ?? 0) & (RTCF_BROADCAST | RTCF_MULTICAST)) !== 0;
  const tos = skb.view.getUint8(h + IP_TOS);
  const source = toMany ? 0 : skb.view.getUint32(h + IP_DADDR);
  const fl4 = net.ipv4.fl4.set(daddr, source, 0, tos, IPPROTO_ICMP);
  const rt = ip_route_output(net, fl4);
  if (typeof rt === "number") return;
  const { saddr } = fl4;
  const length = skb.length;
  const reply = net.skbPool.alloc(MAX_HEADER + length);
  reply.offset = MAX_HEADER;
  reply.length = length;
  reply.transport_header = MAX_HEADER;
  writeIcmpHeader(reply.view, MAX_HEADER, ICMP_ECHOREPLY, 0, rest);
  copyBytes(
    skb.bytes,
    skb.offset + ICMP_HEADER_LENGTH,
    reply.bytes,
    MAX_HEADER + ICMP_HEADER_LENGTH,
    length - ICMP_HEADER_LENGTH,
  );
  reply.view.setUint16(MAX_HEADER + ICMP_CHECK, ip_fast_csum(reply.view, MAX_HEADER, length));
  reply.dst = rt;
  // An answer may be cut, as the request may have been.
  reply.ignore_df = true;
  icmp_out_count(net, ICMP_ECHOREPLY);
  ip_push_header(net, undefined, reply, tos, 0, rt.hoplimit(), IPPROTO_ICMP, saddr, daddr);
  ip_send_skb(net, reply);
}

/** An error about a packet that we sent, or that someone says we sent. */
function icmp_unreach(net: NetStack, skb: SkBuff, icmph: Readonly<IcmpHeader>): void {
  const { type, code, rest } = icmph;
  const outer = skb.network_header;
  skb_pull(skb, ICMP_HEADER_LENGTH);
  const inner = skb.offset;
  const { view } = skb;
  if (
    skb.length < IPV4_HEADER_LENGTH + 8 ||
    view.getUint8(inner) >> 4 !== 4 ||
    (view.getUint8(inner) & 0x0f) < 5 ||
    skb.length < (view.getUint8(inner) & 0x0f) * 4 + 8
  ) {
    net.mib.icmp.InErrors++;
    return;
  }
  let info = type === ICMP_PARAMETERPROB ? rest >>> 24 : rest;
  if (type === ICMP_DEST_UNREACH) {
    if (code > NR_ICMP_UNREACH) return;
    if (code === ICMP_FRAG_NEEDED) {
      // Modes 2 and 3 of ip_no_pmtu_disc do not believe reports.
      if (net.ipv4.ip_no_pmtu_disc.value >= 2) return;
      info = rest & 0xffff;
      if (info === 0) info = guessMtu(view.getUint16(inner + IP_TOT_LEN));
    }
  }
  // RFC 1122: an error that claims to be about a broadcast of ours is bogus.
  const quotedDestination = view.getUint32(inner + IP_DADDR);
  const isBogus =
    net.ipv4.icmp_ignore_bogus_error_responses.value === 0 &&
    inet_addr_type(net, quotedDestination) === RTN_BROADCAST;
  if (isBogus) return;
  skb.network_header = outer;
  icmp_socket_deliver(net, skb, type, code, info);
}

function guessMtu(totLen: number): number {
  return MTU_PLATEAUS.find((plateau) => plateau < totLen) ?? 68;
}

function icmp_socket_deliver(
  net: NetStack,
  skb: SkBuff,
  type: number,
  code: number,
  info: number,
): void {
  const protocol = skb.view.getUint8(skb.offset + IP_PROTOCOL);
  raw_icmp_error(net, skb, protocol, type, code, info);
  net.ipv4.protocols[protocol]?.err(skb, type, code, info);
}

/** What protocols do with "fragmentation needed" when no socket takes it. */
export function icmp_update_pmtu(net: NetStack, skb: SkBuff, mtu: number): void {
  const { view, offset } = skb;
  ipv4_update_pmtu(net, view.getUint32(offset + IP_DADDR), view.getUint8(offset + IP_TOS), 0, mtu);
}

/** IPv4 output (net/ipv4/ip_output.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { NET_XMIT_CN } from "../netdevice/pfifo.ts";
import { netif_rx } from "../netdevice/receive.ts";
import type { NetStack } from "../net-stack.ts";
import { CHECKSUM_UNNECESSARY, PACKET_LOOPBACK, kfree_skb, skb_push } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import type { IpcmCookie } from "../socket/ip-cmsg.ts";
import {
  IP_PMTUDISC_DO,
  IP_PMTUDISC_INTERFACE,
  IP_PMTUDISC_OMIT,
  IP_PMTUDISC_PROBE,
  IP_PMTUDISC_WANT,
} from "../socket/sock.ts";
import type { Sock } from "../socket/sock.ts";
import { ETH_HLEN, ETH_P_IP, writeEthernetHeader } from "../wire/ethernet.ts";
import {
  IP_DADDR,
  IP_DF,
  IP_SADDR,
  IP_TTL,
  IPV4_HEADER_LENGTH,
  writeIpv4Header,
} from "../wire/ipv4.ts";
import { ip_fragment } from "./fragment.ts";
import { ip_select_ident } from "./ident.ts";
import { ip_route_output, ip_route_sock } from "./route.ts";
import { IPSKB_FORWARDED } from "./route-input.ts";
import { RTCF_LOCAL, RTN_BROADCAST, RTN_MULTICAST, dst_output } from "./rtable.ts";
import type { Rtable } from "./rtable.ts";

/** Octets to keep free in front of a transport header: IPv4 with options, link header, alignment. */
export const MAX_HEADER = 128;

/** ip_dont_fragment: does the socket want DF on packets that fit the path? */
export function ip_dont_fragment(sk: Sock, rt: Rtable): boolean {
  return (
    sk.pmtudisc === IP_PMTUDISC_DO ||
    (sk.pmtudisc === IP_PMTUDISC_WANT && !rt.metrics.mtuIsLocked && !rt.rt_mtu_locked)
  );
}

/** ip_sk_use_pmtu: does the socket believe learnt path MTUs? */
export function ip_sk_use_pmtu(sk: Sock): boolean {
  return sk.pmtudisc < IP_PMTUDISC_PROBE;
}

/** ip_sk_ignore_df: may the host fragment the socket's packets? */
export function ip_sk_ignore_df(sk: Sock): boolean {
  return sk.pmtudisc < IP_PMTUDISC_DO || sk.pmtudisc === IP_PMTUDISC_OMIT;
}

/** Largest packet: a forwarder trusts the device, not what it learnt, unless ip_forward_use_pmtu. */
export function ip_dst_mtu_maybe_forward(net: NetStack, rt: Rtable, isForwarding: boolean): number {
  if (!isForwarding || net.ipv4.ip_forward_use_pmtu.value !== 0 || rt.metrics.mtuIsLocked) {
    return rt.mtu();
  }
  return rt.metrics.mtu !== 0 ? rt.metrics.mtu : Math.min(rt.dev.mtu, 65_535);
}

/** ip_skb_dst_mtu. */
function ip_skb_dst_mtu(sk: Sock | undefined, skb: SkBuff, rt: Rtable): number {
  const isForwarded = (skb.ipcb_flags & IPSKB_FORWARDED) !== 0;
  if (sk === undefined || ip_sk_use_pmtu(sk) || sk.pmtudisc === IP_PMTUDISC_INTERFACE) {
    if (sk?.pmtudisc !== IP_PMTUDISC_INTERFACE) {
      return ip_dst_mtu_maybe_forward(rt.net, rt, isForwarded);
    }
  }
  return Math.min(rt.dev.mtu, 65_535);
}

/** ip_select_ttl. */
function ip_select_ttl(sk: Sock, rt: Rtable): number {
  return sk.uc_ttl < 0 ? rt.hoplimit() : sk.uc_ttl;
}

/** The TTL of a datagram (__ip_make_skb): its control message's, the one for groups, or as ip_select_ttl says. */
export function ip_cork_ttl(sk: Sock, rt: Rtable, ipc: Readonly<IpcmCookie>): number {
  if (ipc.ttl !== 0) return ipc.ttl;
  return rt.rt_type === RTN_MULTICAST ? sk.mc_ttl : ip_select_ttl(sk, rt);
}

/**
 * Sends a segment of a connected socket: `skb.offset` is at the transport header, with MAX_HEADER
 * octets of headroom. Routes by the socket's cached route, writes the IPv4 header, takes the packet.
 * @returns 0, or a negative errno: -EHOSTUNREACH without a route, -ENETDOWN; or NET_XMIT_DROP, NET_XMIT_CN.
 */
export function ip_queue_xmit(sk: Sock, skb: SkBuff, tos: number): number {
  const { net } = sk;
  const rt = skb.dst ?? ip_route_sock(sk);
  if (typeof rt === "number") {
    net.mib.ip.OutNoRoutes++;
    kfree_skb(skb);
    return -Errno.EHOSTUNREACH;
  }
  skb.dst = rt;
  skb.priority = sk.sk_priority;
  skb.mark = sk.sk_mark;
  const df = ip_dont_fragment(sk, rt) && !skb.ignore_df ? IP_DF : 0;
  ip_push_header(
    net,
    sk,
    skb,
    tos,
    df,
    ip_select_ttl(sk, rt),
    sk.sk_protocol,
    sk.inet_saddr,
    sk.inet_daddr,
  );
  return ip_local_out(net, skb);
}

/** Prepends the IPv4 header to a transport segment at `skb.offset`. */
export function ip_push_header(
  net: NetStack,
  sk: Sock | undefined,
  skb: SkBuff,
  tos: number,
  df: number,
  ttl: number,
  protocol: number,
  saddr: number,
  daddr: number,
): void {
  const at = skb_push(skb, IPV4_HEADER_LENGTH);
  skb.network_header = at;
  skb.protocol = ETH_P_IP;
  const id = ip_select_ident(net, sk, saddr, daddr, protocol, df, skb.ignore_df);
  writeIpv4Header(skb.view, at, tos, skb.length, id, df, ttl, protocol, saddr, daddr);
}

/**
 * Writes the IPv4 header of a packet whose route and addresses are given (SYN-ACK), and sends it.
 * `skb.offset` is at the transport header. Takes the packet.
 */
export function ip_build_and_send_pkt(
  skb: SkBuff,
  sk: Sock,
  rt: Rtable,
  saddr: number,
  daddr: number,
  tos: number,
): number {
  const { net } = sk;
  // Linux sends SYN-ACKs that fit the smallest MTU (68) with DF in any case.
  const df = skb.length + IPV4_HEADER_LENGTH <= 68 || ip_dont_fragment(sk, rt) ? IP_DF : 0;
  skb.dst = rt;
  ip_push_header(net, undefined, skb, tos, df, ip_select_ttl(sk, rt), sk.sk_protocol, saddr, daddr);
  skb.priority = sk.sk_priority;
  skb.mark = sk.sk_mark;
  return ip_local_out(net, skb);
}

/**
 * Answers `skb` without a socket (RST, TIME_WAIT's ACK). `reply` holds the transport header (offset
 * there, MAX_HEADER octets of headroom, checksum prepared) and is taken over; addresses are those of `skb` swapped.
 */
export function ip_send_unicast_reply(
  net: NetStack,
  skb: SkBuff,
  reply: SkBuff,
  protocol: number,
  tos: number,
  oif: number,
): void {
  const saddr = skb.view.getUint32(skb.network_header + IP_DADDR);
  const daddr = skb.view.getUint32(skb.network_header + IP_SADDR);
  const fl4 = net.ipv4.fl4.set(daddr, saddr, oif, tos, protocol);
  fl4.anysrc = true;
  const rt = ip_route_output(net, fl4);
  if (typeof rt === "number") {
    kfree_skb(reply);
    return;
  }
  reply.dst = rt;
  ip_push_header(net, undefined, reply, tos, IP_DF, rt.hoplimit(), protocol, saddr, daddr);
  ip_send_skb(net, reply);
}

/** ip_send_skb: as ip_local_out; a drop in the queue is -ENOBUFS and an OutDiscards. */
export function ip_send_skb(net: NetStack, skb: SkBuff): number {
  let error = ip_local_out(net, skb);
  if (error > 0) error = error === NET_XMIT_CN ? 0 : -Errno.ENOBUFS;
  if (error !== 0) net.mib.ip.OutDiscards++;
  return error;
}

/** __ip_local_out and dst_output. The header is complete. Takes the packet. */
function ip_local_out(net: NetStack, skb: SkBuff): number {
  net.mib.ip.OutRequests++;
  return dst_output(skb);
}

/** dst.output of ordinary routes. */
export function ip_output(skb: SkBuff): number {
  const rt = skb.dst;
  if (rt === undefined) throw new Error("ip_output: the packet has no route");
  const { net } = rt;
  net.mib.ip.OutTransmits++;
  net.mib.ip.OutOctets += skb.length;
  skb.dev = rt.dev;
  skb.protocol = ETH_P_IP;
  return ip_finish_output(net, skb, rt);
}

/** dst.output of routes to groups that this host belongs to: a copy comes back in. */
export function ip_mc_output(skb: SkBuff): number {
  const rt = skb.dst;
  if (rt === undefined) throw new Error("ip_mc_output: the packet has no route");
  const isHeardHere = rt.rt_type === RTN_BROADCAST || (skb.sk?.mc_loop ?? true);
  if ((rt.rt_flags & RTCF_LOCAL) !== 0 && isHeardHere) ip_loopback_copy(skb, rt);
  // A multicast with TTL 0 stays at home.
  if (rt.rt_type === RTN_MULTICAST && skb.view.getUint8(skb.network_header + IP_TTL) === 0) {
    kfree_skb(skb);
    return 0;
  }
  return ip_output(skb);
}

/** ip_mc_finish_output → dev_loopback_xmit. */
function ip_loopback_copy(skb: SkBuff, rt: Rtable): void {
  const copy = rt.net.skbPool.alloc(ETH_HLEN + skb.length);
  copy.offset = ETH_HLEN;
  copy.length = skb.length;
  copy.bytes.set(skb.bytes.subarray(skb.offset, skb.offset + skb.length), ETH_HLEN);
  copy.network_header = ETH_HLEN;
  const at = skb_push(copy, ETH_HLEN);
  writeEthernetHeader(copy.view, at, rt.dev.addrHi, rt.dev.addrLo, 0, 0, ETH_P_IP);
  copy.ip_summed = CHECKSUM_UNNECESSARY;
  copy.pkt_type = PACKET_LOOPBACK;
  copy.dst = rt;
  netif_rx(copy, rt.dev);
}

function ip_finish_output(net: NetStack, skb: SkBuff, rt: Rtable): number {
  const mtu = ip_skb_dst_mtu(skb.sk, skb, rt);
  if (skb.length > mtu || skb.ipcb_frag_max_size !== 0) return ip_fragment(net, skb, mtu, rt);
  return ip_finish_output2(net, skb, rt);
}

/** The link layer: through the neighbour of the next hop. Takes the packet. */
export function ip_finish_output2(net: NetStack, skb: SkBuff, rt: Rtable): number {
  const mib = net.mib.ip;
  if (rt.rt_type === RTN_MULTICAST) {
    mib.OutMcastPkts++;
    mib.OutMcastOctets += skb.length;
  } else if (rt.rt_type === RTN_BROADCAST) {
    mib.OutBcastPkts++;
    mib.OutBcastOctets += skb.length;
  }
  const nexthop = rt.rt_gw4 === 0 ? skb.view.getUint32(skb.network_header + IP_DADDR) : rt.rt_gw4;
  let { neigh } = rt;
  if (neigh === undefined || neigh.isDead || rt.neighFor !== nexthop) {
    neigh = net.ipv4.arp_tbl.get(rt.dev, nexthop);
    if (neigh === undefined) {
      kfree_skb(skb);
      return -Errno.ENOBUFS;
    }
    rt.neigh = neigh;
    rt.neighFor = nexthop;
  }
  const { sk } = skb;
  if (sk !== undefined && sk.sk_dst_pending_confirm) {
    sk.sk_dst_pending_confirm = false;
    neigh.confirm();
  }
  return neigh.output(skb, ETH_P_IP);
}

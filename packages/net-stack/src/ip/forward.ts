/** Forwarding (net/ipv4/ip_forward.c) and packets without a route (ip_error in route.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { icmp_send } from "../icmp/icmp-send.ts";
import { icmp_send_redirect } from "../icmp/icmp-redirect.ts";
import { PACKET_HOST, kfree_skb, skb_cow_head } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { ETH_HLEN } from "../wire/ethernet.ts";
import {
  ICMP_DEST_UNREACH,
  ICMP_EXC_TTL,
  ICMP_FRAG_NEEDED,
  ICMP_HOST_UNREACH,
  ICMP_NET_UNREACH,
  ICMP_PKT_FILTERED,
  ICMP_TIME_EXCEEDED,
} from "../wire/icmp.ts";
import { IP_DF, IP_FRAG_OFF, IP_TTL, ip_decrease_ttl } from "../wire/ipv4.ts";
import { ip_dst_mtu_maybe_forward } from "./output.ts";
import { IPSKB_DOREDIRECT, IPSKB_FORWARDED } from "./route-input.ts";
import { dst_output } from "./rtable.ts";

/** One hop. `skb.offset` is at the IPv4 header, `skb.dst` is set. Takes the packet. */
export function ip_forward(skb: SkBuff): number {
  const { dst, dev } = skb;
  const net = dev?.net;
  if (dst === undefined || net === undefined)
    throw new Error("ip_forward: the packet has no route");
  const header = skb.network_header;
  if (skb.pkt_type !== PACKET_HOST) {
    kfree_skb(skb);
    return 0;
  }
  if (skb.view.getUint8(header + IP_TTL) <= 1) {
    // RFC 1812, section 5.3.1: tell the source, drop.
    net.mib.ip.InHdrErrors++;
    icmp_send(net, skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
    kfree_skb(skb);
    return 0;
  }
  skb.ipcb_flags |= IPSKB_FORWARDED;
  const mtu = ip_dst_mtu_maybe_forward(net, dst, true);
  const hasDf = (skb.view.getUint16(header + IP_FRAG_OFF) & IP_DF) !== 0;
  if (skb.length > mtu && hasDf && !skb.ignore_df) {
    net.mib.ip.FragFails++;
    icmp_send(net, skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
    kfree_skb(skb);
    return 0;
  }
  skb_cow_head(skb, ETH_HLEN);
  ip_decrease_ttl(skb.view, skb.network_header);
  if ((skb.ipcb_flags & IPSKB_DOREDIRECT) !== 0) icmp_send_redirect(net, skb, dst);
  net.mib.ip.OutForwDatagrams++;
  return dst_output(skb);
}

/** No way to go on: the source is told why, if this host is a router. Takes the packet. */
export function ip_error(skb: SkBuff): number {
  const { dst, dev } = skb;
  const net = dev?.net;
  if (dst === undefined || net === undefined) throw new Error("ip_error: the packet has no route");
  const code = unreachableCode(dst.error);
  if (code === ICMP_NET_UNREACH) net.mib.ip.InNoRoutes++;
  if (dev?.ip_ptr?.forwards !== true) {
    if (code === ICMP_HOST_UNREACH) net.mib.ip.InAddrErrors++;
  } else if (code >= 0) icmp_send(net, skb, ICMP_DEST_UNREACH, code, 0);
  kfree_skb(skb);
  return 0;
}

/** -1: a blackhole says nothing. */
function unreachableCode(error: number): number {
  if (error === -Errno.EHOSTUNREACH) return ICMP_HOST_UNREACH;
  if (error === -Errno.ENETUNREACH) return ICMP_NET_UNREACH;
  return error === -Errno.EACCES ? ICMP_PKT_FILTERED : -1;
}

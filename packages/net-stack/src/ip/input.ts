/** IPv4 input (net/ipv4/ip_input.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { ip_fast_csum } from "../checksum.ts";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import {
  CHECKSUM_COMPLETE,
  PACKET_BROADCAST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  kfree_skb,
  skb_trim,
} from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { IPV4_HEADER_LENGTH, IP_DADDR, IP_SADDR, IP_TOS, IP_TOT_LEN } from "../wire/ipv4.ts";
import { ip_rcv_options } from "./ip-options.ts";
import { ip_route_input } from "./route-input.ts";
import { RTN_BROADCAST, RTN_MULTICAST, dst_input } from "./rtable.ts";

/**
 * A packet from the link layer; `skb.offset` is at the network header. Takes it over. What RFC 1122
 * calls malformed is counted and dropped: InHdrErrors, InTruncatedPkts, InCsumErrors.
 */
export function ip_rcv(net: NetStack, skb: SkBuff, dev: NetDevice): void {
  const mib = net.mib.ip;
  if (skb.pkt_type === PACKET_OTHERHOST) {
    dev.rx_otherhost_dropped++;
    kfree_skb(skb);
    return;
  }
  mib.InReceives++;
  mib.InOctets += skb.length;
  if (ip_rcv_core(net, skb)) ip_rcv_finish(net, skb, dev);
  else kfree_skb(skb);
}

/** Is it a whole and undamaged IPv4 packet? Trailing octets of the link are cut off. */
function ip_rcv_core(net: NetStack, skb: SkBuff): boolean {
  const mib = net.mib.ip;
  const { view, offset } = skb;
  if (skb.length < IPV4_HEADER_LENGTH) return headerError(net);
  const first = view.getUint8(offset);
  const headerLength = (first & 0x0f) * 4;
  if (first >> 4 !== 4 || headerLength < IPV4_HEADER_LENGTH) return headerError(net);
  // Counted as Linux does it: ECN bits of what arrived, before the checksum is known to be right.
  countEct(net, view.getUint8(offset + IP_TOS) & 3);
  if (skb.length < headerLength) return headerError(net);
  if (ip_fast_csum(view, offset, headerLength) !== 0) {
    mib.InCsumErrors++;
    return headerError(net);
  }
  const totLen = view.getUint16(offset + IP_TOT_LEN);
  if (skb.length < totLen) {
    mib.InTruncatedPkts++;
    return false;
  }
  if (totLen < headerLength) return headerError(net);
  if (skb.length > totLen) {
    if (skb.ip_summed === CHECKSUM_COMPLETE) skb.ip_summed = 0;
    skb_trim(skb, totLen);
  }
  skb.transport_header = offset + headerLength;
  skb.ipcb_optlen = headerLength - IPV4_HEADER_LENGTH;
  return true;
}

function headerError(net: NetStack): boolean {
  net.mib.ip.InHdrErrors++;
  return false;
}

function countEct(net: NetStack, ecn: number): void {
  const mib = net.mib.ip;
  if (ecn === 0) mib.InNoECTPkts++;
  else if (ecn === 1) mib.InECT1Pkts++;
  else if (ecn === 2) mib.InECT0Pkts++;
  else mib.InCEPkts++;
}

/** Route, options, then local delivery or forwarding. */
function ip_rcv_finish(net: NetStack, skb: SkBuff, dev: NetDevice): void {
  const { view, offset } = skb;
  const mib = net.mib.ip;
  if (skb.dst === undefined) {
    const daddr = view.getUint32(offset + IP_DADDR);
    const saddr = view.getUint32(offset + IP_SADDR);
    const tos = view.getUint8(offset + IP_TOS);
    const error = ip_route_input(net, skb, daddr, saddr, tos, dev);
    if (error !== 0) {
      if (error === -Errno.EXDEV) net.mib.tcpExt.IPReversePathFilter++;
      kfree_skb(skb);
      return;
    }
  }
  if (skb.ipcb_optlen > 0 && !ip_rcv_options(net, skb, dev)) {
    kfree_skb(skb);
    return;
  }
  const type = skb.dst?.rt_type;
  if (type === RTN_MULTICAST) {
    mib.InMcastPkts++;
    mib.InMcastOctets += skb.length;
  } else if (type === RTN_BROADCAST) {
    mib.InBcastPkts++;
    mib.InBcastOctets += skb.length;
  } else if (skb.pkt_type === PACKET_BROADCAST || skb.pkt_type === PACKET_MULTICAST) {
    // RFC 1122, section 3.3.6: a unicast packet in a link-layer broadcast is not for us.
    if (dev.ip_ptr?.dropsUnicastInL2Multicast === true) {
      kfree_skb(skb);
      return;
    }
  }
  dst_input(skb);
}

/** Address Resolution Protocol (RFC 826, RFC 5227; net/ipv4/arp.c). */
import { fib_validate_source_dev } from "../ip/rp-filter.ts";
import { inet_addr_type, inet_dev_addr_type } from "../ip/addr-type.ts";
import {
  RT_SCOPE_LINK,
  inet_addr_onlink,
  inet_ifa_match,
  inet_select_addr,
} from "../ip/in-device.ts";
import type { InDevice, InIfaddr } from "../ip/in-device.ts";
import { ip_route_input_type } from "../ip/route.ts";
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST, RTN_UNICAST } from "../ip/rtable.ts";
import { dst_link_failure } from "../ip/link-failure.ts";
import { IFF_LOOPBACK, IFF_NOARP } from "../netdevice/netdevice.ts";
import type { NetDevice } from "../netdevice/netdevice.ts";
import { dev_queue_xmit } from "../netdevice/dev-queue-xmit.ts";
import type { NetStack } from "../net-stack.ts";
import { RTM } from "../rtnl/rtnetlink-numbers.ts";
import {
  PACKET_HOST,
  PACKET_LOOPBACK,
  PACKET_OTHERHOST,
  kfree_skb,
  skb_put,
  skb_reserve,
  skb_reset_network_header,
} from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { ARPOP_REPLY, ARPOP_REQUEST, ARP_LENGTH, readArp, writeArp } from "../wire/arp.ts";
import type { ArpPacket } from "../wire/arp.ts";
import {
  BROADCAST_HI,
  BROADCAST_LO,
  ETH_HLEN,
  ETH_P_ARP,
  writeEthernetHeader,
} from "../wire/ethernet.ts";
import { IP_SADDR, ipv4_is_loopback, ipv4_is_multicast } from "../wire/ipv4.ts";
import {
  NEIGH_UPDATE_F_OVERRIDE,
  NUD_NOARP,
  NUD_REACHABLE,
  NUD_STALE,
  NUD_VALID,
} from "./neighbour.ts";
import type { Neighbour } from "./neighbour.ts";
import type { NeighOps } from "./neigh-table.ts";

/** Ethernet's minimum payload is the link's affair: our frames are not padded. */
function arp_send(
  net: NetStack,
  dev: NetDevice,
  operation: number,
  destHi: number,
  destLo: number,
  sip: number,
  tip: number,
  targetHi: number,
  targetLo: number,
): void {
  if ((dev.flags & IFF_NOARP) !== 0) return;
  const skb = net.skbPool.alloc(ETH_HLEN + ARP_LENGTH);
  skb_reserve(skb, ETH_HLEN);
  const at = skb_put(skb, ARP_LENGTH);
  skb_reset_network_header(skb);
  writeArp(skb.view, at, {
    operation,
    senderHi: dev.addrHi,
    senderLo: dev.addrLo,
    sip,
    targetHi,
    targetLo,
    tip,
  });
  skb.dev = dev;
  skb.protocol = ETH_P_ARP;
  skb.offset -= ETH_HLEN;
  skb.length += ETH_HLEN;
  skb.mac_header = skb.offset;
  writeEthernetHeader(skb.view, skb.offset, destHi, destLo, dev.addrHi, dev.addrLo, ETH_P_ARP);
  dev_queue_xmit(skb);
}

/** The table's protocol side. */
export function arpOps(net: NetStack): NeighOps {
  return {
    constructNeighbour: (neigh) => arp_constructor(net, neigh),
    solicit: (neigh, skb) => arp_solicit(net, neigh, skb),
    error_report: (_neigh, skb) => {
      dst_link_failure(net, skb);
      kfree_skb(skb);
    },
    notify: (neigh, isGone) => {
      net.notify.neighbour(isGone ? RTM.DELNEIGH : RTM.NEWNEIGH, neigh);
    },
  };
}

/** Addresses that need no question: loopback, broadcast, multicast, devices without ARP. */
function arp_constructor(net: NetStack, neigh: Neighbour): boolean {
  const { dev, primary_key: addr } = neigh;
  const type = inet_addr_type(net, addr);
  if (type === RTN_MULTICAST) {
    neigh.nud_state = NUD_NOARP;
    neigh.haHi = 0x0100;
    neigh.haLo = (0x5e000000 | (addr & 0x7fffff)) >>> 0;
  } else if ((dev.flags & (IFF_NOARP | IFF_LOOPBACK)) !== 0) {
    neigh.nud_state = NUD_NOARP;
    neigh.haHi = dev.addrHi;
    neigh.haLo = dev.addrLo;
  } else if (type === RTN_BROADCAST) {
    neigh.nud_state = NUD_NOARP;
    neigh.haHi = BROADCAST_HI;
    neigh.haLo = BROADCAST_LO;
  }
  return true;
}

/** Asks who has the neighbour's address: the neighbour itself first, if it was known, then everybody. */
function arp_solicit(net: NetStack, neigh: Neighbour, skb: SkBuff | undefined): void {
  const { dev, primary_key: target } = neigh;
  const inDev = dev.ip_ptr;
  if (inDev === undefined) return;
  const saddr = arp_solicit_source(net, inDev, target, skb);
  const isUnicast =
    neigh.probes <= neigh.parms.ucast_solicit.value && (neigh.nud_state & NUD_VALID) !== 0;
  if (isUnicast) {
    arp_send(net, dev, ARPOP_REQUEST, neigh.haHi, neigh.haLo, saddr, target, 0, 0);
  } else {
    arp_send(net, dev, ARPOP_REQUEST, BROADCAST_HI, BROADCAST_LO, saddr, target, 0, 0);
  }
}

/** arp_announce: which of our addresses the question carries. */
function arp_solicit_source(
  net: NetStack,
  inDev: InDevice,
  target: number,
  skb: SkBuff | undefined,
): number {
  const packetSource = skb === undefined ? 0 : skb.view.getUint32(skb.network_header + IP_SADDR);
  const isOurs = packetSource !== 0 && inet_addr_type(net, packetSource) === RTN_LOCAL;
  const level = inDev.arpAnnounce;
  if (level === 0 && isOurs) return packetSource;
  if (level === 1 && isOurs && inet_addr_onlink(inDev, target, packetSource)) return packetSource;
  return inet_select_addr(inDev.dev, target, RT_SCOPE_LINK);
}

/** arp_ignore: must this question stay without an answer? */
function arp_ignore(net: NetStack, inDev: InDevice, sip: number, tip: number): boolean {
  switch (inDev.arpIgnore) {
    case 0:
      return false;
    case 1:
      return inet_dev_addr_type(net, inDev.dev, tip) !== RTN_LOCAL;
    case 2:
      return !inDev.ifa_list.some((ifa) => ifa.ifa_local === tip && inet_ifa_match(sip, ifa));
    case 3:
      return ![...net.devices].some((dev) =>
        dev.ip_ptr?.ifa_list.some((ifa) => ifa.ifa_local === tip && ifa.ifa_scope < RT_SCOPE_LINK),
      );
    default:
      return inDev.arpIgnore === 8;
  }
}

const packet: ArpPacket = {
  operation: 0,
  senderHi: 0,
  senderLo: 0,
  sip: 0,
  targetHi: 0,
  targetLo: 0,
  tip: 0,
};

/** arp_rcv. Takes the packet. */
export function arp_rcv(net: NetStack, skb: SkBuff, dev: NetDevice): void {
  const isForUs = skb.pkt_type !== PACKET_OTHERHOST && skb.pkt_type !== PACKET_LOOPBACK;
  const inDev = dev.ip_ptr;
  if (
    (dev.flags & IFF_NOARP) === 0 &&
    isForUs &&
    inDev !== undefined &&
    readArp(skb.view, skb.offset, skb.offset + skb.length, packet)
  ) {
    arp_process(net, skb, dev, inDev, packet);
  }
  kfree_skb(skb);
}

function arp_process(
  net: NetStack,
  skb: SkBuff,
  dev: NetDevice,
  inDev: InDevice,
  arp: Readonly<ArpPacket>,
): void {
  const { operation, sip, tip, senderHi, senderLo } = arp;
  if (operation !== ARPOP_REQUEST && operation !== ARPOP_REPLY) return;
  if (ipv4_is_multicast(tip)) return;
  if (ipv4_is_loopback(tip) && !inDev.routesLocalnet) return;
  if (inDev.dropsGratuitousArp && sip === tip) return;
  const reply = (): void =>
    arp_send(net, dev, ARPOP_REPLY, senderHi, senderLo, tip, sip, senderHi, senderLo);
  // Duplicate address detection (RFC 5227): the asker has no address yet.
  if (sip === 0) {
    const isOurs = inet_addr_type(net, tip) === RTN_LOCAL;
    if (operation === ARPOP_REQUEST && isOurs && !arp_ignore(net, inDev, sip, tip)) reply();
    return;
  }
  if (operation === ARPOP_REQUEST) {
    const type = ip_route_input_type(net, tip, sip, dev);
    if (type === RTN_LOCAL) {
      const mayAnswer =
        !arp_ignore(net, inDev, sip, tip) &&
        (!inDev.arpFilters || fib_validate_source_dev(net, sip, tip, dev));
      if (mayAnswer && learnFromRequest(net, dev, arp)) reply();
      return;
    }
    if (type === RTN_UNICAST && inDev.forwards && inDev.proxiesArp && proxies(net, dev, tip)) {
      learnFromRequest(net, dev, arp);
      reply();
      return;
    }
  }
  arp_update(net, skb, dev, inDev, arp);
}

/** neigh_event_ns: the asker's own address is in its question. */
function learnFromRequest(net: NetStack, dev: NetDevice, arp: Readonly<ArpPacket>): boolean {
  const neigh = net.ipv4.arp_tbl.get(dev, arp.sip);
  neigh?.update(arp.senderHi, arp.senderLo, true, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE);
  return neigh !== undefined;
}

/** arp_fwd_proxy: the target is routed out of another device. */
function proxies(net: NetStack, dev: NetDevice, tip: number): boolean {
  const route = net.ipv4.fib.lookup(tip, 0, 0, 0);
  return route?.info.fib_type === RTN_UNICAST && route.info.nh.dev !== dev;
}

/** An answer, or a question that is not ours: refresh what we know already. */
function arp_update(
  net: NetStack,
  skb: SkBuff,
  dev: NetDevice,
  inDev: InDevice,
  arp: Readonly<ArpPacket>,
): void {
  const { sip, tip, operation } = arp;
  const isGratuitous = tip === sip;
  const table = net.ipv4.arp_tbl;
  const accept = inDev.arpAccept;
  const learns =
    (accept === 1 || (accept === 2 && inet_addr_onlink(inDev, sip, 0))) &&
    inet_addr_type(net, sip) === RTN_UNICAST &&
    (isGratuitous || operation === ARPOP_REPLY);
  const neigh = learns ? table.get(dev, sip) : table.lookup(dev, sip);
  if (neigh === undefined) return;
  // Within locktime the first answer stands, unless the sender spoke for itself.
  const isLocked = net.kernel.jiffies <= neigh.updated + neigh.parms.locktime;
  const overrides = !isLocked || isGratuitous;
  // A broadcast answer proves nothing about the way there.
  const isProof = operation === ARPOP_REPLY && skb.pkt_type === PACKET_HOST;
  neigh.update(
    arp.senderHi,
    arp.senderLo,
    true,
    isProof ? NUD_REACHABLE : NUD_STALE,
    overrides ? NEIGH_UPDATE_F_OVERRIDE : 0,
  );
}

/** inetdev_send_gratuitous_arp: tells the link about an address, when arp_notify is on. */
export function arp_announce_address(net: NetStack, inDev: InDevice, ifa: InIfaddr): void {
  const { dev } = inDev;
  if (!inDev.arpNotify || !dev.isRunning || dev.isLoopback) return;
  const { ifa_local: addr } = ifa;
  arp_send(net, dev, ARPOP_REQUEST, BROADCAST_HI, BROADCAST_LO, addr, addr, dev.addrHi, dev.addrLo);
}

export function arp_ifdown(net: NetStack, dev: NetDevice): void {
  net.ipv4.arp_tbl.flushDevice(dev, false);
}

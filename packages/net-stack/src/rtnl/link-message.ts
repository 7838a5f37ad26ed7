/** RTM_NEWLINK as the kernel sends it (rtnl_fill_ifinfo). */
import type { NetDevice } from "../netdevice/netdevice.ts";
import { IFF_ALLMULTI, IFF_PROMISC, dev_get_flags } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import type { NetlinkWriter } from "../netlink/netlink-writer.ts";
import { AF_INET } from "../socket/sockaddr.ts";
import { ETH_ALEN } from "../wire/ethernet.ts";
import { IFLA, IF_OPER } from "./rtnetlink-numbers.ts";

const GSO_MAX_SEGS = 65_535;
const GSO_MAX_SIZE = 65_536;
const LOOPBACK_TSO_MAX_SIZE = 524_280;
const IFLA_XDP_ATTACHED = 2;
const IFLA_INET_CONF = 1;
const LINK_IFMAP_OCTETS = 32;
/** struct rtnl_link_stats64 ends with rx_otherhost_dropped, rtnl_link_stats before it. */
const STATS_COUNT = 24;

/** Where a message goes: port and sequence number of the request, 0 of a notification. */
export interface MessageTarget {
  readonly portid: number;
  readonly seq: number;
}

/** @param change ifi_change: flags that have changed @returns false: it does not fit */
export function fillLink(
  writer: NetlinkWriter,
  dev: NetDevice,
  type: number,
  target: MessageTarget,
  flags: number,
  change: number,
): boolean {
  writer.begin(type, flags, target.seq, target.portid);
  writer.u8(0).u8(0).u16(dev.type).u32(dev.ifindex).u32(dev_get_flags(dev)).u32(change);
  writer.attributeText(IFLA.IFNAME, dev.name);
  writer.attributeU32(IFLA.TXQLEN, dev.tx_queue_len);
  writer.attributeU8(IFLA.OPERSTATE, operstate(dev)).attributeU8(IFLA.LINKMODE, 0);
  writer.attributeU32(IFLA.MTU, dev.mtu);
  writer.attributeU32(IFLA.MIN_MTU, dev.min_mtu).attributeU32(IFLA.MAX_MTU, maxMtu(dev));
  writer.attributeU32(IFLA.GROUP, 0);
  writer.attributeU32(IFLA.PROMISCUITY, (dev.flags & IFF_PROMISC) === 0 ? 0 : 1);
  writer.attributeU32(IFLA.ALLMULTI, (dev.flags & IFF_ALLMULTI) === 0 ? 0 : 1);
  writer.attributeU32(IFLA.NUM_TX_QUEUES, 1);
  writer.attributeU32(IFLA.GSO_MAX_SEGS, GSO_MAX_SEGS);
  writer.attributeU32(IFLA.GSO_MAX_SIZE, GSO_MAX_SIZE);
  writer.attributeU32(IFLA.GRO_MAX_SIZE, GSO_MAX_SIZE);
  writer.attributeU32(IFLA.GSO_IPV4_MAX_SIZE, GSO_MAX_SIZE);
  writer.attributeU32(IFLA.GRO_IPV4_MAX_SIZE, GSO_MAX_SIZE);
  writer.attributeU32(IFLA.TSO_MAX_SIZE, dev.isLoopback ? LOOPBACK_TSO_MAX_SIZE : GSO_MAX_SIZE);
  writer.attributeU32(IFLA.TSO_MAX_SEGS, GSO_MAX_SEGS);
  writer.attributeU32(IFLA.NUM_RX_QUEUES, 1);
  writer.attributeU8(IFLA.CARRIER, Number(dev.hasCarrier));
  writer.attributeU32(IFLA.CARRIER_CHANGES, dev.carrierUps + dev.carrierDowns);
  writer.attributeU32(IFLA.CARRIER_UP_COUNT, dev.carrierUps);
  writer.attributeU32(IFLA.CARRIER_DOWN_COUNT, dev.carrierDowns);
  writer.attributeU8(IFLA.PROTO_DOWN, 0);
  writer.attribute(IFLA.ADDRESS, dev.address);
  writer.attribute(IFLA.BROADCAST, new Uint8Array(ETH_ALEN).fill(dev.isLoopback ? 0 : 0xff));
  fillStatistics(writer, dev);
  writer.nestPlain(IFLA.XDP, () => writer.attributeU8(IFLA_XDP_ATTACHED, 0));
  writer.attributeText(IFLA.QDISC, qdiscName(dev));
  writer.nestPlain(IFLA.AF_SPEC, () => fillAddressFamilies(writer, dev));
  writer.attribute(IFLA.MAP, new Uint8Array(LINK_IFMAP_OCTETS));
  return writer.end();
}

/** RFC 2863's state of the interface. */
export function operstate(dev: NetDevice): number {
  if (!dev.isUp) return IF_OPER.DOWN;
  if (dev.isLoopback) return IF_OPER.UNKNOWN;
  return dev.hasCarrier ? IF_OPER.UP : IF_OPER.DOWN;
}

/** Linux shows noop until a device is first up. */
export function qdiscName(dev: NetDevice): string {
  if (!dev.isActivated) return "noop";
  return dev.qdisc === undefined ? "noqueue" : "pfifo";
}

/** The loopback device has no largest MTU, which Linux writes as 0. */
function maxMtu(dev: NetDevice): number {
  return dev.isLoopback ? 0 : dev.max_mtu;
}

/** rtnl_fill_stats: the same counters with 64 bits and with 32. */
function fillStatistics(writer: NetlinkWriter, dev: NetDevice): void {
  const { stats } = dev;
  const values = [
    stats.rx_packets,
    stats.tx_packets,
    stats.rx_bytes,
    stats.tx_bytes,
    stats.rx_errors,
    stats.tx_errors,
    stats.rx_dropped,
    stats.tx_dropped,
    stats.multicast,
    stats.collisions,
    0,
    0,
    0,
    stats.rx_frame_errors,
    stats.rx_fifo_errors,
    0,
    0,
    stats.tx_carrier_errors,
    stats.tx_fifo_errors,
    0,
    0,
    stats.rx_compressed,
    stats.tx_compressed,
    0,
    dev.rx_otherhost_dropped,
  ];
  const wide = new Uint8Array(values.length * 8);
  const narrow = new Uint8Array(STATS_COUNT * 4);
  const wideView = new DataView(wide.buffer);
  const narrowView = new DataView(narrow.buffer);
  for (const [index, value] of values.entries()) {
    wideView.setUint32(index * 8, value, true);
    wideView.setUint32(index * 8 + 4, Math.floor(value / 0x1_0000_0000), true);
    if (index < STATS_COUNT) narrowView.setUint32(index * 4, value, true);
  }
  writer.attribute(IFLA.STATS64, wide);
  writer.attribute(IFLA.STATS, narrow);
}

/** enum of include/uapi/linux/ip.h: IPV4_DEVCONF_FORWARDING = 1, … */
const IPV4_DEVCONF: readonly string[] = [
  "forwarding",
  "mc_forwarding",
  "proxy_arp",
  "accept_redirects",
  "secure_redirects",
  "send_redirects",
  "shared_media",
  "rp_filter",
  "accept_source_route",
  "bootp_relay",
  "log_martians",
  "tag",
  "arp_filter",
  "medium_id",
  "disable_xfrm",
  "disable_policy",
  "force_igmp_version",
  "arp_announce",
  "arp_ignore",
  "promote_secondaries",
  "arp_accept",
  "arp_notify",
  "accept_local",
  "src_valid_mark",
  "proxy_arp_pvlan",
  "route_localnet",
  "igmpv2_unsolicited_report_interval",
  "igmpv3_unsolicited_report_interval",
  "ignore_routes_with_linkdown",
  "drop_unicast_in_l2_multicast",
  "drop_gratuitous_arp",
  "bc_forwarding",
  "arp_evict_nocarrier",
];

/** rtnl_fill_link_af: IPv4's parameters of the interface. */
function fillAddressFamilies(writer: NetlinkWriter, dev: NetDevice): void {
  const { net } = dev;
  if (net === undefined || dev.ip_ptr === undefined) return;
  writer.nestPlain(AF_INET, () => writer.attribute(IFLA_INET_CONF, devconf(net, dev)));
}

function devconf(net: NetStack, dev: NetDevice): Uint8Array {
  const octets = new Uint8Array(IPV4_DEVCONF.length * 4);
  const view = new DataView(octets.buffer);
  for (const [index, name] of IPV4_DEVCONF.entries()) {
    const { value } = net.sysctl.int(`net/ipv4/conf/${dev.name}/${name}`);
    view.setInt32(index * 4, value, true);
  }
  return octets;
}

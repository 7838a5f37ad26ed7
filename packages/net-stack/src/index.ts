/**
 * A Linux-like TCP/IP stack: sk_buff, net_device, ARP, IPv4, ICMP, UDP, TCP.
 *
 * @packageDocumentation
 */
export {
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
} from "./arp/neighbour.ts";
export type { CurrentProgram } from "./current-program.ts";
export { RT_TABLE_DEFAULT, RT_TABLE_LOCAL, RT_TABLE_MAIN } from "./ip/fib.ts";
export {
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
} from "./ip/rtable.ts";
export type { RouteMetrics } from "./ip/rtable.ts";
export { Mib } from "./mib.ts";
export { NetStack, netStackInitcall } from "./net-stack.ts";
export { netif_carrier_off, netif_carrier_on } from "./netdevice/dev-config.ts";
export {
  dev_queue_xmit,
  netif_start_queue,
  netif_stop_queue,
  netif_wake_queue,
} from "./netdevice/dev-queue-xmit.ts";
export {
  IFF_BROADCAST,
  IFF_LOOPBACK,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_POINTOPOINT,
  IFF_PROMISC,
  IFF_RUNNING,
  IFF_UP,
  NETIF_F_HW_CSUM,
  NETIF_F_RXCSUM,
  NetDevice,
  NetDeviceStats,
} from "./netdevice/netdevice.ts";
export type { NetDeviceOps, NetDeviceOptions } from "./netdevice/netdevice.ts";
export { netif_rx_frame } from "./netdevice/receive.ts";
export {
  AF_NETLINK,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSGERR_ATTR_MSG,
  nlmsgAlign,
  netlinkMessages,
  SOL_NETLINK,
} from "./netlink/netlink.ts";
export type { NetlinkMessage } from "./netlink/netlink.ts";
export { NetlinkAttributes, netlinkAttributes } from "./netlink/netlink-attributes.ts";
export type { NetlinkAttribute } from "./netlink/netlink-attributes.ts";
export { NetlinkWriter } from "./netlink/netlink-writer.ts";
export type { ProcNetFile } from "./proc/proc-net.ts";
export type {
  AddressRecord,
  AddressSpecification,
  FibInsertMode,
  LinkChange,
  LinkRecord,
  NeighbourRecord,
  RouteRecord,
  RouteSpecification,
} from "./rtnl/records.ts";
export {
  FRA,
  IFA,
  IFLA,
  IFLA_INFO,
  NDA,
  RTA,
  RTAX,
  RTM,
  RTNLGRP,
  TCA,
} from "./rtnl/rtnetlink-numbers.ts";
export { Rtnl } from "./rtnl/rtnl.ts";
export { SkBuffPool } from "./skbuff-pool.ts";
export { SkBuff } from "./skbuff.ts";
export type { MsgHdr } from "./socket/msghdr.ts";
export { Sock } from "./socket/sock.ts";
export { SOCK_DGRAM, SOCK_NONBLOCK, SOCK_RAW, SOCK_STREAM, Socket } from "./socket/socket.ts";
export { sockaddrIn } from "./socket/sockaddr.ts";
export type {
  CongestionControl,
  CongestionControlFactory,
  CongestionRegistry,
} from "./tcp/index.ts";
export { formatIpv4, parseIpv4 } from "./wire/ipv4.ts";

/**
 * Message types, attribute types and groups of rtnetlink under Linux's names without their prefix
 * (include/uapi/linux/rtnetlink.h, if_link.h, if_addr.h, neighbour.h, fib_rules.h).
 */

export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWRULE: 32,
  DELRULE: 33,
  GETRULE: 34,
  NEWQDISC: 36,
  DELQDISC: 37,
  GETQDISC: 38,
  NEWTCLASS: 40,
  DELTCLASS: 41,
  GETTCLASS: 42,
  MAX: 123,
} as const;

/** Multicast groups. A legacy bit of sockaddr_nl is `1 << (group - 1)`. */
export const RTNLGRP = {
  LINK: 1,
  NEIGH: 3,
  IPV4_IFADDR: 5,
  IPV4_ROUTE: 7,
  MAX: 36,
} as const;

export const IFLA = {
  ADDRESS: 1,
  BROADCAST: 2,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  QDISC: 6,
  STATS: 7,
  MASTER: 10,
  TXQLEN: 13,
  MAP: 14,
  WEIGHT: 15,
  OPERSTATE: 16,
  LINKMODE: 17,
  LINKINFO: 18,
  NET_NS_PID: 19,
  IFALIAS: 20,
  NUM_VF: 21,
  VFINFO_LIST: 22,
  STATS64: 23,
  VF_PORTS: 24,
  PORT_SELF: 25,
  AF_SPEC: 26,
  GROUP: 27,
  NET_NS_FD: 28,
  EXT_MASK: 29,
  PROMISCUITY: 30,
  NUM_TX_QUEUES: 31,
  NUM_RX_QUEUES: 32,
  CARRIER: 33,
  PHYS_PORT_ID: 34,
  CARRIER_CHANGES: 35,
  PHYS_SWITCH_ID: 36,
  LINK_NETNSID: 37,
  PROTO_DOWN: 39,
  GSO_MAX_SEGS: 40,
  GSO_MAX_SIZE: 41,
  XDP: 43,
  EVENT: 44,
  TARGET_NETNSID: 46,
  CARRIER_UP_COUNT: 47,
  CARRIER_DOWN_COUNT: 48,
  NEW_IFINDEX: 49,
  MIN_MTU: 50,
  MAX_MTU: 51,
  PROP_LIST: 52,
  ALT_IFNAME: 53,
  PERM_ADDRESS: 54,
  PROTO_DOWN_REASON: 55,
  PARENT_DEV_NAME: 56,
  GRO_MAX_SIZE: 58,
  TSO_MAX_SIZE: 59,
  TSO_MAX_SEGS: 60,
  ALLMULTI: 61,
  GSO_IPV4_MAX_SIZE: 63,
  GRO_IPV4_MAX_SIZE: 64,
  MAX: 65,
} as const;

export const IFLA_INFO = { KIND: 1, DATA: 2 } as const;

/** RFC 2863's state of an interface (IFLA_OPERSTATE). */
export const IF_OPER = { UNKNOWN: 0, DOWN: 2, LOWERLAYERDOWN: 3, UP: 6 } as const;

export const IFA = {
  ADDRESS: 1,
  LOCAL: 2,
  LABEL: 3,
  BROADCAST: 4,
  CACHEINFO: 6,
  FLAGS: 8,
  RT_PRIORITY: 9,
  TARGET_NETNSID: 10,
  PROTO: 11,
  MAX: 11,
} as const;

export const RTA = {
  DST: 1,
  SRC: 2,
  IIF: 3,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  MULTIPATH: 9,
  FLOW: 11,
  CACHEINFO: 12,
  TABLE: 15,
  MARK: 16,
  VIA: 18,
  ENCAP_TYPE: 21,
  ENCAP: 22,
  UID: 25,
  IP_PROTO: 27,
  SPORT: 28,
  DPORT: 29,
  NH_ID: 30,
  MAX: 30,
} as const;

/** Inside of RTA_METRICS. */
export const RTAX = {
  LOCK: 1,
  MTU: 2,
  WINDOW: 3,
  ADVMSS: 8,
  HOPLIMIT: 10,
  INITCWND: 11,
  RTO_MIN: 13,
  INITRWND: 14,
  QUICKACK: 15,
  MAX: 17,
} as const;

export const NDA = {
  DST: 1,
  LLADDR: 2,
  CACHEINFO: 3,
  PROBES: 4,
  IFINDEX: 8,
  MASTER: 9,
  PROTOCOL: 12,
  FLAGS_EXT: 15,
  MAX: 16,
} as const;

export const FRA = {
  PRIORITY: 6,
  SUPPRESS_PREFIXLEN: 14,
  TABLE: 15,
  PROTOCOL: 21,
} as const;

export const TCA = {
  KIND: 1,
  OPTIONS: 2,
  STATS: 3,
  STATS2: 7,
  HW_OFFLOAD: 12,
} as const;

import type { SysctlEntry, SysctlState } from "../sysctl-entry.ts";
import { SysctlErrno } from "../sysctl-error.ts";
import { bool, int, NOT_NEGATIVE, POSITIVE, seconds, u8, uint, ulong } from "./entry-shorthand.ts";
import { GID_MAX, PORT_MAX } from "./linux-limits.ts";

/** net.ipv4.ip_*, fragments, multipath, IGMP and the peer table. */
export const IP: readonly SysctlEntry[] = [
  u8("net.ipv4.ip_default_ttl", 64, "Time to live of packets whose socket sets none.", POSITIVE),
  u8(
    "net.ipv4.ip_no_pmtu_disc",
    0,
    "Path MTU discovery: 0 on, 1 off, 2 off and reports ignored, 3 protected reports only.",
  ),
  u8(
    "net.ipv4.ip_nonlocal_bind",
    0,
    "Programs may bind to addresses that this host does not have.",
  ),
  bool(
    "net.ipv4.ip_autobind_reuse",
    0,
    "Binding to port 0 may reuse ports that SO_REUSEADDR sockets hold.",
  ),
  u8(
    "net.ipv4.ip_dynaddr",
    0,
    "Sockets in SYN_SENT follow a changed address: 0 no, 1 yes, 2 with a log line.",
  ),
  u8("net.ipv4.ip_early_demux", 1, "Look up sockets before routing, for all protocols."),
  bool("net.ipv4.ip_forward_update_priority", 1, "A forwarded packet's priority follows its TOS."),
  u8("net.ipv4.ip_forward_use_pmtu", 0, "Forwarding trusts learnt path MTUs."),
  {
    path: "net.ipv4.ip_local_port_range",
    type: "int",
    default: [32_768, 60_999],
    length: 2,
    min: 1,
    max: PORT_MAX,
    minFrom: "net.ipv4.ip_unprivileged_port_start",
    review: reviewPortRange,
    description: "First and last port that connect() and bind() to port 0 choose from.",
  },
  {
    path: "net.ipv4.ip_local_reserved_ports",
    type: "bitmap",
    default: "",
    length: PORT_MAX + 1,
    description: "Ports that are never chosen, only given when asked for.",
  },
  int(
    "net.ipv4.ip_unprivileged_port_start",
    1024,
    "First port that needs no CAP_NET_BIND_SERVICE.",
    { min: 0, max: PORT_MAX, maxFrom: "net.ipv4.ip_local_port_range" },
  ),
  ulong(
    "net.ipv4.ping_group_range",
    [1, 0],
    "Groups whose members may open ICMP datagram sockets; 1 0 is nobody.",
    { length: 2, max: GID_MAX, review: reviewGroupRange },
  ),
  ulong(
    "net.ipv4.ipfrag_high_thresh",
    4_194_304,
    "Memory of fragments that wait to be reassembled.",
    { minFrom: "net.ipv4.ipfrag_low_thresh", unit: "bytes" },
  ),
  ulong("net.ipv4.ipfrag_low_thresh", 3_145_728, "Obsolete: lower mark of fragment memory.", {
    maxFrom: "net.ipv4.ipfrag_high_thresh",
    unit: "bytes",
  }),
  int(
    "net.ipv4.ipfrag_max_dist",
    64,
    "Packets of the same peer that may arrive between two fragments; 0 does not look.",
    NOT_NEGATIVE,
  ),
  int("net.ipv4.ipfrag_secret_interval", 0, "Without effect; kept for old programs.", {
    unit: "s",
  }),
  seconds("net.ipv4.ipfrag_time", 30, "How long fragments wait for the missing ones."),
  uint(
    "net.ipv4.fib_multipath_hash_fields",
    7,
    "Header fields that a custom multipath hash takes.",
    { min: 1, max: 4095 },
  ),
  u8(
    "net.ipv4.fib_multipath_hash_policy",
    0,
    "What chooses among next hops: 0 addresses, 1 addresses and ports, 2 the inner header, 3 custom.",
    { max: 3 },
  ),
  uint(
    "net.ipv4.fib_multipath_hash_seed",
    0,
    "Seed of the multipath hash; 0 lets the kernel choose.",
  ),
  bool(
    "net.ipv4.fib_multipath_use_neigh",
    0,
    "Next hops whose neighbour is known to be dead are passed over.",
  ),
  u8(
    "net.ipv4.fib_notify_on_flag_change",
    0,
    "Tell route listeners when hardware offload of a route changes.",
    { max: 2 },
  ),
  uint(
    "net.ipv4.fib_sync_mem",
    524_288,
    "Memory of removed routes after which the table is synchronised.",
    { min: 65_536, max: 67_108_864, unit: "bytes" },
  ),
  u8(
    "net.ipv4.fwmark_reflect",
    0,
    "Replies of the kernel take the firewall mark of what they answer.",
  ),
  bool(
    "net.ipv4.nexthop_compat_mode",
    1,
    "Routes with next hop objects are also reported the old way.",
  ),
  bool(
    "net.ipv4.raw_l3mdev_accept",
    1,
    "A raw socket of the default VRF takes packets of every VRF.",
  ),
  u8("net.ipv4.igmp_link_local_mcast_reports", 1, "Report membership of 224.0.0.0/24 groups too."),
  int("net.ipv4.igmp_max_memberships", 20, "Multicast groups that a socket may join."),
  int("net.ipv4.igmp_max_msf", 10, "Addresses in a multicast source filter."),
  int("net.ipv4.igmp_qrv", 2, "Robustness of IGMP: how often a report is repeated.", POSITIVE),
  seconds(
    "net.ipv4.inet_peer_maxttl",
    600,
    "How long an unused peer is remembered while memory is plenty.",
  ),
  seconds("net.ipv4.inet_peer_minttl", 120, "How long an unused peer is remembered at least."),
  int("net.ipv4.inet_peer_threshold", 65_664, "Peers above which the oldest are forgotten early."),
];

/** `ipv4_local_port_range`: from low to high. */
function reviewPortRange(next: SysctlState): number | SysctlState {
  const [low = 0, high = 0] = next.values;
  return high < low ? -SysctlErrno.EINVAL : next;
}

/** `ipv4_ping_group_range`: a range the wrong way round becomes the empty one. */
function reviewGroupRange(next: SysctlState): SysctlState {
  const [low = 0, high = 0] = next.values;
  return high < low ? { values: [1, 0], text: "1\t0" } : next;
}

import type { DeviceEntry, DeviceFamily } from "../device-family.ts";
import type { SysctlEntry } from "../sysctl-entry.ts";
import * as row from "./entry-shorthand.ts";
import { UINT_MAX } from "./linux-limits.ts";

/** net.ipv6.* outside conf and neigh (net/ipv6/sysctl_net_ipv6.c, icmp.c, reassembly.c). */
export const IPV6: readonly SysctlEntry[] = [
  row.u8(
    "net.ipv6.anycast_src_echo_reply",
    0,
    "Echo replies may have an anycast address as source.",
  ),
  row.u8(
    "net.ipv6.auto_flowlabels",
    1,
    "Flow labels of sockets: 0 none, 1 on unless the program opts out, 2 off unless it opts in, 3 always.",
    { max: 3 },
  ),
  row.u8("net.ipv6.bindv6only", 0, "IPv6 sockets take no IPv4 traffic."),
  row.uint(
    "net.ipv6.fib_multipath_hash_fields",
    7,
    "Header fields that a custom multipath hash takes.",
    { min: 1, max: 4095 },
  ),
  row.u8(
    "net.ipv6.fib_multipath_hash_policy",
    0,
    "What chooses among next hops: 0 addresses, 1 addresses and ports, 2 the inner header, 3 custom.",
    { max: 3 },
  ),
  row.u8("net.ipv6.flowlabel_consistency", 1, "A flow label must be registered before it is used."),
  row.int(
    "net.ipv6.flowlabel_reflect",
    0,
    "Reflect flow labels: 1 TCP, 2 TCP resets, 4 echo replies.",
    { min: 0, max: 7 },
  ),
  row.u8(
    "net.ipv6.fwmark_reflect",
    0,
    "Replies of the kernel take the firewall mark of what they answer.",
  ),
  row.seconds("net.ipv6.idgen_delay", 1, "Pause between attempts to make a stable address."),
  row.int("net.ipv6.idgen_retries", 3, "Attempts to make a stable address."),
  row.ulong(
    "net.ipv6.ip6frag_high_thresh",
    4_194_304,
    "Memory of fragments that wait to be reassembled.",
    { minFrom: "net.ipv6.ip6frag_low_thresh", unit: "bytes" },
  ),
  row.ulong("net.ipv6.ip6frag_low_thresh", 3_145_728, "Obsolete: lower mark of fragment memory.", {
    maxFrom: "net.ipv6.ip6frag_high_thresh",
    unit: "bytes",
  }),
  row.seconds("net.ipv6.ip6frag_time", 60, "How long fragments wait for the missing ones."),
  row.u8(
    "net.ipv6.ip_nonlocal_bind",
    0,
    "Programs may bind to addresses that this host does not have.",
  ),
  row.int("net.ipv6.max_dst_opts_length", 2_147_483_647, "Largest destination options header.", {
    unit: "bytes",
  }),
  row.int(
    "net.ipv6.max_dst_opts_number",
    8,
    "Unknown options in a destination options header; negative drops any.",
  ),
  row.int("net.ipv6.max_hbh_length", 2_147_483_647, "Largest hop-by-hop options header.", {
    unit: "bytes",
  }),
  row.int(
    "net.ipv6.max_hbh_opts_number",
    8,
    "Unknown options in a hop-by-hop options header; negative drops any.",
  ),
  row.u8("net.ipv6.icmp.echo_ignore_all", 0, "Answer no echo requests."),
  row.u8("net.ipv6.icmp.echo_ignore_anycast", 0, "Answer no echo requests to anycast addresses."),
  row.u8(
    "net.ipv6.icmp.echo_ignore_multicast",
    0,
    "Answer no echo requests to multicast addresses.",
  ),
  row.milliseconds(
    "net.ipv6.icmp.ratelimit",
    1000,
    "Least time between two rate-limited messages to one host; 0 sets no limit.",
  ),
  {
    path: "net.ipv6.icmp.ratemask",
    type: "bitmap",
    default: "0-1,3-127",
    length: 256,
    description: "The rate-limited message types.",
  },
  row.string("net.ipv6.route.flush", "", "Writing anything forgets what was learnt about routes.", {
    mode: 0o200,
  }),
  row.int("net.ipv6.route.gc_elasticity", 9, "Weight of age when route entries are dropped."),
  row.seconds("net.ipv6.route.gc_interval", 30, "How often route entries are looked through."),
  row.int("net.ipv6.route.gc_thresh", 1024, "Route entries below which nothing is dropped."),
  row.seconds("net.ipv6.route.gc_timeout", 60, "Age at which route entries are dropped."),
  row.int("net.ipv6.route.max_size", 2_147_483_647, "Route entries at most."),
  row.int(
    "net.ipv6.route.min_adv_mss",
    1220,
    "Smallest MSS that is advertised whatever the first hop's MTU.",
    { unit: "bytes" },
  ),
  row.seconds("net.ipv6.route.mtu_expires", 600, "How long a learnt path MTU is believed."),
];

/** net.ipv6.conf.*: the parameters of each device (net/ipv6/addrconf.c). */
export const IPV6_CONF: DeviceFamily = {
  directory: "net.ipv6.conf",
  hasAll: true,
  follows: "at-creation",
  entries: [
    int(
      "accept_dad",
      1,
      "Duplicate address detection: 0 off, 1 on, 2 and disable IPv6 when the link-local address is taken.",
      { all: 0, loopback: -1 },
    ),
    int(
      "accept_ra",
      1,
      "Router advertisements: 0 ignored, 1 believed unless forwarding, 2 always believed.",
    ),
    int("accept_ra_defrtr", 1, "Learn the default router from advertisements."),
    int("accept_ra_from_local", 0, "Believe advertisements from addresses of this host."),
    int("accept_ra_min_hop_limit", 1, "Smallest hop limit that an advertisement may set."),
    int("accept_ra_mtu", 1, "Learn the MTU from advertisements."),
    int("accept_ra_pinfo", 1, "Learn prefixes from advertisements."),
    int("accept_redirects", 1, "Believe redirects."),
    int("accept_source_route", 0, "Routing headers: 0 or more accepts type 2, negative none."),
    int(
      "addr_gen_mode",
      0,
      "How link-local addresses are made: 0 EUI-64, 1 none, 2 stable secret, 3 random.",
      { min: 0, max: 3 },
    ),
    int("autoconf", 1, "Make addresses from advertised prefixes."),
    int("dad_transmits", 1, "Probes of duplicate address detection."),
    int("disable_ipv6", 0, "No IPv6 on this device.", { spreadsFromAll: "always" }),
    int(
      "drop_unicast_in_l2_multicast",
      0,
      "Drop unicast packets in multicast or broadcast frames.",
    ),
    int("drop_unsolicited_na", 0, "Drop neighbour advertisements that nobody asked for."),
    int("enhanced_dad", 1, "Put a nonce into duplicate address detection (RFC 7527)."),
    int("force_mld_version", 0, "Speak this version of MLD; 0 adapts to the routers."),
    int("forwarding", 0, "Forward packets that arrive on this device.", {
      spreadsFromAll: "always",
    }),
    int("hop_limit", 64, "Hop limit of packets whose socket sets none.", { min: 1, max: 255 }),
    int("ignore_routes_with_linkdown", 0, "Routes through a device without carrier are not used."),
    int(
      "keep_addr_on_down",
      0,
      "Keep global addresses when the device goes down: 0 no, 1 yes, negative never.",
    ),
    int("max_addresses", 16, "Addresses that autoconfiguration may make; 0 sets no limit."),
    int("mc_forwarding", 0, "Multicast routing is on; set by the routing daemon.", { mode: 0o444 }),
    int("mtu", 1280, "Link MTU for IPv6.", { min: 1280, loopback: 65_536, unit: "bytes" }),
    int(
      "ndisc_notify",
      0,
      "Send an unasked advertisement when the device comes up or its address changes.",
    ),
    int("optimistic_dad", 0, "Use addresses before duplicate detection ends (RFC 4429)."),
    int("proxy_ndp", 0, "Answer neighbour solicitations for proxied addresses."),
    {
      name: "ra_defrtr_metric",
      type: "uint",
      default: 1024,
      min: 1,
      max: UINT_MAX,
      description: "Metric of routes learnt from advertisements.",
    },
    {
      name: "router_solicitation_delay",
      type: "jiffies",
      default: 1,
      unit: "s",
      description: "Pause before the first router solicitation.",
    },
    {
      name: "router_solicitation_interval",
      type: "jiffies",
      default: 4,
      unit: "s",
      description: "Time between router solicitations.",
    },
    {
      name: "router_solicitation_max_interval",
      type: "jiffies",
      default: 3600,
      unit: "s",
      description: "Longest time between router solicitations.",
    },
    int(
      "router_solicitations",
      -1,
      "Router solicitations before none is assumed; -1 sets no limit.",
      { min: -1 },
    ),
    int("suppress_frag_ndisc", 1, "Drop fragmented neighbour discovery (RFC 6980)."),
    int("temp_prefered_lft", 86_400, "Preferred lifetime of temporary addresses.", { unit: "s" }),
    int("temp_valid_lft", 604_800, "Valid lifetime of temporary addresses.", { unit: "s" }),
    int("use_tempaddr", 0, "Temporary addresses: 0 or less none, 1 made, 2 preferred.", {
      loopback: -1,
    }),
  ],
};

function int(
  name: string,
  initial: number,
  description: string,
  options: Partial<DeviceEntry> = {},
): DeviceEntry {
  return { type: "int", ...options, name, default: initial, description };
}

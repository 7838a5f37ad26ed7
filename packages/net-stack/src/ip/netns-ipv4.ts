/** struct netns_ipv4: tables and parameters of IPv4 in one kernel. */
import type { SysctlInt, SysctlIntVector } from "@dcejs/sysctl";
import { arpOps } from "../arp/arp.ts";
import { NeighTable } from "../arp/neigh-table.ts";
import { IcmpRateLimits } from "../icmp/rate-limit.ts";
import { PingTable } from "../icmp/ping.ts";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import type { RawSock } from "../raw/raw.ts";
import { UdpTable } from "../udp/udp-table.ts";
import { Fib } from "./fib.ts";
import { Flowi4 } from "./flowi4.ts";
import { Ipv4Devconf } from "./in-device.ts";
import type { NetProtocol } from "./protocol.ts";
import { FragmentTable } from "./reassembly.ts";

const IGMP_ALL_HOSTS = 0xe0000001;

export class NetnsIpv4 {
  readonly net: NetStack;
  /** Counts changes of routes and addresses: cached routes of another generation are stale. */
  rt_genid = 1;
  /** Counts changes of addresses: preferred sources are chosen anew. */
  dev_addr_genid = 0;
  readonly fib: Fib;
  readonly arp_tbl: NeighTable;
  readonly protocols: (NetProtocol | undefined)[] = Array.from({ length: 256 }, () => undefined);
  readonly udp: UdpTable = new UdpTable();
  readonly ping: PingTable = new PingTable();
  readonly raw: Set<RawSock> = new Set();
  readonly fragments: FragmentTable = new FragmentTable();
  readonly icmpLimits: IcmpRateLimits = new IcmpRateLimits();
  /** Scratch of route look-ups: valid until the next one. */
  readonly fl4: Flowi4 = new Flowi4();
  idents: Uint16Array | undefined = undefined;
  readonly ip_id_key: number;
  /** Martians (struct rt_cache_stat). */
  in_martian_src = 0;
  in_martian_dst = 0;
  /** Members of each multicast group, by device. */
  readonly #groups: WeakMap<NetDevice, Map<number, number>> = new WeakMap();

  readonly devconf_all: Ipv4Devconf;
  readonly ip_default_ttl: SysctlInt;
  readonly ip_no_pmtu_disc: SysctlInt;
  readonly ip_nonlocal_bind: SysctlInt;
  readonly ip_forward_use_pmtu: SysctlInt;
  readonly min_adv_mss: SysctlInt;
  readonly min_pmtu: SysctlInt;
  readonly mtu_expires: SysctlInt;
  readonly ipfrag_high_thresh: SysctlInt;
  readonly ipfrag_time: SysctlInt;
  readonly icmp_ratelimit: SysctlInt;
  readonly icmp_ratemask: SysctlInt;
  readonly icmp_msgs_per_sec: SysctlInt;
  readonly icmp_msgs_burst: SysctlInt;
  readonly icmp_echo_ignore_all: SysctlInt;
  readonly icmp_echo_ignore_broadcasts: SysctlInt;
  readonly icmp_ignore_bogus_error_responses: SysctlInt;
  readonly icmp_errors_use_inbound_ifaddr: SysctlInt;
  readonly ip_local_port_range: SysctlIntVector;
  readonly ip_unprivileged_port_start: SysctlInt;
  readonly igmp_max_memberships: SysctlInt;
  readonly ping_group_range: SysctlIntVector;
  readonly #reservedPorts: SysctlIntVector;

  constructor(net: NetStack) {
    this.net = net;
    const { sysctl, kernel } = net;
    const handle = (name: string): SysctlInt => sysctl.int(`net/ipv4/${name}`);
    this.devconf_all = new Ipv4Devconf(sysctl, "all");
    this.ip_default_ttl = handle("ip_default_ttl");
    this.ip_no_pmtu_disc = handle("ip_no_pmtu_disc");
    this.ip_nonlocal_bind = handle("ip_nonlocal_bind");
    this.ip_forward_use_pmtu = handle("ip_forward_use_pmtu");
    this.min_adv_mss = handle("route/min_adv_mss");
    this.min_pmtu = handle("route/min_pmtu");
    this.mtu_expires = handle("route/mtu_expires");
    this.ipfrag_high_thresh = handle("ipfrag_high_thresh");
    this.ipfrag_time = handle("ipfrag_time");
    this.icmp_ratelimit = handle("icmp_ratelimit");
    this.icmp_ratemask = handle("icmp_ratemask");
    this.icmp_msgs_per_sec = handle("icmp_msgs_per_sec");
    this.icmp_msgs_burst = handle("icmp_msgs_burst");
    this.icmp_echo_ignore_all = handle("icmp_echo_ignore_all");
    this.icmp_echo_ignore_broadcasts = handle("icmp_echo_ignore_broadcasts");
    this.icmp_ignore_bogus_error_responses = handle("icmp_ignore_bogus_error_responses");
    this.icmp_errors_use_inbound_ifaddr = handle("icmp_errors_use_inbound_ifaddr");
    this.ip_local_port_range = sysctl.intvec("net/ipv4/ip_local_port_range");
    this.ip_unprivileged_port_start = handle("ip_unprivileged_port_start");
    this.igmp_max_memberships = handle("igmp_max_memberships");
    this.ping_group_range = sysctl.intvec("net/ipv4/ping_group_range");
    this.#reservedPorts = sysctl.intvec("net/ipv4/ip_local_reserved_ports");
    this.fib = new Fib(net);
    this.arp_tbl = new NeighTable(kernel, sysctl, arpOps(net));
    this.ip_id_key = kernel.random_u32() | 0;
  }

  /** inet_port_requires_bind_service. */
  inet_port_requires_bind_service(port: number): boolean {
    return port < this.ip_unprivileged_port_start.value;
  }

  /** inet_is_local_reserved_port. */
  isReservedPort(port: number): boolean {
    const runs = this.#reservedPorts.values;
    for (let i = 0; i + 1 < runs.length; i += 2) {
      if (port >= (runs[i] ?? 0) && port <= (runs[i + 1] ?? 0)) return true;
    }
    return false;
  }

  /** ip_check_mc: does a socket of this host listen to the group on this device? All hear 224.0.0.1. */
  ip_check_mc(dev: NetDevice, group: number): boolean {
    if (group === IGMP_ALL_HOSTS) return true;
    return (this.#groups.get(dev)?.get(group) ?? 0) > 0;
  }

  /** A socket has joined the group on this device. */
  ip_mc_inc_group(dev: NetDevice, group: number): void {
    const groups = this.#groups.get(dev) ?? new Map<number, number>();
    groups.set(group, (groups.get(group) ?? 0) + 1);
    this.#groups.set(dev, groups);
  }

  /** A socket has left it. */
  ip_mc_dec_group(dev: NetDevice, group: number): void {
    const groups = this.#groups.get(dev);
    const members = groups?.get(group) ?? 0;
    if (members > 1) groups?.set(group, members - 1);
    else groups?.delete(group);
  }
}

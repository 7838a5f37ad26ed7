/** struct in_device and struct in_ifaddr: IPv4's part of an interface (include/linux/inetdevice.h). */
import type { SysctlInt, SysctlTree } from "@dcejs/sysctl";
import type { NetDevice } from "../netdevice/netdevice.ts";

export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;
export const RT_SCOPE_HOST = 254;
export const RT_SCOPE_NOWHERE = 255;

export const IFA_F_SECONDARY = 0x01;
export const IFA_F_NOPREFIXROUTE = 0x200;
export const IFA_F_PERMANENT = 0x80;

/** One address of an interface. */
export interface InIfaddr {
  ifa_local: number;
  /** The peer on point-to-point links, else the same as ifa_local. */
  ifa_address: number;
  ifa_prefixlen: number;
  ifa_mask: number;
  ifa_broadcast: number;
  ifa_scope: number;
  ifa_flags: number;
  ifa_label: string;
  /** Metric of the subnet's route. */
  ifa_rt_priority: number;
  /** IFAPROT_*: who made it. */
  ifa_proto: number;
  /** Jiffies of its creation and of its last change. */
  ifa_cstamp: number;
  ifa_tstamp: number;
}

/** net.ipv4.conf.<directory>.*, those that the stack reads. */
export class Ipv4Devconf {
  readonly forwarding: SysctlInt;
  readonly rp_filter: SysctlInt;
  readonly accept_local: SysctlInt;
  readonly route_localnet: SysctlInt;
  readonly send_redirects: SysctlInt;
  readonly log_martians: SysctlInt;
  readonly arp_announce: SysctlInt;
  readonly arp_ignore: SysctlInt;
  readonly arp_accept: SysctlInt;
  readonly arp_filter: SysctlInt;
  readonly arp_notify: SysctlInt;
  readonly arp_evict_nocarrier: SysctlInt;
  readonly drop_gratuitous_arp: SysctlInt;
  readonly proxy_arp: SysctlInt;
  readonly promote_secondaries: SysctlInt;
  readonly ignore_routes_with_linkdown: SysctlInt;
  readonly accept_source_route: SysctlInt;
  readonly shared_media: SysctlInt;
  readonly drop_unicast_in_l2_multicast: SysctlInt;

  /** @param directory `all`, `default` or a device's name. */
  constructor(sysctl: SysctlTree, directory: string) {
    const handle = (name: string): SysctlInt => sysctl.int(`net/ipv4/conf/${directory}/${name}`);
    this.forwarding = handle("forwarding");
    this.rp_filter = handle("rp_filter");
    this.accept_local = handle("accept_local");
    this.route_localnet = handle("route_localnet");
    this.send_redirects = handle("send_redirects");
    this.log_martians = handle("log_martians");
    this.arp_announce = handle("arp_announce");
    this.arp_ignore = handle("arp_ignore");
    this.arp_accept = handle("arp_accept");
    this.arp_filter = handle("arp_filter");
    this.arp_notify = handle("arp_notify");
    this.arp_evict_nocarrier = handle("arp_evict_nocarrier");
    this.drop_gratuitous_arp = handle("drop_gratuitous_arp");
    this.proxy_arp = handle("proxy_arp");
    this.promote_secondaries = handle("promote_secondaries");
    this.ignore_routes_with_linkdown = handle("ignore_routes_with_linkdown");
    this.accept_source_route = handle("accept_source_route");
    this.shared_media = handle("shared_media");
    this.drop_unicast_in_l2_multicast = handle("drop_unicast_in_l2_multicast");
  }
}

export class InDevice {
  readonly dev: NetDevice;
  readonly cnf: Ipv4Devconf;
  /** net.ipv4.conf.all.*. */
  readonly all: Ipv4Devconf;
  /** Primaries of wider scope first, then secondaries behind the primaries. */
  ifa_list: InIfaddr[] = [];

  constructor(dev: NetDevice, cnf: Ipv4Devconf, all: Ipv4Devconf) {
    this.dev = dev;
    this.cnf = cnf;
    this.all = all;
  }

  // How `all` and the device's own value combine (IN_DEV_* in include/linux/inetdevice.h).
  get forwards(): boolean {
    return this.cnf.forwarding.value !== 0;
  }
  get rpFilter(): number {
    return Math.max(this.all.rp_filter.value, this.cnf.rp_filter.value);
  }
  get arpIgnore(): number {
    return Math.max(this.all.arp_ignore.value, this.cnf.arp_ignore.value);
  }
  get arpAnnounce(): number {
    return Math.max(this.all.arp_announce.value, this.cnf.arp_announce.value);
  }
  get arpNotify(): boolean {
    return this.all.arp_notify.value !== 0 || this.cnf.arp_notify.value !== 0;
  }
  get arpAccept(): number {
    return Math.max(this.all.arp_accept.value, this.cnf.arp_accept.value);
  }
  get arpFilters(): boolean {
    return this.all.arp_filter.value !== 0 || this.cnf.arp_filter.value !== 0;
  }
  get dropsGratuitousArp(): boolean {
    return this.all.drop_gratuitous_arp.value !== 0 || this.cnf.drop_gratuitous_arp.value !== 0;
  }
  get proxiesArp(): boolean {
    return this.all.proxy_arp.value !== 0 || this.cnf.proxy_arp.value !== 0;
  }
  get acceptsLocal(): boolean {
    return this.all.accept_local.value !== 0 || this.cnf.accept_local.value !== 0;
  }
  get routesLocalnet(): boolean {
    return this.all.route_localnet.value !== 0 || this.cnf.route_localnet.value !== 0;
  }
  get sendsRedirects(): boolean {
    return this.all.send_redirects.value !== 0 || this.cnf.send_redirects.value !== 0;
  }
  get acceptsSourceRoute(): boolean {
    return this.all.accept_source_route.value !== 0 && this.cnf.accept_source_route.value !== 0;
  }
  get dropsUnicastInL2Multicast(): boolean {
    return (
      this.all.drop_unicast_in_l2_multicast.value !== 0 ||
      this.cnf.drop_unicast_in_l2_multicast.value !== 0
    );
  }
  get ignoresRoutesWithLinkdown(): boolean {
    return (
      this.all.ignore_routes_with_linkdown.value !== 0 ||
      this.cnf.ignore_routes_with_linkdown.value !== 0
    );
  }
}

/** inet_ifa_match: is `addr` in the subnet of the address? */
export function inet_ifa_match(addr: number, ifa: InIfaddr): boolean {
  return ((addr ^ ifa.ifa_address) & ifa.ifa_mask) === 0;
}

/** inet_addr_onlink: is there an address of the device whose subnet holds both? `b` 0 matches any. */
export function inet_addr_onlink(inDev: InDevice, a: number, b: number): boolean {
  return inDev.ifa_list.some(
    (ifa) => inet_ifa_match(a, ifa) && (b === 0 || inet_ifa_match(b, ifa)),
  );
}

/** inet_select_addr: the source address that a packet to `dst` (0: anywhere) takes on this device, or 0. */
export function inet_select_addr(dev: NetDevice, dst: number, scope: number): number {
  let addr = 0;
  for (const ifa of dev.ip_ptr?.ifa_list ?? []) {
    if ((ifa.ifa_flags & IFA_F_SECONDARY) !== 0) continue;
    if (Math.min(ifa.ifa_scope, RT_SCOPE_LINK) > scope) continue;
    if (dst === 0 || inet_ifa_match(dst, ifa)) return ifa.ifa_local;
    if (addr === 0) addr = ifa.ifa_local;
  }
  if (addr !== 0 || dev.net === undefined) return addr;
  // Not loopback addresses on other devices, in this case.
  for (const other of dev.net.devices) {
    for (const ifa of other.ip_ptr?.ifa_list ?? []) {
      if ((ifa.ifa_flags & IFA_F_SECONDARY) !== 0) continue;
      if (ifa.ifa_scope !== RT_SCOPE_LINK && ifa.ifa_scope <= scope) return ifa.ifa_local;
    }
  }
  return 0;
}

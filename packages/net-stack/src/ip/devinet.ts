/** Addresses of interfaces (net/ipv4/devinet.c) and the routes that come and go with them (fib_frontend.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { arp_announce_address, arp_ifdown } from "../arp/arp.ts";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import { NLM_F_APPEND, NLM_F_CREATE } from "../netlink/netlink.ts";
import { RTM } from "../rtnl/rtnetlink-numbers.ts";
import { inet_make_mask, ipv4_is_zeronet } from "../wire/ipv4.ts";
import { RTNH_F_DEAD, RTNH_F_LINKDOWN, RTPROT_KERNEL } from "./fib-info.ts";
import { RT_TABLE_LOCAL, RT_TABLE_MAIN, fibConfig } from "./fib.ts";
import {
  IFA_F_NOPREFIXROUTE,
  IFA_F_PERMANENT,
  IFA_F_SECONDARY,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  inet_ifa_match,
} from "./in-device.ts";
import type { InDevice, InIfaddr } from "./in-device.ts";
import { RTN_BROADCAST, RTN_LOCAL, RTN_UNICAST } from "./rtable.ts";

const IFNAMSIZ = 16;

/** Builds an address with Linux's defaults; `broadcast` 0 and no peer. */
export function makeIfaddr(
  local: number,
  prefixlen: number,
  scope: number,
  label: string,
  broadcast: number,
  peer: number,
): InIfaddr {
  return {
    ifa_local: local,
    ifa_address: peer === 0 ? local : peer,
    ifa_prefixlen: prefixlen,
    ifa_mask: inet_make_mask(prefixlen),
    ifa_broadcast: broadcast,
    ifa_scope: scope,
    ifa_flags: IFA_F_PERMANENT,
    ifa_label: label,
    ifa_rt_priority: 0,
    ifa_proto: 0,
    ifa_cstamp: 0,
    ifa_tstamp: 0,
  };
}

/** __inet_insert_ifa. @returns 0, or -EEXIST; -EINVAL when the scope differs from that of the subnet's primary. */
export function inet_insert_ifa(net: NetStack, inDev: InDevice, ifa: InIfaddr): number {
  let primaryEnd = 0;
  ifa.ifa_flags &= ~IFA_F_SECONDARY;
  for (const [index, other] of inDev.ifa_list.entries()) {
    const isPrimary = (other.ifa_flags & IFA_F_SECONDARY) === 0;
    if (isPrimary && ifa.ifa_scope <= other.ifa_scope) primaryEnd = index + 1;
    if (other.ifa_mask === ifa.ifa_mask && inet_ifa_match(ifa.ifa_address, other)) {
      if (other.ifa_local === ifa.ifa_local) return -Errno.EEXIST;
      if (other.ifa_scope !== ifa.ifa_scope) {
        return net.extack.say("ipv4: Invalid scope value", -Errno.EINVAL);
      }
      ifa.ifa_flags |= IFA_F_SECONDARY;
    }
  }
  const isSecondary = (ifa.ifa_flags & IFA_F_SECONDARY) !== 0;
  inDev.ifa_list.splice(isSecondary ? inDev.ifa_list.length : primaryEnd, 0, ifa);
  ifa.ifa_cstamp = net.kernel.jiffies;
  ifa.ifa_tstamp = ifa.ifa_cstamp;
  net.sysctl.pinDevice(inDev.dev.name);
  net.ipv4.dev_addr_genid++;
  net.notify.address(RTM.NEWADDR, inDev, ifa);
  fib_add_ifaddr(net, inDev, ifa);
  net.ipv4.fib.flushCache();
  arp_announce_address(net, inDev, ifa);
  return 0;
}

/**
 * __inet_del_ifa: with a primary address its secondaries go too, unless promote_secondaries lets the
 * first of them take its place. @returns 0 or -EADDRNOTAVAIL
 */
export function inet_del_ifa(net: NetStack, inDev: InDevice, ifa: InIfaddr): number {
  if (!inDev.ifa_list.includes(ifa)) return -Errno.EADDRNOTAVAIL;
  const isPrimary = (ifa.ifa_flags & IFA_F_SECONDARY) === 0;
  const secondaries = isPrimary ? inDev.ifa_list.filter((other) => isSecondaryOf(other, ifa)) : [];
  const promotes =
    inDev.cnf.promote_secondaries.value !== 0 || inDev.all.promote_secondaries.value !== 0;
  const [heir] = promotes ? secondaries : [];
  if (!promotes) for (const other of secondaries) removeOne(net, inDev, other);
  removeOne(net, inDev, ifa);
  if (heir !== undefined) {
    heir.ifa_flags &= ~IFA_F_SECONDARY;
    net.notify.address(RTM.NEWADDR, inDev, heir);
    fib_add_ifaddr(net, inDev, heir);
  }
  net.ipv4.fib.flushCache();
  return 0;
}

function isSecondaryOf(other: InIfaddr, primary: InIfaddr): boolean {
  return (
    (other.ifa_flags & IFA_F_SECONDARY) !== 0 &&
    other.ifa_mask === primary.ifa_mask &&
    inet_ifa_match(primary.ifa_address, other)
  );
}

function removeOne(net: NetStack, inDev: InDevice, ifa: InIfaddr): void {
  inDev.ifa_list = inDev.ifa_list.filter((other) => other !== ifa);
  net.ipv4.dev_addr_genid++;
  net.notify.address(RTM.DELADDR, inDev, ifa);
  fib_del_ifaddr(net, inDev, ifa);
}

/** One kernel-made route of an address. */
function fib_magic(
  net: NetStack,
  dev: NetDevice,
  isAdded: boolean,
  type: number,
  dst: number,
  dstLen: number,
  ifa: InIfaddr,
  priority = 0,
): void {
  const cfg = fibConfig({
    dst,
    dstLen,
    table: type === RTN_UNICAST ? RT_TABLE_MAIN : RT_TABLE_LOCAL,
    type,
    scope: type === RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK,
    protocol: RTPROT_KERNEL,
    oif: dev.ifindex,
    prefsrc: ifa.ifa_local,
    priority,
  });
  if (isAdded) net.ipv4.fib.insert(cfg, NLM_F_CREATE | NLM_F_APPEND);
  else net.ipv4.fib.delete(cfg);
}

/** fib_add_ifaddr: the local route at once; subnet and broadcast routes once the device is up. */
function fib_add_ifaddr(net: NetStack, inDev: InDevice, ifa: InIfaddr): void {
  const { dev } = inDev;
  fib_magic(net, dev, true, RTN_LOCAL, ifa.ifa_local, 32, ifa);
  if (!dev.isUp) return;
  if (hasBroadcast(ifa)) fib_magic(net, dev, true, RTN_BROADCAST, ifa.ifa_broadcast, 32, ifa);
  const prefix = (ifa.ifa_address & ifa.ifa_mask) >>> 0;
  const isSecondary = (ifa.ifa_flags & IFA_F_SECONDARY) !== 0;
  if (ipv4_is_zeronet(prefix) || isSecondary) return;
  if (prefix === ifa.ifa_local && ifa.ifa_prefixlen === 32) return;
  if ((ifa.ifa_flags & IFA_F_NOPREFIXROUTE) === 0) {
    const type = dev.isLoopback ? RTN_LOCAL : RTN_UNICAST;
    fib_magic(net, dev, true, type, prefix, ifa.ifa_prefixlen, ifa, ifa.ifa_rt_priority);
  }
  if (ifa.ifa_prefixlen < 31) {
    const last = (prefix | ~ifa.ifa_mask) >>> 0;
    fib_magic(net, dev, true, RTN_BROADCAST, last, 32, ifa);
  }
}

function hasBroadcast(ifa: InIfaddr): boolean {
  return ifa.ifa_broadcast !== 0 && ifa.ifa_broadcast !== 0xffffffff;
}

/** fib_del_ifaddr: what no other address of the host still needs. */
function fib_del_ifaddr(net: NetStack, inDev: InDevice, ifa: InIfaddr): void {
  const { dev } = inDev;
  const prefix = (ifa.ifa_address & ifa.ifa_mask) >>> 0;
  const last = (prefix | ~ifa.ifa_mask) >>> 0;
  const others = inDev.ifa_list;
  if ((ifa.ifa_flags & IFA_F_SECONDARY) === 0 && !others.some((o) => isSameSubnet(o, ifa))) {
    const type = dev.isLoopback ? RTN_LOCAL : RTN_UNICAST;
    fib_magic(net, dev, false, type, prefix, ifa.ifa_prefixlen, ifa, ifa.ifa_rt_priority);
    if (ifa.ifa_prefixlen < 31) fib_magic(net, dev, false, RTN_BROADCAST, last, 32, ifa);
    if (hasBroadcast(ifa)) fib_magic(net, dev, false, RTN_BROADCAST, ifa.ifa_broadcast, 32, ifa);
  }
  if (others.some((other) => other.ifa_local === ifa.ifa_local)) return;
  fib_magic(net, dev, false, RTN_LOCAL, ifa.ifa_local, 32, ifa);
  const isElsewhere = [...net.devices].some((other) =>
    other.ip_ptr?.ifa_list.some((o) => o.ifa_local === ifa.ifa_local),
  );
  // fib_sync_down_addr: routes that preferred the address as their source.
  if (!isElsewhere) {
    net.ipv4.fib.flush((alias) => alias.info.fib_prefsrc === ifa.ifa_local);
  }
}

function isSameSubnet(a: InIfaddr, b: InIfaddr): boolean {
  return a.ifa_mask === b.ifa_mask && inet_ifa_match(b.ifa_address, a);
}

/** NETDEV_UP: 127.0.0.1/8 for the loopback device, and the routes of the addresses. */
export function inetdev_up(net: NetStack, dev: NetDevice): void {
  const inDev = dev.ip_ptr;
  if (inDev === undefined) return;
  if (dev.isLoopback && inDev.ifa_list.length === 0) {
    inet_insert_ifa(net, inDev, makeIfaddr(0x7f000001, 8, RT_SCOPE_HOST, dev.name, 0, 0));
  }
  for (const ifa of inDev.ifa_list) fib_add_ifaddr(net, inDev, ifa);
  net.ipv4.fib.syncDevice(dev, dev.hasCarrier ? 0 : RTNH_F_LINKDOWN, RTNH_F_DEAD);
  for (const ifa of inDev.ifa_list) if (inDev.arpNotify) arp_announce_address(net, inDev, ifa);
}

/** NETDEV_CHANGENAME: labels follow the name; from the second address on they keep, or get, a number. */
export function inetdev_changename(net: NetStack, dev: NetDevice): void {
  const inDev = dev.ip_ptr;
  if (inDev === undefined) return;
  for (const [index, ifa] of inDev.ifa_list.entries()) {
    const colon = ifa.ifa_label.indexOf(":");
    const alias = colon < 0 ? `:${index + 1}` : ifa.ifa_label.slice(colon);
    const suffix = index === 0 ? "" : alias;
    ifa.ifa_label = dev.name.slice(0, IFNAMSIZ - 1 - suffix.length) + suffix;
    net.notify.address(RTM.NEWADDR, inDev, ifa);
  }
}

/** NETDEV_DOWN (fib_disable_ip): all routes through the device go, except those to its own addresses. */
export function inetdev_down(net: NetStack, dev: NetDevice): void {
  const { fib } = net.ipv4;
  fib.flush((alias) => alias.info.nh.dev === dev && alias.info.fib_type !== RTN_LOCAL);
  arp_ifdown(net, dev);
  fib.flushCache();
}

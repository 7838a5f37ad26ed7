/** Bringing devices up and down, and changing them (net/core/dev.c), with what IPv4 makes of it. */
import { Errno } from "@dcejs/lkl-kernel";
import { NeighParms } from "../arp/neigh-parms.ts";
import { inetdev_down, inetdev_up } from "../ip/devinet.ts";
import { RTNH_F_LINKDOWN } from "../ip/fib-info.ts";
import { InDevice, Ipv4Devconf } from "../ip/in-device.ts";
import type { NetStack } from "../net-stack.ts";
import { RTM } from "../rtnl/rtnetlink-numbers.ts";
import { is_valid_ether_addr } from "../wire/ethernet.ts";
import { netif_start_queue } from "./dev-queue-xmit.ts";
import {
  IFF_ALLMULTI,
  IFF_DEBUG,
  IFF_LOOPBACK,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_PROMISC,
  IFF_UP,
} from "./netdevice.ts";
import type { NetDevice } from "./netdevice.ts";
import { IPV4_MIN_MTU } from "../ip/rtable.ts";

/** Flags that programs may set (dev_change_flags). */
const CHANGEABLE: number = IFF_DEBUG | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI | IFF_MULTICAST;

/** inetdev_init and neigh_parms_alloc: IPv4's part of a new device. */
export function inetdev_init(net: NetStack, dev: NetDevice): void {
  net.sysctl.registerDevice(dev.name);
  dev.ip_ptr = new InDevice(dev, new Ipv4Devconf(net.sysctl, dev.name), net.ipv4.devconf_all);
  dev.arp_parms = new NeighParms(net.kernel, net.sysctl, dev.name);
}

/** dev_change_flags: IFF_UP opens and closes. @returns 0, or what the driver said */
export function dev_change_flags(net: NetStack, dev: NetDevice, flags: number): number {
  const old = dev.flags;
  dev.flags = (old & ~CHANGEABLE) | (flags & CHANGEABLE);
  const changes = old ^ dev.flags;
  if (((old ^ flags) & IFF_UP) !== 0) {
    return (flags & IFF_UP) !== 0 ? dev_open(net, dev, changes) : dev_close(net, dev, changes);
  }
  if (changes !== 0) net.notify.link(RTM.NEWLINK, dev, changes);
  return 0;
}

/** @param changes other flags that changed with this call */
export function dev_open(net: NetStack, dev: NetDevice, changes = 0): number {
  if (dev.isUp) return 0;
  dev.flags |= IFF_UP;
  const error = dev.ops.ndo_open?.(dev) ?? 0;
  if (error < 0) {
    dev.flags &= ~IFF_UP;
    return error;
  }
  dev.isActivated = true;
  netif_start_queue(dev);
  net.notify.link(RTM.NEWLINK, dev, changes | IFF_UP);
  inetdev_up(net, dev);
  return 0;
}

export function dev_close(net: NetStack, dev: NetDevice, changes = 0): number {
  if (!dev.isUp) return 0;
  dev.flags &= ~IFF_UP;
  dev.qdisc?.reset();
  net.notify.link(RTM.NEWLINK, dev, changes | IFF_UP);
  inetdev_down(net, dev);
  return dev.ops.ndo_stop?.(dev) ?? 0;
}

/** @returns 0, or -EINVAL outside the device's range. Below 68 octets IPv4 leaves the device. */
export function dev_set_mtu(net: NetStack, dev: NetDevice, mtu: number): number {
  if (mtu === dev.mtu) return 0;
  if (mtu < dev.min_mtu) return net.extack.say("mtu less than device minimum", -Errno.EINVAL);
  if (mtu > dev.max_mtu) return net.extack.say("mtu greater than device maximum", -Errno.EINVAL);
  const error = dev.ops.ndo_change_mtu?.(dev, mtu) ?? 0;
  if (error < 0) return error;
  dev.mtu = mtu;
  net.notify.link(RTM.NEWLINK, dev, 0);
  if (mtu < IPV4_MIN_MTU) inetdev_down(net, dev);
  net.ipv4.fib.flushCache();
  return 0;
}

/** @returns 0; -EINVAL for a wrong length; -EADDRNOTAVAIL for a group or zero address; -EOPNOTSUPP. */
export function dev_set_mac_address(net: NetStack, dev: NetDevice, address: Uint8Array): number {
  if ((dev.flags & IFF_LOOPBACK) !== 0) return -Errno.EOPNOTSUPP;
  if (address.length !== 6) return -Errno.EINVAL;
  if (!is_valid_ether_addr(address)) return -Errno.EADDRNOTAVAIL;
  dev.setAddress(address);
  const error = dev.ops.ndo_set_mac_address?.(dev, address) ?? 0;
  if (error < 0) return error;
  net.notify.link(RTM.NEWLINK, dev, 0);
  // NETDEV_CHANGEADDR: what neighbours answered was for the old address.
  net.ipv4.arp_tbl.flushDevice(dev, false);
  net.ipv4.fib.flushCache();
  return 0;
}

export function dev_set_tx_queue_len(dev: NetDevice, length: number): number {
  if (length < 0) return -Errno.ERANGE;
  if (dev.qdisc === undefined || dev.qdisc.limitPackets === length) return 0;
  dev.qdisc.limitPackets = length;
  dev.net?.notify.link(RTM.NEWLINK, dev, 0);
  return 0;
}

/** The link is there: queued routes through the device live again. For drivers. */
export function netif_carrier_on(dev: NetDevice): void {
  if (dev.hasCarrier) return;
  dev.hasCarrier = true;
  dev.carrierUps++;
  const { net } = dev;
  if (net === undefined) return;
  net.notify.link(RTM.NEWLINK, dev, 0);
  net.ipv4.fib.syncDevice(dev, 0, RTNH_F_LINKDOWN);
}

/** The link is gone: what waits is dropped, neighbours are forgotten (NETDEV_CHANGE). For drivers. */
export function netif_carrier_off(dev: NetDevice): void {
  if (!dev.hasCarrier) return;
  dev.hasCarrier = false;
  dev.carrierDowns++;
  const { net } = dev;
  if (net === undefined) return;
  net.notify.link(RTM.NEWLINK, dev, 0);
  dev.qdisc?.reset();
  net.ipv4.fib.syncDevice(dev, RTNH_F_LINKDOWN, 0);
  if (dev.ip_ptr !== undefined && evictsNeighbours(dev.ip_ptr)) {
    net.ipv4.arp_tbl.flushDevice(dev, true);
  }
}

function evictsNeighbours(inDev: InDevice): boolean {
  return inDev.all.arp_evict_nocarrier.value !== 0 && inDev.cnf.arp_evict_nocarrier.value !== 0;
}

/** Requests about interfaces: struct ifreq on 64-bit and 32-bit (net/core/dev_ioctl.c, net/ipv4/devinet.c). */
import { Errno } from "@dcejs/lkl-kernel";
import {
  dev_change_flags,
  dev_set_mac_address,
  dev_set_mtu,
  dev_set_tx_queue_len,
} from "../netdevice/dev-config.ts";
import { dev_get_flags } from "../netdevice/netdevice.ts";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import { inet_mask_len } from "../wire/ipv4.ts";
import { readInt, writeInt } from "./option-value.ts";
import { sockaddrAddr, writeSockaddrIn } from "./sockaddr.ts";

const SIOCGIFNAME = 0x8910;
const SIOCGIFCONF = 0x8912;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const SIOCGIFADDR = 0x8915;
const SIOCSIFADDR = 0x8916;
const SIOCGIFDSTADDR = 0x8917;
const SIOCGIFBRDADDR = 0x8919;
const SIOCGIFNETMASK = 0x891b;
const SIOCSIFNETMASK = 0x891c;
const SIOCGIFMETRIC = 0x891d;
const SIOCGIFMTU = 0x8921;
const SIOCSIFMTU = 0x8922;
const SIOCSIFHWADDR = 0x8924;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;
const SIOCGIFTXQLEN = 0x8942;
const SIOCSIFTXQLEN = 0x8943;

const IFNAMSIZ = 16;
const FIRST = SIOCGIFNAME;
const LAST = SIOCSIFTXQLEN;

/**
 * One request; `arg` is the `struct ifreq` (name in octets 0 … 15, value from 16 on). SIOCGIFCONF
 * takes the plain array of ifreqs instead of a struct ifconf: its result is the octets written.
 * @returns 0 or a negative errno; -ENOIOCTLCMD when the request is not about interfaces.
 */
export function dev_ioctl(net: NetStack, request: number, arg: Uint8Array): number {
  if (request < FIRST || request > LAST) return -Errno.ENOIOCTLCMD;
  if (request === SIOCGIFCONF) return dev_ifconf(net, arg);
  if (arg.length < IFNAMSIZ + 4) return -Errno.EFAULT;
  if (request === SIOCGIFNAME) {
    const dev = net.dev_get_by_index(readInt(arg.subarray(IFNAMSIZ)));
    if (dev === undefined) return -Errno.ENODEV;
    writeName(arg, dev.name);
    return 0;
  }
  const end = arg.subarray(0, IFNAMSIZ).indexOf(0);
  const name = String.fromCharCode(...arg.subarray(0, end < 0 ? IFNAMSIZ - 1 : end));
  const dev = net.dev_get_by_name(name);
  if (dev === undefined) return -Errno.ENODEV;
  const value = arg.subarray(IFNAMSIZ);
  const got = getRequest(dev, request, value);
  return got === -Errno.ENOIOCTLCMD ? setRequest(net, dev, request, value) : got;
}

function getRequest(dev: NetDevice, request: number, value: Uint8Array): number {
  const ifa = dev.ip_ptr?.ifa_list[0];
  switch (request) {
    case SIOCGIFFLAGS: {
      const flags = dev_get_flags(dev);
      value[0] = flags & 0xff;
      value[1] = (flags >> 8) & 0xff;
      return 0;
    }
    case SIOCGIFMTU:
      return done(writeInt(value, dev.mtu));
    case SIOCGIFMETRIC:
      return done(writeInt(value, 0));
    case SIOCGIFINDEX:
      return done(writeInt(value, dev.ifindex));
    case SIOCGIFTXQLEN:
      return done(writeInt(value, dev.tx_queue_len));
    case SIOCGIFHWADDR:
      value[0] = dev.type & 0xff;
      value[1] = dev.type >> 8;
      value.set(dev.address.subarray(0, Math.max(0, Math.min(6, value.length - 2))), 2);
      return 0;
    case SIOCGIFADDR:
      return ifa === undefined
        ? -Errno.EADDRNOTAVAIL
        : done(writeSockaddrIn(value, ifa.ifa_local, 0));
    case SIOCGIFDSTADDR:
      return ifa === undefined
        ? -Errno.EADDRNOTAVAIL
        : done(writeSockaddrIn(value, ifa.ifa_address, 0));
    case SIOCGIFBRDADDR:
      return ifa === undefined
        ? -Errno.EADDRNOTAVAIL
        : done(writeSockaddrIn(value, ifa.ifa_broadcast, 0));
    case SIOCGIFNETMASK:
      return ifa === undefined
        ? -Errno.EADDRNOTAVAIL
        : done(writeSockaddrIn(value, ifa.ifa_mask, 0));
    default:
      return -Errno.ENOIOCTLCMD;
  }
}

function setRequest(net: NetStack, dev: NetDevice, request: number, value: Uint8Array): number {
  switch (request) {
    case SIOCSIFFLAGS:
      return dev_change_flags(net, dev, (value[0] ?? 0) | ((value[1] ?? 0) << 8));
    case SIOCSIFMTU:
      return dev_set_mtu(net, dev, readInt(value));
    case SIOCSIFTXQLEN:
      return dev_set_tx_queue_len(dev, readInt(value));
    case SIOCSIFHWADDR:
      return dev_set_mac_address(net, dev, value.subarray(2, 8));
    case SIOCSIFADDR:
      return setAddress(net, dev, sockaddrAddr(value));
    case SIOCSIFNETMASK:
      return setNetmask(net, dev, sockaddrAddr(value));
    default:
      return -Errno.ENOTTY;
  }
}

/** As ifconfig does: the old address goes; the mask is that of the address's class. */
function setAddress(net: NetStack, dev: NetDevice, addr: number): number {
  const old = dev.ip_ptr?.ifa_list[0];
  if (old !== undefined) net.rtnl.addr_del(dev.ifindex, old.ifa_local, old.ifa_prefixlen);
  if (addr === 0) return 0;
  const prefixLength = addr >>> 31 === 0 ? 8 : addr >>> 30 === 2 ? 16 : 24;
  return net.rtnl.addr_add({ ifindex: dev.ifindex, local: addr, prefixLength });
}

function setNetmask(net: NetStack, dev: NetDevice, mask: number): number {
  const old = dev.ip_ptr?.ifa_list[0];
  const prefixLength = inet_mask_len(mask);
  if (old === undefined) return -Errno.EADDRNOTAVAIL;
  if (prefixLength < 0) return -Errno.EINVAL;
  net.rtnl.addr_del(dev.ifindex, old.ifa_local, old.ifa_prefixlen);
  return net.rtnl.addr_add({ ifindex: dev.ifindex, local: old.ifa_local, prefixLength });
}

function done(_octets: number): number {
  return 0;
}

function writeName(into: Uint8Array, name: string): void {
  into.fill(0, 0, IFNAMSIZ);
  for (let i = 0; i < Math.min(name.length, IFNAMSIZ - 1); i++) into[i] = name.charCodeAt(i);
}

/** One ifreq of 40 octets for each address. */
const IFREQ_OCTETS = 40;

function dev_ifconf(net: NetStack, out: Uint8Array): number {
  let at = 0;
  for (const dev of net.devices) {
    for (const ifa of dev.ip_ptr?.ifa_list ?? []) {
      if (at + IFREQ_OCTETS > out.length) return at;
      out.fill(0, at, at + IFREQ_OCTETS);
      writeName(out.subarray(at), ifa.ifa_label);
      writeSockaddrIn(out.subarray(at + IFNAMSIZ), ifa.ifa_local, 0);
      at += IFREQ_OCTETS;
    }
  }
  return at;
}

/** What LKL's host helpers (lkl_if_up, lkl_if_set_ipv4, …) call: `kernel.net`. */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetFacade } from "@dcejs/lkl-kernel";
import { NUD_PERMANENT } from "./arp/neighbour.ts";
import { RT_TABLE_MAIN } from "./ip/fib.ts";
import type { NetStack } from "./net-stack.ts";
import { IFF_UP } from "./netdevice/netdevice.ts";
import { AF_INET } from "./socket/sockaddr.ts";

function addressOf(octets: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function broadcastOf(addr: number, prefixLength: number): number {
  return prefixLength >= 31 ? 0 : (addr | (0xffffffff >>> prefixLength)) >>> 0;
}

export function netFacade(net: NetStack): NetFacade {
  const { rtnl } = net;
  const add = (
    ifindex: number,
    family: number,
    octets: Uint8Array,
    prefixLength: number,
  ): number => {
    if (family !== AF_INET) return -Errno.EAFNOSUPPORT;
    const local = addressOf(octets);
    const broadcast = broadcastOf(local, prefixLength);
    return rtnl.addr_add({ ifindex, local, prefixLength, broadcast });
  };
  const gateway = (octets: Uint8Array, ifindex: number, table: number): number =>
    rtnl.route_add({
      destination: 0,
      prefixLength: 0,
      gateway: addressOf(octets),
      table,
      ...(ifindex === 0 ? {} : { ifindex }),
    });
  return {
    if_up: (ifindex) => rtnl.link_set(ifindex, { flags: IFF_UP, flagsMask: IFF_UP }),
    if_down: (ifindex) => rtnl.link_set(ifindex, { flags: 0, flagsMask: IFF_UP }),
    if_set_mtu: (ifindex, mtu) => rtnl.link_set(ifindex, { mtu }),
    if_set_mac: (ifindex, address) => rtnl.link_set(ifindex, { address }),
    if_set_ipv4: (ifindex, address, prefixLength) => {
      for (const old of rtnl.addr_dump(ifindex)) rtnl.addr_del(ifindex, old.local);
      return add(ifindex, AF_INET, address, prefixLength);
    },
    if_set_ipv6: () => -Errno.EAFNOSUPPORT,
    if_add_ip: add,
    if_del_ip: (ifindex, family, octets, prefixLength) =>
      family === AF_INET
        ? rtnl.addr_del(ifindex, addressOf(octets), prefixLength)
        : -Errno.EAFNOSUPPORT,
    set_ipv4_gateway: (address) => gateway(address, 0, RT_TABLE_MAIN),
    set_ipv6_gateway: () => -Errno.EAFNOSUPPORT,
    if_add_gateway: (ifindex, family, address) =>
      family === AF_INET ? gateway(address, ifindex, ifindex * 2) : -Errno.EAFNOSUPPORT,
    add_gateway: (family, address) =>
      family === AF_INET ? gateway(address, 0, RT_TABLE_MAIN) : -Errno.EAFNOSUPPORT,
    add_neighbor: (ifindex, family, address, mac) =>
      family === AF_INET
        ? rtnl.neigh_add(ifindex, addressOf(address), mac, NUD_PERMANENT)
        : -Errno.EAFNOSUPPORT,
    qdisc_add: (ifindex, root, type) => {
      if (net.dev_get_by_index(ifindex) === undefined) return -Errno.ENODEV;
      return root === "root" && type === "pfifo" ? 0 : -Errno.ENOENT;
    },
    ifname_to_ifindex: (name) => net.dev_get_by_name(name)?.ifindex ?? -Errno.ENODEV,
    sysctl: (path, value) => net.sysctl.set(path, value),
    sysctl_get: (path) => net.sysctl.read(path),
  };
}

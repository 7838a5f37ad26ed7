/** A socket's multicast groups (net/ipv4/igmp.c); nothing is reported to routers. */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { Sock } from "../socket/sock.ts";
import { ipv4_is_multicast } from "../wire/ipv4.ts";

/** struct ip_mreqn: a group, and the interface by its address or by its index; 0 is "not said". */
export interface IpMreqn {
  readonly imr_multiaddr: number;
  readonly imr_address: number;
  readonly imr_ifindex: number;
}

/** __ip_mc_join_group. @returns 0, -EINVAL (no group), -ENODEV, -EADDRINUSE, -ENOBUFS (igmp_max_memberships) */
export function ip_mc_join_group(sk: Sock, imr: IpMreqn): number {
  const { ipv4 } = sk.net;
  const { imr_multiaddr, imr_address } = imr;
  if (!ipv4_is_multicast(imr_multiaddr)) return -Errno.EINVAL;
  const dev = ip_mc_find_dev(sk, imr);
  if (dev === undefined) return -Errno.ENODEV;
  const isThere = sk.mc_list.some(
    (one) => one.imr_multiaddr === imr_multiaddr && one.imr_ifindex === dev.ifindex,
  );
  if (isThere) return -Errno.EADDRINUSE;
  if (sk.mc_list.length >= ipv4.igmp_max_memberships.value) return -Errno.ENOBUFS;
  sk.mc_list = [{ imr_multiaddr, imr_address, imr_ifindex: dev.ifindex }, ...sk.mc_list];
  ipv4.ip_mc_inc_group(dev, imr_multiaddr);
  return 0;
}

/** Leaves the group, by the interface or the address that it was joined with. @returns 0, -ENODEV, -EADDRNOTAVAIL */
export function ip_mc_leave_group(sk: Sock, imr: IpMreqn): number {
  const dev = ip_mc_find_dev(sk, imr);
  const saysNoDevice = imr.imr_ifindex === 0 && imr.imr_address === 0;
  if (saysNoDevice && dev === undefined) return -Errno.ENODEV;
  const ifindex = dev?.ifindex ?? imr.imr_ifindex;
  const left = sk.mc_list.find(
    (one) =>
      one.imr_multiaddr === imr.imr_multiaddr &&
      (ifindex === 0 ? one.imr_address === imr.imr_address : one.imr_ifindex === ifindex),
  );
  if (left === undefined) return -Errno.EADDRNOTAVAIL;
  sk.mc_list = sk.mc_list.filter((one) => one !== left);
  if (dev !== undefined) sk.net.ipv4.ip_mc_dec_group(dev, imr.imr_multiaddr);
  return 0;
}

/** The socket closes: its groups are left. */
export function ip_mc_drop_socket(sk: Sock): void {
  for (const { imr_multiaddr, imr_ifindex } of sk.mc_list) {
    const dev = sk.net.dev_get_by_index(imr_ifindex);
    if (dev !== undefined) sk.net.ipv4.ip_mc_dec_group(dev, imr_multiaddr);
  }
  sk.mc_list = NO_GROUPS;
}

/** ip_mc_sf_allow: with IP_MULTICAST_ALL a socket hears all groups that its host has joined, else its own. */
export function ip_mc_sf_allow(sk: Sock, daddr: number, dif: number): boolean {
  if (sk.mc_all || !ipv4_is_multicast(daddr)) return true;
  return sk.mc_list.some((one) => one.imr_multiaddr === daddr && one.imr_ifindex === dif);
}

/** What most sockets have. */
export const NO_GROUPS: readonly IpMreqn[] = [];

/** The interface that is named, that has the address, or that the group is routed to. */
function ip_mc_find_dev(sk: Sock, imr: IpMreqn): NetDevice | undefined {
  const { net } = sk;
  if (imr.imr_ifindex !== 0) return net.dev_get_by_index(imr.imr_ifindex);
  if (imr.imr_address !== 0) return net.ip_dev_find(imr.imr_address);
  return net.ipv4.fib.lookup(imr.imr_multiaddr, 0, 0, 0)?.info.nh.dev;
}

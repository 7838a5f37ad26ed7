/**
 * What the network stack's initcall puts into `kernel.net`, so that LKL's host-side helpers work.
 * Indices are Linux's ifindex (1 = lo). Addresses are octets in network order: 4 for AF_INET, 16
 * for AF_INET6. Every call runs in a host task, gives 0 or a negative errno, and never blocks.
 */
export interface NetFacade {
  /** IFF_UP on or off. */
  if_up(ifindex: number): number;
  if_down(ifindex: number): number;
  if_set_mtu(ifindex: number, mtu: number): number;
  if_set_mac(ifindex: number, mac: Uint8Array): number;
  /** Replaces the interface's IPv4 address. @param prefixLength 0…32 */
  if_set_ipv4(ifindex: number, address: Uint8Array, prefixLength: number): number;
  if_set_ipv6(ifindex: number, address: Uint8Array, prefixLength: number): number;
  if_add_ip(ifindex: number, family: number, address: Uint8Array, prefixLength: number): number;
  if_del_ip(ifindex: number, family: number, address: Uint8Array, prefixLength: number): number;
  set_ipv4_gateway(address: Uint8Array): number;
  set_ipv6_gateway(address: Uint8Array): number;
  /** A default route over one interface, in table `ifindex * 2` (+ 1 for IPv6), as LKL does. */
  if_add_gateway(ifindex: number, family: number, address: Uint8Array): number;
  add_gateway(family: number, address: Uint8Array): number;
  /** A permanent neighbour entry. */
  add_neighbor(ifindex: number, family: number, address: Uint8Array, mac: Uint8Array): number;
  qdisc_add(ifindex: number, root: string, type: string): number;
  /** The index, or -ENODEV. */
  ifname_to_ifindex(name: string): number;
  /** `path` dotted or slashed. */
  sysctl(path: string, value: string): number;
  /** The value as /proc/sys prints it, without the newline; or a negative errno. */
  sysctl_get(path: string): string | number;
}

/** inet_addr_type: what kind of address is this for this host (net/ipv4/fib_frontend.c). */
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import { ipv4_is_lbcast, ipv4_is_multicast, ipv4_is_zeronet } from "../wire/ipv4.ts";
import type { FibAlias } from "./fib-table.ts";
import { RTN_BROADCAST, RTN_MULTICAST, RTN_UNICAST } from "./rtable.ts";

const acceptAny = (): boolean => true;

/** RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST; RTN_UNICAST for everybody else's addresses. */
export function inet_addr_type(net: NetStack, addr: number): number {
  const fixed = fixedType(addr);
  if (fixed !== 0) return fixed;
  return net.ipv4.fib.local.lookup(addr, acceptAny)?.info.fib_type ?? RTN_UNICAST;
}

/** inet_dev_addr_type: as inet_addr_type, but only addresses of `dev` count. */
export function inet_dev_addr_type(net: NetStack, dev: NetDevice, addr: number): number {
  const fixed = fixedType(addr);
  if (fixed !== 0) return fixed;
  const accept = (alias: FibAlias): boolean => alias.info.nh.dev === dev;
  return net.ipv4.fib.local.lookup(addr, accept)?.info.fib_type ?? RTN_UNICAST;
}

function fixedType(addr: number): number {
  if (ipv4_is_zeronet(addr) || ipv4_is_lbcast(addr)) return RTN_BROADCAST;
  return ipv4_is_multicast(addr) ? RTN_MULTICAST : 0;
}

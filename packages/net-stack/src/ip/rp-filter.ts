/** Source validation: could this packet have come in here? (fib_validate_source in net/ipv4/fib_frontend.c) */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import { fib_type_error } from "./fib-info.ts";
import { RT_SCOPE_HOST, RT_SCOPE_UNIVERSE } from "./in-device.ts";
import type { InDevice } from "./in-device.ts";
import { RTN_LOCAL, RTN_UNICAST } from "./rtable.ts";

/**
 * @returns 1 when the source is on the link that the packet came in by, 0 when it is further away;
 * -EINVAL for an impossible source (one of ours, broadcast …), -EXDEV when rp_filter forbids it.
 */
export function fib_validate_source(
  net: NetStack,
  saddr: number,
  tos: number,
  oif: number,
  dev: NetDevice,
  inDev: InDevice,
): number {
  const rpf = inDev.rpFilter;
  if (rpf === 0 && (dev.ifindex !== oif || !inDev.sendsRedirects)) {
    if (inDev.acceptsLocal) return 0;
    return isOurAddress(net, saddr) ? -Errno.EINVAL : 0;
  }
  return validateFully(net, saddr, tos, rpf, dev, inDev);
}

/** inet_lookup_ifaddr_rcu. */
function isOurAddress(net: NetStack, addr: number): boolean {
  const [alias] = net.ipv4.fib.local.at(addr, 32);
  return alias?.info.fib_type === RTN_LOCAL;
}

function validateFully(
  net: NetStack,
  saddr: number,
  tos: number,
  rpf: number,
  dev: NetDevice,
  inDev: InDevice,
): number {
  const { fib } = net.ipv4;
  const back = fib.lookup(saddr, tos, 0, RT_SCOPE_UNIVERSE);
  if (back === undefined || fib_type_error(back.info.fib_type) < 0)
    return rpf === 0 ? 0 : -Errno.EXDEV;
  const type = back.info.fib_type;
  if (type !== RTN_UNICAST && (type !== RTN_LOCAL || !inDev.acceptsLocal)) return -Errno.EINVAL;
  if (back.info.nh.dev === dev) return back.info.nh.scope >= RT_SCOPE_HOST ? 1 : 0;
  if (inDev.ifa_list.length === 0) return rpf === 0 ? 0 : -Errno.EXDEV;
  if (rpf === 1) return -Errno.EXDEV;
  const viaDev = fib.lookup(saddr, tos, dev.ifindex, RT_SCOPE_UNIVERSE);
  if (viaDev?.info.fib_type === RTN_UNICAST) return viaDev.info.nh.scope >= RT_SCOPE_HOST ? 1 : 0;
  return 0;
}

/** arp_filter: is the asker routed back through the device that it asked on? */
export function fib_validate_source_dev(
  net: NetStack,
  sip: number,
  _tip: number,
  dev: NetDevice,
): boolean {
  const back = net.ipv4.fib.lookup(sip, 0, 0, RT_SCOPE_UNIVERSE);
  if (back === undefined) return true;
  return back.info.nh.dev === dev;
}

/** Routes for packets that arrive (net/ipv4/route.c, ip_route_input_slow). */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import type { SkBuff } from "../skbuff.ts";
import {
  ipv4_is_lbcast,
  ipv4_is_loopback,
  ipv4_is_multicast,
  ipv4_is_zeronet,
} from "../wire/ipv4.ts";
import { fib_type_error } from "./fib-info.ts";
import type { FibAlias } from "./fib-table.ts";
import { ip_error, ip_forward } from "./forward.ts";
import { RT_SCOPE_LINK, RT_SCOPE_UNIVERSE, inet_addr_onlink } from "./in-device.ts";
import type { InDevice } from "./in-device.ts";
import { ip_local_deliver } from "./local-deliver.ts";
import { ip_output } from "./output.ts";
import { fib_validate_source } from "./rp-filter.ts";
import {
  NO_METRICS,
  RTCF_BROADCAST,
  RTCF_LOCAL,
  RTCF_MULTICAST,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  Rtable,
} from "./rtable.ts";

/** IPCB flag: the packet leaves by the device that it came in by. */
export const IPSKB_DOREDIRECT: number = 1 << 5;
/** IPCB flag: the packet is being forwarded. */
export const IPSKB_FORWARDED: number = 1 << 0;

/**
 * Where does the packet go? Sets `skb.dst`.
 * @returns 0; -EINVAL for martians (dropped without a word), -EXDEV when rp_filter forbids it.
 */
export function ip_route_input(
  net: NetStack,
  skb: SkBuff,
  daddr: number,
  saddr: number,
  tos: number,
  dev: NetDevice,
): number {
  const inDev = dev.ip_ptr;
  if (inDev === undefined) return -Errno.EINVAL;
  if (ipv4_is_multicast(daddr)) return routeMulticast(net, skb, daddr, saddr, dev);
  if (ipv4_is_multicast(saddr) || ipv4_is_lbcast(saddr)) return martian_source(net);
  if (ipv4_is_lbcast(daddr) || (saddr === 0 && daddr === 0)) {
    return routeBroadcast(net, skb, saddr, tos, dev, inDev);
  }
  if (ipv4_is_zeronet(saddr)) return martian_source(net);
  if (ipv4_is_zeronet(daddr)) return martian_destination(net);
  if (ipv4_is_loopback(daddr) && !inDev.routesLocalnet) return martian_destination(net);
  if (ipv4_is_loopback(saddr) && !inDev.routesLocalnet) return martian_source(net);
  const found = net.ipv4.fib.lookup(daddr, tos, 0, RT_SCOPE_UNIVERSE);
  if (found === undefined) {
    return no_route(net, skb, inDev.forwards ? -Errno.ENETUNREACH : -Errno.EHOSTUNREACH);
  }
  const type = found.info.fib_type;
  if (type === RTN_BROADCAST) return routeBroadcast(net, skb, saddr, tos, dev, inDev);
  if (type === RTN_LOCAL) {
    const verdict = fib_validate_source(net, saddr, tos, 0, dev, inDev);
    if (verdict < 0) return refuse(net, verdict);
    skb.dst = localRoute(net, found);
    return 0;
  }
  if (!inDev.forwards) return no_route(net, skb, -Errno.EHOSTUNREACH);
  const error = fib_type_error(type);
  if (error < 0) return no_route(net, skb, error);
  if (type !== RTN_UNICAST) return martian_destination(net);
  return mkroute_input(net, skb, found, saddr, tos, dev, inDev);
}

/** What ip_route_input would make of it, for ARP: RTN_LOCAL, RTN_UNICAST …, or a negative errno. */
export function ip_route_input_type(
  net: NetStack,
  daddr: number,
  saddr: number,
  dev: NetDevice,
): number {
  const inDev = dev.ip_ptr;
  if (inDev === undefined) return -Errno.EINVAL;
  if (ipv4_is_lbcast(daddr) || ipv4_is_zeronet(daddr)) return RTN_BROADCAST;
  if (ipv4_is_loopback(daddr) && !inDev.routesLocalnet) return -Errno.EINVAL;
  const found = net.ipv4.fib.lookup(daddr, 0, 0, RT_SCOPE_UNIVERSE);
  if (found === undefined) return -Errno.ENETUNREACH;
  const type = found.info.fib_type;
  if (type === RTN_LOCAL || type === RTN_UNICAST) {
    const verdict = fib_validate_source(net, saddr, 0, 0, dev, inDev);
    if (verdict < 0) return verdict;
  }
  return type;
}

function refuse(net: NetStack, error: number): number {
  return error === -Errno.EXDEV ? error : martian_source(net);
}

/** ip_handle_martian_source: counted for those who look, logged by log_martians only. */
function martian_source(net: NetStack): number {
  net.ipv4.in_martian_src++;
  return -Errno.EINVAL;
}

function martian_destination(net: NetStack): number {
  net.ipv4.in_martian_dst++;
  return -Errno.EINVAL;
}

function localRoute(net: NetStack, found: FibAlias): Rtable {
  const { nh } = found.info;
  const cached = nh.rth_input;
  if (cached?.isValid() === true) return cached;
  const route = new Rtable(
    net,
    net.loopback,
    RTN_LOCAL,
    RTCF_LOCAL,
    true,
    0,
    NO_METRICS,
    ip_local_deliver,
    ip_output,
  );
  nh.rth_input = route;
  return route;
}

/** A route that only makes an ICMP error (ip_error). */
function no_route(net: NetStack, skb: SkBuff, error: number): number {
  const route = new Rtable(
    net,
    net.loopback,
    RTN_UNREACHABLE,
    0,
    true,
    0,
    NO_METRICS,
    ip_error,
    ip_output,
  );
  route.error = error;
  skb.dst = route;
  return 0;
}

function routeBroadcast(
  net: NetStack,
  skb: SkBuff,
  saddr: number,
  tos: number,
  dev: NetDevice,
  inDev: InDevice,
): number {
  if (saddr !== 0) {
    const verdict = fib_validate_source(net, saddr, tos, 0, dev, inDev);
    if (verdict < 0) return refuse(net, verdict);
  }
  skb.dst = groupRoute(net, dev, RTN_BROADCAST, RTCF_BROADCAST | RTCF_LOCAL);
  return 0;
}

function routeMulticast(
  net: NetStack,
  skb: SkBuff,
  daddr: number,
  saddr: number,
  dev: NetDevice,
): number {
  if (ipv4_is_multicast(saddr) || ipv4_is_lbcast(saddr)) return -Errno.EINVAL;
  if (ipv4_is_loopback(saddr) && dev.ip_ptr?.routesLocalnet !== true) return -Errno.EINVAL;
  if (!net.ipv4.ip_check_mc(dev, daddr)) return -Errno.EINVAL;
  skb.dst = groupRoute(net, dev, RTN_MULTICAST, RTCF_MULTICAST | RTCF_LOCAL);
  return 0;
}

function groupRoute(net: NetStack, dev: NetDevice, type: number, flags: number): Rtable {
  return new Rtable(net, dev, type, flags, true, 0, NO_METRICS, ip_local_deliver, ip_output);
}

/** __mkroute_input: a packet to be forwarded. */
function mkroute_input(
  net: NetStack,
  skb: SkBuff,
  found: FibAlias,
  saddr: number,
  tos: number,
  dev: NetDevice,
  inDev: InDevice,
): number {
  const { nh } = found.info;
  const outDev = nh.dev;
  if (outDev === undefined) return -Errno.EINVAL;
  const verdict = fib_validate_source(net, saddr, tos, outDev.ifindex, dev, inDev);
  if (verdict < 0) return refuse(net, verdict);
  const gateway = nh.scope === RT_SCOPE_LINK ? nh.gw : 0;
  if (outDev === dev && verdict > 0 && inDev.sendsRedirects) {
    const isShared = inDev.cnf.shared_media.value !== 0 || inDev.all.shared_media.value !== 0;
    if (isShared || inet_addr_onlink(inDev, saddr, gateway)) skb.ipcb_flags |= IPSKB_DOREDIRECT;
  }
  const cached = nh.rth_input;
  if (cached?.isValid() === true) {
    skb.dst = cached;
    return 0;
  }
  const route = new Rtable(
    net,
    outDev,
    RTN_UNICAST,
    0,
    true,
    gateway,
    found.info.fib_metrics,
    ip_forward,
    ip_output,
  );
  nh.rth_input = route;
  skb.dst = route;
  return 0;
}

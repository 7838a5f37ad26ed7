/** Routes for packets that leave (net/ipv4/route.c, ip_route_output_key_hash). */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import type { SkBuff } from "../skbuff.ts";
import type { Sock } from "../socket/sock.ts";
import { IP_PMTUDISC_INTERFACE, IP_PMTUDISC_OMIT, sk_dst_check } from "../socket/sock.ts";
import {
  IP_DADDR,
  ipv4_is_lbcast,
  ipv4_is_loopback,
  ipv4_is_multicast,
  ipv4_is_zeronet,
} from "../wire/ipv4.ts";
import { inet_addr_type } from "./addr-type.ts";
import type { FibNh } from "./fib-info.ts";
import { fib_type_error } from "./fib-info.ts";
import type { FibAlias } from "./fib-table.ts";
import type { Flowi4 } from "./flowi4.ts";
import { RT_SCOPE_HOST, RT_SCOPE_LINK, inet_select_addr } from "./in-device.ts";
import { ip_local_deliver } from "./local-deliver.ts";
import { ip_mc_output, ip_output } from "./output.ts";
import { fnhe_lookup, ipv4_update_pmtu } from "./pmtu.ts";
import {
  NO_METRICS,
  RTCF_BROADCAST,
  RTCF_LOCAL,
  RTCF_MULTICAST,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_UNICAST,
  Rtable,
} from "./rtable.ts";

export { ip_route_input_type } from "./route-input.ts";
export { inet_addr_type } from "./addr-type.ts";

/**
 * ip_route_output_key: how a packet of ours leaves. Fills in `fl4.saddr` (and `fl4.daddr` when it is 0).
 * @returns the route, or -ENETUNREACH, -EHOSTUNREACH (unreachable), -EACCES (prohibit), -EINVAL
 * (blackhole, or a source address that is not ours), -ENODEV.
 */
export function ip_route_output(net: NetStack, fl4: Flowi4): Rtable | number {
  let device: NetDevice | undefined;
  if (fl4.saddr !== 0) {
    const error = checkSource(net, fl4);
    if (error < 0) return error;
  }
  if (fl4.oif !== 0) {
    device = net.dev_get_by_index(fl4.oif);
    if (device === undefined) return -Errno.ENODEV;
    if (!device.isUp || device.ip_ptr === undefined) return -Errno.ENETUNREACH;
    const isLocalMulticast = fl4.daddr >>> 8 === 0xe00000;
    if (isLocalMulticast || ipv4_is_lbcast(fl4.daddr)) {
      if (fl4.saddr === 0) fl4.saddr = inet_select_addr(device, 0, RT_SCOPE_LINK);
      return mkroute_output(net, undefined, fl4, device, RTN_UNICAST);
    }
    if (fl4.saddr === 0) {
      if (ipv4_is_multicast(fl4.daddr)) {
        fl4.saddr = inet_select_addr(device, 0, fl4.scope);
      } else if (fl4.daddr === 0) fl4.saddr = inet_select_addr(device, 0, RT_SCOPE_HOST);
    }
  }
  if (fl4.daddr === 0) {
    fl4.daddr = fl4.saddr;
    if (fl4.daddr === 0) {
      fl4.daddr = 0x7f000001;
      fl4.saddr = 0x7f000001;
    }
    return mkroute_output(net, undefined, fl4, net.loopback, RTN_LOCAL);
  }
  const found = net.ipv4.fib.lookup(fl4.daddr, fl4.tos, fl4.oif, fl4.scope);
  if (found === undefined) {
    if (device === undefined) return -Errno.ENETUNREACH;
    // Bound to a device: everything is taken to be on its link.
    if (fl4.saddr === 0) fl4.saddr = inet_select_addr(device, 0, RT_SCOPE_LINK);
    return mkroute_output(net, undefined, fl4, device, RTN_UNICAST);
  }
  return routeBy(net, found, fl4);
}

/** A socket that names its source must have it. Broadcasts then leave by the device that has it. */
function checkSource(net: NetStack, fl4: Flowi4): number {
  const { saddr, daddr } = fl4;
  if (ipv4_is_multicast(saddr) || ipv4_is_lbcast(saddr) || ipv4_is_zeronet(saddr)) {
    return -Errno.EINVAL;
  }
  if (fl4.oif === 0 && (ipv4_is_multicast(daddr) || ipv4_is_lbcast(daddr))) {
    const dev = net.ip_dev_find(saddr);
    if (dev === undefined) return -Errno.ENETUNREACH;
    fl4.oif = dev.ifindex;
    return 0;
  }
  if (fl4.anysrc) return 0;
  return inet_addr_type(net, saddr) === RTN_LOCAL ? 0 : -Errno.ENETUNREACH;
}

function routeBy(net: NetStack, found: FibAlias, fl4: Flowi4): Rtable | number {
  const { info } = found;
  const error = fib_type_error(info.fib_type);
  if (error < 0) return error;
  if (info.fib_type === RTN_LOCAL) {
    if (fl4.saddr === 0) fl4.saddr = info.fib_prefsrc === 0 ? fl4.daddr : info.fib_prefsrc;
    return mkroute_output(net, found, fl4, net.loopback, RTN_LOCAL);
  }
  const { dev } = info.nh;
  if (dev === undefined) return -Errno.ENETUNREACH;
  if (fl4.saddr === 0) fl4.saddr = fib_result_prefsrc(net, found);
  return mkroute_output(net, found, fl4, dev, info.fib_type);
}

/** The source that the route prefers, else the device's address in the subnet of the next hop. */
export function fib_result_prefsrc(net: NetStack, found: FibAlias): number {
  const { info } = found;
  if (info.fib_prefsrc !== 0) return info.fib_prefsrc;
  const { nh } = info;
  if (nh.saddr_genid !== net.ipv4.dev_addr_genid && nh.dev !== undefined) {
    nh.saddr = inet_select_addr(nh.dev, nh.gw, info.fib_scope);
    nh.saddr_genid = net.ipv4.dev_addr_genid;
  }
  return nh.saddr;
}

/** __mkroute_output: the cached route of the next hop, or a new one. */
function mkroute_output(
  net: NetStack,
  found: FibAlias | undefined,
  fl4: Flowi4,
  dev: NetDevice,
  resultType: number,
): Rtable | number {
  const { daddr } = fl4;
  if (ipv4_is_loopback(fl4.saddr) && !dev.isLoopback && dev.ip_ptr?.routesLocalnet !== true) {
    return -Errno.EINVAL;
  }
  let type = resultType;
  if (ipv4_is_lbcast(daddr)) type = RTN_BROADCAST;
  else if (ipv4_is_multicast(daddr)) type = RTN_MULTICAST;
  else if (ipv4_is_zeronet(daddr)) return -Errno.EINVAL;
  if (type === RTN_BROADCAST || type === RTN_MULTICAST)
    return makeGroupRoute(net, dev, type, daddr);
  const nh = found?.info.nh;
  const fnhe = nh === undefined ? undefined : fnhe_lookup(net, nh, daddr);
  const cached = fnhe === undefined ? nh?.rth_output : fnhe.rth_output;
  if (cached?.isValid() === true && cached.dev === dev) return cached;
  const isLocal = dev.isLoopback;
  const route = new Rtable(
    net,
    dev,
    type,
    isLocal ? RTCF_LOCAL : 0,
    false,
    isLocal ? 0 : gatewayOf(nh),
    found?.info.fib_metrics ?? NO_METRICS,
    ip_local_deliver,
    ip_output,
  );
  if (fnhe !== undefined) {
    route.rt_pmtu = fnhe.pmtu;
    route.rt_pmtuExpires = fnhe.expires;
    route.rt_mtu_locked = fnhe.mtu_locked;
    fnhe.rth_output = route;
  } else if (nh !== undefined) nh.rth_output = route;
  return route;
}

function gatewayOf(nh: FibNh | undefined): number {
  return nh !== undefined && nh.scope === RT_SCOPE_LINK ? nh.gw : 0;
}

/** To a broadcast or multicast address: our own sockets hear it too. */
function makeGroupRoute(net: NetStack, dev: NetDevice, type: number, daddr: number): Rtable {
  const isMember = type === RTN_BROADCAST || net.ipv4.ip_check_mc(dev, daddr);
  const flags =
    (type === RTN_BROADCAST ? RTCF_BROADCAST : RTCF_MULTICAST) | (isMember ? RTCF_LOCAL : 0);
  const output = isMember && !dev.isLoopback ? ip_mc_output : ip_output;
  return new Rtable(net, dev, type, flags, false, 0, NO_METRICS, ip_local_deliver, output);
}

/** inet_sk_rebuild_header's look-up: the route of a connected socket, cached on it until the tables change. */
export function ip_route_sock(sk: Sock): Rtable | number {
  const cached = sk_dst_check(sk);
  if (cached !== undefined) return cached;
  const fl4 = sk.net.ipv4.fl4.set(
    sk.inet_daddr,
    sk.inet_saddr,
    sk.sk_bound_dev_if,
    sk.tos,
    sk.sk_protocol,
  );
  fl4.sport = sk.inet_sport;
  fl4.dport = sk.inet_dport;
  const route = ip_route_output(sk.net, fl4);
  if (typeof route !== "number") sk.sk_dst_cache = route;
  return route;
}

/** ip_sk_accept_pmtu: does the socket believe "fragmentation needed"? */
function ip_sk_accept_pmtu(sk: Sock): boolean {
  return sk.pmtudisc !== IP_PMTUDISC_INTERFACE && sk.pmtudisc !== IP_PMTUDISC_OMIT;
}

/**
 * "Fragmentation needed" arrived: the path of the packet of `sk` that is quoted at `skb.offset` carries `mtu` octets.
 * A connected socket takes the new route at once.
 */
export function ipv4_sk_update_pmtu(skb: SkBuff, sk: Sock, mtu: number): void {
  if (!ip_sk_accept_pmtu(sk)) return;
  const daddr = skb.view.getUint32(skb.offset + IP_DADDR);
  ipv4_update_pmtu(sk.net, daddr, sk.tos, sk.sk_bound_dev_if, mtu);
  if (sk.sk_dst_cache !== undefined) ip_route_sock(sk);
}

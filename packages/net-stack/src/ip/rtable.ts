/** struct rtable: one usable route, kept by its next hop and by the sockets that send through it. */
import type { Neighbour } from "../arp/neighbour.ts";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import type { SkBuff } from "../skbuff.ts";

/** rt_type (include/uapi/linux/rtnetlink.h). */
export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
export const RTN_ANYCAST = 4;
export const RTN_MULTICAST = 5;
export const RTN_BLACKHOLE = 6;
export const RTN_UNREACHABLE = 7;
export const RTN_PROHIBIT = 8;

/** rt_flags (include/uapi/linux/in_route.h). */
export const RTCF_BROADCAST = 0x10000000;
export const RTCF_MULTICAST = 0x20000000;
export const RTCF_LOCAL = 0x80000000;

/** The smallest MTU that an IPv4 link may have (RFC 791). */
export const IPV4_MIN_MTU = 68;
/** What dst->obsolete generations do not cover: an exception's time (net.ipv4.route.mtu_expires). */
const IP_MAX_MTU = 0xffff;

/** RTAX_* of the route; 0 means "not set". Sizes in octets, times in milliseconds. */
export interface RouteMetrics {
  readonly mtu: number;
  /** `ip route … mtu lock N`: path MTU discovery does not lower it. */
  readonly mtuIsLocked: boolean;
  readonly advmss: number;
  readonly window: number;
  readonly initcwnd: number;
  readonly initrwnd: number;
  readonly rto_min: number;
  readonly hoplimit: number;
  readonly quickack: number;
}

export const NO_METRICS: RouteMetrics = {
  mtu: 0,
  mtuIsLocked: false,
  advmss: 0,
  window: 0,
  initcwnd: 0,
  initrwnd: 0,
  rto_min: 0,
  hoplimit: 0,
  quickack: 0,
};

/** dst_entry's two functions; each takes the packet over. 0, or a negative errno. */
export type DstFunction = (skb: SkBuff) => number;

export class Rtable {
  readonly net: NetStack;
  readonly dev: NetDevice;
  readonly rt_type: number;
  readonly rt_flags: number;
  readonly rt_is_input: boolean;
  /** The gateway, or 0 when the destination is on the link. */
  readonly rt_gw4: number;
  readonly metrics: RouteMetrics;
  readonly input: DstFunction;
  readonly output: DstFunction;
  /** dst.error: negative errno of a route that only makes errors, else 0. */
  error = 0;
  /** Path MTU learnt from ICMP, 0 for none; until `rt_pmtuExpires` (jiffies). */
  rt_pmtu = 0;
  rt_pmtuExpires = 0;
  rt_mtu_locked = false;
  /** The neighbour of the gateway, or of the last destination sent to. */
  neigh: Neighbour | undefined = undefined;
  neighFor = -1;
  /** Set when something replaced this route for its destination only. */
  isObsolete = false;
  readonly #genid: number;

  constructor(
    net: NetStack,
    dev: NetDevice,
    type: number,
    flags: number,
    isInput: boolean,
    gateway: number,
    metrics: RouteMetrics,
    input: DstFunction,
    output: DstFunction,
  ) {
    this.net = net;
    this.dev = dev;
    this.rt_type = type;
    this.rt_flags = flags;
    this.rt_is_input = isInput;
    this.rt_gw4 = gateway;
    this.metrics = metrics;
    this.input = input;
    this.output = output;
    this.#genid = net.ipv4.rt_genid;
  }

  /** ipv4_dst_check: nothing in the routing tables or addresses has changed since. */
  isValid(): boolean {
    return !this.isObsolete && this.#genid === this.net.ipv4.rt_genid && this.pmtuHolds();
  }

  pmtuHolds(): boolean {
    return this.rt_pmtu === 0 || this.rt_pmtuExpires > this.net.kernel.jiffies;
  }

  /** rt_nexthop: whom the link layer must reach. */
  nexthop(daddr: number): number {
    return this.rt_gw4 === 0 ? daddr : this.rt_gw4;
  }

  /** ipv4_mtu: octets of the largest packet that this path carries. */
  mtu(): number {
    if (this.rt_pmtu !== 0 && this.pmtuHolds()) return this.rt_pmtu;
    if (this.metrics.mtu !== 0) return Math.min(this.metrics.mtu, IP_MAX_MTU);
    return Math.min(this.dev.mtu, IP_MAX_MTU);
  }

  /** ipv4_default_advmss: what TCP offers its peer as segment size. */
  advmss(): number {
    if (this.metrics.advmss !== 0) return this.metrics.advmss;
    const header = 40;
    return Math.min(Math.max(this.mtu() - header, this.net.ipv4.min_adv_mss.value), 65535 - header);
  }

  /** ip4_dst_hoplimit. */
  hoplimit(): number {
    return this.metrics.hoplimit !== 0 ? this.metrics.hoplimit : this.net.ipv4.ip_default_ttl.value;
  }
}

/** dst_output: the packet leaves through its route. */
export function dst_output(skb: SkBuff): number {
  const dst = skb.dst;
  if (dst === undefined) throw new Error("dst_output: the packet has no route");
  return dst.output(skb);
}

export function dst_input(skb: SkBuff): number {
  const dst = skb.dst;
  if (dst === undefined) throw new Error("dst_input: the packet has no route");
  return dst.input(skb);
}

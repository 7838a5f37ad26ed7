/** struct fib_info and fib_nh: what a route leads to (net/ipv4/fib_semantics.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { RouteMetrics, Rtable } from "./rtable.ts";
import {
  RTN_ANYCAST,
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
} from "./rtable.ts";
import { RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_NOWHERE, RT_SCOPE_UNIVERSE } from "./in-device.ts";

/** Who made the route (rtm_protocol). */
export const RTPROT_REDIRECT = 1;
export const RTPROT_KERNEL = 2;
export const RTPROT_BOOT = 3;

/** nexthop flags. */
export const RTNH_F_DEAD = 1;
export const RTNH_F_ONLINK = 4;
export const RTNH_F_LINKDOWN = 16;

/** A next hop and the routes made from it. */
export class FibNh {
  readonly dev: NetDevice | undefined;
  readonly gw: number;
  readonly scope: number;
  flags: number;
  /** Source address towards this next hop, and the address generation it was chosen in. */
  saddr = 0;
  saddr_genid = -1;
  rth_output: Rtable | undefined = undefined;
  rth_input: Rtable | undefined = undefined;
  /** fnhe: path MTUs learnt for single destinations, by destination. */
  exceptions: Map<number, FibNhException> | undefined = undefined;

  constructor(dev: NetDevice | undefined, gw: number, scope: number, flags: number) {
    this.dev = dev;
    this.gw = gw;
    this.scope = scope;
    this.flags = flags;
  }
}

export interface FibNhException {
  pmtu: number;
  mtu_locked: boolean;
  /** Jiffies. */
  expires: number;
  rth_output: Rtable | undefined;
  rth_input: Rtable | undefined;
}

export interface FibInfo {
  readonly fib_type: number;
  readonly fib_scope: number;
  readonly fib_protocol: number;
  readonly fib_priority: number;
  readonly fib_prefsrc: number;
  readonly fib_metrics: RouteMetrics;
  readonly nh: FibNh;
}

/** fib_props: what a look-up that ends at this type returns, and the narrowest scope the type allows. */
export function fib_type_error(type: number): number {
  switch (type) {
    case RTN_BLACKHOLE:
      return -Errno.EINVAL;
    case RTN_UNREACHABLE:
      return -Errno.EHOSTUNREACH;
    case RTN_PROHIBIT:
      return -Errno.EACCES;
    default:
      return 0;
  }
}

export function fib_type_scope(type: number): number {
  switch (type) {
    case RTN_LOCAL:
      return RT_SCOPE_HOST;
    case RTN_BROADCAST:
    case RTN_ANYCAST:
      return RT_SCOPE_LINK;
    case RTN_UNICAST:
    case RTN_MULTICAST:
    case RTN_BLACKHOLE:
    case RTN_UNREACHABLE:
    case RTN_PROHIBIT:
      return RT_SCOPE_UNIVERSE;
    default:
      return RT_SCOPE_NOWHERE;
  }
}

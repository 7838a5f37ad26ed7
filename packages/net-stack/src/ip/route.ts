/** Route look-ups (net/ipv4/route.c). */
import type { NetStack } from "../net-stack.ts";
import type { SkBuff } from "../skbuff.ts";
import type { Sock } from "../socket/sock.ts";
import type { Flowi4 } from "./flowi4.ts";
import type { Rtable } from "./rtable.ts";

/**
 * ip_route_output_key: how a packet of ours leaves. Fills in `fl4.saddr` (and `fl4.daddr` when it is 0).
 * @returns the route, or -ENETUNREACH, -EHOSTUNREACH, -EACCES (prohibit), -EINVAL (blackhole, or a
 * source address that is not ours), -ENODEV.
 */
export function ip_route_output(_net: NetStack, _fl4: Flowi4): Rtable | number {
  throw new Error("not built yet");
}

/** The route of a socket's packets, cached on the socket until the tables change. */
export function ip_route_sock(_sk: Sock): Rtable | number {
  throw new Error("not built yet");
}

/** Is `addr` an address of this host (unicast), multicast, broadcast …? Returns RTN_*. */
export function inet_addr_type(_net: NetStack, _addr: number): number {
  throw new Error("not built yet");
}

/** "Fragmentation needed" arrived for a packet of `sk`: the path to the peer carries `mtu` octets. */
export function ipv4_sk_update_pmtu(_skb: SkBuff, _sk: Sock, _mtu: number): void {
  throw new Error("not built yet");
}

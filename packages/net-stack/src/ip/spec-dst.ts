/** RFC 1122's specific destination (net/ipv4/fib_frontend.c: fib_compute_spec_dst). */
import type { NetStack } from "../net-stack.ts";
import type { SkBuff } from "../skbuff.ts";
import { IP_DADDR, IP_SADDR, IP_TOS, ipv4_is_zeronet } from "../wire/ipv4.ts";
import { RT_SCOPE_LINK, RT_SCOPE_UNIVERSE, inet_select_addr } from "./in-device.ts";
import { fib_result_prefsrc } from "./route.ts";
import { RTCF_BROADCAST, RTCF_LOCAL, RTCF_MULTICAST } from "./rtable.ts";

/** The address of ours that an answer to the packet should come from; its route must still be known. */
export function fib_compute_spec_dst(net: NetStack, skb: SkBuff): number {
  const { view, network_header } = skb;
  const flags = skb.dst?.rt_flags ?? 0;
  const isUnicast = (flags & (RTCF_BROADCAST | RTCF_MULTICAST)) === 0;
  if (isUnicast && (flags & RTCF_LOCAL) !== 0) return view.getUint32(network_header + IP_DADDR);
  const saddr = view.getUint32(network_header + IP_SADDR);
  const isKnown = !ipv4_is_zeronet(saddr);
  if (isKnown) {
    const found = net.ipv4.fib.lookup(saddr, view.getUint8(network_header + IP_TOS), 0, 0);
    if (found !== undefined) return fib_result_prefsrc(net, found);
  }
  const scope = isKnown ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  return skb.dev === undefined ? 0 : inet_select_addr(skb.dev, saddr, scope);
}

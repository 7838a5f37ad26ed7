/** Redirects that a router sends (ip_rt_send_redirect in net/ipv4/route.c). */
import type { NetStack } from "../net-stack.ts";
import type { Rtable } from "../ip/rtable.ts";
import type { SkBuff } from "../skbuff.ts";
import { ICMP_REDIRECT } from "../wire/icmp.ts";
import { IP_DADDR } from "../wire/ipv4.ts";
import { icmp_send } from "./icmp-send.ts";

const ICMP_REDIR_HOST = 1;

/** Tells the sender of a packet that left by the link it came from about the better first hop. */
export function icmp_send_redirect(net: NetStack, skb: SkBuff, rt: Rtable): void {
  const gateway = rt.nexthop(skb.view.getUint32(skb.network_header + IP_DADDR));
  icmp_send(net, skb, ICMP_REDIRECT, ICMP_REDIR_HOST, gateway);
}

/** ipv4_link_failure: the next hop of a packet of ours, or of one that we forward, does not answer. */
import { icmp_send } from "../icmp/icmp-send.ts";
import type { NetStack } from "../net-stack.ts";
import type { SkBuff } from "../skbuff.ts";
import { ICMP_DEST_UNREACH, ICMP_HOST_UNREACH } from "../wire/icmp.ts";

/** Does not take the packet. */
export function dst_link_failure(net: NetStack, skb: SkBuff): void {
  icmp_send(net, skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
}

/** Packets for this host (net/ipv4/ip_input.c: ip_local_deliver). */
import { icmp_send } from "../icmp/icmp-send.ts";
import { raw_local_deliver } from "../raw/raw.ts";
import type { NetStack } from "../net-stack.ts";
import { kfree_skb, skb_pull } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { ICMP_DEST_UNREACH, ICMP_PROT_UNREACH } from "../wire/icmp.ts";
import { IP_FRAG_OFF, IP_MF, IP_OFFSET, IP_PROTOCOL } from "../wire/ipv4.ts";
import { ip_defrag } from "./reassembly.ts";

/** `skb.offset` is at the IPv4 header. Takes the packet. */
export function ip_local_deliver(skb: SkBuff): number {
  const net = skb.dev?.net;
  if (net === undefined) throw new Error("ip_local_deliver: the packet has no device");
  const fragOff = skb.view.getUint16(skb.network_header + IP_FRAG_OFF);
  if ((fragOff & (IP_MF | IP_OFFSET)) === 0) {
    deliver(net, skb);
    return 0;
  }
  const whole = ip_defrag(net, skb);
  if (whole !== undefined) deliver(net, whole);
  return 0;
}

/** ip_protocol_deliver_rcu. */
function deliver(net: NetStack, skb: SkBuff): void {
  const header = skb.network_header;
  const protocol = skb.view.getUint8(header + IP_PROTOCOL);
  skb_pull(skb, (skb.view.getUint8(header) & 0x0f) * 4);
  skb.transport_header = skb.offset;
  const wasRaw = net.ipv4.raw.size > 0 && raw_local_deliver(net, skb, protocol);
  const handler = net.ipv4.protocols[protocol];
  if (handler !== undefined) {
    net.mib.ip.InDelivers++;
    handler.rcv(skb);
    return;
  }
  if (wasRaw) net.mib.ip.InDelivers++;
  else {
    net.mib.ip.InUnknownProtos++;
    icmp_send(net, skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
  }
  kfree_skb(skb);
}

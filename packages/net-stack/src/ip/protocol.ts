/** Protocols above IPv4 (net/ipv4/protocol.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetStack } from "../net-stack.ts";
import type { SkBuff } from "../skbuff.ts";

export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_RAW = 255;

/** struct net_protocol. */
export interface NetProtocol {
  /**
   * A packet for this host: `skb.offset` and `skb.transport_header` are at the transport header,
   * `skb.network_header` at the IPv4 header; `skb.length` is the IPv4 payload. Takes the packet over.
   */
  rcv(skb: SkBuff): void;
  /**
   * An ICMP error about a packet of ours. `skb.offset` is at the quoted IPv4 header, of which at least
   * the header and 8 octets are there (`skb.length` says); `skb.network_header` is the outer header.
   * Does not take the packet over. `info`: the next-hop MTU of "fragmentation needed", else the ICMP
   * header's second word.
   */
  err(skb: SkBuff, type: number, code: number, info: number): void;
  /** Quotes must come from a known socket, or ICMP errors are counted as wrong. */
  readonly icmp_strict_tag_validation?: boolean;
}

/** 0, or -EBUSY when the number is taken. */
export function inet_add_protocol(net: NetStack, protocol: number, handler: NetProtocol): number {
  if (net.ipv4.protocols[protocol] !== undefined) return -Errno.EBUSY;
  net.ipv4.protocols[protocol] = handler;
  return 0;
}

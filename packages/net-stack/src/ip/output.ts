/** IPv4 output (net/ipv4/ip_output.c). */
import type { NetStack } from "../net-stack.ts";
import type { SkBuff } from "../skbuff.ts";
import type { Sock } from "../socket/sock.ts";
import type { Rtable } from "./rtable.ts";

/** Octets to keep free in front of a transport header: IPv4 with options, link header, alignment. */
export const MAX_HEADER = 128;

/**
 * Sends a segment of a connected socket: `skb.offset` is at the transport header, with MAX_HEADER
 * octets of headroom. Routes by the socket's cached route, writes the IPv4 header, takes the packet.
 * @returns 0, or a negative errno: -EHOSTUNREACH and -ENETUNREACH without a route, -ENOBUFS or
 * positive NET_XMIT codes when the queue dropped it.
 */
export function ip_queue_xmit(_sk: Sock, _skb: SkBuff, _tos: number): number {
  throw new Error("not built yet");
}

/**
 * Writes the IPv4 header of a packet whose route and addresses are given (SYN-ACK), and sends it.
 * `skb.offset` is at the transport header. Takes the packet.
 */
export function ip_build_and_send_pkt(
  _skb: SkBuff,
  _sk: Sock,
  _rt: Rtable,
  _saddr: number,
  _daddr: number,
  _tos: number,
): number {
  throw new Error("not built yet");
}

/**
 * Answers `skb` without a socket (RST, TIME_WAIT's ACK). `reply` holds the transport header (offset
 * there, MAX_HEADER octets of headroom, checksum prepared) and is taken over; addresses are those of `skb` swapped.
 */
export function ip_send_unicast_reply(
  _net: NetStack,
  _skb: SkBuff,
  _reply: SkBuff,
  _protocol: number,
  _tos: number,
  _oif: number,
): void {
  throw new Error("not built yet");
}

/** IPv4 identification (__ip_select_ident in net/ipv4/route.c). */
import type { NetStack } from "../net-stack.ts";
import type { Sock } from "../socket/sock.ts";
import { IP_DF } from "../wire/ipv4.ts";

/** Linux: at least 2048 buckets (IP_IDENTS_SZ). */
const IP_IDENTS_SZ = 2048;

/**
 * ip_select_ident: a connected socket counts its own packets, whatever DF says; otherwise packets that
 * cannot be fragmented carry 0, and others the next number of their addresses' counter.
 */
export function ip_select_ident(
  net: NetStack,
  sk: Sock | undefined,
  saddr: number,
  daddr: number,
  protocol: number,
  fragOff: number,
  ignoreDf: boolean,
): number {
  if (sk !== undefined && sk.inet_daddr !== 0) {
    const id = sk.inet_id;
    sk.inet_id = (id + 1) & 0xffff;
    return id;
  }
  if ((fragOff & IP_DF) !== 0 && !ignoreDf) return 0;
  const idents = net.ipv4.idents ?? new Uint16Array(IP_IDENTS_SZ);
  net.ipv4.idents = idents;
  let hash = Math.imul(saddr ^ net.ipv4.ip_id_key, 0x9e3779b1);
  hash = Math.imul(hash ^ daddr ^ protocol, 0x85ebca6b);
  const bucket = (hash ^ (hash >>> 15)) & (IP_IDENTS_SZ - 1);
  const id = idents[bucket] ?? 0;
  idents[bucket] = id + 1;
  return (id + (hash >>> 16)) & 0xffff;
}

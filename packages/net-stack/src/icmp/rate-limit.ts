/** Rate limits of ICMP (icmp_global_allow and icmpv4_xrlim_allow in net/ipv4/icmp.c, inet_peer_xrlim_allow). */
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, NR_ICMP_TYPES } from "../wire/icmp.ts";

/** Messages to one host that may follow each other at once, in units of icmp_ratelimit. */
const XRLIM_BURST_FACTOR = 6;
/** Hosts that are remembered; the oldest are forgotten (inet_peer_threshold). */
const PEERS_MAX = 65_664;

interface Peer {
  tokens: number;
  last: number;
}

/** The token buckets of one kernel. */
export class IcmpRateLimits {
  credit = 0;
  stamp: number = Number.NEGATIVE_INFINITY;
  readonly peers: Map<number, Peer> = new Map();
}

function isExempt(net: NetStack, type: number, code: number): boolean {
  if (type > NR_ICMP_TYPES) return true;
  // Path MTU discovery must not be slowed down.
  if (type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED) return true;
  return (net.ipv4.icmp_ratemask.value & (1 << type)) === 0;
}

/** Of the whole host: icmp_msgs_per_sec with a burst of icmp_msgs_burst. */
export function icmp_global_allow(
  net: NetStack,
  type: number,
  code: number,
  dev: NetDevice | undefined,
): boolean {
  if (isExempt(net, type, code) || dev?.isLoopback === true) return true;
  const limits = net.ipv4.icmpLimits;
  const { jiffies, HZ } = net.kernel;
  const delta = Math.min(jiffies - limits.stamp, HZ);
  if (limits.credit > 0 || delta >= HZ / 50) {
    const earned = Math.floor((net.ipv4.icmp_msgs_per_sec.value * delta) / HZ);
    if (earned > 0) limits.stamp = jiffies;
    limits.credit = Math.min(limits.credit + earned, net.ipv4.icmp_msgs_burst.value);
    if (limits.credit > 0) {
      // Linux takes up to two more at random, so that the limit cannot be measured.
      limits.credit = Math.max(limits.credit - 1 - (net.kernel.random_u32() % 3), 0);
      return true;
    }
  }
  net.mib.icmp.RateLimitGlobal++;
  return false;
}

/** Of one destination: one message every icmp_ratelimit ms, with a burst of six. */
export function icmpv4_xrlim_allow(
  net: NetStack,
  dev: NetDevice,
  daddr: number,
  type: number,
  code: number,
): boolean {
  if (isExempt(net, type, code) || dev.isLoopback) return true;
  const timeout = net.kernel.msecs_to_jiffies(net.ipv4.icmp_ratelimit.value);
  if (timeout === 0) return true;
  const { peers } = net.ipv4.icmpLimits;
  const now = net.kernel.jiffies;
  let peer = peers.get(daddr);
  if (peer === undefined) {
    peer = { tokens: XRLIM_BURST_FACTOR * timeout, last: now };
    if (peers.size >= PEERS_MAX) {
      const [oldest] = peers.keys();
      if (oldest !== undefined) peers.delete(oldest);
    }
    peers.set(daddr, peer);
  }
  peer.tokens = Math.min(peer.tokens + now - peer.last, XRLIM_BURST_FACTOR * timeout);
  peer.last = now;
  if (peer.tokens >= timeout) {
    peer.tokens -= timeout;
    return true;
  }
  net.mib.icmp.RateLimitHost++;
  return false;
}

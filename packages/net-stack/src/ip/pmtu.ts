/** Path MTUs learnt from ICMP (net/ipv4/route.c: fnhe, __ip_rt_update_pmtu). */
import type { NetStack } from "../net-stack.ts";
import type { FibNh, FibNhException } from "./fib-info.ts";
import { fib_type_error } from "./fib-info.ts";

/** Destinations whose path MTU one next hop remembers; Linux: FNHE_HASH_SIZE × FNHE_RECLAIM_DEPTH. */
const FNHE_MAX = 10_240;

/** What is known of the path to `daddr` alone, unless it has expired. */
export function fnhe_lookup(net: NetStack, nh: FibNh, daddr: number): FibNhException | undefined {
  const { exceptions } = nh;
  if (exceptions === undefined) return undefined;
  const fnhe = exceptions.get(daddr | 0);
  if (fnhe === undefined) return undefined;
  if (fnhe.expires > net.kernel.jiffies) return fnhe;
  exceptions.delete(daddr | 0);
  return undefined;
}

/**
 * The path to `daddr` carries `mtu` octets. Below net.ipv4.route.min_pmtu the value is not believed:
 * the MTU is set to min_pmtu and locked, so that packets are fragmented.
 */
export function ipv4_update_pmtu(
  net: NetStack,
  daddr: number,
  tos: number,
  oif: number,
  mtu: number,
): void {
  const found = net.ipv4.fib.lookup(daddr, tos, oif, 0);
  if (found === undefined || fib_type_error(found.info.fib_type) < 0) return;
  if (found.info.fib_metrics.mtuIsLocked) return;
  const { nh } = found.info;
  const minimum = net.ipv4.min_pmtu.value;
  const known = fnhe_lookup(net, nh, daddr);
  const current = known?.pmtu ?? nh.dev?.mtu ?? 0;
  if (current < mtu) return;
  const isLocked = mtu < minimum;
  const pmtu = isLocked ? Math.min(current, minimum) : mtu;
  const expires = net.kernel.jiffies + net.ipv4.mtu_expires.value * net.kernel.HZ;
  if (
    known?.pmtu === pmtu &&
    known.expires > expires - (net.ipv4.mtu_expires.value * net.kernel.HZ) / 2
  ) {
    return;
  }
  const exceptions = nh.exceptions ?? new Map<number, FibNhException>();
  nh.exceptions = exceptions;
  if (exceptions.size >= FNHE_MAX) {
    const [oldest] = exceptions.keys();
    if (oldest !== undefined) exceptions.delete(oldest);
  }
  if (known?.rth_output !== undefined) known.rth_output.isObsolete = true;
  exceptions.set(daddr | 0, {
    pmtu,
    mtu_locked: isLocked,
    expires,
    rth_output: undefined,
    rth_input: undefined,
  });
  // Sockets hold the next hop's common route: make them look again.
  if (nh.rth_output !== undefined) {
    nh.rth_output.isObsolete = true;
    nh.rth_output = undefined;
  }
}

/** RTM_NEWROUTE as the kernel sends it (fib_dump_info, rt_fill_info). */
import type { FibAlias } from "../ip/fib-table.ts";
import type { Flowi4 } from "../ip/flowi4.ts";
import { RTNH_F_DEAD, RTNH_F_LINKDOWN, RTNH_F_ONLINK } from "../ip/fib-info.ts";
import { RTN_LOCAL } from "../ip/rtable.ts";
import type { RouteMetrics, Rtable } from "../ip/rtable.ts";
import type { NetlinkWriter } from "../netlink/netlink-writer.ts";
import { AF_INET } from "../socket/sockaddr.ts";
import type { MessageTarget } from "./link-message.ts";
import { RTA, RTAX, RTM } from "./rtnetlink-numbers.ts";

/** rtm_table of a table whose number needs more than an octet. */
const RT_TABLE_COMPAT = 252;
const RTM_F_CLONED = 0x200;
const USER_HZ = 100;

/** fib_dump_info: one route of a table. @returns false: it does not fit */
export function fillRoute(
  writer: NetlinkWriter,
  alias: FibAlias,
  table: number,
  type: number,
  target: MessageTarget,
  flags: number,
): boolean {
  const { info } = alias;
  const { nh } = info;
  writer.begin(type, flags, target.seq, target.portid);
  writer.u8(AF_INET).u8(alias.prefixlen).u8(0).u8(alias.tos);
  writer.u8(table < 256 ? table : RT_TABLE_COMPAT).u8(info.fib_protocol);
  writer.u8(info.fib_scope).u8(info.fib_type).u32(routeFlags(alias));
  writer.attributeU32(RTA.TABLE, table);
  if (alias.prefixlen !== 0) writer.attributeBe32(RTA.DST, alias.prefix);
  if (info.fib_priority !== 0) writer.attributeU32(RTA.PRIORITY, info.fib_priority);
  fillMetrics(writer, metricValues(info.fib_metrics));
  if (info.fib_prefsrc !== 0) writer.attributeBe32(RTA.PREFSRC, info.fib_prefsrc);
  if (nh.gw !== 0) writer.attributeBe32(RTA.GATEWAY, nh.gw);
  if (nh.dev !== undefined) writer.attributeU32(RTA.OIF, nh.dev.ifindex);
  return writer.end();
}

/** fib_nexthop_info's part of rtm_flags. */
function routeFlags({ info: { nh } }: FibAlias): number {
  let flags = nh.flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN | RTNH_F_ONLINK);
  if ((nh.flags & RTNH_F_LINKDOWN) !== 0 && nh.dev?.ip_ptr?.ignoresRoutesWithLinkdown === true) {
    flags |= RTNH_F_DEAD;
  }
  return flags;
}

/** What a look-up was asked for, and where it was found. */
export interface RouteAnswer {
  readonly destination: number;
  readonly source: number;
  readonly table: number;
  readonly tos: number;
}

/** rt_fill_info: the route that one packet would take. */
export function fillRouteAnswer(
  writer: NetlinkWriter,
  rt: Rtable,
  fl4: Flowi4,
  answer: RouteAnswer,
  target: MessageTarget,
): boolean {
  const { table, destination, source } = answer;
  writer.begin(RTM.NEWROUTE, 0, target.seq, target.portid);
  writer
    .u8(AF_INET)
    .u8(32)
    .u8(source === 0 ? 0 : 32)
    .u8(answer.tos);
  writer
    .u8(table < 256 ? table : RT_TABLE_COMPAT)
    .u8(0)
    .u8(0)
    .u8(rt.rt_type);
  writer.u32(((rt.rt_flags & ~0xffff) | RTM_F_CLONED) >>> 0);
  writer.attributeU32(RTA.TABLE, table);
  writer.attributeBe32(RTA.DST, destination);
  if (source !== 0) writer.attributeBe32(RTA.SRC, source);
  writer.attributeU32(RTA.OIF, rt.dev.ifindex);
  if (fl4.saddr !== source) writer.attributeBe32(RTA.PREFSRC, fl4.saddr);
  if (rt.rt_gw4 !== 0) writer.attributeBe32(RTA.GATEWAY, rt.rt_gw4);
  const metrics = metricValues(rt.metrics);
  if (rt.rt_pmtu !== 0 && rt.pmtuHolds()) {
    metrics.set(RTAX.MTU, rt.rt_pmtu);
    if (rt.rt_mtu_locked) metrics.set(RTAX.LOCK, 1 << RTAX.MTU);
  }
  fillMetrics(writer, metrics);
  writer.attributeU32(RTA.UID, 0);
  writer.attribute(RTA.CACHEINFO, cacheInfo(rt));
  return writer.end();
}

/** struct rta_cacheinfo: references, last use, expiry and error; the rest is no longer used. */
function cacheInfo(rt: Rtable): Uint8Array {
  const octets = new Uint8Array(32);
  const view = new DataView(octets.buffer);
  // The next hop holds a route through a device besides whoever asks.
  view.setUint32(0, rt.rt_type === RTN_LOCAL ? 1 : 2, true);
  const left = rt.rt_pmtu === 0 ? 0 : rt.rt_pmtuExpires - rt.net.kernel.jiffies;
  view.setInt32(8, Math.floor((Math.max(left, 0) * USER_HZ) / rt.net.kernel.HZ), true);
  view.setUint32(12, -rt.error, true);
  return octets;
}

/** RTAX_* that are set, in their order. */
function metricValues(metrics: RouteMetrics): Map<number, number> {
  const all: readonly (readonly [number, number])[] = [
    [RTAX.LOCK, metrics.mtuIsLocked ? 1 << RTAX.MTU : 0],
    [RTAX.MTU, metrics.mtu],
    [RTAX.WINDOW, metrics.window],
    [RTAX.ADVMSS, metrics.advmss],
    [RTAX.HOPLIMIT, metrics.hoplimit],
    [RTAX.INITCWND, metrics.initcwnd],
    [RTAX.RTO_MIN, metrics.rto_min],
    [RTAX.INITRWND, metrics.initrwnd],
    [RTAX.QUICKACK, metrics.quickack],
  ];
  return new Map(all.filter(([, value]) => value !== 0));
}

/** rtnetlink_put_metrics: no attribute where no metric is set. */
function fillMetrics(writer: NetlinkWriter, metrics: Map<number, number>): void {
  if (metrics.size === 0) return;
  const inOrder = [...metrics].toSorted(([a], [b]) => a - b);
  writer.nestPlain(RTA.METRICS, () => {
    for (const [type, value] of inOrder) writer.attributeU32(type, value);
  });
}

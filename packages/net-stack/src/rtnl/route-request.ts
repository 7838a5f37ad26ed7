/** Requests about IPv4 routes (net/ipv4/fib_frontend.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { RTNH_F_DEAD, RTNH_F_LINKDOWN, RTNH_F_ONLINK } from "../ip/fib-info.ts";
import { RT_TABLE_MAIN } from "../ip/fib.ts";
import type { FibConfig } from "../ip/fib.ts";
import type { FibAlias, FibTable } from "../ip/fib-table.ts";
import { NO_METRICS } from "../ip/rtable.ts";
import type { RouteMetrics } from "../ip/rtable.ts";
import type { NetStack } from "../net-stack.ts";
import { NLM_F_DUMP_FILTERED } from "../netlink/netlink.ts";
import { NetlinkAttributes } from "../netlink/netlink-attributes.ts";
import type { NetlinkCallback, NetlinkDump } from "../netlink/netlink-dump.ts";
import type { NetlinkExtAck } from "../netlink/netlink-ext-ack.ts";
import { nlmsgParse } from "../netlink/netlink-policy.ts";
import type { NetlinkPolicies } from "../netlink/netlink-policy.ts";
import { AF_INET } from "../socket/sockaddr.ts";
import { listDump } from "./list-dump.ts";
import { headerView } from "./message-context.ts";
import type { RtnlContext } from "./message-context.ts";
import { fillRoute } from "./route-message.ts";
import { RTA, RTAX, RTM } from "./rtnetlink-numbers.ts";

/** struct rtmsg */
export const RTMSG_OCTETS = 12;
const RTN_MAX = 11;
const RTM_F_CLONED = 0x200;
const RTM_F_PREFIX = 0x800;
const AF_INET6 = 10;

const U32 = { kind: "u32" } as const;
const U16 = { kind: "u16" } as const;
const NESTED = { kind: "nested" } as const;

/** rtm_ipv4_policy */
export const RTA_POLICY: NetlinkPolicies = {
  [RTA.DST]: U32,
  [RTA.SRC]: U32,
  [RTA.IIF]: U32,
  [RTA.OIF]: U32,
  [RTA.GATEWAY]: U32,
  [RTA.PRIORITY]: U32,
  [RTA.PREFSRC]: U32,
  [RTA.METRICS]: NESTED,
  [RTA.MULTIPATH]: { kind: "octets", length: 8 },
  [RTA.FLOW]: U32,
  [RTA.ENCAP_TYPE]: U16,
  [RTA.ENCAP]: NESTED,
  [RTA.UID]: U32,
  [RTA.MARK]: U32,
  [RTA.TABLE]: U32,
  [RTA.IP_PROTO]: { kind: "u8" },
  [RTA.SPORT]: U16,
  [RTA.DPORT]: U16,
  [RTA.NH_ID]: U32,
};

/** RTM_NEWROUTE. -EINVAL, and what fib_table_insert fails with */
export function inet_rtm_newroute(context: RtnlContext): number {
  const cfg = rtm_to_fib_config(context);
  return typeof cfg === "number" ? cfg : context.net.ipv4.fib.insert(cfg, context.message.flags);
}

/** RTM_DELROUTE. -EINVAL, -ESRCH */
export function inet_rtm_delroute(context: RtnlContext): number {
  const cfg = rtm_to_fib_config(context);
  if (typeof cfg === "number") return cfg;
  const { fib } = context.net.ipv4;
  if (fib.table(cfg.table) === undefined) {
    return context.extack.say("FIB table does not exist", -Errno.ESRCH);
  }
  return fib.delete(cfg);
}

function rtm_to_fib_config({ message, extack }: RtnlContext): FibConfig | number {
  const parsed = nlmsgParse(message, RTMSG_OCTETS, RTA.MAX, RTA_POLICY, false, extack);
  if (typeof parsed === "number") return parsed;
  const view = headerView(message);
  const tos = view.getUint8(3);
  const type = view.getUint8(7);
  const flags = view.getUint32(8, true);
  if ((tos & 3) !== 0) {
    return extack.say("Invalid dsfield (tos): ECN bits must be 0", -Errno.EINVAL);
  }
  if (type > RTN_MAX) return extack.say("Invalid route type", -Errno.EINVAL);
  const gw = gatewayOf(parsed, extack);
  if (gw < 0) return gw;
  const dst = parsed.be32(RTA.DST) ?? 0;
  const dstLen = view.getUint8(1);
  if (dstLen > 32) return extack.say("Invalid prefix length", -Errno.EINVAL);
  if (dstLen < 32 && dst << dstLen !== 0) {
    return extack.say("Invalid prefix for given prefix length", -Errno.EINVAL);
  }
  if ((flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) !== 0) {
    const words = "Invalid rtm_flags - can not contain DEAD or LINKDOWN";
    return extack.say(words, -Errno.EINVAL);
  }
  const metrics = metricsOf(parsed.bytes(RTA.METRICS), extack);
  if (typeof metrics === "number") return metrics;
  const table = parsed.u32(RTA.TABLE) ?? view.getUint8(4);
  return {
    dst,
    dstLen,
    table: table === 0 ? RT_TABLE_MAIN : table,
    type,
    scope: view.getUint8(6),
    protocol: view.getUint8(5),
    tos,
    priority: parsed.u32(RTA.PRIORITY) ?? 0,
    gw,
    oif: parsed.u32(RTA.OIF) ?? 0,
    prefsrc: parsed.be32(RTA.PREFSRC) ?? 0,
    metrics,
    isOnlink: (flags & RTNH_F_ONLINK) !== 0,
  };
}

/** The one next hop there can be: its IPv4 address, 0 for none, or -EINVAL. */
function gatewayOf(parsed: NetlinkAttributes, extack: NetlinkExtAck): number {
  if (parsed.has(RTA.NH_ID) && parsed.u32(RTA.NH_ID) !== 0) {
    return extack.say("Nexthop id does not exist", -Errno.EINVAL);
  }
  if (parsed.has(RTA.MULTIPATH)) {
    return extack.say("Multipath support not enabled in kernel", -Errno.EINVAL);
  }
  if (parsed.has(RTA.ENCAP)) {
    return extack.say("LWT encap type not specified", -Errno.EINVAL);
  }
  const via = parsed.bytes(RTA.VIA);
  const gateway = parsed.be32(RTA.GATEWAY);
  if (via === undefined) return gateway ?? 0;
  if (gateway !== undefined) {
    const words = "Nexthop configuration can not contain both GATEWAY and VIA";
    return extack.say(words, -Errno.EINVAL);
  }
  return gatewayFromVia(via, extack);
}

/** fib_gw_from_via: struct rtvia is a family and an address. */
function gatewayFromVia(via: Uint8Array, extack: NetlinkExtAck): number {
  if (via.length < 2) return extack.say("Invalid attribute length for RTA_VIA", -Errno.EINVAL);
  const view = new DataView(via.buffer, via.byteOffset, via.byteLength);
  const family = view.getUint16(0, true);
  if (family === AF_INET) {
    return via.length === 6
      ? view.getUint32(2)
      : extack.say("Invalid IPv4 address in RTA_VIA", -Errno.EINVAL);
  }
  return extack.say(
    family === AF_INET6
      ? "IPv6 support not enabled in kernel"
      : "Unsupported address family in RTA_VIA",
    -Errno.EINVAL,
  );
}

const MAX_ADVMSS = 65_535 - 40;
const MAX_ROUTE_MTU = 65_535 - 15;

/** ip_metrics_convert */
function metricsOf(bytes: Uint8Array | undefined, extack: NetlinkExtAck): RouteMetrics | number {
  if (bytes === undefined) return NO_METRICS;
  const metrics = new NetlinkAttributes(bytes);
  if (metrics.types().some((type) => type > RTAX.MAX)) {
    return extack.say("Invalid metric type", -Errno.EINVAL);
  }
  if (metrics.types().some((type) => (metrics.bytes(type)?.length ?? 0) !== 4)) {
    return extack.say("Invalid attribute in metrics", -Errno.EINVAL);
  }
  const of = (type: number): number => metrics.u32(type) ?? 0;
  return {
    mtu: Math.min(of(RTAX.MTU), MAX_ROUTE_MTU),
    mtuIsLocked: (of(RTAX.LOCK) & (1 << RTAX.MTU)) !== 0,
    advmss: Math.min(of(RTAX.ADVMSS), MAX_ADVMSS),
    window: of(RTAX.WINDOW),
    initcwnd: of(RTAX.INITCWND),
    initrwnd: of(RTAX.INITRWND),
    rto_min: of(RTAX.RTO_MIN),
    hoplimit: Math.min(of(RTAX.HOPLIMIT), 255),
    quickack: of(RTAX.QUICKACK),
  };
}

interface RouteFilter {
  /** 0: all. */
  readonly table: number;
  readonly type: number;
  readonly protocol: number;
  readonly ifindex: number;
  /** RTM_F_CLONED: learnt path MTUs only, which are not shown. RTM_F_PREFIX is IPv6's. */
  readonly isEmpty: boolean;
}

interface TableRoute {
  readonly table: number;
  readonly alias: FibAlias;
}

/** RTM_GETROUTE with NLM_F_DUMP. */
export function inet_dump_fib({ net, sk }: RtnlContext): NetlinkDump {
  return listDump<RouteFilter, TableRoute>({
    prepare: (cb) => (sk.strictCheck ? strictFilter(net, cb) : looseFilter(cb)),
    items: (filter, cb) => routesOf(net, filter, cb),
    write: (writer, { alias, table }, flags, cb) => {
      const target = { portid: cb.portid, seq: cb.request.seq };
      return fillRoute(writer, alias, table, RTM.NEWROUTE, target, flags);
    },
  });
}

function looseFilter({ request }: NetlinkCallback): RouteFilter {
  const flags = request.payload.length < RTMSG_OCTETS ? 0 : headerView(request).getUint32(8, true);
  return { table: 0, type: 0, protocol: 0, ifindex: 0, isEmpty: showsNoRoutes(flags) };
}

function showsNoRoutes(flags: number): boolean {
  return (flags & (RTM_F_CLONED | RTM_F_PREFIX)) !== 0;
}

/** ip_valid_fib_dump_req */
function strictFilter(net: NetStack, cb: NetlinkCallback): RouteFilter | number {
  const { request, extack } = cb;
  if (request.payload.length < RTMSG_OCTETS) {
    return extack.say("Invalid header for FIB dump request", -Errno.EINVAL);
  }
  const view = headerView(request);
  const hasValues = request.payload.subarray(1, 4).some((octet) => octet !== 0);
  if (hasValues || view.getUint8(6) !== 0) {
    return extack.say("Invalid values in header for FIB dump request", -Errno.EINVAL);
  }
  const flags = view.getUint32(8, true);
  if ((flags & ~(RTM_F_CLONED | RTM_F_PREFIX)) !== 0) {
    return extack.say("Invalid flags for FIB dump request", -Errno.EINVAL);
  }
  const parsed = nlmsgParse(request, RTMSG_OCTETS, RTA.MAX, RTA_POLICY, true, extack);
  if (typeof parsed === "number") return parsed;
  if (parsed.types().some((type) => type !== RTA.TABLE && type !== RTA.OIF)) {
    return extack.say("Unsupported attribute in dump request", -Errno.EINVAL);
  }
  const ifindex = parsed.u32(RTA.OIF) ?? 0;
  if (parsed.has(RTA.OIF) && net.dev_get_by_index(ifindex) === undefined) return -Errno.ENODEV;
  const filter = {
    table: parsed.u32(RTA.TABLE) ?? view.getUint8(4),
    type: view.getUint8(7),
    protocol: view.getUint8(5),
    ifindex,
    isEmpty: showsNoRoutes(flags),
  };
  // A strict dump leaves learnt path MTUs out, so it is filtered even when nothing else is.
  cb.answerFlags = NLM_F_DUMP_FILTERED;
  return filter;
}

function routesOf(net: NetStack, filter: RouteFilter, cb: NetlinkCallback): TableRoute[] | number {
  if (filter.isEmpty) return [];
  const tables = tablesOf(net, filter.table);
  if (tables === undefined) {
    // Where all families are asked the next one may have the table.
    if (cb.request.payload[0] !== AF_INET) return [];
    return cb.extack.say("ipv4: FIB table does not exist", -Errno.ENOENT);
  }
  return tables.flatMap((table) =>
    table
      .entries()
      .filter(({ info }) => fits(info, filter))
      .map((alias) => ({ table: table.id, alias })),
  );
}

function fits({ fib_type, fib_protocol, nh }: FibAlias["info"], filter: RouteFilter): boolean {
  return (
    (filter.type === 0 || fib_type === filter.type) &&
    (filter.protocol === 0 || fib_protocol === filter.protocol) &&
    (filter.ifindex === 0 || nh.dev?.ifindex === filter.ifindex)
  );
}

/** In the order of their hash: the low octet of the number. undefined: there is no such table. */
function tablesOf(net: NetStack, id: number): FibTable[] | undefined {
  const { fib } = net.ipv4;
  if (id === 0) return fib.tables().toSorted((a, b) => (a.id & 0xff) - (b.id & 0xff));
  const table = fib.table(id);
  return table === undefined ? undefined : [table];
}

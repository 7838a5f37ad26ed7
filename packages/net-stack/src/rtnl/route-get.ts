/** RTM_GETROUTE for one destination: how a packet would leave (inet_rtm_getroute of net/ipv4/route.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { RT_TABLE_LOCAL, RT_TABLE_MAIN } from "../ip/fib.ts";
import { Flowi4 } from "../ip/flowi4.ts";
import { ip_route_output } from "../ip/route.ts";
import type { NetStack } from "../net-stack.ts";
import type { NetlinkAttributes } from "../netlink/netlink-attributes.ts";
import { nlmsgParse } from "../netlink/netlink-policy.ts";
import { NetlinkWriter } from "../netlink/netlink-writer.ts";
import { headerView, reply } from "./message-context.ts";
import type { RtnlContext } from "./message-context.ts";
import { fillRoute, fillRouteAnswer } from "./route-message.ts";
import { RTA_POLICY, RTMSG_OCTETS } from "./route-request.ts";
import { RTA, RTM } from "./rtnetlink-numbers.ts";

const RTM_F_NOTIFY = 0x100;
const RTM_F_LOOKUP_TABLE = 0x1000;
const RTM_F_FIB_MATCH = 0x2000;
const IPTOS_RT_MASK = 0x1c;
const IPPROTO_UDP = 17;

/** -EINVAL; what routing fails with: -ENETUNREACH, -EHOSTUNREACH, -EACCES, -ENODEV; -EOPNOTSUPP for a packet that comes in */
export function inet_rtm_getroute(context: RtnlContext): number {
  const { net, sk, message } = context;
  const parsed = parseRequest(context);
  if (typeof parsed === "number") return parsed;
  if (parsed.has(RTA.IIF) && parsed.u32(RTA.IIF) !== 0) return -Errno.EOPNOTSUPP;
  const view = headerView(message);
  const flags = view.getUint32(8, true);
  const destination = parsed.be32(RTA.DST) ?? 0;
  const source = parsed.be32(RTA.SRC) ?? 0;
  const tos = view.getUint8(3) & IPTOS_RT_MASK;
  const fl4 = new Flowi4().set(destination, source, parsed.u32(RTA.OIF) ?? 0, tos, IPPROTO_UDP);
  const rt = ip_route_output(net, fl4);
  if (typeof rt === "number") return rt;
  const found = net.ipv4.fib.lookup(fl4.daddr, tos, fl4.oif, fl4.scope);
  const table = (flags & RTM_F_LOOKUP_TABLE) === 0 ? RT_TABLE_MAIN : tableOf(net, found);
  const writer = new NetlinkWriter();
  const target = { portid: sk.portid, seq: message.seq };
  if ((flags & RTM_F_FIB_MATCH) === 0) {
    fillRouteAnswer(writer, rt, fl4, { destination, source, table, tos: 0 }, target);
  } else {
    if (found === undefined) return -Errno.EHOSTUNREACH;
    fillRoute(writer, found, table, RTM.NEWROUTE, target, 0);
  }
  return reply(context, writer);
}

/** Without policy rules Linux keeps the local routes in the main table's tree, and says so. */
function tableOf(net: NetStack, found: ReturnType<NetStack["ipv4"]["fib"]["lookup"]>): number {
  if (found === undefined) return 0;
  const holds = net.ipv4.fib
    .tables()
    .find((table) => table.at(found.prefix, found.prefixlen).includes(found));
  return holds === undefined || holds.id === RT_TABLE_LOCAL ? RT_TABLE_MAIN : holds.id;
}

/** inet_rtm_valid_getroute_req */
function parseRequest({ sk, message, extack }: RtnlContext): NetlinkAttributes | number {
  if (message.payload.length < RTMSG_OCTETS) {
    return extack.say("ipv4: Invalid header for route get request", -Errno.EINVAL);
  }
  const { strictCheck } = sk;
  const view = headerView(message);
  const lengths = [view.getUint8(1), view.getUint8(2)];
  if (strictCheck) {
    const hasLength = lengths.some((length) => length !== 0 && length !== 32);
    if (hasLength || message.payload.subarray(4, 8).some((octet) => octet !== 0)) {
      return extack.say("ipv4: Invalid values in header for route get request", -Errno.EINVAL);
    }
    const known = RTM_F_NOTIFY | RTM_F_LOOKUP_TABLE | RTM_F_FIB_MATCH;
    if ((view.getUint32(8, true) & ~known) !== 0) {
      return extack.say("ipv4: Unsupported rtm_flags for route get request", -Errno.EINVAL);
    }
  }
  const parsed = nlmsgParse(message, RTMSG_OCTETS, RTA.MAX, RTA_POLICY, strictCheck, extack);
  if (typeof parsed === "number" || !strictCheck) return parsed;
  if ((parsed.has(RTA.SRC) && lengths[1] === 0) || (parsed.has(RTA.DST) && lengths[0] === 0)) {
    return extack.say("ipv4: rtm_src_len and rtm_dst_len must be 32 for IPv4", -Errno.EINVAL);
  }
  if (parsed.types().some((type) => !GET_ATTRIBUTES.includes(type))) {
    return extack.say("ipv4: Unsupported attribute in route get request", -Errno.EINVAL);
  }
  return parsed;
}

const GET_ATTRIBUTES: readonly number[] = [
  RTA.IIF,
  RTA.OIF,
  RTA.SRC,
  RTA.DST,
  RTA.IP_PROTO,
  RTA.SPORT,
  RTA.DPORT,
  RTA.MARK,
  RTA.UID,
];

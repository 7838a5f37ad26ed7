/** rtnetlink: which function answers which message (rtnetlink_rcv_msg). */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetStack } from "../net-stack.ts";
import { NETLINK_ROUTE, NLM_F_DUMP } from "../netlink/netlink.ts";
import type { NetlinkMessage } from "../netlink/netlink.ts";
import { netlink_dump_start } from "../netlink/netlink-dump.ts";
import type { NetlinkExtAck } from "../netlink/netlink-ext-ack.ts";
import type { NetlinkSock } from "../netlink/netlink-sock.ts";
import { NetlinkTable } from "../netlink/netlink-table.ts";
import { AF_INET, AF_UNSPEC } from "../socket/sockaddr.ts";
import { inet_dump_ifaddr, inet_rtm_deladdr, inet_rtm_newaddr } from "./address-message.ts";
import {
  rtnl_dellink,
  rtnl_dump_ifinfo,
  rtnl_getlink,
  rtnl_newlink,
  rtnl_setlink,
} from "./link-request.ts";
import type { RtnlContext, RtnlHandler } from "./message-context.ts";
import { neigh_add, neigh_delete, neigh_dump_info, neigh_get } from "./neighbour-message.ts";
import {
  tc_ctl_tclass,
  tc_del_qdisc,
  tc_dump_qdisc,
  tc_dump_tclass,
  tc_modify_qdisc,
} from "./qdisc-message.ts";
import { inet_rtm_getroute } from "./route-get.ts";
import { inet_dump_fib, inet_rtm_delroute, inet_rtm_newroute } from "./route-request.ts";
import { RTM, RTNLGRP } from "./rtnetlink-numbers.ts";
import { fib_nl_dumprule } from "./rule-message.ts";

/** The last two bits of a type: NEW, DEL, GET, SET. */
const RTNL_KIND_MASK = 3;
const RTNL_KIND_DEL = 1;
const RTNL_KIND_GET = 2;
const NLM_F_BULK = 0x200;

/** For any family, unless the family has its own. */
const UNSPEC: Readonly<Record<number, RtnlHandler>> = {
  [RTM.NEWLINK]: { doit: rtnl_newlink },
  [RTM.DELLINK]: { doit: rtnl_dellink },
  [RTM.GETLINK]: { doit: rtnl_getlink, dumpit: rtnl_dump_ifinfo, splitsDone: true },
  [RTM.SETLINK]: { doit: rtnl_setlink },
  // rtnl_dump_all: IPv4 is the only family.
  [RTM.GETADDR]: { dumpit: inet_dump_ifaddr, splitsDone: true },
  [RTM.GETROUTE]: { dumpit: inet_dump_fib, splitsDone: true },
  [RTM.NEWNEIGH]: { doit: neigh_add },
  [RTM.DELNEIGH]: { doit: neigh_delete },
  [RTM.GETNEIGH]: { doit: neigh_get, dumpit: neigh_dump_info },
  [RTM.GETRULE]: { dumpit: fib_nl_dumprule },
  [RTM.NEWQDISC]: { doit: tc_modify_qdisc },
  [RTM.DELQDISC]: { doit: tc_del_qdisc },
  [RTM.GETQDISC]: { dumpit: tc_dump_qdisc, splitsDone: true },
  [RTM.NEWTCLASS]: { doit: tc_ctl_tclass },
  [RTM.DELTCLASS]: { doit: tc_ctl_tclass },
  [RTM.GETTCLASS]: { dumpit: tc_dump_tclass },
};

const INET: Readonly<Record<number, RtnlHandler>> = {
  [RTM.NEWADDR]: { doit: inet_rtm_newaddr },
  [RTM.DELADDR]: { doit: inet_rtm_deladdr },
  [RTM.GETADDR]: { dumpit: inet_dump_ifaddr, splitsDone: true },
  [RTM.NEWROUTE]: { doit: inet_rtm_newroute },
  [RTM.DELROUTE]: { doit: inet_rtm_delroute },
  [RTM.GETROUTE]: { doit: inet_rtm_getroute, dumpit: inet_dump_fib, splitsDone: true },
};

/** rtnetlink_net_init: the kernel's end of NETLINK_ROUTE. */
export function rtnetlinkTable(net: NetStack): NetlinkTable {
  return new NetlinkTable(net, NETLINK_ROUTE, RTNLGRP.MAX, (sk, message, extack) =>
    rtnetlink_rcv_msg(net, sk, message, extack),
  );
}

function rtnetlink_rcv_msg(
  net: NetStack,
  sk: NetlinkSock,
  message: NetlinkMessage,
  extack: NetlinkExtAck,
): number {
  const { type, payload, flags } = message;
  if (type > RTM.MAX) return -Errno.EOPNOTSUPP;
  const [family] = payload;
  // All messages have at least their family.
  if (family === undefined) return 0;
  const kind = type & RTNL_KIND_MASK;
  if (kind !== RTNL_KIND_GET && !mayConfigure(net, sk)) return -Errno.EPERM;
  const context: RtnlContext = { net, sk, message, extack };
  if (kind === RTNL_KIND_GET && (flags & NLM_F_DUMP) !== 0) return startDump(context, family);
  const doit = handlerOf(family, type, "doit")?.doit;
  if (doit === undefined) return -Errno.EOPNOTSUPP;
  if (kind === RTNL_KIND_DEL && (flags & NLM_F_BULK) !== 0) {
    return extack.say("Bulk delete is not supported", -Errno.EOPNOTSUPP);
  }
  const outer = net.extack;
  net.extack = extack;
  net.notify.begin(sk, message);
  const result = doit(context);
  net.notify.end();
  net.extack = outer;
  return result;
}

/** netlink_net_capable: both who opened the socket and who sends now. */
function mayConfigure(net: NetStack, sk: NetlinkSock): boolean {
  return sk.isOpenedByRoot && net.kernel.current.cred.euid === 0;
}

function startDump(context: RtnlContext, family: number): number {
  const { message, sk } = context;
  const handler = handlerOf(family, message.type, "dumpit");
  const dump = handler?.dumpit?.(context);
  if (dump === undefined) return -Errno.EOPNOTSUPP;
  const splitsDone = handler?.splitsDone ?? false;
  return netlink_dump_start(sk, message, dump, { splitsDone, minDumpAlloc: 0 });
}

/** rtnl_get_link: the family's handler, else that of all families. */
function handlerOf(
  family: number,
  type: number,
  member: "doit" | "dumpit",
): RtnlHandler | undefined {
  const own = family === AF_INET ? INET[type] : undefined;
  const any = family === AF_UNSPEC || own?.[member] === undefined ? UNSPEC[type] : own;
  return any?.[member] === undefined ? undefined : any;
}

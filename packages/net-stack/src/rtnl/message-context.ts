/** What a handler of rtnetlink messages gets. */
import type { NetStack } from "../net-stack.ts";
import type { NetlinkMessage } from "../netlink/netlink.ts";
import type { NetlinkDump } from "../netlink/netlink-dump.ts";
import type { NetlinkExtAck } from "../netlink/netlink-ext-ack.ts";
import type { NetlinkSock } from "../netlink/netlink-sock.ts";
import type { NetlinkWriter } from "../netlink/netlink-writer.ts";

export interface RtnlContext {
  readonly net: NetStack;
  /** Whoever asks. */
  readonly sk: NetlinkSock;
  readonly message: NetlinkMessage;
  readonly extack: NetlinkExtAck;
}

export interface RtnlHandler {
  /** One request. @returns 0 or -errno */
  readonly doit?: (context: RtnlContext) => number;
  readonly dumpit?: (context: RtnlContext) => NetlinkDump;
  /** RTNL_FLAG_DUMP_SPLIT_NLM_DONE, and dumps that return how much they wrote. */
  readonly splitsDone?: boolean;
}

/** Sends one message to whoever asks (rtnl_unicast). */
export function reply(context: RtnlContext, writer: NetlinkWriter): number {
  return context.sk.table.unicast(writer.bytes(), context.sk.portid);
}

/** The view of a family's header; the payload must be long enough. */
export function headerView(message: NetlinkMessage): DataView {
  const { payload } = message;
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
}

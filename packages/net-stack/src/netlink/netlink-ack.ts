/** NLMSG_ERROR: the answer to a request that failed, or that wants to know that it did not (netlink_ack). */
import {
  NLMSG_ERROR,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSGERR_ATTR_MSG,
  NLMSGERR_ATTR_OFFS,
  NLMSGERR_ATTR_POLICY,
  nlmsgAlign,
} from "./netlink.ts";
import type { NetlinkMessage } from "./netlink.ts";
import { netlinkTruesize } from "./netlink-datagram.ts";
import type { NetlinkExtAck } from "./netlink-ext-ack.ts";
import { writePolicy } from "./netlink-policy.ts";
import type { NetlinkSock } from "./netlink-sock.ts";
import { NetlinkWriter } from "./netlink-writer.ts";

/** @param error 0 or a negative errno */
export function netlink_ack(
  sk: NetlinkSock,
  request: NetlinkMessage,
  error: number,
  extack: NetlinkExtAck,
): void {
  const isCapped = error === 0 || sk.capAck;
  const writer = new NetlinkWriter();
  const { payload } = request;
  writer.begin(NLMSG_ERROR, isCapped ? NLM_F_CAPPED : 0, request.seq, sk.portid);
  writer.u32(error >>> 0);
  writer
    .u32(16 + payload.length)
    .u16(request.type)
    .u16(request.flags);
  writer.u32(request.seq).u32(request.portid);
  if (!isCapped)
    writer.raw(payload).raw(new Uint8Array(nlmsgAlign(payload.length) - payload.length));
  if (sk.extAck && writeAckAttributes(writer, error, extack)) writer.addFlags(NLM_F_ACK_TLVS);
  writer.end();
  const bytes = writer.bytes();
  const truesize = netlinkTruesize(bytes.length);
  if (sk.hasRoomFor(truesize)) sk.enqueue({ bytes, portid: 0, group: 0, truesize });
  else sk.overrun();
}

/** netlink_ack_tlv_fill: with no error only the words. @returns something was written */
export function writeAckAttributes(
  writer: NetlinkWriter,
  error: number,
  extack: NetlinkExtAck,
): boolean {
  const before = writer.length;
  const { message, badAttribute, policy } = extack;
  if (message !== undefined) writer.attributeText(NLMSGERR_ATTR_MSG, message);
  if (error !== 0) {
    if (badAttribute !== undefined) writer.attributeU32(NLMSGERR_ATTR_OFFS, badAttribute);
    if (policy !== undefined) writePolicy(writer, NLMSGERR_ATTR_POLICY, policy);
  }
  return writer.length > before;
}

/** Netlink's message header and its numbers (include/uapi/linux/netlink.h, RFC 3549). */

export const AF_NETLINK = 16;
export const NETLINK_ROUTE = 0;
export const SOCKADDR_NL_LENGTH = 12;

export const NLMSG_HDRLEN = 16;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
/** Lower types are control messages. */
export const NLMSG_MIN_TYPE = 0x10;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_ECHO = 0x8;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP_FILTERED = 0x20;
/** Of a GET request: NLM_F_ROOT | NLM_F_MATCH. */
export const NLM_F_DUMP = 0x300;
/** Of a NEW request. */
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
/** Of an acknowledgement. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

/** Attributes of an acknowledgement with NETLINK_EXT_ACK. */
export const NLMSGERR_ATTR_MSG = 1;
export const NLMSGERR_ATTR_OFFS = 2;
export const NLMSGERR_ATTR_POLICY = 4;

export const SOL_NETLINK = 270;
export const NETLINK_ADD_MEMBERSHIP = 1;
export const NETLINK_DROP_MEMBERSHIP = 2;
export const NETLINK_PKTINFO = 3;
export const NETLINK_BROADCAST_ERROR = 4;
export const NETLINK_NO_ENOBUFS = 5;
export const NETLINK_LISTEN_ALL_NSID = 8;
export const NETLINK_LIST_MEMBERSHIPS = 9;
export const NETLINK_CAP_ACK = 10;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;

/** Headers and attributes begin at multiples of four octets. */
export function nlmsgAlign(length: number): number {
  return (length + 3) & ~3;
}

/** struct nlmsghdr and what follows it. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  /** Port of the socket that sent it, or that it is for; 0 is the kernel. */
  readonly portid: number;
  /** nlmsg_data: without the header, `nlmsg_len - 16` octets. */
  readonly payload: Uint8Array;
}

/**
 * The message that begins at `at`.
 * @returns undefined where no whole message is: the header or its length does not fit.
 */
function readNetlinkMessage(bytes: Uint8Array, at: number): NetlinkMessage | undefined {
  if (at + NLMSG_HDRLEN > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(at, true);
  if (length < NLMSG_HDRLEN || length > bytes.length - at) return undefined;
  return {
    type: view.getUint16(at + 4, true),
    flags: view.getUint16(at + 6, true),
    seq: view.getUint32(at + 8, true),
    portid: view.getUint32(at + 12, true),
    payload: bytes.subarray(at + NLMSG_HDRLEN, at + length),
  };
}

/** All messages of a datagram, up to the first that is not whole (nlmsg_ok, nlmsg_next). */
export function* netlinkMessages(bytes: Uint8Array): Generator<NetlinkMessage, void, undefined> {
  let at = 0;
  for (;;) {
    const message = readNetlinkMessage(bytes, at);
    if (message === undefined) return;
    yield message;
    at += nlmsgAlign(NLMSG_HDRLEN + message.payload.length);
  }
}

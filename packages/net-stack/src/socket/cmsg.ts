/** struct cmsghdr at the socket edge (net/core/scm.c): 32 bits of length, level and type each, then data, aligned to 4. */
import type { MsgHdr } from "./msghdr.ts";

const CMSG_LENGTH = 0;
const CMSG_LEVEL = 4;
const CMSG_TYPE = 8;
const CMSG_HEADER = 12;
const CMSG_ALIGN = 4;
const MSG_CTRUNC = 0x8;

/** CMSG_LEN: what cmsg_len says of so many octets of data. */
export function CMSG_LEN(octets: number): number {
  return CMSG_HEADER + octets;
}

function aligned(octets: number): number {
  return (octets + CMSG_ALIGN - 1) & -CMSG_ALIGN;
}

/**
 * put_cmsg: appends to what `msg.msg_controllen` says is written already. What finds no room is cut off, and MSG_CTRUNC
 * tells it.
 * @param room octets that msg_control has
 */
export function put_cmsg(
  msg: MsgHdr,
  room: number,
  level: number,
  type: number,
  data: Uint8Array,
  length: number,
): void {
  const control = msg.msg_control;
  const at = msg.msg_controllen;
  const left = room - at;
  if (control === undefined || left < CMSG_HEADER) {
    msg.msg_flags |= MSG_CTRUNC;
    return;
  }
  const cmlen = Math.min(CMSG_LEN(length), left);
  if (cmlen < CMSG_LEN(length)) msg.msg_flags |= MSG_CTRUNC;
  const view = new DataView(control.buffer, control.byteOffset + at, left);
  view.setUint32(CMSG_LENGTH, cmlen, true);
  view.setUint32(CMSG_LEVEL, level, true);
  view.setUint32(CMSG_TYPE, type, true);
  for (let i = 0; i < cmlen - CMSG_HEADER; i++) control[at + CMSG_HEADER + i] = data[i] ?? 0;
  msg.msg_controllen = at + Math.min(aligned(CMSG_LEN(length)), left);
}

/** One control message of a sender. */
export interface Cmsg {
  readonly cmsg_len: number;
  readonly cmsg_level: number;
  readonly cmsg_type: number;
  /** CMSG_DATA. */
  readonly data: DataView;
}

/** for_each_cmsghdr with CMSG_OK. @returns undefined when a length does not fit what is there */
export function cmsghdrs(msg: MsgHdr): readonly Cmsg[] | undefined {
  const { msg_control: control, msg_controllen } = msg;
  if (control === undefined) return [];
  const end = Math.min(msg_controllen, control.length);
  const found: Cmsg[] = [];
  for (let at = 0; at + CMSG_HEADER <= end; ) {
    const view = new DataView(control.buffer, control.byteOffset + at, end - at);
    const cmsg_len = view.getUint32(CMSG_LENGTH, true);
    if (cmsg_len < CMSG_HEADER || cmsg_len > end - at) return undefined;
    found.push({
      cmsg_len,
      cmsg_level: view.getInt32(CMSG_LEVEL, true),
      cmsg_type: view.getInt32(CMSG_TYPE, true),
      data: new DataView(view.buffer, view.byteOffset + CMSG_HEADER, cmsg_len - CMSG_HEADER),
    });
    at += aligned(cmsg_len);
  }
  return found;
}

/** struct msghdr at the socket edge, and copying between its pieces and packets. */
import { copyBytes } from "../skbuff.ts";

export interface MsgHdr {
  /** `struct sockaddr` bytes; the callee writes it on receive. */
  msg_name: Uint8Array | undefined;
  msg_namelen: number;
  msg_iov: readonly Uint8Array[];
  msg_control: Uint8Array | undefined;
  msg_controllen: number;
  msg_flags: number;
}

export const MSG_OOB = 0x1;
export const MSG_PEEK = 0x2;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;
export const MSG_FASTOPEN = 0x20000000;

/** iov_iter_count: octets that all pieces hold together. */
export function iov_length(msg: MsgHdr): number {
  let total = 0;
  for (const piece of msg.msg_iov) total += piece.length;
  return total;
}

/** Copies `length` octets from position `at` of the message to `to[toOffset]`. They must be there. */
export function copy_from_msg(
  msg: MsgHdr,
  at: number,
  to: Uint8Array,
  toOffset: number,
  length: number,
): void {
  let skip = at;
  let done = 0;
  for (const piece of msg.msg_iov) {
    if (done === length) return;
    if (skip >= piece.length) {
      skip -= piece.length;
      continue;
    }
    const n = Math.min(piece.length - skip, length - done);
    copyBytes(piece, skip, to, toOffset + done, n);
    skip = 0;
    done += n;
  }
}

/** Copies `length` octets to position `at` of the message; returns how many found room. */
export function copy_to_msg(
  msg: MsgHdr,
  at: number,
  from: Uint8Array,
  fromOffset: number,
  length: number,
): number {
  let skip = at;
  let done = 0;
  for (const piece of msg.msg_iov) {
    if (done === length) break;
    if (skip >= piece.length) {
      skip -= piece.length;
      continue;
    }
    const n = Math.min(piece.length - skip, length - done);
    copyBytes(from, fromOffset + done, piece, skip, n);
    skip = 0;
    done += n;
  }
  return done;
}

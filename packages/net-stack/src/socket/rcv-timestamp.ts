/** SO_TIMESTAMP and its relatives (net/socket.c: __sock_recv_timestamp). */
import type { SkBuff } from "../skbuff.ts";
import { put_cmsg } from "./cmsg.ts";
import type { MsgHdr } from "./msghdr.ts";
import type { Sock } from "./sock.ts";

export const SO_TIMESTAMP_OLD = 29;
export const SO_TIMESTAMPNS_OLD = 35;
export const SO_TIMESTAMP_NEW = 63;
export const SO_TIMESTAMPNS_NEW = 64;

/** skb->tstamp of a datagram that came when nobody asked; virtual time begins at 0. */
export const NO_TIMESTAMP = -1;

const SOL_SOCKET = 1;
const NSEC_PER_SEC = 1e9;
const NSEC_PER_USEC = 1000;
const TWO_TO_32 = 0x1_0000_0000;

const scratch = new Uint8Array(16);
const scratchView = new DataView(scratch.buffer);

/** When the packet came, by the wall clock: microseconds or nanoseconds, in two numbers of 32 bits or (NEW) of 64. */
export function sock_recv_timestamp(msg: MsgHdr, room: number, sk: Sock, skb: SkBuff): void {
  const { kernel, sk_timestamp } = sk;
  // The option may be younger than the packet.
  const arrived = skb.tstamp === NO_TIMESTAMP ? kernel.ktime_get() : skb.tstamp;
  // Nanoseconds since 1970 have more bits than a number.
  const rest = (kernel.wallClockBase % NSEC_PER_SEC) + arrived;
  const seconds = Math.floor(kernel.wallClockBase / NSEC_PER_SEC) + Math.floor(rest / NSEC_PER_SEC);
  const isNanoseconds = sk_timestamp === SO_TIMESTAMPNS_OLD || sk_timestamp === SO_TIMESTAMPNS_NEW;
  const fraction = Math.floor((rest % NSEC_PER_SEC) / (isNanoseconds ? 1 : NSEC_PER_USEC));
  const isWide = sk_timestamp === SO_TIMESTAMP_NEW || sk_timestamp === SO_TIMESTAMPNS_NEW;
  const width = isWide ? 8 : 4;
  scratch.fill(0);
  scratchView.setUint32(0, seconds % TWO_TO_32, true);
  if (isWide) scratchView.setUint32(4, Math.floor(seconds / TWO_TO_32), true);
  scratchView.setUint32(width, fraction, true);
  put_cmsg(msg, room, SOL_SOCKET, sk_timestamp, scratch, 2 * width);
}

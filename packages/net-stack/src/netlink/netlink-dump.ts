/** Dumps: answers of many messages, made as the program reads them (netlink_dump). */
import { Errno } from "@dcejs/lkl-kernel";
import { NLMSG_DONE, NLM_F_ACK_TLVS, NLM_F_DUMP_INTR, NLM_F_MULTI } from "./netlink.ts";
import type { NetlinkMessage } from "./netlink.ts";
import { writeAckAttributes } from "./netlink-ack.ts";
import { netlinkDataOctets, netlinkTruesize } from "./netlink-datagram.ts";
import { NetlinkExtAck } from "./netlink-ext-ack.ts";
import type { NetlinkSock } from "./netlink-sock.ts";
import { NetlinkWriter } from "./netlink-writer.ts";

/** NLMSG_GOODSIZE: the data of a page. */
const GOOD_SIZE: number = netlinkDataOctets(4096);
/** NLMSG_DONE with its errno. */
const DONE_OCTETS = 20;

/** What is left to tell. Calls of `next` come in different system calls: the state may have changed between. */
export interface NetlinkDump {
  /**
   * Writes as many whole messages as fit.
   * @returns "more": the writer is full; 0: all is told; -errno: the dump failed
   */
  next(writer: NetlinkWriter, cb: NetlinkCallback): number | "more";
  /** Changes when what is dumped changes: the dump is marked NLM_F_DUMP_INTR then. */
  generation?(): number;
}

/** struct netlink_callback */
export interface NetlinkCallback {
  readonly request: NetlinkMessage;
  /** The request's socket, to which all of it goes. */
  readonly portid: number;
  readonly dump: NetlinkDump;
  readonly extack: NetlinkExtAck;
  /** RTNL_FLAG_DUMP_SPLIT_NLM_DONE: NLMSG_DONE comes in a datagram of its own. */
  readonly splitsDone: boolean;
  /** Octets that one message may need. */
  readonly minDumpAlloc: number;
  /** NLM_F_DUMP_FILTERED, where the dump is of a part only. */
  answerFlags: number;
  /** Result of the dump; undefined while there is more. */
  doneErrno: number | undefined;
  previousGeneration: number | undefined;
}

/** __netlink_dump_start. @returns -EINTR: it has begun, and there is no acknowledgement; -EBUSY; -errno */
export function netlink_dump_start(
  sk: NetlinkSock,
  request: NetlinkMessage,
  dump: NetlinkDump,
  options: { readonly splitsDone: boolean; readonly minDumpAlloc: number },
): number {
  if (sk.cb !== undefined) return -Errno.EBUSY;
  sk.cb = {
    // The program's buffer is its own again after the call.
    request: { ...request, payload: request.payload.slice() },
    portid: sk.portid,
    dump,
    extack: new NetlinkExtAck(),
    ...options,
    answerFlags: 0,
    doneErrno: undefined,
    previousGeneration: undefined,
  };
  const error = netlink_dump(sk);
  return error < 0 ? error : -Errno.EINTR;
}

/** Puts the next datagram of the dump into the socket's queue. @returns 0, or -ENOBUFS */
export function netlink_dump(sk: NetlinkSock): number {
  const { cb } = sk;
  if (cb === undefined) return -Errno.EINVAL;
  const capacity = Math.max(cb.minDumpAlloc, GOOD_SIZE, sk.max_recvmsg_len);
  const truesize = netlinkTruesize(capacity);
  if (sk.sk_rmem_alloc !== 0 && sk.sk_rmem_alloc + truesize >= sk.sk_rcvbuf) return -Errno.ENOBUFS;
  const writer = new NetlinkWriter(capacity);
  let isOver = cb.doneErrno !== undefined;
  if (!isOver) {
    const result = cb.dump.next(writer, cb);
    if (result !== "more" || writer.length === 0) {
      // A message that does not fit into an empty datagram never will.
      cb.doneErrno = result === "more" ? -Errno.EMSGSIZE : result;
      // A failure after some messages is told behind them.
      isOver = writer.length === 0 || !cb.splitsDone;
    }
  }
  if (isOver && writer.room >= DONE_OCTETS) {
    writeDone(sk, cb, writer);
    sk.cb = undefined;
  }
  sk.enqueue({ bytes: writer.bytes(), portid: 0, group: 0, truesize });
  return 0;
}

/** netlink_dump_done */
function writeDone(sk: NetlinkSock, cb: NetlinkCallback, writer: NetlinkWriter): void {
  const errno = cb.doneErrno ?? 0;
  const flags = NLM_F_MULTI | cb.answerFlags | interruptedFlag(cb);
  writer.begin(NLMSG_DONE, flags, cb.request.seq, cb.portid).u32(errno >>> 0);
  if (sk.extAck && writeAckAttributes(writer, errno, cb.extack)) writer.addFlags(NLM_F_ACK_TLVS);
  writer.end();
}

/** nl_dump_check_consistent: to be called for each message. */
export function interruptedFlag(cb: NetlinkCallback): number {
  const generation = cb.dump.generation?.();
  if (generation === undefined) return 0;
  const previous = cb.previousGeneration;
  cb.previousGeneration = generation;
  return previous === undefined || previous === generation ? 0 : NLM_F_DUMP_INTR;
}

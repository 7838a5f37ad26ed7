/** send(): copies the program's data into packets (net/ipv4/tcp.c: tcp_sendmsg_locked). */
import { Errno } from "@dcejs/lkl-kernel";
import type { Blocked, Wait } from "@dcejs/lkl-kernel";
import { skb_cloned, skb_header_release, skb_put, skb_tailroom, skb_truesize } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import {
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_FASTOPEN,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_OOB,
  copy_from_msg,
  iov_length,
} from "../socket/msghdr.ts";
import type { MsgHdr } from "../socket/msghdr.ts";
import { SEND_SHUTDOWN, sock_error, sock_sndtimeo } from "../socket/sock.ts";
import { sk_wait_event } from "../socket/sock-wait.ts";
import { tcp_slow_start_after_idle_check } from "./cwnd.ts";
import { tcp_current_mss } from "./mss.ts";
import { tcp_rate_check_app_limited } from "./rate.ts";
import { tcp_packets_in_flight } from "./scoreboard.ts";
import { seqAdd } from "./seq.ts";
import { sk_stream_memory_free } from "./sndbuf.ts";
import { TCPF_CLOSE_WAIT, TCPF_ESTABLISHED, TCPF_SYN_RECV, TCPF_SYN_SENT } from "./states.ts";
import { TCP_NAGLE_OFF, TCP_NAGLE_PUSH } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_mstamp_refresh } from "./timestamps.ts";
import { tcp_add_write_queue_tail, tcp_send_head, tcp_stream_alloc_skb } from "./tx-queue.ts";
import { MAX_TCP_HEADER, TCPHDR_ACK, TCPHDR_PSH } from "./wire.ts";
import {
  PUSH_ONE,
  tcp_push_frames,
  forced_push,
  tcp_mark_push,
  tcp_push,
  tcp_write_xmit,
} from "./write-xmit.ts";

const SIGPIPE = 13;

/** True: the packet must not grow any more (MSG_EOR). It is kept in the otherwise unused field. */
const EOR = 1;

/** Room of a packet for short writes: with the headers it fills a size class of the pool. */
const ROOM_OCTETS = 9000;
const HEADER_TRUESIZE: number = skb_truesize(MAX_TCP_HEADER);

/** tcp_send(): progress of one call over its sleeps. */
interface Progress {
  copied: number;
  mss_now: number;
}

/**
 * Queues data to be sent.
 * @returns Octets taken; -EPIPE after shutdown or reset, the pending error, -EAGAIN, -ENOTCONN's
 * cousin -EPIPE when not connected; a Wait to sleep for room.
 */
export function tcp_sendmsg(tp: TcpSock, msg: MsgHdr, flags: number): number | Wait {
  if ((flags & MSG_FASTOPEN) !== 0) return -Errno.EOPNOTSUPP;
  tcp_rate_check_app_limited(tp, tcp_packets_in_flight(tp));
  const total = iov_length(msg);
  const noblock = (flags & MSG_DONTWAIT) !== 0;
  const canSend = ((1 << tp.sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) !== 0;
  if (!canSend) {
    const isConnecting = ((1 << tp.sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) !== 0;
    if (tp.sk_err !== 0 || !isConnecting) return sk_stream_error(tp, flags);
    if (sock_sndtimeo(tp, noblock) === 0) return -Errno.EAGAIN;
    return sendSleeping(tp, msg, flags, { copied: 0, mss_now: 0 });
  }
  if (tp.sk_err !== 0 || (tp.sk_shutdown & SEND_SHUTDOWN) !== 0) return sk_stream_error(tp, flags);
  const progress: Progress = tp.tcp.sendScratch;
  progress.copied = 0;
  progress.mss_now = tcp_send_mss(tp);
  const err = copyUntilFull(tp, msg, flags, total, progress);
  if (err < 0)
    return progress.copied > 0 ? finishSend(tp, progress, flags) : sk_stream_error(tp, flags);
  if (progress.copied === total) return finishSend(tp, progress, flags);
  if (sock_sndtimeo(tp, noblock) === 0) {
    tp.sock_nospace = true;
    if (progress.copied > 0) return finishSend(tp, progress, flags);
    return -Errno.EAGAIN;
  }
  return sendSleeping(tp, msg, flags, { copied: progress.copied, mss_now: progress.mss_now });
}

function tcp_send_mss(tp: TcpSock): number {
  return Math.max(tcp_current_mss(tp), 1);
}

/** sk_stream_error: the pending error, or EPIPE, for which the program also gets a signal. */
function sk_stream_error(tp: TcpSock, flags: number): number {
  const err = tp.sk_err === 0 ? -Errno.EPIPE : sock_error(tp);
  if (err === -Errno.EPIPE && (flags & MSG_NOSIGNAL) === 0) tp.net.current.send_sig(SIGPIPE);
  return err;
}

/** Copies until everything is taken, the buffer is full (0), or the connection is over (negative). */
function copyUntilFull(
  tp: TcpSock,
  msg: MsgHdr,
  flags: number,
  total: number,
  progress: Progress,
): number {
  while (progress.copied < total) {
    if (tp.sk_err !== 0 || (tp.sk_shutdown & SEND_SHUTDOWN) !== 0) return -Errno.EPIPE;
    const skb = packetWithRoom(tp, progress.mss_now, total - progress.copied);
    if (skb === undefined) {
      // Send what there is, so that room can come back.
      pushBeforeSleep(tp, progress.mss_now);
      return 0;
    }
    appendToPacket(tp, skb, msg, progress, total);
    if (progress.copied === total) {
      // The end of the write is pushed by the caller, with PSH.
      if ((flags & MSG_EOR) !== 0) skb.peeked = EOR;
      return 0;
    }
    if (skb.length < progress.mss_now || (flags & MSG_OOB) !== 0) continue;
    if (forced_push(tp)) {
      tcp_mark_push(tp, skb);
      tcp_push_frames(tp, progress.mss_now, TCP_NAGLE_PUSH);
    } else if (skb === tcp_send_head(tp)) {
      tcp_mstamp_refresh(tp);
      tcp_write_xmit(tp, progress.mss_now, TCP_NAGLE_PUSH, PUSH_ONE);
    }
  }
  return 0;
}

/** The last unsent packet if it can take more, else a new one; undefined: no room in the buffer. */
function packetWithRoom(tp: TcpSock, mss_now: number, wanted: number): SkBuff | undefined {
  const tail = tp.sk_write_queue.tail;
  if (tail !== undefined && tail.length < mss_now && canAppend(tail)) return tail;
  if (!sk_stream_memory_free(tp)) return undefined;
  // A short write gets a whole segment's room, for the next one may follow; on lo, with its
  // segments of 64 KB, not that much.
  const skb = tcp_stream_alloc_skb(tp, Math.min(mss_now, Math.max(wanted, ROOM_OCTETS)));
  // Linux charges the headers now and the payload as it comes.
  skb.truesize = HEADER_TRUESIZE;
  skb.seq = tp.write_seq;
  skb.end_seq = tp.write_seq;
  skb.tcp_flags = TCPHDR_ACK;
  skb.sacked = 0;
  tcp_slow_start_after_idle_check(tp);
  tcp_add_write_queue_tail(tp, skb);
  skb_header_release(skb);
  if ((tp.nonagle & TCP_NAGLE_PUSH) !== 0) tp.nonagle &= ~TCP_NAGLE_PUSH;
  return skb;
}

/** Only bytes that nobody else looks at may be written. */
function canAppend(skb: SkBuff): boolean {
  return skb.peeked !== EOR && skb_tailroom(skb) > 0 && !skb_cloned(skb);
}

function appendToPacket(
  tp: TcpSock,
  skb: SkBuff,
  msg: MsgHdr,
  progress: Progress,
  total: number,
): void {
  const room = Math.min(progress.mss_now - skb.length, skb_tailroom(skb));
  const n = Math.min(room, total - progress.copied);
  if (progress.copied === 0) skb.tcp_flags &= ~TCPHDR_PSH;
  copy_from_msg(msg, progress.copied, skb.bytes, skb_put(skb, n), n);
  tp.write_seq = seqAdd(tp.write_seq, n);
  skb.end_seq = seqAdd(skb.end_seq, n);
  skb.truesize += n;
  tp.sk_wmem_queued += n;
  progress.copied += n;
}

function pushBeforeSleep(tp: TcpSock, mss_now: number): void {
  const tail = tp.sk_write_queue.tail;
  if (tail === undefined) return;
  tcp_mark_push(tp, tail);
  tcp_push_frames(tp, mss_now, TCP_NAGLE_PUSH);
}

/** End of the call: push what was copied, by Nagle's rule. */
function finishSend(tp: TcpSock, progress: Progress, flags: number): number {
  if (progress.copied === 0) return 0;
  if ((flags & MSG_OOB) !== 0) tp.snd.up = tp.write_seq;
  tcp_push(
    tp,
    (flags & MSG_MORE) !== 0,
    progress.mss_now,
    (flags & MSG_OOB) !== 0 ? TCP_NAGLE_OFF : tp.nonagle,
  );
  return progress.copied;
}

/** The same with sleeps: first for the handshake, then for room. */
function* sendSleeping(
  tp: TcpSock,
  msg: MsgHdr,
  flags: number,
  progress: Progress,
): Generator<Blocked, number, number> {
  const total = iov_length(msg);
  let timeo = sock_sndtimeo(tp, false);
  const connected = yield* waitForConnect(tp, timeo, flags);
  if (connected <= 0) return connected;
  timeo = connected;
  if (progress.mss_now === 0) progress.mss_now = tcp_send_mss(tp);
  for (;;) {
    const err = copyUntilFull(tp, msg, flags, total, progress);
    if (err < 0)
      return progress.copied > 0 ? finishSend(tp, progress, flags) : sk_stream_error(tp, flags);
    if (progress.copied === total) return finishSend(tp, progress, flags);
    tp.sock_nospace = true;
    tp.sk_write_pending++;
    const left = yield* sk_wait_event(
      tp,
      timeo,
      () => tp.sk_err !== 0 || (tp.sk_shutdown & SEND_SHUTDOWN) !== 0 || sk_stream_memory_free(tp),
      "sk_stream_wait_memory",
    );
    tp.sk_write_pending--;
    if (left <= 0 && !sk_stream_memory_free(tp)) {
      if (progress.copied > 0) return finishSend(tp, progress, flags);
      return left < 0 ? left : -Errno.EAGAIN;
    }
    timeo = Math.max(left, 1);
    progress.mss_now = tcp_send_mss(tp);
  }
}

/** sk_stream_wait_connect: jiffies left, or a negative errno. */
function* waitForConnect(
  tp: TcpSock,
  timeo: number,
  flags: number,
): Generator<Blocked, number, number> {
  const connecting = TCPF_SYN_SENT | TCPF_SYN_RECV;
  if (((1 << tp.sk_state) & connecting) === 0) return timeo;
  tp.sk_write_pending++;
  const left = yield* sk_wait_event(
    tp,
    timeo,
    () => tp.sk_err !== 0 || ((1 << tp.sk_state) & connecting) === 0,
    "sk_stream_wait_connect",
  );
  tp.sk_write_pending--;
  if (tp.sk_err !== 0) return sk_stream_error(tp, flags);
  if (left < 0) return left;
  if (left === 0) return -Errno.EAGAIN;
  const isOpen = ((1 << tp.sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) !== 0;
  return isOpen ? left : sk_stream_error(tp, flags);
}

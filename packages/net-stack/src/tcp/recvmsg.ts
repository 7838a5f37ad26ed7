/** recv(): copies received data to the program (net/ipv4/tcp.c: tcp_recvmsg_locked). */
import { Errno } from "@dcejs/lkl-kernel";
import type { Blocked, Wait } from "@dcejs/lkl-kernel";
import { kfree_skb } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_unlink } from "../skbuff-queue.ts";
import {
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  copy_to_msg,
  iov_length,
} from "../socket/msghdr.ts";
import type { MsgHdr } from "../socket/msghdr.ts";
import { RCV_SHUTDOWN, sock_error, sock_rcvlowat, sock_rcvtimeo } from "../socket/sock.ts";
import { sk_wait_event } from "../socket/sock-wait.ts";
import { inet_csk_ack_scheduled, inet_csk_in_pingpong_mode, tcp_send_ack } from "./ack-send.ts";
import { tcp_rcv_space_adjust } from "./rcvbuf.ts";
import { before, seqAdd, seqDiff } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import { TCP_CLOSE, TCP_LISTEN } from "./states.ts";
import { ICSK_ACK_PUSHED, ICSK_ACK_PUSHED2 } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { TCP_URG_READ, TCP_URG_VALID } from "./urgent.ts";
import { TCPHDR_FIN } from "./wire.ts";
import { tcp_free_window, tcp_receive_window } from "./window.ts";

/** Progress of one call over its sleeps. */
interface ReadState {
  copied: number;
  /** Next octet to read: tp.copied_seq, or ahead of it with MSG_PEEK. */
  seq: SeqNum;
  /** The peer's FIN was reached. */
  fin: boolean;
}

/**
 * Reads.
 * @returns Octets read; 0 at the end of the stream; the pending error, -ENOTCONN, -EAGAIN; a Wait
 * to sleep for data.
 */
export function tcp_recvmsg(tp: TcpSock, msg: MsgHdr, flags: number): number | Wait {
  if ((flags & MSG_ERRQUEUE) !== 0) return -Errno.EAGAIN;
  // A stream tells no address, and nothing beside its octets.
  msg.msg_namelen = 0;
  msg.msg_controllen = 0;
  if (tp.sk_state === TCP_LISTEN) return -Errno.ENOTCONN;
  if ((flags & MSG_OOB) !== 0) return tcp_recv_urg(tp, msg, flags);
  const length = iov_length(msg);
  const target = sock_rcvlowat(tp, (flags & MSG_WAITALL) !== 0, length);
  const state: ReadState = tp.tcp.readScratch;
  state.copied = 0;
  state.fin = false;
  state.seq = tp.copied_seq;
  readQueue(tp, msg, flags, length, state);
  const verdict = afterRead(tp, flags, length, target, state);
  if (verdict !== MUST_WAIT) return finishRead(tp, flags, state, verdict);
  return recvSleeping(tp, msg, flags, { ...state });
}

const MUST_WAIT = 1;

/** Copies what is there, as far as it is wanted. */
function readQueue(
  tp: TcpSock,
  msg: MsgHdr,
  flags: number,
  length: number,
  state: ReadState,
): void {
  const peek = (flags & MSG_PEEK) !== 0;
  let skb = tp.sk_receive_queue.head;
  while (skb !== undefined && state.copied < length && !state.fin) {
    const next = skb.next;
    const offset = seqDiff(state.seq, skb.seq);
    if (offset < skb.length && stopsAtUrgent(tp, state)) return;
    if (offset < skb.length) copyFromPacket(tp, skb, offset, msg, flags, length, state);
    if (seqDiff(state.seq, skb.seq) >= skb.length) {
      if ((skb.tcp_flags & TCPHDR_FIN) !== 0) {
        state.seq = seqAdd(state.seq, 1);
        state.fin = true;
      }
      if (!peek) eatPacket(tp, skb);
    }
    if (!peek) tp.copied_seq = state.seq;
    skb = next;
  }
}

function eatPacket(tp: TcpSock, skb: SkBuff): void {
  skb_unlink(skb, tp.sk_receive_queue);
  kfree_skb(skb);
}

/** A read ends before the urgent octet, and skips it when it is not read in line. */
function stopsAtUrgent(tp: TcpSock, state: ReadState): boolean {
  if (tp.urg_data === 0) return false;
  if (tp.urg_seq !== state.seq) return false;
  if (state.copied > 0) return true;
  if (!tp.sk_oobinline) state.seq = seqAdd(state.seq, 1);
  return false;
}

function copyFromPacket(
  tp: TcpSock,
  skb: SkBuff,
  offset: number,
  msg: MsgHdr,
  flags: number,
  length: number,
  state: ReadState,
): void {
  const from = Math.max(seqDiff(state.seq, skb.seq), offset);
  let used = Math.min(skb.length - from, length - state.copied);
  if (tp.urg_data !== 0) {
    const urg = seqDiff(tp.urg_seq, state.seq);
    if (urg > 0 && urg < used) used = urg;
    else if (urg === 0 && tp.sk_oobinline) used = Math.min(used, length - state.copied);
  }
  if (used <= 0) return;
  if ((flags & MSG_TRUNC) === 0) {
    copy_to_msg(msg, state.copied, skb.bytes, skb.offset + from, used);
  }
  state.seq = seqAdd(state.seq, used);
  state.copied += used;
  if ((flags & MSG_PEEK) !== 0) return;
  tp.copied_seq = state.seq;
  tcp_rcv_space_adjust(tp);
  if (tp.urg_data !== 0 && before(tp.urg_seq, tp.copied_seq)) tp.urg_data = 0;
}

/** 0: done with what was copied; negative: an error; MUST_WAIT: sleep for more. */
function afterRead(
  tp: TcpSock,
  flags: number,
  length: number,
  target: number,
  state: ReadState,
): number {
  if (state.copied >= Math.min(target, length) || state.fin) return 0;
  if (tp.urg_data !== 0 && tp.urg_seq === state.seq && state.copied > 0) return 0;
  const timeo = sock_rcvtimeo(tp, (flags & MSG_DONTWAIT) !== 0);
  if (state.copied > 0) {
    const isOver =
      tp.sk_err !== 0 || tp.sk_state === TCP_CLOSE || (tp.sk_shutdown & RCV_SHUTDOWN) !== 0;
    return isOver || timeo === 0 ? 0 : MUST_WAIT;
  }
  if (tp.sock_done) return 0;
  if (tp.sk_err !== 0) return sock_error(tp);
  if ((tp.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
  if (tp.sk_state === TCP_CLOSE) return -Errno.ENOTCONN;
  return timeo === 0 ? -Errno.EAGAIN : MUST_WAIT;
}

function finishRead(tp: TcpSock, flags: number, state: ReadState, verdict: number): number {
  if ((flags & MSG_PEEK) === 0) tcp_cleanup_rbuf(tp, state.copied);
  return state.copied > 0 ? state.copied : verdict;
}

function* recvSleeping(
  tp: TcpSock,
  msg: MsgHdr,
  flags: number,
  state: ReadState,
): Generator<Blocked, number, number> {
  const length = iov_length(msg);
  const target = sock_rcvlowat(tp, (flags & MSG_WAITALL) !== 0, length);
  let timeo = sock_rcvtimeo(tp, false);
  for (;;) {
    // What was read so far may have opened the window.
    if ((flags & MSG_PEEK) === 0) tcp_cleanup_rbuf(tp, state.copied);
    const left = yield* sk_wait_event(tp, timeo, () => hasNews(tp, state), "sk_wait_data");
    if ((flags & MSG_PEEK) === 0) state.seq = tp.copied_seq;
    readQueue(tp, msg, flags, length, state);
    const verdict = afterRead(tp, flags, length, target, state);
    if (verdict !== MUST_WAIT) return finishRead(tp, flags, state, verdict);
    if (left < 0) return finishRead(tp, flags, state, left);
    if (left === 0) return finishRead(tp, flags, state, -Errno.EAGAIN);
    timeo = left;
  }
}

/** Data beyond what was read, or the end of the connection. */
function hasNews(tp: TcpSock, state: ReadState): boolean {
  return (
    before(state.seq, tp.rcv.nxt) ||
    tp.sk_err !== 0 ||
    (tp.sk_shutdown & RCV_SHUTDOWN) !== 0 ||
    tp.sk_state === TCP_CLOSE
  );
}

/** The program has read: an ACK may be due, or the window has opened enough to say so. */
export function tcp_cleanup_rbuf(tp: TcpSock, copied: number): void {
  let time_to_ack = false;
  if (inet_csk_ack_scheduled(tp)) {
    const ack = tp.icsk_ack;
    const pushed = (ack.pending & ICSK_ACK_PUSHED) !== 0;
    // More than a segment waits for its ACK, or all was read and the peer may be waiting.
    time_to_ack =
      seqDiff(tp.rcv.nxt, tp.rcv.wup) > ack.rcv_mss ||
      (copied > 0 &&
        ((ack.pending & ICSK_ACK_PUSHED2) !== 0 || (pushed && !inet_csk_in_pingpong_mode(tp))) &&
        tp.sk_rmem_alloc === 0);
  }
  if (copied > 0 && !time_to_ack && (tp.sk_shutdown & RCV_SHUTDOWN) === 0) {
    const rcv_window_now = tcp_receive_window(tp);
    // Only when the window can at least double.
    if (2 * rcv_window_now <= tp.window_clamp) {
      const new_window = tcp_free_window(tp);
      if (new_window !== 0 && new_window >= 2 * rcv_window_now) time_to_ack = true;
    }
  }
  if (time_to_ack) tcp_send_ack(tp);
}

/** MSG_OOB: the urgent octet. */
function tcp_recv_urg(tp: TcpSock, msg: MsgHdr, flags: number): number {
  if (tp.sk_oobinline || tp.urg_data === 0 || tp.urg_data === TCP_URG_READ) return -Errno.EINVAL;
  if (tp.sk_state === TCP_CLOSE && !tp.sock_done) return -Errno.ENOTCONN;
  if ((tp.urg_data & TCP_URG_VALID) !== 0) {
    const octet = tp.tcp.oobScratch;
    octet[0] = tp.urg_data & 0xff;
    if ((flags & MSG_PEEK) === 0) tp.urg_data = TCP_URG_READ;
    msg.msg_flags |= MSG_OOB;
    if (iov_length(msg) > 0) {
      if ((flags & MSG_TRUNC) === 0) copy_to_msg(msg, 0, octet, 0, 1);
      return 1;
    }
    msg.msg_flags |= MSG_TRUNC;
    return 0;
  }
  if (tp.sk_state === TCP_CLOSE || (tp.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
  return -Errno.EAGAIN;
}

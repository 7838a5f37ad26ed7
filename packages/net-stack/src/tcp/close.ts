/** close(), shutdown(), disconnect (net/ipv4/tcp.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { Blocked, Wait } from "@dcejs/lkl-kernel";
import { kfree_skb } from "../skbuff.ts";
import { skb_queue_purge, skb_unlink } from "../skbuff-queue.ts";
import { SEND_SHUTDOWN, SHUTDOWN_MASK, sock_orphan } from "../socket/sock.ts";
import { sk_wait_event } from "../socket/sock-wait.ts";
import { forgetConnection } from "./disconnect.ts";
import { inet_put_port } from "./hashtables.ts";
import { inet_csk_reset_keepalive_timer, tcp_fin_time } from "./keepalive.ts";
import { TCP_TIMEWAIT_LEN_MS } from "./limits.ts";
import { inet_csk_listen_stop } from "./listen.ts";
import { tcp_current_mss } from "./mss.ts";
import { tcp_send_active_reset } from "./reset.ts";
import { seqAdd, seqDiff } from "./seq.ts";
import { inet_csk_destroy_sock, tcp_clear_xmit_timers, tcp_set_state } from "./state-change.ts";
import {
  TCPF_CLOSE_WAIT,
  TCPF_CLOSING,
  TCPF_ESTABLISHED,
  TCPF_FIN_WAIT1,
  TCPF_FIN_WAIT2,
  TCPF_LAST_ACK,
  TCPF_SYN_RECV,
  TCPF_SYN_SENT,
  TCP_ACTION_FIN,
  TCP_CLOSE,
  TCP_FIN_WAIT2,
  TCP_LISTEN,
  TCP_SYN_SENT,
  stateAfterClose,
} from "./states.ts";
import { TCP_NAGLE_OFF } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_time_wait } from "./time-wait.ts";
import {
  tcp_add_write_queue_tail,
  tcp_init_nondata_skb,
  tcp_stream_alloc_skb,
  tcp_write_queue_purge,
} from "./tx-queue.ts";
import { TCPHDR_ACK, TCPHDR_FIN } from "./wire.ts";
import { tcp_push_frames } from "./write-xmit.ts";

/** Goes to the next state of closing. True: a FIN is to be sent. */
function tcp_close_state(tp: TcpSock): boolean {
  const next = stateAfterClose(tp.sk_state);
  tcp_set_state(tp, next & ~TCP_ACTION_FIN);
  return (next & TCP_ACTION_FIN) !== 0;
}

/** shutdown(SHUT_WR): a FIN follows what was written; reading goes on. */
export function tcp_shutdown(tp: TcpSock, how: number): void {
  if ((how & SEND_SHUTDOWN) === 0) return;
  const states = TCPF_ESTABLISHED | TCPF_SYN_SENT | TCPF_CLOSE_WAIT;
  if (((1 << tp.sk_state) & states) === 0) return;
  if (tcp_close_state(tp)) tcp_send_fin(tp);
}

/** Queues the FIN, in the last packet that waits if there is one, and pushes everything. */
function tcp_send_fin(tp: TcpSock): void {
  const tail = tp.sk_write_queue.tail;
  if (tail !== undefined) {
    tail.tcp_flags |= TCPHDR_FIN;
    tail.end_seq = seqAdd(tail.end_seq, 1);
    tp.write_seq = seqAdd(tp.write_seq, 1);
  } else {
    const skb = tcp_stream_alloc_skb(tp, 0);
    tcp_init_nondata_skb(skb, tp.write_seq, TCPHDR_ACK | TCPHDR_FIN);
    tp.write_seq = seqAdd(tp.write_seq, 1);
    tcp_add_write_queue_tail(tp, skb);
  }
  tcp_push_frames(tp, tcp_current_mss(tp), TCP_NAGLE_OFF);
}

/** Frees what was received; returns how many octets of it nobody has read. */
function purgeReceiveQueue(tp: TcpSock): number {
  let unread = 0;
  for (let skb = tp.sk_receive_queue.head; skb !== undefined; skb = tp.sk_receive_queue.head) {
    let end = skb.end_seq;
    if ((skb.tcp_flags & TCPHDR_FIN) !== 0) end = seqAdd(end, -1);
    unread += Math.max(seqDiff(end, tp.copied_seq), 0) > 0 ? 1 : 0;
    skb_unlink(skb, tp.sk_receive_queue);
    kfree_skb(skb);
  }
  return unread;
}

/**
 * The last owner closes.
 * @param timeout Jiffies that SO_LINGER may wait for the handshake of closing.
 */
export function tcp_close(tp: TcpSock, timeout: number): number | Wait {
  tp.sk_shutdown = SHUTDOWN_MASK;
  if (tp.sk_state === TCP_LISTEN) {
    tcp_set_state(tp, TCP_CLOSE);
    inet_csk_listen_stop(tp);
    return finishClose(tp);
  }
  const unread = purgeReceiveQueue(tp);
  if (tp.sk_state === TCP_CLOSE) return finishClose(tp);
  if (unread > 0) {
    // RFC 2525, 2.17: the peer must learn that its data was lost.
    tp.tcp.ext.TCPAbortOnClose++;
    tcp_set_state(tp, TCP_CLOSE);
    tcp_send_active_reset(tp);
  } else if (tp.sk_linger && tp.sk_lingertime === 0) {
    tcp_disconnect(tp, 0);
    tp.tcp.ext.TCPAbortOnData++;
  } else if (tcp_close_state(tp)) {
    tcp_send_fin(tp);
  }
  if (timeout > 0 && isClosing(tp)) return lingerThenClose(tp, timeout);
  return finishClose(tp);
}

/** States in which the peer has not yet acknowledged our FIN (sk_stream_closing). */
function isClosing(tp: TcpSock): boolean {
  return ((1 << tp.sk_state) & (TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_LAST_ACK)) !== 0;
}

function* lingerThenClose(tp: TcpSock, timeout: number): Generator<Blocked, number, number> {
  yield* sk_wait_event(tp, timeout, () => !isClosing(tp), "sk_stream_wait_close");
  return finishClose(tp);
}

/** The sock has no owner any more; the protocol finishes alone. */
function finishClose(tp: TcpSock): number {
  const state = tp.sk_state;
  sock_orphan(tp);
  tp.tcp.countOrphan(tp);
  if (state !== TCP_CLOSE && tp.sk_state === TCP_CLOSE) return 0;
  if (tp.sk_state === TCP_FIN_WAIT2) {
    orphanInFinWait2(tp);
  } else if (tp.sk_state !== TCP_CLOSE && tp.tcp.hasTooManyOrphans(tp)) {
    tcp_set_state(tp, TCP_CLOSE);
    tcp_send_active_reset(tp);
    tp.tcp.ext.TCPAbortOnMemory++;
  }
  if (tp.sk_state === TCP_CLOSE) inet_csk_destroy_sock(tp);
  return 0;
}

/** Closed at our side completely: the peer gets tcp_fin_timeout to close as well. */
function orphanInFinWait2(tp: TcpSock): void {
  if (tp.linger2 < 0) {
    tcp_set_state(tp, TCP_CLOSE);
    tcp_send_active_reset(tp);
    tp.tcp.ext.TCPAbortOnLinger++;
    return;
  }
  const tmo = tcp_fin_time(tp);
  const timewait = tp.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS);
  if (tmo > timewait) inet_csk_reset_keepalive_timer(tp, tmo - timewait);
  else tcp_time_wait(tp, TCP_FIN_WAIT2, tmo);
}

/** In these states the peer must be told that the connection is gone. */
function tcp_need_reset(state: number): boolean {
  const states =
    TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_SYN_RECV;
  return ((1 << state) & states) !== 0;
}

/** Ends the connection at once and makes the sock as new. */
export function tcp_disconnect(tp: TcpSock, _flags: number): number {
  const old = tp.sk_state;
  if (old !== TCP_CLOSE) tcp_set_state(tp, TCP_CLOSE);
  if (old === TCP_LISTEN) {
    inet_csk_listen_stop(tp);
  } else if (tcp_need_reset(old) || (tp.snd.nxt !== tp.write_seq && isClosingOld(old))) {
    tcp_send_active_reset(tp);
    tp.sk_err = Errno.ECONNRESET;
  } else if (old === TCP_SYN_SENT) {
    tp.sk_err = Errno.ECONNRESET;
  }
  tcp_clear_xmit_timers(tp);
  skb_queue_purge(tp.sk_receive_queue);
  tcp_write_queue_purge(tp);
  tp.out_of_order_queue.purge();
  tp.inet_dport = 0;
  if (!tp.sk_bindaddr_lock) {
    tp.inet_saddr = 0;
    tp.inet_rcv_saddr = 0;
  }
  tp.inet_daddr = 0;
  tp.sk_shutdown = 0;
  tp.sock_done = false;
  tp.sk_dst_cache = undefined;
  forgetConnection(tp);
  if (tp.icsk_bind_hash !== undefined && !tp.sk_bindport_lock) inet_put_port(tp);
  tp.sk_error_report();
  return 0;
}

function isClosingOld(state: number): boolean {
  return ((1 << state) & (TCPF_CLOSING | TCPF_LAST_ACK)) !== 0;
}

/** When to send what is queued (net/ipv4/tcp_output.c: tcp_write_xmit, Nagle, tcp_push …). */
import type { SkBuff } from "../skbuff.ts";
import { skb_queue_tail, skb_unlink } from "../skbuff-queue.ts";
import { tcp_cwnd_validate, tcp_in_cwnd_reduction } from "./cwnd.ts";
import { tcp_schedule_loss_probe } from "./loss-probe.ts";
import { tcp_current_mss } from "./mss.ts";
import { tcp_transmit_skb } from "./output.ts";
import { tcp_packets_in_flight } from "./scoreboard.ts";
import { after, seqAdd, seqNum } from "./seq.ts";
import { tcp_small_queue_check } from "./small-queue.ts";
import { tcp_check_space } from "./sndbuf.ts";
import { TCP_CLOSE } from "./states.ts";
import { ICSK_TIME_LOSS_PROBE, TCP_NAGLE_CORK, TCP_NAGLE_PUSH } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_check_probe_timer, tcp_rearm_rto } from "./timers.ts";
import { tcp_mstamp_refresh } from "./timestamps.ts";
import {
  tcp_fragment,
  tcp_send_head,
  tcp_skb_is_last,
  tcp_urg_mode,
  tcp_wnd_end,
} from "./tx-queue.ts";
import { TCPHDR_FIN, TCPHDR_PSH } from "./wire.ts";

/** What tcp_write_xmit() may send: everything, one segment, or one probe beyond cwnd. */
export const PUSH_ALL = 0;
export const PUSH_ONE = 1;
export const PUSH_PROBE = 2;

/**
 * Sends as much as windows, Nagle and the device queue allow.
 * @returns True when nothing is in flight and yet something waits: the caller must set the probe timer.
 */
export function tcp_write_xmit(
  tp: TcpSock,
  mss_now: number,
  nonagle: number,
  push: number,
): boolean {
  tcp_mstamp_refresh(tp);
  let sent = 0;
  for (let skb = tcp_send_head(tp); skb !== undefined; skb = tcp_send_head(tp)) {
    if (tcp_packets_in_flight(tp) >= tp.snd.cwnd && push !== PUSH_PROBE) break;
    if (!tcp_snd_wnd_test(tp, skb, mss_now)) break;
    const rule = tcp_skb_is_last(tp, skb) ? nonagle : TCP_NAGLE_PUSH;
    if (!tcp_nagle_test(tp, skb, mss_now, rule)) break;
    // It was filled when the MSS was larger: a fallen path MTU, or SACK blocks that ride along now.
    if (skb.length > mss_now) tcp_fragment(tp, false, skb, mss_now);
    if (tcp_small_queue_check(tp, skb.truesize, 0)) break;
    // An empty packet: its writer sleeps for memory.
    if (skb.end_seq === skb.seq) break;
    if (tcp_transmit_skb(tp, skb, true) !== 0) break;
    tcp_event_new_data_sent(tp, skb);
    if (skb.length < mss_now) tp.snd.sml = seqNum(skb.end_seq);
    sent++;
    if (push !== PUSH_ALL) break;
  }
  const is_cwnd_limited = tcp_packets_in_flight(tp) >= tp.snd.cwnd;
  if (sent > 0 || is_cwnd_limited) tcp_cwnd_validate(tp, is_cwnd_limited);
  if (sent > 0) {
    if (tcp_in_cwnd_reduction(tp)) tp.prr_out += sent;
    if (push !== PUSH_PROBE) tcp_schedule_loss_probe(tp, false);
    return false;
  }
  return tp.packets_out === 0 && tcp_send_head(tp) !== undefined;
}

/** Sent for the first time: from the write queue to the retransmit queue. */
export function tcp_event_new_data_sent(tp: TcpSock, skb: SkBuff): void {
  const prior_packets = tp.packets_out;
  tp.snd.nxt = seqNum(skb.end_seq);
  skb_unlink(skb, tp.sk_write_queue);
  skb_queue_tail(tp.tsorted_sent_queue, skb);
  tp.tcp_rtx_queue.push(skb);
  tp.packets_out++;
  if (prior_packets === 0 || tp.icsk_pending === ICSK_TIME_LOSS_PROBE) tcp_rearm_rto(tp);
  tp.tcp.ext.TCPOrigDataSent++;
  tcp_check_space(tp);
}

/** Does (the first segment of) the packet fit the peer's window? */
export function tcp_snd_wnd_test(tp: TcpSock, skb: SkBuff, cur_mss: number): boolean {
  const end = skb.length > cur_mss ? seqAdd(skb.seq, cur_mss) : skb.end_seq;
  return !after(end, tcp_wnd_end(tp));
}

/** May the packet go, or should it wait for more data? */
function tcp_nagle_test(tp: TcpSock, skb: SkBuff, cur_mss: number, nonagle: number): boolean {
  if ((nonagle & TCP_NAGLE_PUSH) !== 0) return true;
  if (tcp_urg_mode(tp) || (skb.tcp_flags & TCPHDR_FIN) !== 0) return true;
  return !tcp_nagle_check(tp, skb.length < cur_mss, nonagle);
}

/** Nagle with Minshall's change: a small packet waits only for another *small* one in flight. */
function tcp_nagle_check(tp: TcpSock, partial: boolean, nonagle: number): boolean {
  if (!partial) return false;
  if ((nonagle & TCP_NAGLE_CORK) !== 0) return true;
  return nonagle === 0 && tp.packets_out !== 0 && tcp_minshall_check(tp);
}

function tcp_minshall_check(tp: TcpSock): boolean {
  return after(tp.snd.sml, tp.snd.una) && !after(tp.snd.sml, tp.snd.nxt);
}

/** Sends what may be sent, and sees to it that something starts us again (__tcp_push_pending_frames). */
export function tcp_push_frames(tp: TcpSock, cur_mss: number, nonagle: number): void {
  if (tp.sk_state === TCP_CLOSE) return;
  if (tcp_write_xmit(tp, cur_mss, nonagle, PUSH_ALL)) tcp_check_probe_timer(tp);
}

export function tcp_push_pending_frames(tp: TcpSock): void {
  if (tcp_send_head(tp) === undefined) return;
  tcp_push_frames(tp, tcp_current_mss(tp), tp.nonagle);
}

/** The last packet is whole, ask the peer to hand it on (tcp_mark_push). */
export function tcp_mark_push(tp: TcpSock, skb: SkBuff): void {
  skb.tcp_flags |= TCPHDR_PSH;
  tp.pushed_seq = tp.write_seq;
}

/** Half a window was written without a push. */
export function forced_push(tp: TcpSock): boolean {
  return after(tp.write_seq, seqAdd(tp.pushed_seq, tp.snd.max_window >> 1));
}

/** End of a write: push, unless more is to come (tcp_push). */
export function tcp_push(tp: TcpSock, more: boolean, mss_now: number, nonagle: number): void {
  const skb = tp.sk_write_queue.tail;
  if (skb === undefined) return;
  if (!more || forced_push(tp)) tcp_mark_push(tp, skb);
  tcp_push_frames(tp, mss_now, more ? TCP_NAGLE_CORK : nonagle);
}

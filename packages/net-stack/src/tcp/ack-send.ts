/** Acknowledgments: at once, delayed, or compressed (net/ipv4/tcp_output.c, tcp_input.c). */
import { HrTimer } from "@dcejs/lkl-kernel";
import {
  TCP_ATO_MIN_MS,
  TCP_DELACK_MAX_MS,
  TCP_DELACK_MIN_MS,
  TCP_FASTRETRANS_THRESH,
  TCP_PINGPONG_THRESH,
} from "./limits.ts";
import { tcp_dst } from "./mss.ts";
import { tcp_transmit_skb } from "./output.ts";
import { tcp_is_sack } from "./scoreboard.ts";
import { before, seqDiff } from "./seq.ts";
import { TCP_CLOSE } from "./states.ts";
import { ICSK_ACK_NOW, ICSK_ACK_PUSHED, ICSK_ACK_SCHED, ICSK_ACK_TIMER } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_mstamp_refresh } from "./timestamps.ts";
import { tcp_init_nondata_skb, tcp_stream_alloc_skb, tcp_wnd_end } from "./tx-queue.ts";
import { TCPHDR_ACK } from "./wire.ts";
import { tcp_free_window } from "./window.ts";

const NSEC_PER_USEC = 1000;

export function inet_csk_in_pingpong_mode(tp: TcpSock): boolean {
  return tp.icsk_ack.pingpong >= TCP_PINGPONG_THRESH;
}

export function inet_csk_schedule_ack(tp: TcpSock): void {
  tp.icsk_ack.pending |= ICSK_ACK_SCHED;
}

export function inet_csk_ack_scheduled(tp: TcpSock): boolean {
  return (tp.icsk_ack.pending & ICSK_ACK_SCHED) !== 0;
}

/** Sequence number of a segment without data: snd.nxt, or the window's end when that was shrunk. */
export function tcp_acceptable_seq(tp: TcpSock): number {
  const end = tcp_wnd_end(tp);
  if (!before(end, tp.snd.nxt)) return tp.snd.nxt;
  const overshoot = seqDiff(tp.snd.nxt, end);
  if (tp.rx_opt.wscale_ok && overshoot < 1 << tp.rx_opt.rcv_wscale) return tp.snd.nxt;
  return end;
}

/** Sends an ACK now. */
export function tcp_send_ack(tp: TcpSock): void {
  if (tp.sk_state === TCP_CLOSE) return;
  const skb = tcp_stream_alloc_skb(tp, 0);
  tcp_init_nondata_skb(skb, tcp_acceptable_seq(tp), TCPHDR_ACK);
  tcp_mstamp_refresh(tp);
  tcp_transmit_skb(tp, skb, false);
}

/** Any segment with ACK set leaves: what was owed is paid. */
export function tcp_event_ack_sent(tp: TcpSock): void {
  if (tp.compressed_ack > 0) {
    tp.tcp.ext.TCPAckCompressed += tp.compressed_ack;
    tp.compressed_ack = 0;
    tp.compressed_ack_timer?.cancel();
  }
  const ack = tp.icsk_ack;
  if (ack.quick > 0) {
    const sent = inet_csk_ack_scheduled(tp) ? 1 : 0;
    if (sent >= ack.quick) {
      ack.quick = 0;
      ack.ato = tp.msecs_to_jiffies(TCP_ATO_MIN_MS);
    } else {
      ack.quick -= sent;
    }
  }
  tcp_clear_delack_timer(tp);
}

/** inet_csk_clear_xmit_timer(ICSK_TIME_DACK). */
function tcp_clear_delack_timer(tp: TcpSock): void {
  tp.icsk_ack.pending = 0;
  tp.icsk_ack.retry = 0;
  tp.icsk_delack_timer.disarm();
}

/** At most `max` of the next ACKs go out at once. */
export function tcp_incr_quickack(tp: TcpSock, max: number): void {
  const ack = tp.icsk_ack;
  const quickacks = Math.floor(tp.rcv.wnd / (2 * ack.rcv_mss)) || 2;
  ack.quick = Math.max(ack.quick, Math.min(quickacks, max));
}

export function tcp_enter_quickack_mode(tp: TcpSock, max: number): void {
  tcp_incr_quickack(tp, max);
  tp.icsk_ack.pingpong = 0;
  tp.icsk_ack.ato = tp.msecs_to_jiffies(TCP_ATO_MIN_MS);
}

function tcp_in_quickack_mode(tp: TcpSock): boolean {
  if (tp.icsk_ack.quick > 0 && !inet_csk_in_pingpong_mode(tp)) return true;
  return (tcp_dst(tp)?.metrics.quickack ?? 0) !== 0;
}

/** After a segment was taken in: acknowledge if something is owed. */
export function tcp_ack_snd_check(tp: TcpSock): void {
  if (inet_csk_ack_scheduled(tp)) acknowledgeNowOrLater(tp);
}

function acknowledgeNowOrLater(tp: TcpSock): void {
  const unacked = seqDiff(tp.rcv.nxt, tp.rcv.wup);
  const twoSegments =
    unacked > tp.icsk_ack.rcv_mss &&
    (seqDiff(tp.rcv.nxt, tp.copied_seq) < tp.sk_rcvlowat || tcp_free_window(tp) >= tp.rcv.wnd);
  if (twoSegments || tcp_in_quickack_mode(tp) || (tp.icsk_ack.pending & ICSK_ACK_NOW) !== 0) {
    tcp_send_ack(tp);
    return;
  }
  if (tp.out_of_order_queue.length === 0) tcp_send_delayed_ack(tp);
  else compressAck(tp);
}

/**
 * Duplicate ACKs beyond the third tell the sender little: send one for many (since 4.18), after
 * 5 % of the round trip, at most tcp_comp_sack_delay_ns.
 */
function compressAck(tp: TcpSock): void {
  const sysctl = tp.tcp.sysctl;
  if (!tcp_is_sack(tp) || tp.compressed_ack >= sysctl.tcp_comp_sack_nr.value) {
    tcp_send_ack(tp);
    return;
  }
  if (tp.compressed_ack_rcv_nxt !== tp.rcv.nxt) {
    tp.compressed_ack_rcv_nxt = tp.rcv.nxt;
    tp.dup_ack_counter = 0;
  }
  if (tp.dup_ack_counter < TCP_FASTRETRANS_THRESH) {
    tp.dup_ack_counter++;
    tcp_send_ack(tp);
    return;
  }
  tp.compressed_ack++;
  tp.compressed_ack_timer ??= new HrTimer(tp.kernel, () => tcp_compressed_ack_kick(tp));
  if (tp.compressed_ack_timer.isQueued) return;
  let rtt = tp.rcv_rtt_est.rtt_us;
  if (tp.rtt.srtt_us !== 0 && tp.rtt.srtt_us < rtt) rtt = tp.rtt.srtt_us;
  const delay = Math.min(
    sysctl.tcp_comp_sack_delay_ns.value,
    Math.floor((rtt * (NSEC_PER_USEC >> 3)) / 20),
  );
  tp.compressed_ack_timer.start(tp.kernel.ktime_get() + delay);
}

/** The compressed ACKs' timer expired. */
export function tcp_compressed_ack_kick(tp: TcpSock): void {
  if (tp.compressed_ack === 0 || tp.is_destroyed) return;
  // One is sent after all, so one less was compressed.
  tp.compressed_ack--;
  tcp_send_ack(tp);
}

/** Sets the delayed ACK timer by the estimated arrival rate (tcp_send_delayed_ack). */
function tcp_send_delayed_ack(tp: TcpSock): void {
  const ack = tp.icsk_ack;
  const delackMin = tp.msecs_to_jiffies(TCP_DELACK_MIN_MS);
  let ato = ack.ato;
  if (ato > delackMin) {
    let max = Math.floor(tp.HZ / 2);
    if (inet_csk_in_pingpong_mode(tp) || (ack.pending & ICSK_ACK_PUSHED) !== 0) {
      max = tp.msecs_to_jiffies(TCP_DELACK_MAX_MS);
    }
    if (tp.rtt.srtt_us !== 0) {
      max = Math.min(max, Math.max(tp.usecs_to_jiffies(tp.rtt.srtt_us >> 3), delackMin));
    }
    ato = Math.min(ato, max);
  }
  ato = Math.min(ato, tp.icsk_delack_max);
  let timeout = tp.jiffies + ato;
  if ((ack.pending & ICSK_ACK_TIMER) !== 0) {
    // It is about to expire anyway.
    if (ack.timeout <= tp.jiffies + (ato >> 2)) {
      tcp_send_ack(tp);
      return;
    }
    timeout = Math.min(timeout, ack.timeout);
  }
  ack.pending |= ICSK_ACK_SCHED | ICSK_ACK_TIMER;
  ack.timeout = timeout;
  tp.icsk_delack_timer.arm(timeout);
}

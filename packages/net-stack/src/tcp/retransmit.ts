/** Sending again (net/ipv4/tcp_output.c: __tcp_retransmit_skb, tcp_xmit_retransmit_queue). */
import { Errno } from "@dcejs/lkl-kernel";
import type { SkBuff } from "../skbuff.ts";
import { TCP_CA_Loss } from "./congestion.ts";
import { tcp_in_cwnd_reduction } from "./cwnd.ts";
import { tcp_current_mss, tcp_dst } from "./mss.ts";
import { tcp_transmit_skb } from "./output.ts";
import { tcp_packets_in_flight } from "./scoreboard.ts";
import { before, seqDiff, seqNum } from "./seq.ts";
import { tcp_small_queue_check } from "./small-queue.ts";
import {
  ICSK_TIME_REO_TIMEOUT,
  ICSK_TIME_RETRANS,
  TCPCB_EVER_RETRANS,
  TCPCB_LOST,
  TCPCB_RETRANS,
  TCPCB_SACKED_ACKED,
  TCPCB_SACKED_RETRANS,
} from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_reset_xmit_timer } from "./timers.ts";
import { tcp_skb_timestamp_ts } from "./timestamps.ts";
import { tcp_fragment, tcp_trim_head, tcp_wnd_end } from "./tx-queue.ts";
import { TCPHDR_SYN } from "./wire.ts";

/**
 * Sends a packet of the retransmit queue again, cut to what the path and the window allow.
 * @returns 0, -EAGAIN beyond the window, -EHOSTUNREACH without a route, or the device's error.
 */
export function tcp_do_retransmit_skb(tp: TcpSock, skb: SkBuff): number {
  if (before(skb.seq, tp.snd.una)) tcp_trim_head(skb, seqDiff(tp.snd.una, skb.seq));
  if (tcp_dst(tp) === undefined) return -Errno.EHOSTUNREACH;
  const cur_mss = tcp_current_mss(tp);
  let avail = seqDiff(tcp_wnd_end(tp), skb.seq);
  if (avail <= 0) {
    // The window was closed or shrunk: only the first packet is sent, as a window probe.
    if (skb.seq !== tp.snd.una) return -Errno.EAGAIN;
    avail = cur_mss;
  }
  const len = Math.min(cur_mss, avail);
  if (skb.length > len) tcp_fragment(tp, true, skb, len);

  tp.tcp.mib.RetransSegs++;
  if ((skb.tcp_flags & TCPHDR_SYN) !== 0) tp.tcp.ext.TCPSynRetrans++;
  tp.total_retrans++;
  tp.bytes_retrans += skb.length;
  const err = tcp_transmit_skb(tp, skb, true);
  skb.sacked |= TCPCB_EVER_RETRANS;
  if (err === 0) {
    const trace = tp.tcp.trace_retransmit_skb;
    if (trace.isEnabled) tp.tcp.traceSegment(trace, tp, skb.seq);
  } else if (err !== -Errno.EBUSY) {
    tp.tcp.ext.TCPRetransFail++;
  }
  return err;
}

/** Sends again and counts it as in flight. */
export function tcp_retransmit_skb(tp: TcpSock, skb: SkBuff): number {
  const err = tcp_do_retransmit_skb(tp, skb);
  if (err === 0) {
    if ((skb.sacked & TCPCB_SACKED_RETRANS) === 0) tp.retrans_out++;
    skb.sacked |= TCPCB_RETRANS;
  }
  if (tp.retrans_stamp === 0) tp.retrans_stamp = tcp_skb_timestamp_ts(skb) || 1;
  if (tp.undo_retrans < 0) tp.undo_retrans = 0;
  tp.undo_retrans++;
  return err;
}

/** Sends again what is marked lost, as far as cwnd allows. */
export function tcp_xmit_retransmit_queue(tp: TcpSock): void {
  if (tp.packets_out === 0) return;
  const queue = tp.tcp_rtx_queue;
  let i = tp.has_retransmit_hint ? queue.indexOf(tp.retransmit_hint) : 0;
  let hasHole = false;
  let rearm = false;
  for (; i < queue.length; i++) {
    const skb = queue.at(i);
    if (skb === undefined) break;
    if (!hasHole) {
      tp.retransmit_hint = seqNum(skb.seq);
      tp.has_retransmit_hint = true;
    }
    if (tcp_packets_in_flight(tp) >= tp.snd.cwnd || tp.retrans_out >= tp.lost_out) break;
    if ((skb.sacked & TCPCB_LOST) === 0) {
      if ((skb.sacked & (TCPCB_SACKED_RETRANS | TCPCB_SACKED_ACKED)) === 0) hasHole = true;
      continue;
    }
    if ((skb.sacked & (TCPCB_SACKED_ACKED | TCPCB_SACKED_RETRANS)) !== 0) continue;
    if (tcp_small_queue_check(tp, skb.truesize, 1)) break;
    if (tcp_retransmit_skb(tp, skb) !== 0) break;
    if (tp.icsk_ca_state === TCP_CA_Loss) tp.tcp.ext.TCPSlowStartRetrans++;
    else tp.tcp.ext.TCPFastRetrans++;
    if (tcp_in_cwnd_reduction(tp)) tp.prr_out++;
    if (i === 0 && tp.icsk_pending !== ICSK_TIME_REO_TIMEOUT) rearm = true;
  }
  if (rearm) tcp_reset_xmit_timer(tp, ICSK_TIME_RETRANS, tp.icsk_rto, tp.tcp.rtoMax);
}

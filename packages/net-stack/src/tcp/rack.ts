/** RACK loss detection (RFC 8985; net/ipv4/tcp_recovery.c): lost is what was sent well before what arrived. */
import { skb_unlink } from "../skbuff-queue.ts";
import { TCP_CA_Recovery } from "./congestion.ts";
import { tcp_cwnd_reduction } from "./cwnd.ts";
import {
  TCP_RACK_RECOVERY_THRESH,
  TCP_RACK_REO_WND_STEPS_MAX,
  TCP_TIMEOUT_MIN_MS,
} from "./limits.ts";
import type { RateSample } from "./rate.ts";
import { tcp_enter_recovery } from "./recovery.ts";
import { tcp_xmit_retransmit_queue } from "./retransmit.ts";
import { tcp_mark_skb_lost, tcp_packets_in_flight } from "./scoreboard.ts";
import { after, before, seqNum } from "./seq.ts";
import {
  ICSK_TIME_REO_TIMEOUT,
  ICSK_TIME_RETRANS,
  TCPCB_LOST,
  TCPCB_RETRANS,
  TCPCB_SACKED_RETRANS,
} from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_skb_timestamp_us } from "./timestamps.ts";
import { tcp_rearm_rto, tcp_reset_xmit_timer } from "./timers.ts";

/** Bits of net.ipv4.tcp_recovery. */
const TCP_RACK_LOSS_DETECTION = 1;
const TCP_RACK_STATIC_REO_WND = 2;
const TCP_RACK_NO_DUPTHRESH = 4;

export function tcp_is_rack(tp: TcpSock): boolean {
  return (tp.tcp.sysctl.tcp_recovery.value & TCP_RACK_LOSS_DETECTION) !== 0;
}

/** Was the packet (t1, seq1) sent after (t2, seq2)? Of one instant the later sequence number was. */
export function tcp_skb_sent_after(t1: number, t2: number, seq1: number, seq2: number): boolean {
  return t1 > t2 || (t1 === t2 && after(seq1, seq2));
}

/** How long to allow for reordering, µs: a quarter of the minimum RTT, more after DSACKs. */
function tcp_rack_reo_wnd(tp: TcpSock): number {
  if (tp.reord_seen === 0) {
    // No reordering seen yet: in recovery, or with as many duplicate ACKs as of old, be quick.
    if (tp.icsk_ca_state >= TCP_CA_Recovery) return 0;
    const noDupThresh = (tp.tcp.sysctl.tcp_recovery.value & TCP_RACK_NO_DUPTHRESH) !== 0;
    if (tp.sacked_out >= tp.reordering && !noDupThresh) return 0;
  }
  return Math.min(
    Math.floor(tp.rtt.min_rtt.get() / 4) * tp.rack.reo_wnd_steps,
    tp.rtt.srtt_us >> 3,
  );
}

/** Time until the packet sent at `sentAt_us` counts as lost, µs; <= 0: it does now. */
export function tcp_rack_skb_timeout(tp: TcpSock, sentAt_us: number, reo_wnd: number): number {
  return tp.rack.rtt_us + reo_wnd - (tp.tcp_mstamp - sentAt_us);
}

/** Marks what is lost by now. Returns µs until the next packet may be, 0 when none may. */
function tcp_rack_detect_loss(tp: TcpSock): number {
  const reo_wnd = tcp_rack_reo_wnd(tp);
  let reo_timeout = 0;
  let skb = tp.tsorted_sent_queue.head;
  while (skb !== undefined) {
    const next = skb.next;
    // Lost and not retransmitted yet: nothing new can be said of it.
    const isWaiting = (skb.sacked & (TCPCB_LOST | TCPCB_SACKED_RETRANS)) === TCPCB_LOST;
    if (!isWaiting) {
      const sentAt = tcp_skb_timestamp_us(skb);
      if (!tcp_skb_sent_after(tp.rack.xmit_ns, skb.tstamp, tp.rack.end_seq, skb.end_seq)) break;
      const remaining = tcp_rack_skb_timeout(tp, sentAt, reo_wnd);
      if (remaining <= 0) {
        tcp_mark_skb_lost(tp, skb);
        skb_unlink(skb, tp.tsorted_sent_queue);
      } else {
        reo_timeout = Math.max(reo_timeout, remaining);
      }
    }
    skb = next;
  }
  return reo_timeout;
}

/** After an ACK. True when the reordering timer was set. */
export function tcp_rack_mark_lost(tp: TcpSock): boolean {
  if (!tp.rack.advanced) return false;
  tp.rack.advanced = false;
  const timeout_us = tcp_rack_detect_loss(tp);
  if (timeout_us === 0) return false;
  const timeout = tp.usecs_to_jiffies(timeout_us + TCP_TIMEOUT_MIN_MS * 1000);
  tcp_reset_xmit_timer(tp, ICSK_TIME_REO_TIMEOUT, timeout, tp.icsk_rto);
  return true;
}

/** A packet sent at `xmit_ns` was (s)acked: it moves the front of what is known to have arrived. */
export function tcp_rack_advance(
  tp: TcpSock,
  sacked: number,
  end_seq: number,
  xmit_ns: number,
): void {
  const rtt_us = Math.max(tp.tcp_mstamp - Math.floor(xmit_ns / 1000), 0);
  // Quicker than the path allows: the ACK is for the original, not for the retransmission.
  if (rtt_us < tp.rtt.min_rtt.get() && (sacked & TCPCB_RETRANS) !== 0) return;
  const rack = tp.rack;
  rack.advanced = true;
  rack.rtt_us = rtt_us;
  if (tcp_skb_sent_after(xmit_ns, rack.xmit_ns, end_seq, rack.end_seq)) {
    rack.xmit_ns = xmit_ns;
    rack.end_seq = seqNum(end_seq);
  }
}

/** The reordering timer expired. */
export function tcp_rack_reo_timeout(tp: TcpSock): void {
  const prior_inflight = tcp_packets_in_flight(tp);
  const lost = tp.lost;
  tcp_rack_detect_loss(tp);
  if (prior_inflight !== tcp_packets_in_flight(tp)) {
    if (tp.icsk_ca_state !== TCP_CA_Recovery) {
      tcp_enter_recovery(tp, false);
      tcp_cwnd_reduction(tp, 1, tp.lost - lost, false);
    }
    tcp_xmit_retransmit_queue(tp);
  }
  if (tp.icsk_pending !== ICSK_TIME_RETRANS) tcp_rearm_rto(tp);
}

/** DSACKs say that losses were reordering: widen the window for the next 16 recoveries. */
export function tcp_rack_update_reo_wnd(tp: TcpSock, rs: Readonly<RateSample>): void {
  const rack = tp.rack;
  const isStatic = (tp.tcp.sysctl.tcp_recovery.value & TCP_RACK_STATIC_REO_WND) !== 0;
  if (isStatic || rs.prior_delivered === 0) return;
  // One step a round trip at most.
  if (before(rs.prior_delivered, rack.last_delivered)) rack.dsack_seen = false;
  if (rack.dsack_seen) {
    rack.reo_wnd_steps = Math.min(TCP_RACK_REO_WND_STEPS_MAX, rack.reo_wnd_steps + 1);
    rack.dsack_seen = false;
    rack.last_delivered = tp.delivered;
    rack.reo_wnd_persist = TCP_RACK_RECOVERY_THRESH;
  } else if (rack.reo_wnd_persist === 0) {
    rack.reo_wnd_steps = 1;
  }
}

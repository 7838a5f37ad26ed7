/** Frees what is acknowledged and measures the round trip (tcp_clean_rtx_queue, tcp_ack_update_rtt). */
import type { SkBuff } from "../skbuff.ts";
import {
  FLAG_ACKED,
  FLAG_ACK_MAYBE_DELAYED,
  FLAG_CA_ALERT,
  FLAG_DATA_ACKED,
  FLAG_ORIG_SACK_ACKED,
  FLAG_RETRANS_DATA_ACKED,
  FLAG_SACK_RENEGING,
  FLAG_SET_XMIT_TIMER,
  FLAG_SYN_ACKED,
} from "./ack-flags.ts";
import { tcp_rack_advance } from "./rack.ts";
import { tcp_rate_skb_delivered } from "./rate.ts";
import { tcp_check_sack_reordering, tcp_remove_reno_sacks } from "./reordering.ts";
import type { SackState } from "./sack.ts";
import { tcp_is_reno, tcp_is_sack } from "./scoreboard.ts";
import { after, before, between, seqDiff, seqNum } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import { TCPCB_LOST, TCPCB_RETRANS, TCPCB_SACKED_ACKED, TCPCB_SACKED_RETRANS } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_skb_timestamp_us, tcp_time_stamp_ms } from "./timestamps.ts";
import { tcp_rtx_queue_head, tcp_rtx_queue_shift_and_free } from "./tx-queue.ts";
import { tcp_skb_spurious_retrans } from "./undo.ts";
import { TCPHDR_SYN } from "./wire.ts";

/** What the walk below collects; one per stack. */
export class CleanState {
  flag = 0;
  /** Send time of the first and last packet acknowledged for the first time, µs; 0: none. */
  first_ackt = 0;
  last_ackt = 0;
  reord: SeqNum = seqNum(0);
  pkts_acked = 0;
}

/** Takes acknowledged packets off the retransmit queue. Returns FLAG_* bits. */
export function tcp_clean_rtx_queue(
  tp: TcpSock,
  ackFlag: number,
  prior_fack: SeqNum,
  prior_snd_una: SeqNum,
  sack: SackState,
): number {
  const state = tp.tcp.ackScratch.clean;
  const prior_sacked = tp.sacked_out;
  const prior_delivered_out = tp.delivered;
  state.flag = 0;
  state.first_ackt = 0;
  state.last_ackt = 0;
  state.reord = tp.snd.nxt;
  state.pkts_acked = 0;
  let head = tcp_rtx_queue_head(tp);
  for (; head !== undefined; head = tcp_rtx_queue_head(tp)) {
    if (after(head.end_seq, tp.snd.una)) break;
    packetAcked(tp, head, sack, state);
    tcp_rtx_queue_shift_and_free(tp);
  }
  if (tp.has_retransmit_hint && before(tp.retransmit_hint, tp.snd.una)) {
    tp.retransmit_hint = tp.snd.una;
  }
  if (between(tp.snd.up, prior_snd_una, tp.snd.una)) tp.snd.up = tp.snd.una;
  if (head !== undefined && (head.sacked & TCPCB_SACKED_ACKED) !== 0) {
    state.flag |= FLAG_SACK_RENEGING;
  }
  const maybeDelayed =
    state.pkts_acked === 1 &&
    prior_sacked === 0 &&
    seqDiff(tp.snd.una, prior_snd_una) < tp.mss_cache &&
    prior_delivered_out === sack.rate.prior_delivered &&
    (ackFlag & (FLAG_CA_ALERT | FLAG_SYN_ACKED)) === 0;
  const rttUpdated = tcp_ack_update_rtt(tp, state, sack, maybeDelayed);
  afterClean(tp, head, rttUpdated, prior_fack, sack, state);
  tp.icsk_ca.pkts_acked?.(tp, state.pkts_acked, sack.rate.rtt_us);
  return state.flag;
}

function packetAcked(tp: TcpSock, skb: SkBuff, sack: SackState, state: CleanState): void {
  const sacked = skb.sacked;
  if ((sacked & TCPCB_RETRANS) !== 0) {
    if ((sacked & TCPCB_SACKED_RETRANS) !== 0) tp.retrans_out--;
    state.flag |= FLAG_RETRANS_DATA_ACKED;
  } else if ((sacked & TCPCB_SACKED_ACKED) === 0) {
    state.last_ackt = tcp_skb_timestamp_us(skb);
    if (state.first_ackt === 0) state.first_ackt = state.last_ackt;
    if (before(skb.seq, state.reord)) state.reord = seqNum(skb.seq);
    if (!after(skb.end_seq, tp.high_seq)) state.flag |= FLAG_ORIG_SACK_ACKED;
  }
  if ((sacked & TCPCB_SACKED_ACKED) !== 0) {
    tp.sacked_out--;
  } else if (tcp_is_sack(tp)) {
    tp.delivered++;
    tp.tcp.ext.TCPDelivered++;
    if (!tcp_skb_spurious_retrans(tp, skb)) {
      tcp_rack_advance(tp, sacked, skb.end_seq, skb.tstamp);
    }
  }
  if ((sacked & TCPCB_LOST) !== 0) tp.lost_out--;
  tp.packets_out--;
  state.pkts_acked++;
  tcp_rate_skb_delivered(tp, skb, sack.rate);
  if ((skb.tcp_flags & TCPHDR_SYN) === 0) {
    state.flag |= FLAG_DATA_ACKED;
  } else {
    state.flag |= FLAG_SYN_ACKED;
    tp.retrans_stamp = 0;
  }
}

function afterClean(
  tp: TcpSock,
  head: SkBuff | undefined,
  rttUpdated: boolean,
  prior_fack: SeqNum,
  sack: SackState,
  state: CleanState,
): void {
  if ((state.flag & FLAG_ACKED) !== 0) {
    state.flag |= FLAG_SET_XMIT_TIMER;
    if (tcp_is_reno(tp)) {
      tcp_remove_reno_sacks(tp, state.pkts_acked);
      // Without SACK an ACK above a retransmission says nothing of originals (F-RTO).
      if ((state.flag & FLAG_RETRANS_DATA_ACKED) !== 0) state.flag &= ~FLAG_ORIG_SACK_ACKED;
    } else if (before(state.reord, prior_fack)) {
      // A hole was filled without retransmission.
      tcp_check_sack_reordering(tp, state.reord, false);
    }
  } else if (head !== undefined && rttUpdated && sack.first_sackt !== 0) {
    // Restart the RTO only when what was sacked was sent before the head was sent (again).
    const sack_rtt_us = tp.tcp_mstamp - sack.first_sackt;
    if (sack_rtt_us > tp.tcp_mstamp - tcp_skb_timestamp_us(head)) {
      state.flag |= FLAG_SET_XMIT_TIMER;
    }
  }
}

/** One RTT sample from the ACK; Karn's rule is kept, timestamps break the tie. */
function tcp_ack_update_rtt(
  tp: TcpSock,
  state: CleanState,
  sack: SackState,
  maybeDelayed: boolean,
): boolean {
  let seq_rtt_us = -1;
  let ca_rtt_us = -1;
  if (state.first_ackt !== 0 && (state.flag & FLAG_RETRANS_DATA_ACKED) === 0) {
    seq_rtt_us = Math.max(tp.tcp_mstamp - state.first_ackt, 0);
    ca_rtt_us = Math.max(tp.tcp_mstamp - state.last_ackt, 0);
    if (maybeDelayed) state.flag |= FLAG_ACK_MAYBE_DELAYED;
  }
  if (sack.first_sackt !== 0) {
    if (seq_rtt_us < 0) seq_rtt_us = Math.max(tp.tcp_mstamp - sack.first_sackt, 0);
    ca_rtt_us = Math.max(tp.tcp_mstamp - sack.last_sackt, 0);
  }
  const hasEcho = tp.rx_opt.saw_tstamp && tp.rx_opt.rcv_tsecr !== 0;
  if (seq_rtt_us < 0 && hasEcho && (state.flag & FLAG_ACKED) !== 0) {
    const delta_ms = (tcp_time_stamp_ms(tp) - tp.rx_opt.rcv_tsecr) | 0;
    if (delta_ms >= 0) {
      seq_rtt_us = Math.max(delta_ms, 1) * 1000;
      ca_rtt_us = seq_rtt_us;
    }
  }
  sack.rate.rtt_us = ca_rtt_us;
  if (seq_rtt_us < 0) return false;
  tcp_update_rtt_min(tp, ca_rtt_us, (state.flag & FLAG_ACK_MAYBE_DELAYED) !== 0);
  tp.rtt.tcp_rtt_estimator(seq_rtt_us, tp.snd.una, tp.snd.nxt, tp.tcp.rtoMinUs(tp));
  tcp_set_rto(tp);
  // RFC 6298, 5.7: only a valid sample ends the backoff.
  tp.icsk_backoff = 0;
  return true;
}

function tcp_update_rtt_min(tp: TcpSock, rtt_us: number, maybeDelayed: boolean): void {
  const min_rtt = tp.rtt.min_rtt;
  if (maybeDelayed && rtt_us > min_rtt.get()) return;
  const wlen = tp.tcp.sysctl.tcp_min_rtt_wlen.value * tp.HZ;
  min_rtt.running(wlen, tp.jiffies, rtt_us > 0 ? rtt_us : tp.tcp.jiffies_to_usecs(1));
}

function tcp_set_rto(tp: TcpSock): void {
  tp.icsk_rto = Math.min(tp.usecs_to_jiffies(tp.rtt.rto_us()), tp.tcp.rtoMax);
}

/** The handshake gave an RTT: SYN-ACK sent at `sent_us` (tcp_synack_rtt_meas). */
export function tcp_first_rtt(tp: TcpSock, rtt_us: number): void {
  tcp_update_rtt_min(tp, rtt_us, false);
  tp.rtt.tcp_rtt_estimator(rtt_us, tp.snd.una, tp.snd.nxt, tp.tcp.rtoMinUs(tp));
  tcp_set_rto(tp);
}

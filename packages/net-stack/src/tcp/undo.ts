/**
 * Undoing a reduction that was no loss (Eifel RFC 3522/4015, DSACK RFC 3708, F-RTO RFC 5682), and
 * the bookkeeping of duplicate ACKs without SACK (net/ipv4/tcp_input.c).
 */
import { TCP_CA_CWR, TCP_CA_Disorder, TCP_CA_Loss, TCP_CA_Open } from "./congestion.ts";
import { tcp_current_ssthresh, tcp_enter_cwr, tcp_set_ca_state } from "./cwnd.ts";
import { TCP_RACK_RECOVERY_THRESH } from "./limits.ts";
import { tcp_check_sack_reordering } from "./reordering.ts";
import {
  tcp_any_retrans_done,
  tcp_clear_all_retrans_hints,
  tcp_is_reno,
  tcp_is_sack,
  tcp_left_out,
} from "./scoreboard.ts";
import type { SeqNum } from "./seq.ts";
import { TCPCB_LOST, TCPCB_RETRANS } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_skb_timestamp_ts, tcp_tsopt_ecr_before } from "./timestamps.ts";
import type { SkBuff } from "../skbuff.ts";

/** Remembers where the episode began, and how many retransmissions must prove needless. */
export function tcp_init_undo(tp: TcpSock): void {
  tp.undo_marker = tp.snd.una;
  tp.has_undo_marker = true;
  tp.undo_retrans = tp.retrans_out;
  if (tp.has_tlp && tp.tlp_retrans) tp.undo_retrans++;
  // 0 would mean "all proved needless".
  if (tp.undo_retrans === 0) tp.undo_retrans = -1;
}

/** The ACK is older than the first retransmission: the original was only late. */
function tcp_packet_delayed(tp: TcpSock): boolean {
  return tp.retrans_stamp !== 0 && tcp_tsopt_ecr_before(tp, tp.retrans_stamp);
}

/** This retransmitted packet was acknowledged by something sent before the retransmission. */
export function tcp_skb_spurious_retrans(tp: TcpSock, skb: SkBuff): boolean {
  return (skb.sacked & TCPCB_RETRANS) !== 0 && tcp_tsopt_ecr_before(tp, tcp_skb_timestamp_ts(skb));
}

function tcp_may_undo(tp: TcpSock): boolean {
  return tp.has_undo_marker && (tp.undo_retrans === 0 || tcp_packet_delayed(tp));
}

function tcp_undo_cwnd_reduction(tp: TcpSock, unmark_loss: boolean): void {
  if (unmark_loss) {
    for (let i = 0; i < tp.tcp_rtx_queue.length; i++) {
      const skb = tp.tcp_rtx_queue.at(i);
      if (skb !== undefined) skb.sacked &= ~TCPCB_LOST;
    }
    tp.lost_out = 0;
    tcp_clear_all_retrans_hints(tp);
  }
  if (tp.prior_ssthresh !== 0) {
    tp.snd.cwnd = tp.icsk_ca.undo_cwnd(tp);
    if (tp.prior_ssthresh > tp.snd.ssthresh) tp.snd.ssthresh = tp.prior_ssthresh;
  }
  tp.snd.cwnd_stamp = tp.jiffies;
  tp.has_undo_marker = false;
  // RACK is to look at everything again.
  tp.rack.advanced = true;
}

/** Everything of the episode is acknowledged. True: without SACK the state must be kept a little. */
export function tcp_try_undo_recovery(tp: TcpSock): boolean {
  if (tcp_may_undo(tp)) {
    const wasLoss = tp.icsk_ca_state === TCP_CA_Loss;
    tcp_undo_cwnd_reduction(tp, false);
    if (wasLoss) tp.tcp.ext.TCPLossUndo++;
    else tp.tcp.ext.TCPFullUndo++;
  } else if (tp.rack.reo_wnd_persist > 0) {
    tp.rack.reo_wnd_persist--;
  }
  if (isNonSackPreventingReopen(tp)) return true;
  tcp_set_ca_state(tp, TCP_CA_Open);
  tp.is_sack_reneg = false;
  return false;
}

/** RFC 6582: without SACK, duplicate ACKs for the episode may still come; do not start another one. */
function isNonSackPreventingReopen(tp: TcpSock): boolean {
  if (tp.snd.una !== tp.high_seq || !tcp_is_reno(tp)) return false;
  if (!tcp_any_retrans_done(tp)) tp.retrans_stamp = 0;
  return true;
}

/** DSACKs reported each of our retransmissions as a duplicate. */
export function tcp_try_undo_dsack(tp: TcpSock): boolean {
  if (!tp.has_undo_marker || tp.undo_retrans !== 0) return false;
  tp.rack.reo_wnd_persist = Math.min(TCP_RACK_RECOVERY_THRESH, tp.rack.reo_wnd_persist + 1);
  tcp_undo_cwnd_reduction(tp, false);
  tp.tcp.ext.TCPDSACKUndo++;
  return true;
}

/** A partial ACK in recovery. True: wait, do not retransmit more. */
export function tcp_try_undo_partial(tp: TcpSock, prior_snd_una: SeqNum): boolean {
  if (!tp.has_undo_marker || !tcp_packet_delayed(tp)) return false;
  // The hole was filled by the late original: reordering, as far as from there.
  tcp_check_sack_reordering(tp, prior_snd_una, true);
  if (tp.retrans_out > 0) return true;
  if (!tcp_any_retrans_done(tp)) tp.retrans_stamp = 0;
  tcp_undo_cwnd_reduction(tp, true);
  tp.tcp.ext.TCPPartialUndo++;
  tcp_try_keep_open(tp);
  return false;
}

/** After a time-out. True: it was spurious, and the state is what it was before. */
export function tcp_try_undo_loss(tp: TcpSock, frto_undo: boolean): boolean {
  if (!frto_undo && !tcp_may_undo(tp)) return false;
  tcp_undo_cwnd_reduction(tp, true);
  tp.tcp.ext.TCPLossUndo++;
  if (frto_undo) tp.tcp.ext.TCPSpuriousRTOs++;
  tp.icsk_retransmits = 0;
  if (isNonSackPreventingReopen(tp)) return true;
  if (frto_undo || tcp_is_sack(tp)) {
    tcp_set_ca_state(tp, TCP_CA_Open);
    tp.is_sack_reneg = false;
  }
  return true;
}

/** Open, or Disorder while holes or retransmissions are out. */
export function tcp_try_keep_open(tp: TcpSock): void {
  const isDisordered = tcp_left_out(tp) > 0 || tcp_any_retrans_done(tp);
  const state = isDisordered ? TCP_CA_Disorder : TCP_CA_Open;
  if (tp.icsk_ca_state === state) return;
  tcp_set_ca_state(tp, state);
  tp.high_seq = tp.snd.nxt;
}

export function tcp_try_to_open(tp: TcpSock, ece: boolean): void {
  if (!tcp_any_retrans_done(tp)) tp.retrans_stamp = 0;
  if (ece) tcp_enter_cwr(tp);
  if (tp.icsk_ca_state !== TCP_CA_CWR) tcp_try_keep_open(tp);
}

/** ssthresh to return to when the episode is undone. */
export function rememberSsthresh(tp: TcpSock, ece: boolean): void {
  tp.prior_ssthresh = ece ? 0 : tcp_current_ssthresh(tp);
}

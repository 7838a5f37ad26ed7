/** An ACK arrives (RFC 9293, section 3.10.7.4, fifth; net/ipv4/tcp_input.c: tcp_ack). */
import type { SkBuff } from "../skbuff.ts";
import {
  FLAG_CA_ALERT,
  FLAG_DATA,
  FLAG_DATA_ACKED,
  FLAG_DATA_SACKED,
  FLAG_DSACKING_ACK,
  FLAG_DSACK_TLP,
  FLAG_FORWARD_PROGRESS,
  FLAG_NOT_DUP,
  FLAG_NO_CHALLENGE_ACK,
  FLAG_SET_XMIT_TIMER,
  FLAG_SND_UNA_ADVANCED,
  FLAG_UPDATE_TS_RECENT,
  FLAG_WIN_UPDATE,
} from "./ack-flags.ts";
import { tcp_send_challenge_ack } from "./challenge-ack.ts";
import { tcp_clean_rtx_queue } from "./clean-rtx-queue.ts";
import { TCP_CA_Open } from "./congestion.ts";
import {
  tcp_cwnd_reduction,
  tcp_in_cwnd_reduction,
  tcp_may_raise_cwnd,
  tcp_slow_start_after_idle_check,
  tcp_update_pacing_rate,
} from "./cwnd.ts";
import { tcp_schedule_loss_probe } from "./loss-probe.ts";
import { tcp_current_mss, tcp_sync_mss } from "./mss.ts";
import { tcp_ack_probe } from "./probe.ts";
import { tcp_rack_update_reo_wnd } from "./rack.ts";
import { tcp_rate_gen } from "./rate.ts";
import { REXMIT_NEW, REXMIT_NONE, tcp_fastretrans_alert, tcp_process_tlp_ack } from "./recovery.ts";
import { tcp_xmit_retransmit_queue } from "./retransmit.ts";
import { tcp_sacktag_write_queue } from "./sack.ts";
import { tcp_highest_sack_seq, tcp_is_sack, tcp_packets_in_flight } from "./scoreboard.ts";
import { after, before, seqAdd, seqDiff, seqNum } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import { TCP_NAGLE_OFF } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_rearm_rto } from "./timers.ts";
import { tcp_replace_ts_recent } from "./timestamps.ts";
import { tcp_send_head } from "./tx-queue.ts";
import { TCPHDR_SYN } from "./wire.ts";
import { tcp_push_frames } from "./write-xmit.ts";

/** Results of tcp_ack(). */
const ACK_OK = 1;
export const ACK_OLD = 0;
const ACK_TOO_OLD = -1;
const ACK_UNSENT_DATA = -2;

/**
 * Processes the acknowledgment of an acceptable segment.
 * @param window The window field, not scaled.
 * @returns ACK_OK; ACK_OLD for one below snd.una; ACK_TOO_OLD or ACK_UNSENT_DATA when it must be dropped.
 */
export function tcp_ack(tp: TcpSock, skb: SkBuff, window: number, flags: number): number {
  const scratch = tp.tcp.ackScratch;
  const ack = seqNum(skb.ack_seq);
  const prior_snd_una = tp.snd.una;
  if (before(ack, prior_snd_una)) return oldAck(tp, skb, flags, prior_snd_una);
  // Acknowledges what was never sent: drop (RFC 9293: send an ACK; the caller does).
  if (after(ack, tp.snd.nxt)) return ACK_UNSENT_DATA;

  const prior_packets = tp.packets_out;
  const prior_delivered = tp.delivered;
  const prior_lost = tp.lost;
  let flag = flags;
  scratch.rs.reset();
  scratch.sack.reset();
  if (after(ack, prior_snd_una)) {
    flag |= FLAG_SND_UNA_ADVANCED;
    tp.icsk_retransmits = 0;
  }
  const prior_fack = tcp_is_sack(tp) ? tcp_highest_sack_seq(tp) : tp.snd.una;
  scratch.rs.prior_in_flight = tcp_packets_in_flight(tp);
  if ((flag & FLAG_UPDATE_TS_RECENT) !== 0) tcp_replace_ts_recent(tp, skb.seq);
  if (skb.seq !== skb.end_seq) flag |= FLAG_DATA;
  else tp.tcp.ext.TCPPureAcks++;
  flag |= tcp_ack_update_window(tp, skb, ack, window);
  if (tp.rx_opt.sack_count > 0) {
    flag |= tcp_sacktag_write_queue(tp, skb, prior_snd_una, scratch.sack);
  }
  tp.sk_err_soft = 0;
  tp.icsk_probes_out = 0;
  tp.rcv_tstamp = tp.jiffies;
  scratch.verdict.rexmit = REXMIT_NONE;
  if (prior_packets === 0) return nothingInFlight(tp, ack, flag, prior_snd_una);

  flag |= tcp_clean_rtx_queue(tp, flag, prior_fack, prior_snd_una, scratch.sack);
  tcp_rack_update_reo_wnd(tp, scratch.rs);
  if (tp.has_tlp) processTlpAck(tp, ack, flag);
  if (tcp_ack_is_dubious(tp, flag)) {
    const isDupack = (flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DSACKING_ACK)) === 0;
    scratch.verdict.flag = flag;
    tcp_fastretrans_alert(tp, prior_snd_una, isDupack ? 1 : 0, scratch.verdict);
    flag = scratch.verdict.flag;
  }
  if ((flag & FLAG_SET_XMIT_TIMER) !== 0 && !tcp_schedule_loss_probe(tp, true)) tcp_rearm_rto(tp);
  const delivered = tp.delivered - prior_delivered;
  tcp_rate_gen(tp, delivered, scratch.rs);
  tcp_cong_control(tp, ack, delivered, tp.lost - prior_lost, flag);
  tcp_xmit_recovery(tp, scratch.verdict.rexmit);
  return ACK_OK;
}

/** Below snd.una: only its SACK blocks may be of use; far below, it is an attack (RFC 5961, 5.2). */
function oldAck(tp: TcpSock, skb: SkBuff, flags: number, prior_snd_una: SeqNum): number {
  const max_window = Math.min(tp.snd.max_window, tp.bytes_acked);
  if (before(skb.ack_seq, seqAdd(prior_snd_una, -max_window))) {
    if ((flags & FLAG_NO_CHALLENGE_ACK) === 0) tcp_send_challenge_ack(tp);
    return ACK_TOO_OLD;
  }
  if (tp.rx_opt.sack_count === 0) return ACK_OLD;
  const { rs, sack, verdict } = tp.tcp.ackScratch;
  rs.reset();
  sack.reset();
  verdict.rexmit = REXMIT_NONE;
  verdict.flag = flags | tcp_sacktag_write_queue(tp, skb, prior_snd_una, sack);
  tcp_fastretrans_alert(tp, prior_snd_una, 0, verdict);
  tcp_xmit_recovery(tp, verdict.rexmit);
  return ACK_OLD;
}

function nothingInFlight(tp: TcpSock, ack: SeqNum, flag: number, prior_snd_una: SeqNum): number {
  if ((flag & FLAG_DSACKING_ACK) !== 0) {
    const verdict = tp.tcp.ackScratch.verdict;
    verdict.flag = flag;
    tcp_fastretrans_alert(tp, prior_snd_una, 0, verdict);
  }
  tcp_ack_probe(tp);
  if (tp.has_tlp) processTlpAck(tp, ack, flag);
  return ACK_OK;
}

function processTlpAck(tp: TcpSock, ack: SeqNum, flag: number): void {
  const isPureDupack = (flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DATA_SACKED)) === 0;
  tcp_process_tlp_ack(tp, ack, (flag & FLAG_DSACK_TLP) !== 0, isPureDupack);
}

/** Does the ACK need more than the usual? */
function tcp_ack_is_dubious(tp: TcpSock, flag: number): boolean {
  return (
    (flag & FLAG_NOT_DUP) === 0 || (flag & FLAG_CA_ALERT) !== 0 || tp.icsk_ca_state !== TCP_CA_Open
  );
}

/** Takes over the window, unless the segment is older than the one that set it (SND.WL1, SND.WL2). */
function tcp_ack_update_window(tp: TcpSock, skb: SkBuff, ack: SeqNum, window: number): number {
  let flag = 0;
  const isSyn = (skb.tcp_flags & TCPHDR_SYN) !== 0;
  const nwin = isSyn ? window : window * 2 ** tp.rx_opt.snd_wscale;
  if (tcp_may_update_window(tp, ack, skb.seq, nwin)) {
    flag |= FLAG_WIN_UPDATE;
    tp.snd.wl1 = seqNum(skb.seq);
    if (tp.snd.wnd !== nwin) {
      tp.snd.wnd = nwin;
      if (tcp_send_head(tp) !== undefined) tcp_slow_start_after_idle_check(tp);
      if (nwin > tp.snd.max_window) {
        tp.snd.max_window = nwin;
        tcp_sync_mss(tp, tp.icsk_pmtu_cookie);
      }
    }
  }
  tp.bytes_acked += seqDiff(ack, tp.snd.una);
  tp.snd.una = ack;
  return flag;
}

function tcp_may_update_window(tp: TcpSock, ack: SeqNum, seq: number, nwin: number): boolean {
  return (
    after(ack, tp.snd.una) ||
    after(seq, tp.snd.wl1) ||
    (seq === tp.snd.wl1 && (nwin > tp.snd.wnd || nwin === 0))
  );
}

/** The window after this ACK: reduced in proportion, or grown. */
function tcp_cong_control(
  tp: TcpSock,
  ack: SeqNum,
  delivered: number,
  lost: number,
  flag: number,
): void {
  if (tcp_in_cwnd_reduction(tp)) {
    tcp_cwnd_reduction(tp, delivered, lost, (flag & FLAG_SND_UNA_ADVANCED) !== 0);
  } else if (
    tcp_may_raise_cwnd(tp, (flag & FLAG_DATA_ACKED) !== 0, (flag & FLAG_FORWARD_PROGRESS) !== 0)
  ) {
    tp.icsk_ca.cong_avoid(tp, ack, delivered);
    tp.snd.cwnd_stamp = tp.jiffies;
  }
  tcp_update_pacing_rate(tp);
  const probe = tp.tcp.trace_probe;
  if (probe.isEnabled) tp.tcp.traceProbe(tp);
}

/** Sends what the ACK permits: lost packets, or new data to find out (F-RTO). */
function tcp_xmit_recovery(tp: TcpSock, rexmit: number): void {
  if (rexmit === REXMIT_NONE) return;
  if (rexmit === REXMIT_NEW) {
    tcp_push_frames(tp, tcp_current_mss(tp), TCP_NAGLE_OFF);
    if (after(tp.snd.nxt, tp.high_seq)) return;
    tp.frto = false;
  }
  tcp_xmit_retransmit_queue(tp);
}

/**
 * The loss state machine of the sender (tcp_fastretrans_alert and its helpers, net/ipv4/tcp_input.c):
 *
 *     Open ──sack/dupack──▶ Disorder ──lost──▶ Recovery ──high_seq acked──▶ Open
 *       └──ECE, local drop──▶ CWR ─────────────────┘             RTO from anywhere ──▶ Loss
 */
import {
  CA_EVENT_LOSS,
  TCP_CA_CWR,
  TCP_CA_Disorder,
  TCP_CA_Loss,
  TCP_CA_Open,
  TCP_CA_Recovery,
} from "./congestion.ts";
import {
  tcp_current_ssthresh,
  tcp_end_cwnd_reduction,
  tcp_in_cwnd_reduction,
  tcp_init_cwnd_reduction,
  tcp_set_ca_state,
} from "./cwnd.ts";
import {
  FLAG_DATA_SACKED,
  FLAG_ECE,
  FLAG_LOST_RETRANS,
  FLAG_ORIG_SACK_ACKED,
  FLAG_SACK_RENEGING,
  FLAG_SET_XMIT_TIMER,
  FLAG_SND_UNA_ADVANCED,
} from "./ack-flags.ts";
import { tcp_is_rack, tcp_rack_mark_lost, tcp_rack_skb_timeout } from "./rack.ts";
import { tcp_add_reno_sack, tcp_reset_reno_sack } from "./reordering.ts";
import {
  tcp_clear_all_retrans_hints,
  tcp_is_reno,
  tcp_mark_skb_lost,
  tcp_packets_in_flight,
} from "./scoreboard.ts";
import { after, before } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import { ICSK_TIME_RETRANS, TCPCB_LOST, TCPCB_SACKED_ACKED } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_reset_xmit_timer } from "./timers.ts";
import { tcp_skb_timestamp_us } from "./timestamps.ts";
import { tcp_rtx_queue_head, tcp_send_head, tcp_wnd_end } from "./tx-queue.ts";
import {
  rememberSsthresh,
  tcp_init_undo,
  tcp_try_keep_open,
  tcp_try_to_open,
  tcp_try_undo_dsack,
  tcp_try_undo_loss,
  tcp_try_undo_partial,
  tcp_try_undo_recovery,
} from "./undo.ts";

/** What the ACK lets us send (tcp_xmit_recovery). */
export const REXMIT_NONE = 0;
const REXMIT_LOST = 1;
export const REXMIT_NEW = 2;

/** State of one ACK that the functions below read and change. */
export interface AckVerdict {
  flag: number;
  rexmit: number;
}

/** One dubious ACK, or one ACK outside Open. */
export function tcp_fastretrans_alert(
  tp: TcpSock,
  prior_snd_una: SeqNum,
  num_dupack: number,
  ack: AckVerdict,
): void {
  const flag = ack.flag;
  const ece = (flag & FLAG_ECE) !== 0;
  if (tp.packets_out === 0 && tp.sacked_out > 0) tp.sacked_out = 0;
  // A. ECE: what is reduced now is not undone.
  if (ece) tp.prior_ssthresh = 0;
  // B. The peer forgot what it had sacked.
  if (tcp_check_sack_reneging(tp, ack)) return;
  // D. The episode ends when everything sent before it is acknowledged.
  if (tp.icsk_ca_state === TCP_CA_Open) {
    if (tp.retrans_out === 0) tp.retrans_stamp = 0;
  } else if (!before(tp.snd.una, tp.high_seq)) {
    if (endsEpisode(tp)) return;
  }
  // E. The state's own business.
  switch (tp.icsk_ca_state) {
    case TCP_CA_Recovery:
      if (!processRecovery(tp, prior_snd_una, num_dupack, ack)) return;
      break;
    case TCP_CA_Loss:
      if (!processLossState(tp, num_dupack, ack)) return;
      processOpenStates(tp, num_dupack, ack);
      break;
    default:
      processOpenStates(tp, num_dupack, ack);
  }
}

/** True: nothing more is to be done for this ACK. */
function endsEpisode(tp: TcpSock): boolean {
  if (tp.icsk_ca_state === TCP_CA_CWR) {
    // CWR lasts until something beyond high_seq is acknowledged.
    if (tp.snd.una !== tp.high_seq) {
      tcp_end_cwnd_reduction(tp);
      tcp_set_ca_state(tp, TCP_CA_Open);
    }
  } else if (tp.icsk_ca_state === TCP_CA_Recovery) {
    if (tcp_is_reno(tp)) tcp_reset_reno_sack(tp);
    if (tcp_try_undo_recovery(tp)) return true;
    tcp_end_cwnd_reduction(tp);
  }
  return false;
}

/** False: no retransmission for this ACK. */
function processRecovery(
  tp: TcpSock,
  prior_snd_una: SeqNum,
  num_dupack: number,
  ack: AckVerdict,
): boolean {
  if ((ack.flag & FLAG_SND_UNA_ADVANCED) === 0) {
    if (tcp_is_reno(tp)) tcp_add_reno_sack(tp, num_dupack);
  } else if (tcp_try_undo_partial(tp, prior_snd_una)) {
    return false;
  }
  if (tcp_try_undo_dsack(tp)) tcp_try_to_open(tp, (ack.flag & FLAG_ECE) !== 0);
  tcp_identify_packet_loss(tp, ack);
  if (tp.icsk_ca_state !== TCP_CA_Recovery) {
    if (!tcp_time_to_recover(tp)) return false;
    // The old loss was none, but there is another.
    tcp_enter_recovery(tp, (ack.flag & FLAG_ECE) !== 0);
  }
  ack.rexmit = REXMIT_LOST;
  return true;
}

/** True: the state was left, or a retransmission was lost: go on as in Open. */
function processLossState(tp: TcpSock, num_dupack: number, ack: AckVerdict): boolean {
  tcp_process_loss(tp, num_dupack, ack);
  tcp_identify_packet_loss(tp, ack);
  return tp.icsk_ca_state === TCP_CA_Open || (ack.flag & FLAG_LOST_RETRANS) !== 0;
}

function processOpenStates(tp: TcpSock, num_dupack: number, ack: AckVerdict): void {
  const ece = (ack.flag & FLAG_ECE) !== 0;
  if (tcp_is_reno(tp)) {
    if ((ack.flag & FLAG_SND_UNA_ADVANCED) !== 0) tcp_reset_reno_sack(tp);
    tcp_add_reno_sack(tp, num_dupack);
  }
  if (tp.icsk_ca_state <= TCP_CA_Disorder) tcp_try_undo_dsack(tp);
  tcp_identify_packet_loss(tp, ack);
  if (!tcp_time_to_recover(tp)) {
    tcp_try_to_open(tp, ece);
    return;
  }
  tcp_enter_recovery(tp, ece);
  ack.rexmit = REXMIT_LOST;
}

/** Has something been found lost? Only then is it time for recovery. */
function tcp_time_to_recover(tp: TcpSock): boolean {
  return tp.lost_out > 0;
}

export function tcp_enter_recovery(tp: TcpSock, ece: boolean): void {
  if (tcp_is_reno(tp)) tp.tcp.ext.TCPRenoRecovery++;
  else tp.tcp.ext.TCPSackRecovery++;
  tp.prior_ssthresh = 0;
  tcp_init_undo(tp);
  if (!tcp_in_cwnd_reduction(tp)) {
    rememberSsthresh(tp, ece);
    tcp_init_cwnd_reduction(tp);
  }
  tcp_set_ca_state(tp, TCP_CA_Recovery);
}

/** Finds what is lost: by RACK, or by three duplicates where RACK is off or there is no SACK. */
function tcp_identify_packet_loss(tp: TcpSock, ack: AckVerdict): void {
  if (tp.tcp_rtx_queue.length === 0) return;
  if (tcp_is_reno(tp)) {
    tcp_newreno_mark_lost(tp, (ack.flag & FLAG_SND_UNA_ADVANCED) !== 0);
  } else if (tcp_is_rack(tp)) {
    const prior_retrans = tp.retrans_out;
    if (tcp_rack_mark_lost(tp)) ack.flag &= ~FLAG_SET_XMIT_TIMER;
    if (prior_retrans > tp.retrans_out) ack.flag |= FLAG_LOST_RETRANS;
  } else {
    tcp_mark_head_lost(tp);
  }
}

/** NewReno (RFC 6582): the first packet is lost on enough duplicates, and after each partial ACK. */
function tcp_newreno_mark_lost(tp: TcpSock, snd_una_advanced: boolean): void {
  const state = tp.icsk_ca_state;
  const byDuplicates = state < TCP_CA_Recovery && tp.sacked_out >= tp.reordering;
  const byPartialAck = state === TCP_CA_Recovery && snd_una_advanced;
  if (!byDuplicates && !byPartialAck) return;
  const head = tcp_rtx_queue_head(tp);
  if (head !== undefined && (head.sacked & TCPCB_LOST) === 0) tcp_mark_skb_lost(tp, head);
}

/** RFC 6675 IsLost(): with net.ipv4.tcp_recovery = 0, holes below enough sacked packets are lost. */
function tcp_mark_head_lost(tp: TcpSock): void {
  let sackedAbove = tp.sacked_out;
  for (let i = 0; i < tp.tcp_rtx_queue.length && sackedAbove >= tp.reordering; i++) {
    const skb = tp.tcp_rtx_queue.at(i);
    if (skb === undefined) return;
    if ((skb.sacked & TCPCB_SACKED_ACKED) !== 0) sackedAbove--;
    else if ((skb.sacked & TCPCB_LOST) === 0) tcp_mark_skb_lost(tp, skb);
  }
}

/** The peer acknowledged up to data it had sacked, but not that data: it dropped it again. */
function tcp_check_sack_reneging(tp: TcpSock, ack: AckVerdict): boolean {
  if ((ack.flag & FLAG_SACK_RENEGING) === 0 || (ack.flag & FLAG_SND_UNA_ADVANCED) === 0) {
    return false;
  }
  // Half a round trip for the ACKs on their way, then time out.
  const delay = Math.max(tp.usecs_to_jiffies(tp.rtt.srtt_us >> 4), tp.msecs_to_jiffies(10));
  tcp_reset_xmit_timer(tp, ICSK_TIME_RETRANS, delay, tp.icsk_rto);
  ack.flag &= ~FLAG_SET_XMIT_TIMER;
  return true;
}

/** An ACK after a time-out: F-RTO (RFC 5682, SACK-enhanced), undo, end of the episode. */
function tcp_process_loss(tp: TcpSock, num_dupack: number, ack: AckVerdict): void {
  const flag = ack.flag;
  const recovered = !before(tp.snd.una, tp.high_seq);
  const advanced = (flag & FLAG_SND_UNA_ADVANCED) !== 0;
  if (advanced && tcp_try_undo_loss(tp, false)) return;
  if (tp.frto) {
    // Step 3.b: data that was never retransmitted arrived, so the time-out was spurious.
    if ((flag & FLAG_ORIG_SACK_ACKED) !== 0 && tcp_try_undo_loss(tp, true)) return;
    if (after(tp.snd.nxt, tp.high_seq)) {
      // Step 3.a: duplicates in answer to new data, so the loss is real.
      if ((flag & FLAG_DATA_SACKED) !== 0 || num_dupack > 0) tp.frto = false;
    } else if (advanced && !recovered) {
      tp.high_seq = tp.snd.nxt;
      // Step 2.b: try new data instead of retransmissions.
      if (tcp_send_head(tp) !== undefined && after(tcp_wnd_end(tp), tp.snd.nxt)) {
        ack.rexmit = REXMIT_NEW;
        return;
      }
      tp.frto = false;
    }
  }
  if (recovered) {
    tcp_try_undo_recovery(tp);
    return;
  }
  if (tcp_is_reno(tp)) {
    if (after(tp.snd.nxt, tp.high_seq) && num_dupack > 0) tcp_add_reno_sack(tp, num_dupack);
    else if (advanced) tcp_reset_reno_sack(tp);
  }
  ack.rexmit = REXMIT_LOST;
}

/** The retransmission timer expired: everything is lost but what was sent just now (tcp_enter_loss). */
export function tcp_enter_loss(tp: TcpSock): void {
  const state = tp.icsk_ca_state;
  const isNewRecovery = state < TCP_CA_Recovery;
  tcp_timeout_mark_lost(tp);
  if (
    state <= TCP_CA_Disorder ||
    !after(tp.high_seq, tp.snd.una) ||
    (state === TCP_CA_Loss && tp.icsk_retransmits === 0)
  ) {
    tp.prior_ssthresh = tcp_current_ssthresh(tp);
    tp.prior_cwnd = tp.snd.cwnd;
    tp.snd.ssthresh = tp.icsk_ca.ssthresh(tp);
    tp.icsk_ca.cwnd_event?.(tp, CA_EVENT_LOSS);
    tcp_init_undo(tp);
  }
  tp.snd.cwnd = tcp_packets_in_flight(tp) + 1;
  tp.snd.cwnd_cnt = 0;
  tp.snd.cwnd_stamp = tp.jiffies;
  // So many duplicates and still a time-out: the path reorders less than we thought.
  const reordering = tp.tcp.sysctl.tcp_reordering.value;
  if (state <= TCP_CA_Disorder && tp.sacked_out >= reordering) {
    tp.reordering = Math.min(tp.reordering, reordering);
  }
  tcp_set_ca_state(tp, TCP_CA_Loss);
  tp.high_seq = tp.snd.nxt;
  tp.has_tlp = false;
  tp.frto = tp.tcp.sysctl.tcp_frto.value !== 0 && (isNewRecovery || tp.icsk_retransmits > 0);
}

function tcp_timeout_mark_lost(tp: TcpSock): void {
  const head = tcp_rtx_queue_head(tp);
  const isReneg = head !== undefined && (head.sacked & TCPCB_SACKED_ACKED) !== 0;
  if (isReneg) {
    tp.tcp.ext.TCPSACKReneging++;
    tp.sacked_out = 0;
    tp.is_sack_reneg = true;
  } else if (tcp_is_reno(tp)) {
    tcp_reset_reno_sack(tp);
  }
  for (let i = 0; i < tp.tcp_rtx_queue.length; i++) {
    const skb = tp.tcp_rtx_queue.at(i);
    if (skb === undefined) break;
    if (isReneg) {
      skb.sacked &= ~TCPCB_SACKED_ACKED;
    } else if (
      i > 0 &&
      tcp_is_rack(tp) &&
      tcp_rack_skb_timeout(tp, tcp_skb_timestamp_us(skb), 0) > 0
    ) {
      // Sent too recently to be known as lost.
      continue;
    }
    tcp_mark_skb_lost(tp, skb);
  }
  tcp_clear_all_retrans_hints(tp);
}

/** A TLP was answered: the loss it repaired costs a window reduction all the same (tcp_process_tlp_ack). */
export function tcp_process_tlp_ack(
  tp: TcpSock,
  ackSeq: SeqNum,
  isDsackOfTlp: boolean,
  isPureDupack: boolean,
): void {
  if (before(ackSeq, tp.tlp_high_seq)) return;
  if (!tp.tlp_retrans || isDsackOfTlp) {
    // It carried new data, or the peer has it twice: nothing was lost.
    tp.has_tlp = false;
  } else if (after(ackSeq, tp.tlp_high_seq)) {
    tcp_init_cwnd_reduction(tp);
    tcp_set_ca_state(tp, TCP_CA_CWR);
    tcp_end_cwnd_reduction(tp);
    tcp_try_keep_open(tp);
    tp.tcp.ext.TCPLossProbeRecovery++;
  } else if (isPureDupack) {
    tp.has_tlp = false;
  }
}

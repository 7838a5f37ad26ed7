/** How far this path reorders, and duplicate ACKs as a substitute for SACK (net/ipv4/tcp_input.c). */
import { tcp_highest_sack_seq } from "./scoreboard.ts";
import { before, seqDiff } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import type { TcpSock } from "./tcp-sock.ts";

/**
 * Something sent before data that arrived earlier was delivered without retransmission: the path
 * reorders by at least that distance.
 * @param ts Found by timestamps rather than by SACK.
 */
export function tcp_check_sack_reordering(tp: TcpSock, low_seq: SeqNum, ts: boolean): void {
  const fack = tcp_highest_sack_seq(tp);
  if (!before(low_seq, fack)) return;
  const metric = seqDiff(fack, low_seq);
  const mss = tp.mss_cache;
  if (metric > tp.reordering * mss) {
    tp.reordering = Math.min(Math.ceil(metric / mss), tp.tcp.sysctl.tcp_max_reordering.value);
  }
  tp.reord_seen++;
  if (ts) tp.tcp.ext.TCPTSReorder++;
  else tp.tcp.ext.TCPSACKReorder++;
}

/** Without SACK each duplicate ACK stands for one packet that arrived; at least one is missing. */
function tcp_limit_reno_sacked(tp: TcpSock): boolean {
  const holes = Math.min(Math.max(tp.lost_out, 1), tp.packets_out);
  if (tp.sacked_out + holes <= tp.packets_out) return false;
  tp.sacked_out = tp.packets_out - holes;
  return true;
}

/** More duplicate ACKs than packets out: they came from reordering. */
function tcp_check_reno_reordering(tp: TcpSock, addend: number): void {
  if (!tcp_limit_reno_sacked(tp)) return;
  tp.reordering = Math.min(tp.packets_out + addend, tp.tcp.sysctl.tcp_max_reordering.value);
  tp.reord_seen++;
  tp.tcp.ext.TCPRenoReorder++;
}

export function tcp_add_reno_sack(tp: TcpSock, num_dupack: number): void {
  if (num_dupack === 0) return;
  const prior_sacked = tp.sacked_out;
  tp.sacked_out += num_dupack;
  tcp_check_reno_reordering(tp, 0);
  const delivered = tp.sacked_out - prior_sacked;
  if (delivered > 0) tp.delivered += delivered;
}

/** An ACK took `acked` packets away: one was the hole, the others had been counted by duplicates. */
export function tcp_remove_reno_sacks(tp: TcpSock, acked: number): void {
  if (acked > 0) {
    tp.delivered += Math.max(acked - tp.sacked_out, 1);
    tp.sacked_out = Math.max(tp.sacked_out - (acked - 1), 0);
  }
  tcp_check_reno_reordering(tp, acked);
}

export function tcp_reset_reno_sack(tp: TcpSock): void {
  tp.sacked_out = 0;
}

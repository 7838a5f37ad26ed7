/** The congestion window outside the algorithms: reduction (PRR), validation, restart (tcp_input.c, tcp_output.c). */
import {
  CA_EVENT_COMPLETE_CWR,
  CA_EVENT_CWND_RESTART,
  TCP_CA_CWR,
  TCP_CA_Open,
  TCP_CA_Recovery,
  tcp_is_cwnd_limited,
} from "./congestion.ts";
import { TCP_INFINITE_SSTHRESH, TCP_INIT_CWND } from "./limits.ts";
import { tcp_dst } from "./mss.ts";
import { tcp_packets_in_flight } from "./scoreboard.ts";
import { before } from "./seq.ts";
import type { TcpSock } from "./tcp-sock.ts";

/** Segments of the initial window: the route's `initcwnd`, or 10 (RFC 6928). */
export function tcp_init_cwnd(tp: TcpSock): number {
  const initcwnd = tcp_dst(tp)?.metrics.initcwnd ?? 0;
  return Math.min(initcwnd === 0 ? TCP_INIT_CWND : initcwnd, tp.snd.cwnd_clamp);
}

export function tcp_set_ca_state(tp: TcpSock, state: number): void {
  tp.icsk_ca.set_state?.(tp, state);
  tp.icsk_ca_state = state;
}

export function tcp_in_cwnd_reduction(tp: TcpSock): boolean {
  return tp.icsk_ca_state === TCP_CA_CWR || tp.icsk_ca_state === TCP_CA_Recovery;
}

/** ssthresh that reflects the window in use: an idle-restarted window may come back to 3/4 of it. */
export function tcp_current_ssthresh(tp: TcpSock): number {
  if (tcp_in_cwnd_reduction(tp)) return tp.snd.ssthresh;
  return Math.max(tp.snd.ssthresh, (tp.snd.cwnd >> 1) + (tp.snd.cwnd >> 2));
}

/** Begins a proportional rate reduction (RFC 6937). */
export function tcp_init_cwnd_reduction(tp: TcpSock): void {
  tp.high_seq = tp.snd.nxt;
  tp.has_tlp = false;
  tp.snd.cwnd_cnt = 0;
  tp.prior_cwnd = tp.snd.cwnd;
  tp.prr_delivered = 0;
  tp.prr_out = 0;
  tp.snd.ssthresh = tp.icsk_ca.ssthresh(tp);
}

/**
 * One ACK during the reduction (tcp_cwnd_reduction): sends ssthresh/prior_cwnd segments for each
 * delivered one; once below ssthresh, slow starts up to it when nothing more is being lost.
 */
export function tcp_cwnd_reduction(
  tp: TcpSock,
  newly_acked_sacked: number,
  newly_lost: number,
  sndUnaAdvanced: boolean,
): void {
  if (newly_acked_sacked <= 0 || tp.prior_cwnd === 0) return;
  const inFlight = tcp_packets_in_flight(tp);
  const delta = tp.snd.ssthresh - inFlight;
  let sndcnt: number;
  tp.prr_delivered += newly_acked_sacked;
  if (delta < 0) {
    const dividend = tp.snd.ssthresh * tp.prr_delivered + tp.prior_cwnd - 1;
    sndcnt = Math.floor(dividend / tp.prior_cwnd) - tp.prr_out;
  } else {
    sndcnt = Math.max(tp.prr_delivered - tp.prr_out, newly_acked_sacked);
    if (sndUnaAdvanced && newly_lost === 0) sndcnt++;
    sndcnt = Math.min(delta, sndcnt);
  }
  // The fast retransmission itself is always allowed.
  sndcnt = Math.max(sndcnt, tp.prr_out !== 0 ? 0 : 1);
  tp.snd.cwnd = Math.max(inFlight + sndcnt, 1);
}

export function tcp_end_cwnd_reduction(tp: TcpSock): void {
  const isReduced = tp.icsk_ca_state === TCP_CA_CWR || tp.has_undo_marker;
  if (tp.snd.ssthresh < TCP_INFINITE_SSTHRESH && isReduced) {
    tp.snd.cwnd = tp.snd.ssthresh;
    tp.snd.cwnd_stamp = tp.jiffies;
  }
  tp.icsk_ca.cwnd_event?.(tp, CA_EVENT_COMPLETE_CWR);
}

/** Congestion without loss: the local queue, or ECN. */
export function tcp_enter_cwr(tp: TcpSock): void {
  tp.prior_ssthresh = 0;
  if (tp.icsk_ca_state >= TCP_CA_CWR) return;
  tp.has_undo_marker = false;
  tcp_init_cwnd_reduction(tp);
  tcp_set_ca_state(tp, TCP_CA_CWR);
}

/** After each burst: was the window used? An unused window is not kept (RFC 7661 in Linux's form). */
export function tcp_cwnd_validate(tp: TcpSock, is_cwnd_limited: boolean): void {
  const snd = tp.snd;
  if (
    !before(snd.una, tp.cwnd_usage_seq) ||
    is_cwnd_limited ||
    (!tp.is_cwnd_limited && tp.packets_out > tp.max_packets_out)
  ) {
    tp.is_cwnd_limited = is_cwnd_limited;
    tp.max_packets_out = tp.packets_out;
    tp.cwnd_usage_seq = snd.nxt;
  }
  if (tcp_is_cwnd_limited(tp)) {
    snd.cwnd_used = 0;
    snd.cwnd_stamp = tp.jiffies;
    return;
  }
  if (tp.packets_out > snd.cwnd_used) snd.cwnd_used = tp.packets_out;
  const isIdle = tp.jiffies - snd.cwnd_stamp >= tp.icsk_rto;
  if (tp.tcp.sysctl.tcp_slow_start_after_idle.value !== 0 && isIdle) {
    tcp_cwnd_application_limited(tp);
  }
}

/** The program used less than the window for an RTO: meet it half way (RFC 2861). */
function tcp_cwnd_application_limited(tp: TcpSock): void {
  const snd = tp.snd;
  if (tp.icsk_ca_state === TCP_CA_Open && !tp.sock_nospace) {
    const used = Math.max(snd.cwnd_used, tcp_init_cwnd(tp));
    if (used < snd.cwnd) {
      snd.ssthresh = tcp_current_ssthresh(tp);
      snd.cwnd = (snd.cwnd + used) >> 1;
    }
    snd.cwnd_used = 0;
  }
  snd.cwnd_stamp = tp.jiffies;
}

/** Before new data is queued: an idle connection restarts from the initial window (RFC 2861). */
export function tcp_slow_start_after_idle_check(tp: TcpSock): void {
  if (tp.tcp.sysctl.tcp_slow_start_after_idle.value === 0 || tp.packets_out !== 0) return;
  const idle = tp.jiffies - tp.lsndtime;
  if (idle > tp.icsk_rto) tcp_cwnd_restart(tp, idle);
}

/** Halves cwnd for each RTO of idleness, not below the initial window. */
function tcp_cwnd_restart(tp: TcpSock, idle: number): void {
  const snd = tp.snd;
  tp.icsk_ca.cwnd_event?.(tp, CA_EVENT_CWND_RESTART);
  snd.ssthresh = tcp_current_ssthresh(tp);
  const restart = Math.min(tcp_init_cwnd(tp), snd.cwnd);
  let cwnd = snd.cwnd;
  for (let left = idle - tp.icsk_rto; left > 0 && cwnd > restart; left -= tp.icsk_rto) cwnd >>= 1;
  snd.cwnd = Math.max(cwnd, restart);
  snd.cwnd_stamp = tp.jiffies;
  snd.cwnd_used = 0;
}

/** sk_pacing_rate: what the window amounts to in octets per second, with headroom to probe for more. */
export function tcp_update_pacing_rate(tp: TcpSock): void {
  const srtt_us = tp.rtt.srtt_us >> 3;
  if (srtt_us === 0) return;
  const sysctl = tp.tcp.sysctl;
  const inEarlySlowStart = tp.snd.cwnd < tp.snd.ssthresh / 2;
  const percent = inEarlySlowStart
    ? sysctl.tcp_pacing_ss_ratio.value
    : sysctl.tcp_pacing_ca_ratio.value;
  const segments = Math.max(tp.snd.cwnd, tp.packets_out);
  tp.sk_pacing_rate = Math.floor((tp.mss_cache * segments * 10_000 * percent) / srtt_us);
}

/** Whether an ACK of this kind may grow the window (tcp_may_raise_cwnd). */
export function tcp_may_raise_cwnd(
  tp: TcpSock,
  dataAcked: boolean,
  forwardProgress: boolean,
): boolean {
  // Where reordering is common, any delivery counts; else only what moved snd.una (RFC 5681).
  if (tp.reordering > tp.tcp.sysctl.tcp_reordering.value) return forwardProgress;
  return dataAcked;
}

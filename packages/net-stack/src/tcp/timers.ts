/** TCP's timers (net/ipv4/tcp_timer.c). Times are jiffies. */
import { Errno } from "@dcejs/lkl-kernel";
import { sk_dst_reset } from "../socket/sock.ts";
import {
  inet_csk_ack_scheduled,
  inet_csk_in_pingpong_mode,
  tcp_compressed_ack_kick,
  tcp_send_ack,
} from "./ack-send.ts";
import { TCP_CA_Disorder, TCP_CA_Loss, TCP_CA_Recovery } from "./congestion.ts";
import { tcp_done } from "./state-change.ts";
import {
  TCP_ATO_MIN_MS,
  TCP_ORPHAN_RETRIES_DEFAULT,
  TCP_RESOURCE_PROBE_INTERVAL_MS,
  TCP_RTO_MIN_MS,
  TCP_TIMEWAIT_LEN_MS,
} from "./limits.ts";
import { tcp_send_loss_probe } from "./loss-probe.ts";
import { tcp_send_probe0 } from "./probe.ts";
import { tcp_rack_reo_timeout } from "./rack.ts";
import { tcp_enter_loss } from "./recovery.ts";
import { tcp_send_active_reset } from "./reset.ts";
import { tcp_retransmit_skb } from "./retransmit.ts";
import { tcp_is_sack } from "./scoreboard.ts";
import { TCPF_CLOSE, TCPF_LISTEN, TCPF_SYN_RECV, TCPF_SYN_SENT, TCP_SYN_SENT } from "./states.ts";
import {
  ICSK_ACK_TIMER,
  ICSK_TIME_LOSS_PROBE,
  ICSK_TIME_PROBE0,
  ICSK_TIME_REO_TIMEOUT,
  ICSK_TIME_RETRANS,
} from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_mstamp_refresh, tcp_skb_timestamp_us, tcp_time_stamp_ms } from "./timestamps.ts";
import { tcp_rtx_queue_head, tcp_send_head, tcp_write_queue_purge } from "./tx-queue.ts";

function isHandshaking(tp: TcpSock): boolean {
  return ((1 << tp.sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) !== 0;
}

/** One timer serves retransmission, probes and reordering: the last one set counts. */
export function tcp_reset_xmit_timer(tp: TcpSock, what: number, when: number, max: number): void {
  tp.icsk_pending = what;
  tp.icsk_retransmit_timer.arm(tp.jiffies + Math.min(when, max));
}

export function tcp_clear_xmit_timer(tp: TcpSock): void {
  tp.icsk_pending = 0;
  tp.icsk_retransmit_timer.disarm();
}

/** Time left until the oldest packet is an RTO old, µs; may be negative. */
export function tcp_rto_delta_us(tp: TcpSock): number {
  const head = tcp_rtx_queue_head(tp);
  const rto_us = tp.tcp.jiffies_to_usecs(tp.icsk_rto);
  if (head === undefined) return rto_us;
  return tcp_skb_timestamp_us(head) + rto_us - tp.tcp_mstamp;
}

/** Starts the RTO, or turns it off when everything is acknowledged (RFC 6298, 5.2 and 5.3). */
export function tcp_rearm_rto(tp: TcpSock): void {
  if (tp.packets_out === 0) {
    tcp_clear_xmit_timer(tp);
    return;
  }
  let rto = tp.icsk_rto;
  if (tp.icsk_pending === ICSK_TIME_REO_TIMEOUT || tp.icsk_pending === ICSK_TIME_LOSS_PROBE) {
    // These stood in its place: it has been running since the oldest packet was sent.
    rto = tp.usecs_to_jiffies(Math.max(tcp_rto_delta_us(tp), 1));
  }
  tcp_reset_xmit_timer(tp, ICSK_TIME_RETRANS, rto, tp.tcp.rtoMax);
}

/** Interval of the first window probe. */
function tcp_probe0_base(tp: TcpSock): number {
  return Math.max(tp.icsk_rto, tp.msecs_to_jiffies(TCP_RTO_MIN_MS));
}

/** Interval of the next one: doubled each time. */
export function tcp_probe0_when(tp: TcpSock): number {
  return Math.min(tcp_probe0_base(tp) * 2 ** tp.icsk_backoff, tp.tcp.rtoMax);
}

export function tcp_check_probe_timer(tp: TcpSock): void {
  if (tp.packets_out !== 0 || tp.icsk_pending !== 0) return;
  tcp_reset_xmit_timer(tp, ICSK_TIME_PROBE0, tcp_probe0_base(tp), tp.tcp.rtoMax);
}

export function tcp_write_timer(tp: TcpSock): void {
  if (((1 << tp.sk_state) & (TCPF_CLOSE | TCPF_LISTEN)) !== 0) return;
  tcp_mstamp_refresh(tp);
  switch (tp.icsk_pending) {
    case ICSK_TIME_REO_TIMEOUT:
      tcp_rack_reo_timeout(tp);
      break;
    case ICSK_TIME_LOSS_PROBE:
      tcp_send_loss_probe(tp);
      break;
    case ICSK_TIME_RETRANS:
      tp.icsk_pending = 0;
      tcp_retransmit_timer(tp);
      break;
    case ICSK_TIME_PROBE0:
      tp.icsk_pending = 0;
      tcp_probe_timer(tp);
      break;
    default:
  }
}

/** The oldest packet was not acknowledged in time (RFC 6298, 5.4 to 5.7). */
function tcp_retransmit_timer(tp: TcpSock): void {
  const head = tcp_rtx_queue_head(tp);
  if (tp.packets_out === 0 || head === undefined) return;
  if (tp.snd.wnd === 0 && !tp.sock_dead && !isHandshaking(tp)) {
    // The peer closed its window on data in flight: this is a window probe, not a loss.
    if (tcp_rtx_probe0_timed_out(tp)) {
      tcp_write_err(tp);
      return;
    }
    tcp_enter_loss(tp);
    tcp_retransmit_skb(tp, head);
    sk_dst_reset(tp);
  } else {
    tp.tcp.ext.TCPTimeouts++;
    if (tcp_write_timeout(tp)) return;
    if (tp.icsk_retransmits === 0) countFailedRecovery(tp);
    tcp_enter_loss(tp);
    tp.icsk_retransmits++;
    tp.total_rto++;
    if (tcp_retransmit_skb(tp, head) > 0) {
      const delay = tp.msecs_to_jiffies(TCP_RESOURCE_PROBE_INTERVAL_MS);
      tcp_reset_xmit_timer(tp, ICSK_TIME_RETRANS, delay, tp.tcp.rtoMax);
      return;
    }
  }
  // The first SYNs come at equal intervals (tcp_syn_linear_timeouts, since 6.5); then doubled.
  if (tp.sk_state !== TCP_SYN_SENT || tp.total_rto > tp.tcp.sysctl.tcp_syn_linear_timeouts.value) {
    tp.icsk_backoff++;
    tp.icsk_rto = Math.min(tp.icsk_rto * 2, tp.tcp.rtoMax);
  }
  tcp_reset_xmit_timer(tp, ICSK_TIME_RETRANS, clampRtoToUserTimeout(tp), tp.tcp.rtoMax);
  if (retransmits_timed_out(tp, tp.tcp.sysctl.tcp_retries1.value + 1, 0)) sk_dst_reset(tp);
}

function countFailedRecovery(tp: TcpSock): void {
  const ext = tp.tcp.ext;
  if (tp.icsk_ca_state === TCP_CA_Recovery) {
    if (tcp_is_sack(tp)) ext.TCPSackRecoveryFail++;
    else ext.TCPRenoRecoveryFail++;
  } else if (tp.icsk_ca_state === TCP_CA_Loss) {
    ext.TCPLossFailures++;
  } else if (tp.icsk_ca_state === TCP_CA_Disorder || tp.sacked_out > 0) {
    if (tcp_is_sack(tp)) ext.TCPSackFailures++;
    else ext.TCPRenoFailures++;
  }
}

/** Two minutes without any answer to window probes that are retransmissions. */
function tcp_rtx_probe0_timed_out(tp: TcpSock): boolean {
  const user = tp.msecs_to_jiffies(tp.icsk_user_timeout);
  const limit = user === 0 ? tp.tcp.rtoMax * 2 : user;
  const rcv_delta = tp.jiffies - tp.rcv_tstamp;
  if (rcv_delta <= limit) return false;
  return ((tcp_time_stamp_ms(tp) - tp.retrans_stamp) | 0) > tp.kernel.jiffies_to_msecs(limit);
}

/** Milliseconds that `boundary` retransmissions take, the first after `base_ms`, doubling to the maximum. */
function tcp_model_timeout(tp: TcpSock, boundary: number, base_ms: number): number {
  const max_ms = tp.kernel.jiffies_to_msecs(tp.tcp.rtoMax);
  const doublings = 31 - Math.clz32(Math.floor(max_ms / base_ms));
  if (boundary <= doublings) return (2 ** (boundary + 1) - 1) * base_ms;
  return (2 ** (doublings + 1) - 1) * base_ms + (boundary - doublings) * max_ms;
}

/** Has it been as long as `boundary` retransmissions take (or `timeout` ms, when given)? */
function retransmits_timed_out(tp: TcpSock, boundary: number, timeout: number): boolean {
  if (tp.icsk_retransmits === 0) return false;
  let limit = timeout;
  if (limit === 0) {
    const base = isHandshaking(tp) ? tp.tcp.timeoutInitMs : TCP_RTO_MIN_MS;
    limit = tcp_model_timeout(tp, boundary, base);
  }
  return ((tcp_time_stamp_ms(tp) - tp.retrans_stamp) | 0) >= limit;
}

/** True: enough is enough, the connection is gone. */
function tcp_write_timeout(tp: TcpSock): boolean {
  const sysctl = tp.tcp.sysctl;
  let retryUntil: number;
  let expired = false;
  if (isHandshaking(tp)) {
    retryUntil = tp.icsk_syn_retries === 0 ? sysctl.tcp_syn_retries.value : tp.icsk_syn_retries;
    let max = retryUntil;
    if (tp.sk_state === TCP_SYN_SENT) max += sysctl.tcp_syn_linear_timeouts.value;
    expired = tp.icsk_retransmits >= max;
  } else {
    if (retransmits_timed_out(tp, sysctl.tcp_retries1.value, 0)) sk_dst_reset(tp);
    retryUntil = sysctl.tcp_retries2.value;
    if (tp.sock_dead) {
      const alive = tp.icsk_rto < tp.tcp.rtoMax;
      retryUntil = tcp_orphan_retries(tp, alive);
      const doReset = alive || !retransmits_timed_out(tp, retryUntil, 0);
      if (tcp_out_of_resources(tp, doReset)) return true;
    }
  }
  if (!expired) expired = retransmits_timed_out(tp, retryUntil, tp.icsk_user_timeout);
  if (!expired) return false;
  tcp_write_err(tp);
  return true;
}

/** Retries that a connection without owner gets. */
function tcp_orphan_retries(tp: TcpSock, alive: boolean): number {
  const retries = tp.tcp.sysctl.tcp_orphan_retries.value;
  // An ICMP error has told us already.
  if (tp.sk_err_soft !== 0 && !alive) return 0;
  return retries === 0 && alive ? TCP_ORPHAN_RETRIES_DEFAULT : retries;
}

/** Too many connections without owner: this one goes. */
function tcp_out_of_resources(tp: TcpSock, doReset: boolean): boolean {
  let shift = 0;
  const idle = tp.jiffies - tp.lsndtime;
  if (idle > 2 * tp.tcp.rtoMax || !doReset) shift++;
  if (tp.sk_err_soft !== 0) shift++;
  if (tp.tcp.orphanCount * 2 ** shift <= tp.tcp.sysctl.tcp_max_orphans.value) return false;
  const isRecent = idle <= tp.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS);
  if (doReset || isRecent || (tp.snd.wnd === 0 && tp.packets_out === 0)) tcp_send_active_reset(tp);
  tcp_done(tp);
  tp.tcp.ext.TCPAbortOnMemory++;
  return true;
}

/** Gives up: ETIMEDOUT, or what ICMP said. */
export function tcp_write_err(tp: TcpSock): void {
  tp.sk_err = tp.sk_err_soft === 0 ? Errno.ETIMEDOUT : tp.sk_err_soft;
  tp.sk_error_report();
  tcp_write_queue_purge(tp);
  tcp_done(tp);
  tp.tcp.ext.TCPAbortOnTimeout++;
}

function clampRtoToUserTimeout(tp: TcpSock): number {
  if (tp.icsk_user_timeout === 0) return tp.icsk_rto;
  const elapsed = (tcp_time_stamp_ms(tp) - tp.retrans_stamp) | 0;
  const remaining = tp.icsk_user_timeout - elapsed;
  return remaining <= 0 ? 1 : Math.min(tp.icsk_rto, tp.msecs_to_jiffies(remaining));
}

/** The peer's window is closed, data waits, nothing is in flight (RFC 9293, section 3.8.6.1). */
function tcp_probe_timer(tp: TcpSock): void {
  if (tp.packets_out !== 0 || tcp_send_head(tp) === undefined) {
    tp.icsk_probes_out = 0;
    tp.icsk_probes_tstamp = 0;
    return;
  }
  let abort = false;
  if (tp.icsk_probes_tstamp === 0) {
    tp.icsk_probes_tstamp = tp.jiffies;
  } else if (tp.icsk_user_timeout !== 0) {
    const elapsed = tp.jiffies - tp.icsk_probes_tstamp;
    abort = elapsed >= tp.msecs_to_jiffies(tp.icsk_user_timeout);
  }
  let max_probes = tp.tcp.sysctl.tcp_retries2.value;
  if (tp.sock_dead) {
    const alive = tcp_probe0_when(tp) < tp.tcp.rtoMax;
    max_probes = tcp_orphan_retries(tp, alive);
    abort ||= !alive && tp.icsk_backoff >= max_probes;
    if (!abort && tcp_out_of_resources(tp, true)) return;
  }
  if (abort || tp.icsk_probes_out >= max_probes) tcp_write_err(tp);
  else tcp_send_probe0(tp);
}

/** A delayed ACK is due. */
export function tcp_delack_timer(tp: TcpSock): void {
  if (((1 << tp.sk_state) & (TCPF_CLOSE | TCPF_LISTEN)) !== 0) return;
  if (tp.compressed_ack > 0) {
    tcp_compressed_ack_kick(tp);
    return;
  }
  const ack = tp.icsk_ack;
  if ((ack.pending & ICSK_ACK_TIMER) === 0) return;
  ack.pending &= ~ICSK_ACK_TIMER;
  if (!inet_csk_ack_scheduled(tp)) return;
  if (!inet_csk_in_pingpong_mode(tp)) {
    // No second segment came in that time: allow more.
    ack.ato = Math.min(ack.ato * 2, tp.icsk_rto);
  } else {
    // No reply came that it could ride on: stop waiting for one.
    ack.pingpong = 0;
    ack.ato = tp.msecs_to_jiffies(TCP_ATO_MIN_MS);
  }
  tcp_send_ack(tp);
  tp.tcp.ext.DelayedACKs++;
}

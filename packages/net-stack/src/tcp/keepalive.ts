/** The keepalive timer, which also ends FIN_WAIT2 (net/ipv4/tcp_timer.c: tcp_keepalive_timer). */
import { tcp_done } from "./state-change.ts";
import { TCP_RESOURCE_PROBE_INTERVAL_MS, TCP_TIMEWAIT_LEN_MS } from "./limits.ts";
import { tcp_write_wakeup } from "./probe.ts";
import { tcp_send_active_reset } from "./reset.ts";
import { TCPF_CLOSE, TCPF_SYN_SENT, TCP_FIN_WAIT2, TCP_LISTEN } from "./states.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_write_err } from "./timers.ts";
import { tcp_mstamp_refresh } from "./timestamps.ts";
import { tcp_time_wait } from "./time-wait.ts";
import { tcp_send_head } from "./tx-queue.ts";

/** Idle time before the first probe, jiffies. */
export function keepalive_time_when(tp: TcpSock): number {
  if (tp.keepalive_time !== 0) return tp.keepalive_time;
  return tp.tcp.sysctl.tcp_keepalive_time.value * tp.HZ;
}

export function keepalive_intvl_when(tp: TcpSock): number {
  if (tp.keepalive_intvl !== 0) return tp.keepalive_intvl;
  return tp.tcp.sysctl.tcp_keepalive_intvl.value * tp.HZ;
}

export function keepalive_probes(tp: TcpSock): number {
  return tp.keepalive_probes === 0 ? tp.tcp.sysctl.tcp_keepalive_probes.value : tp.keepalive_probes;
}

/** Jiffies since the peer gave a sign of life. */
export function keepalive_time_elapsed(tp: TcpSock): number {
  return Math.min(tp.jiffies - tp.icsk_ack.lrcvtime, tp.jiffies - tp.rcv_tstamp);
}

/** How long an orphan stays in FIN_WAIT2: TCP_LINGER2 or tcp_fin_timeout, at least 3.5 RTO. */
export function tcp_fin_time(tp: TcpSock): number {
  const fin = tp.linger2 === 0 ? tp.tcp.sysctl.tcp_fin_timeout.value * tp.HZ : tp.linger2;
  const rto = tp.icsk_rto;
  return Math.max(fin, rto * 4 - (rto >> 1));
}

export function inet_csk_reset_keepalive_timer(tp: TcpSock, delay: number): void {
  tp.sk_timer.arm(tp.jiffies + delay);
}

/** SO_KEEPALIVE was switched (tcp_set_keepalive). */
export function tcp_set_keepalive(tp: TcpSock, on: boolean): void {
  if (((1 << tp.sk_state) & (TCPF_CLOSE | (1 << TCP_LISTEN))) !== 0) return;
  if (on && !tp.sk_keepopen) inet_csk_reset_keepalive_timer(tp, keepalive_time_when(tp));
  else if (!on) tp.sk_timer.disarm();
}

export function tcp_keepalive_timer(tp: TcpSock): void {
  if (tp.sk_state === TCP_LISTEN) return;
  tcp_mstamp_refresh(tp);
  if (tp.sk_state === TCP_FIN_WAIT2 && tp.sock_dead) {
    endFinWait2(tp);
    return;
  }
  if (!tp.sk_keepopen || ((1 << tp.sk_state) & (TCPF_CLOSE | TCPF_SYN_SENT)) !== 0) return;
  const when = keepalive_time_when(tp);
  // Data in flight is its own keepalive.
  if (tp.packets_out !== 0 || tcp_send_head(tp) !== undefined) {
    inet_csk_reset_keepalive_timer(tp, when);
    return;
  }
  const elapsed = keepalive_time_elapsed(tp);
  if (elapsed < when) {
    inet_csk_reset_keepalive_timer(tp, when - elapsed);
    return;
  }
  if (peerIsGone(tp, elapsed)) {
    tcp_send_active_reset(tp);
    tcp_write_err(tp);
    return;
  }
  if (tcp_write_wakeup(tp) <= 0) {
    tp.tcp.ext.TCPKeepAlive++;
    tp.icsk_probes_out++;
    inet_csk_reset_keepalive_timer(tp, keepalive_intvl_when(tp));
  } else {
    inet_csk_reset_keepalive_timer(tp, tp.msecs_to_jiffies(TCP_RESOURCE_PROBE_INTERVAL_MS));
  }
}

function peerIsGone(tp: TcpSock, elapsed: number): boolean {
  const user = tp.icsk_user_timeout;
  if (user !== 0) return elapsed >= tp.msecs_to_jiffies(user) && tp.icsk_probes_out > 0;
  return tp.icsk_probes_out >= keepalive_probes(tp);
}

/** The first part of an orphan's FIN_WAIT2 is over: the rest is done by a TIME_WAIT entry. */
function endFinWait2(tp: TcpSock): void {
  if (tp.linger2 >= 0) {
    const tmo = tcp_fin_time(tp) - tp.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS);
    if (tmo > 0) {
      tcp_time_wait(tp, TCP_FIN_WAIT2, tmo);
      return;
    }
  }
  tcp_send_active_reset(tp);
  tcp_done(tp);
}

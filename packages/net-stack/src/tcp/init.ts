/** The start of a sock, and of a connection (tcp_init_sock, tcp_init_transfer). */
import { tcp_init_cwnd } from "./cwnd.ts";
import { TCP_DELACK_MAX_MS, TCP_TIMEOUT_FALLBACK_MS, TCP_TIMEOUT_INIT_MS } from "./limits.ts";
import { tcp_init_receive_space } from "./rcvbuf.ts";
import { tcp_sndbuf_expand } from "./sndbuf.ts";
import { vectorAt } from "./tcp-sysctls.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { TCP_DEFAULT_SCALING_RATIO } from "./window.ts";

export function tcp_init_sock(tp: TcpSock): void {
  const sysctl = tp.tcp.sysctl;
  tp.icsk_rto = tp.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS);
  tp.icsk_rto_min = tp.usecs_to_jiffies(sysctl.tcp_rto_min_us.value);
  tp.icsk_delack_max = tp.msecs_to_jiffies(TCP_DELACK_MAX_MS);
  tp.rtt.mdev_us = TCP_TIMEOUT_INIT_MS * 1000;
  tp.reordering = sysctl.tcp_reordering.value;
  tp.scaling_ratio = TCP_DEFAULT_SCALING_RATIO;
  tp.sk_sndbuf = vectorAt(sysctl.tcp_wmem, 1);
  tp.sk_rcvbuf = vectorAt(sysctl.tcp_rmem, 1);
}

/** The connection is established: initial window, buffers, congestion control. */
export function tcp_init_transfer(tp: TcpSock): void {
  // RFC 6298, 5.7: when the SYN had to be sent again, start with 3 s, and with one segment.
  if (tp.rtt.srtt_us === 0) {
    tp.rtt.rttvar_us = TCP_TIMEOUT_FALLBACK_MS * 1000;
    tp.rtt.mdev_us = tp.rtt.rttvar_us;
    tp.rtt.mdev_max_us = tp.rtt.rttvar_us;
    tp.icsk_rto = tp.msecs_to_jiffies(TCP_TIMEOUT_FALLBACK_MS);
  }
  tp.snd.cwnd = tp.total_retrans > 1 && tp.has_undo_marker ? 1 : tcp_init_cwnd(tp);
  tp.snd.cwnd_stamp = tp.jiffies;
  if (!tp.ca_is_chosen) tp.icsk_ca = tp.tcp.default_congestion_control(tp);
  if (!tp.sk_userlocks_sndbuf) tcp_sndbuf_expand(tp);
  tcp_init_receive_space(tp);
}

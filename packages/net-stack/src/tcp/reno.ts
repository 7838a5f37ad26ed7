import type { CongestionControl } from "./congestion.ts";
import {
  tcp_cong_avoid_ai,
  tcp_in_slow_start,
  tcp_is_cwnd_limited,
  tcp_slow_start,
} from "./congestion.ts";
import type { SeqNum } from "./seq.ts";
import type { TcpSock } from "./tcp-sock.ts";

/** NewReno (RFC 5681). It keeps nothing per connection, so all share one object. */
const RENO: CongestionControl = {
  name: "reno",
  ssthresh: tcp_reno_ssthresh,
  cong_avoid: tcp_reno_cong_avoid,
  undo_cwnd: tcp_reno_undo_cwnd,
};

export function reno(): CongestionControl {
  return RENO;
}

function tcp_reno_ssthresh(tp: TcpSock): number {
  return Math.max(tp.snd.cwnd >> 1, 2);
}

export function tcp_reno_undo_cwnd(tp: TcpSock): number {
  return Math.max(tp.snd.cwnd, tp.prior_cwnd);
}

function tcp_reno_cong_avoid(tp: TcpSock, _ack: SeqNum, acked: number): void {
  if (!tcp_is_cwnd_limited(tp)) return;
  let left = acked;
  if (tcp_in_slow_start(tp)) {
    left = tcp_slow_start(tp, acked);
    if (left === 0) return;
  }
  tcp_cong_avoid_ai(tp, tp.snd.cwnd, left);
}

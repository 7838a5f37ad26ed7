/** Tail loss probe (RFC 8985, section 7): ask for an ACK two round trips after the last segment. */
import { TCP_CA_CWR, TCP_CA_Open } from "./congestion.ts";
import { TCP_TIMEOUT_INIT_MS, TCP_TIMEOUT_MIN_MS } from "./limits.ts";
import { tcp_current_mss } from "./mss.ts";
import { tcp_do_retransmit_skb } from "./retransmit.ts";
import { tcp_is_sack } from "./scoreboard.ts";
import { ICSK_TIME_LOSS_PROBE, TCP_NAGLE_OFF } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_rearm_rto, tcp_reset_xmit_timer, tcp_rto_delta_us } from "./timers.ts";
import { tcp_send_head } from "./tx-queue.ts";
import { PUSH_PROBE, tcp_snd_wnd_test, tcp_write_xmit } from "./write-xmit.ts";

/** net.ipv4.tcp_early_retrans values that turn TLP on. */
function tlpIsEnabled(tp: TcpSock): boolean {
  const mode = tp.tcp.sysctl.tcp_early_retrans.value;
  return mode === 3 || mode === 4;
}

/**
 * Sets the probe timer in place of the RTO's, where a probe would come earlier.
 * @param advancing_rto The RTO would start now; else it runs since the oldest packet was sent.
 * @returns Whether a probe is scheduled.
 */
export function tcp_schedule_loss_probe(tp: TcpSock, advancing_rto: boolean): boolean {
  const isCalm = tp.icsk_ca_state === TCP_CA_Open || tp.icsk_ca_state === TCP_CA_CWR;
  if (!tlpIsEnabled(tp) || tp.packets_out === 0 || !tcp_is_sack(tp) || !isCalm) return false;
  let timeout: number;
  if (tp.rtt.srtt_us !== 0) {
    let timeout_us = tp.rtt.srtt_us >> 2;
    // A single segment may be held back by the peer's delayed ACK.
    timeout_us += tp.packets_out === 1 ? tp.tcp.rtoMinUs(tp) : TCP_TIMEOUT_MIN_MS * 1000;
    timeout = tp.usecs_to_jiffies(timeout_us);
  } else {
    timeout = tp.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS);
  }
  const rto_delta_us = advancing_rto ? tp.tcp.jiffies_to_usecs(tp.icsk_rto) : tcp_rto_delta_us(tp);
  if (rto_delta_us > 0) timeout = Math.min(timeout, tp.usecs_to_jiffies(rto_delta_us));
  tcp_reset_xmit_timer(tp, ICSK_TIME_LOSS_PROBE, timeout, tp.tcp.rtoMax);
  return true;
}

/** The probe timer expired: one new segment if there is one, else the last one again. */
export function tcp_send_loss_probe(tp: TcpSock): void {
  // One probe is out already.
  if (tp.has_tlp || !sendProbe(tp)) {
    tcp_rearm_rto(tp);
    return;
  }
  tp.tlp_high_seq = tp.snd.nxt;
  tp.has_tlp = true;
  tp.tcp.ext.TCPLossProbes++;
  // The RTO starts from now.
  tp.icsk_pending = 0;
  tcp_rearm_rto(tp);
}

function sendProbe(tp: TcpSock): boolean {
  tp.tlp_retrans = false;
  const mss = tcp_current_mss(tp);
  const head = tcp_send_head(tp);
  if (head !== undefined && tcp_snd_wnd_test(tp, head, mss)) {
    const before = tp.packets_out;
    tcp_write_xmit(tp, mss, TCP_NAGLE_OFF, PUSH_PROBE);
    return tp.packets_out > before;
  }
  const last = tp.tcp_rtx_queue.last;
  if (last === undefined || tcp_do_retransmit_skb(tp, last) !== 0) return false;
  tp.tlp_retrans = true;
  return true;
}

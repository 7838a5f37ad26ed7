/** Probes: of a closed window, and of a silent peer (net/ipv4/tcp_output.c: tcp_write_wakeup). */
import { tcp_current_mss } from "./mss.ts";
import { tcp_transmit_skb } from "./output.ts";
import { before, between, seqAdd, seqDiff, seqNum } from "./seq.ts";
import { TCP_CLOSE } from "./states.ts";
import { ICSK_TIME_PROBE0 } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { TCP_RESOURCE_PROBE_INTERVAL_MS } from "./limits.ts";
import { tcp_clear_xmit_timer, tcp_probe0_when, tcp_reset_xmit_timer } from "./timers.ts";
import { tcp_mstamp_refresh } from "./timestamps.ts";
import {
  tcp_fragment,
  tcp_init_nondata_skb,
  tcp_send_head,
  tcp_stream_alloc_skb,
  tcp_wnd_end,
} from "./tx-queue.ts";
import { TCPHDR_ACK, TCPHDR_PSH } from "./wire.ts";
import { after } from "./seq.ts";
import { tcp_event_new_data_sent } from "./write-xmit.ts";

/**
 * Makes the peer answer: with as much data as its window takes, else with an old sequence number.
 * @returns As tcp_transmit_skb(); positive when the local queue is full.
 */
export function tcp_write_wakeup(tp: TcpSock): number {
  if (tp.sk_state === TCP_CLOSE) return -1;
  const skb = tcp_send_head(tp);
  const end = tcp_wnd_end(tp);
  if (skb !== undefined && before(skb.seq, end)) {
    // The window is open but smaller than a segment: what kept us was silly window avoidance.
    const mss = tcp_current_mss(tp);
    const room = seqDiff(end, skb.seq);
    if (before(tp.pushed_seq, skb.end_seq)) tp.pushed_seq = seqNum(skb.end_seq);
    if (room < seqDiff(skb.end_seq, skb.seq) || skb.length > mss) {
      tcp_fragment(tp, false, skb, Math.min(room, mss));
    }
    skb.tcp_flags |= TCPHDR_PSH;
    tcp_mstamp_refresh(tp);
    const err = tcp_transmit_skb(tp, skb, true);
    if (err === 0) tcp_event_new_data_sent(tp, skb);
    return err;
  }
  if (between(tp.snd.up, seqAdd(tp.snd.una, 1), seqAdd(tp.snd.una, 0xffff))) {
    tcp_xmit_probe_skb(tp, true);
  }
  return tcp_xmit_probe_skb(tp, false);
}

/** A segment with a sequence number that the peer has acknowledged: it answers with an ACK. */
function tcp_xmit_probe_skb(tp: TcpSock, urgent: boolean): number {
  const skb = tcp_stream_alloc_skb(tp, 0);
  tcp_init_nondata_skb(skb, seqAdd(tp.snd.una, urgent ? 0 : -1), TCPHDR_ACK);
  tcp_mstamp_refresh(tp);
  return tcp_transmit_skb(tp, skb, false);
}

/** A window probe, and the time of the next one. */
export function tcp_send_probe0(tp: TcpSock): void {
  const err = tcp_write_wakeup(tp);
  if (err <= 0) tp.tcp.ext.TCPWinProbe++;
  if (tp.packets_out !== 0 || tcp_send_head(tp) === undefined) {
    tp.icsk_probes_out = 0;
    tp.icsk_backoff = 0;
    tp.icsk_probes_tstamp = 0;
    return;
  }
  tp.icsk_probes_out++;
  let timeout: number;
  if (err <= 0) {
    if (tp.icsk_backoff < tp.tcp.sysctl.tcp_retries2.value) tp.icsk_backoff++;
    timeout = tcp_probe0_when(tp);
  } else {
    timeout = tp.msecs_to_jiffies(TCP_RESOURCE_PROBE_INTERVAL_MS);
  }
  tcp_reset_xmit_timer(tp, ICSK_TIME_PROBE0, clampProbe0(tp, timeout), tp.tcp.rtoMax);
}

/** The probe that would come after TCP_USER_TIMEOUT comes at it. */
function clampProbe0(tp: TcpSock, when: number): number {
  if (tp.icsk_user_timeout === 0 || tp.icsk_probes_tstamp === 0) return when;
  const elapsed = Math.max(tp.jiffies - tp.icsk_probes_tstamp, 0);
  const remaining = tp.msecs_to_jiffies(tp.icsk_user_timeout) - elapsed;
  return Math.min(Math.max(remaining, 1), when);
}

/** An ACK while nothing is in flight: is the window open enough now? (tcp_ack_probe) */
export function tcp_ack_probe(tp: TcpSock): void {
  const head = tcp_send_head(tp);
  if (head === undefined) return;
  if (!after(head.end_seq, tcp_wnd_end(tp))) {
    tp.icsk_backoff = 0;
    tp.icsk_probes_tstamp = 0;
    if (tp.icsk_pending === ICSK_TIME_PROBE0) tcp_clear_xmit_timer(tp);
  } else {
    const when = clampProbe0(tp, tcp_probe0_when(tp));
    tcp_reset_xmit_timer(tp, ICSK_TIME_PROBE0, when, tp.tcp.rtoMax);
  }
}

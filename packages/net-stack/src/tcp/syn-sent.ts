/** SYN_SENT: the answer to our SYN (RFC 9293, section 3.10.7.3; tcp_rcv_synsent_state_process). */
import type { SkBuff } from "../skbuff.ts";
import { tcp_ack } from "./ack.ts";
import {
  inet_csk_in_pingpong_mode,
  inet_csk_schedule_ack,
  tcp_enter_quickack_mode,
  tcp_send_ack,
} from "./ack-send.ts";
import { tcp_init_transfer } from "./init.ts";
import { inet_csk_reset_keepalive_timer, keepalive_time_when } from "./keepalive.ts";
import { TCP_DELACK_MAX_MS, TCP_MAX_QUICKACKS, TCP_TIMEOUT_MIN_MS } from "./limits.ts";
import { tcp_initialize_rcv_mss, tcp_sync_mss } from "./mss.ts";
import { OLEN_TSTAMP_ALIGNED, tcp_parse_options } from "./options.ts";
import { tcp_transmit_skb } from "./output.ts";
import { tcp_reset } from "./reset-in.ts";
import { after, between, seqAdd, seqNum } from "./seq.ts";
import { tcp_set_state } from "./state-change.ts";
import { TCP_ESTABLISHED, TCP_SYN_RECV } from "./states.ts";
import { ICSK_ACK_SCHED, ICSK_ACK_TIMER, ICSK_TIME_RETRANS } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_reset_xmit_timer } from "./timers.ts";
import {
  ktime_get_seconds,
  tcp_clock_ns,
  tcp_paws_reject,
  tcp_store_ts_recent,
  tcp_time_stamp_ms,
} from "./timestamps.ts";
import { tcp_rtx_queue_head } from "./tx-queue.ts";
import type { TcpHeader } from "./wire.ts";
import { TCPHDR_ACK, TCPHDR_RST, TCPHDR_SYN, TCP_HEADER_LENGTH } from "./wire.ts";

/** Does not take the packet. True: answer with an RST. */
export function tcp_rcv_synsent_state_process(
  tp: TcpSock,
  skb: SkBuff,
  th: Readonly<TcpHeader>,
): boolean {
  const opt = tp.rx_opt;
  const saved_clamp = opt.mss_clamp;
  const at = skb.transport_header;
  tcp_parse_options(
    skb.view,
    at + TCP_HEADER_LENGTH,
    at + th.headerLength,
    th.flags,
    opt,
    tp.tcp.sysctl,
  );
  if (opt.saw_tstamp && opt.rcv_tsecr !== 0) opt.rcv_tsecr = (opt.rcv_tsecr - tp.tsoffset) | 0;
  const hasAck = (th.flags & TCPHDR_ACK) !== 0;
  const isSyn = (th.flags & TCPHDR_SYN) !== 0;
  const isRst = (th.flags & TCPHDR_RST) !== 0;
  // First, check the ACK bit.
  if (hasAck) {
    if (!after(skb.ack_seq, tp.snd.una) || after(skb.ack_seq, tp.snd.nxt)) {
      // Our own SYN may be what the peer cannot place: send it again soon.
      if (tp.icsk_retransmits === 0) {
        const soon = tp.msecs_to_jiffies(TCP_TIMEOUT_MIN_MS);
        tcp_reset_xmit_timer(tp, ICSK_TIME_RETRANS, soon, tp.tcp.rtoMax);
      }
      return forget(tp, saved_clamp, !isRst);
    }
    if (
      opt.saw_tstamp &&
      opt.rcv_tsecr !== 0 &&
      !between(opt.rcv_tsecr, seqNum(tp.retrans_stamp), seqNum(tcp_time_stamp_ms(tp)))
    ) {
      tp.tcp.ext.PAWSActive++;
      return forget(tp, saved_clamp, !isRst);
    }
  }
  // Second, check the RST bit.
  if (isRst) {
    if (hasAck) tcp_reset(tp);
    return forget(tp, saved_clamp, false);
  }
  if (!isSyn) return forget(tp, saved_clamp, false);
  // Fourth, check the SYN bit.
  if (hasAck) {
    synAckArrives(tp, skb, th);
    return false;
  }
  const now = ktime_get_seconds(tcp_clock_ns(tp.kernel));
  if (opt.ts_recent_stamp !== 0 && opt.saw_tstamp && tcp_paws_reject(opt, false, now)) {
    return forget(tp, saved_clamp, false);
  }
  crossedSynArrives(tp, skb, th);
  return false;
}

/** The segment is not part of our handshake: what it offered does not count. */
function forget(tp: TcpSock, saved_clamp: number, needsReset: boolean): boolean {
  tp.rx_opt.clear();
  tp.rx_opt.mss_clamp = saved_clamp;
  return needsReset;
}

function takeTimestamps(tp: TcpSock): void {
  if (tp.rx_opt.saw_tstamp) {
    tp.rx_opt.tstamp_ok = true;
    tp.tcp_header_len = TCP_HEADER_LENGTH + OLEN_TSTAMP_ALIGNED;
    tp.advmss -= OLEN_TSTAMP_ALIGNED;
    tcp_store_ts_recent(tp);
  } else {
    tp.tcp_header_len = TCP_HEADER_LENGTH;
  }
}

function synAckArrives(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  tp.snd.wl1 = seqNum(skb.seq);
  tcp_ack(tp, skb, th.window, 0);
  tp.rcv.nxt = seqAdd(skb.seq, 1);
  tp.rcv.wup = tp.rcv.nxt;
  // The window of a SYN is never scaled.
  tp.snd.wnd = th.window;
  if (!tp.rx_opt.wscale_ok) {
    tp.rx_opt.snd_wscale = 0;
    tp.rx_opt.rcv_wscale = 0;
    tp.window_clamp = Math.min(tp.window_clamp, 0xffff);
  }
  takeTimestamps(tp);
  tcp_sync_mss(tp, tp.icsk_pmtu_cookie);
  tcp_initialize_rcv_mss(tp);
  tp.copied_seq = tp.rcv.nxt;
  tcp_finish_connect(tp);
  tp.sk_state_change();
  if (tp.sk_write_pending > 0 || tp.defer_accept > 0 || inet_csk_in_pingpong_mode(tp)) {
    // Data follows at once and carries the ACK.
    inet_csk_schedule_ack(tp);
    tcp_enter_quickack_mode(tp, TCP_MAX_QUICKACKS);
    tp.icsk_ack.pending |= ICSK_ACK_SCHED | ICSK_ACK_TIMER;
    tp.icsk_ack.timeout = tp.jiffies + tp.msecs_to_jiffies(TCP_DELACK_MAX_MS);
    tp.icsk_delack_timer.arm(tp.icsk_ack.timeout);
  } else {
    tcp_send_ack(tp);
  }
}

function tcp_finish_connect(tp: TcpSock): void {
  tcp_set_state(tp, TCP_ESTABLISHED);
  tp.icsk_ack.lrcvtime = tp.jiffies;
  tcp_init_transfer(tp);
  tp.lsndtime = tp.jiffies;
  if (tp.sk_keepopen) inet_csk_reset_keepalive_timer(tp, keepalive_time_when(tp));
}

/** Both sides opened at once: answer with a SYN-ACK. */
function crossedSynArrives(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  tcp_set_state(tp, TCP_SYN_RECV);
  if (tp.rx_opt.saw_tstamp) {
    tp.rx_opt.tstamp_ok = true;
    tcp_store_ts_recent(tp);
    tp.tcp_header_len = TCP_HEADER_LENGTH + OLEN_TSTAMP_ALIGNED;
  } else {
    tp.tcp_header_len = TCP_HEADER_LENGTH;
  }
  tp.rcv.nxt = seqAdd(skb.seq, 1);
  tp.copied_seq = tp.rcv.nxt;
  tp.rcv.wup = tp.rcv.nxt;
  tp.snd.wnd = th.window;
  tp.snd.wl1 = seqNum(skb.seq);
  tp.snd.max_window = tp.snd.wnd;
  tcp_sync_mss(tp, tp.icsk_pmtu_cookie);
  tcp_initialize_rcv_mss(tp);
  const syn = tcp_rtx_queue_head(tp);
  if (syn === undefined || (syn.tcp_flags & TCPHDR_SYN) === 0) return;
  syn.tcp_flags |= TCPHDR_ACK;
  tcp_transmit_skb(tp, syn, true);
}

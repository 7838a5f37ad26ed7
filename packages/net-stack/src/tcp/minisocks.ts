/** From half open to a full sock (net/ipv4/tcp_minisocks.c: tcp_check_req, tcp_create_openreq_child). */
import type { SkBuff } from "../skbuff.ts";
import { inet_bind_hash, inet_hash } from "./hashtables.ts";
import { tcp_rcv_state_process } from "./input.ts";
import { inet_csk_reqsk_queue_add, sk_acceptq_is_full } from "./listen.ts";
import { tcp_initialize_rcv_mss, tcp_sync_mss } from "./mss.ts";
import { OLEN_TSTAMP_ALIGNED, TCP_MSS_DEFAULT, tcp_parse_options } from "./options.ts";
import { inet_csk_reset_keepalive_timer, keepalive_time_when } from "./keepalive.ts";
import type { TcpRequestSock } from "./request-sock.ts";
import { inet_csk_reqsk_queue_drop, tcp_reqsk_timeout } from "./request-sock.ts";
import { tcp_v4_send_ack, tcp_v4_send_reset } from "./reset.ts";
import { after, seqAdd } from "./seq.ts";
import { TCP_SYN_RECV } from "./states.ts";
import { inet_csk_route_req, mssToOffer, tcp_rtx_synack } from "./synack.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_in_window } from "./time-wait.ts";
import { ktime_get_seconds, tcp_clock_ns, tcp_paws_reject } from "./timestamps.ts";
import type { TcpHeader } from "./wire.ts";
import { TCPHDR_ACK, TCPHDR_RST, TCPHDR_SYN, TCP_HEADER_LENGTH } from "./wire.ts";

/** The segment is not for the request but for its listener: an ACK that acknowledges something else. */
export const FOR_LISTENER = "for-listener";

/**
 * A segment for a half-open connection.
 * @returns The new sock, to which the segment is to be given; FOR_LISTENER; undefined when the
 * segment is dealt with. Does not take the packet.
 */
export function tcp_check_req(
  req: TcpRequestSock,
  skb: SkBuff,
  th: Readonly<TcpHeader>,
): TcpSock | typeof FOR_LISTENER | undefined {
  const listener = req.listener;
  const tcp = listener.tcp;
  const flags = th.flags & (TCPHDR_RST | TCPHDR_SYN | TCPHDR_ACK);
  const paws_reject = parseForRequest(req, skb, th);
  const opt = tcp.scratchOptions;
  // The SYN again: so the SYN-ACK was lost.
  if (skb.seq === req.rcv_isn && flags === TCPHDR_SYN && !paws_reject) {
    if (isRateLimited(req)) tcp.ext.TCPACKSkippedSynRecv++;
    else if (tcp_rtx_synack(req)) {
      const expires = listener.jiffies + tcp_reqsk_timeout(req);
      req.rsk_timer.arm(Math.min(expires, Math.max(req.rsk_timer.expires, listener.jiffies)));
    }
    return undefined;
  }
  const hasAck = (flags & TCPHDR_ACK) !== 0;
  if (hasAck && skb.ack_seq !== seqAdd(req.snt_isn, 1)) return FOR_LISTENER;
  const rcv_nxt = seqAdd(req.rcv_isn, 1);
  const window_end = seqAdd(rcv_nxt, req.rsk_rcv_wnd);
  if (paws_reject || !tcp_in_window(skb.seq, skb.end_seq, rcv_nxt, window_end)) {
    answerOutOfWindow(req, skb, th);
    if (paws_reject) tcp.ext.PAWSEstab++;
    return undefined;
  }
  if (opt.saw_tstamp && !after(skb.seq, rcv_nxt)) req.rx_opt.ts_recent = opt.rcv_tsval;
  // A SYN at the very start lies before the window: it does not count.
  const isSyn = (flags & TCPHDR_SYN) !== 0 && skb.seq !== req.rcv_isn;
  if ((flags & TCPHDR_RST) !== 0 || isSyn) {
    tcp.mib.AttemptFails++;
    embryonicReset(req, skb, th);
    return undefined;
  }
  if (!hasAck) return undefined;
  // TCP_DEFER_ACCEPT: wait for data.
  if (req.num_timeout < listener.defer_accept && skb.end_seq === rcv_nxt) {
    req.acked = true;
    tcp.ext.TCPDeferAcceptDrop++;
    return undefined;
  }
  const child = tcp_v4_syn_recv_sock(req, skb, th);
  if (child !== undefined) return child;
  // The accept queue is full.
  if (tcp.sysctl.tcp_abort_on_overflow.value === 0) req.acked = true;
  else embryonicReset(req, skb, th);
  return undefined;
}

/** Reads the options against what the SYN said. True: PAWS rejects the segment. */
function parseForRequest(req: TcpRequestSock, skb: SkBuff, th: Readonly<TcpHeader>): boolean {
  const tcp = req.listener.tcp;
  const opt = tcp.scratchOptions;
  opt.saw_tstamp = false;
  if (th.headerLength === TCP_HEADER_LENGTH) return false;
  const at = skb.transport_header;
  opt.tstamp_ok = req.rx_opt.tstamp_ok;
  tcp_parse_options(skb.view, at + 20, at + th.headerLength, th.flags, opt, undefined);
  if (!opt.saw_tstamp) return false;
  const now = ktime_get_seconds(tcp_clock_ns(tcp.kernel));
  opt.ts_recent = req.rx_opt.ts_recent;
  opt.ts_recent_stamp = now - Math.floor(tcp_reqsk_timeout(req) / req.listener.HZ);
  return tcp_paws_reject(opt, (th.flags & TCPHDR_RST) !== 0, now);
}

function isRateLimited(req: TcpRequestSock): boolean {
  const tp = req.listener;
  const limit = tp.msecs_to_jiffies(tp.tcp.sysctl.tcp_invalid_ratelimit.value);
  if (req.last_oow_ack_time !== 0 && tp.jiffies - req.last_oow_ack_time < limit) return true;
  req.last_oow_ack_time = tp.jiffies;
  return false;
}

function answerOutOfWindow(req: TcpRequestSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  if ((th.flags & TCPHDR_RST) !== 0 || isRateLimited(req)) return;
  const tcp = req.listener.tcp;
  tcp_v4_send_ack(
    tcp,
    skb,
    th,
    seqAdd(req.snt_isn, 1),
    seqAdd(req.rcv_isn, 1),
    req.rsk_rcv_wnd >>> req.rx_opt.rcv_wscale,
    tcp.tsClock(req.ts_off),
    req.rx_opt.tstamp_ok ? req.rx_opt.ts_recent : 0,
    req.tos,
  );
}

function embryonicReset(req: TcpRequestSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  if ((th.flags & TCPHDR_RST) === 0) tcp_v4_send_reset(req.listener.tcp, skb, th);
  if (inet_csk_reqsk_queue_drop(req)) req.listener.tcp.ext.EmbryonicRsts++;
}

/** Makes the full sock and puts it into the accept queue; undefined when that is full. */
function tcp_v4_syn_recv_sock(
  req: TcpRequestSock,
  skb: SkBuff,
  th: Readonly<TcpHeader>,
): TcpSock | undefined {
  const listener = req.listener;
  const tcp = listener.tcp;
  if (sk_acceptq_is_full(listener)) {
    tcp.ext.ListenOverflows++;
    tcp.ext.ListenDrops++;
    return undefined;
  }
  const rt = inet_csk_route_req(req);
  if (rt === undefined) {
    tcp.ext.ListenDrops++;
    return undefined;
  }
  const child = tcp_create_openreq_child(req, skb, th);
  tcp.mib.PassiveOpens++;
  child.sk_dst_cache = rt;
  child.advmss = mssToOffer(req, rt);
  tcp_sync_mss(child, rt.mtu());
  tcp_initialize_rcv_mss(child);
  inet_csk_reqsk_queue_drop(req);
  inet_bind_hash(child, req.inet_num, false);
  inet_hash(child);
  return inet_csk_reqsk_queue_add(listener, child) ? child : undefined;
}

function tcp_create_openreq_child(
  req: TcpRequestSock,
  skb: SkBuff,
  th: Readonly<TcpHeader>,
): TcpSock {
  const listener = req.listener;
  const child = listener.tcp.createChild(listener);
  child.inet_rcv_saddr = req.inet_rcv_saddr;
  child.inet_saddr = req.inet_rcv_saddr;
  child.inet_daddr = req.inet_daddr;
  child.inet_sport = req.inet_num;
  child.inet_dport = req.inet_dport;
  child.sk_bound_dev_if = req.sk_bound_dev_if;
  child.sk_state = TCP_SYN_RECV;
  const seq = seqAdd(req.snt_isn, 1);
  const { snd, rcv, rx_opt } = child;
  rcv.nxt = seqAdd(req.rcv_isn, 1);
  rcv.wup = rcv.nxt;
  child.copied_seq = rcv.nxt;
  snd.una = seq;
  snd.nxt = seq;
  snd.sml = seq;
  snd.up = seq;
  snd.wl1 = req.rcv_isn;
  child.write_seq = seq;
  child.pushed_seq = seq;
  child.cwnd_usage_seq = seq;
  child.lsndtime = child.jiffies;
  rx_opt.tstamp_ok = req.rx_opt.tstamp_ok;
  rx_opt.sack_ok = req.rx_opt.sack_ok;
  rx_opt.wscale_ok = req.rx_opt.wscale_ok;
  rx_opt.snd_wscale = req.rx_opt.wscale_ok ? req.rx_opt.snd_wscale : 0;
  rx_opt.rcv_wscale = req.rx_opt.wscale_ok ? req.rx_opt.rcv_wscale : 0;
  rx_opt.mss_clamp = req.mss;
  child.window_clamp = rx_opt.wscale_ok
    ? req.rsk_window_clamp
    : Math.min(req.rsk_window_clamp, 0xffff);
  rcv.ssthresh = req.rsk_rcv_wnd;
  rcv.wnd = req.rsk_rcv_wnd;
  snd.wnd = th.window * 2 ** rx_opt.snd_wscale;
  snd.max_window = snd.wnd;
  child.tcp_header_len = TCP_HEADER_LENGTH;
  if (rx_opt.tstamp_ok) {
    rx_opt.ts_recent = req.rx_opt.ts_recent;
    rx_opt.ts_recent_stamp = ktime_get_seconds(tcp_clock_ns(child.kernel));
    child.tcp_header_len += OLEN_TSTAMP_ALIGNED;
  }
  child.tsoffset = req.ts_off;
  child.total_retrans = req.num_retrans;
  // Karn: a retransmitted SYN-ACK gives no sample.
  child.synack_sent_us = req.num_retrans === 0 ? req.snt_synack : 0;
  if (skb.length >= TCP_MSS_DEFAULT + child.tcp_header_len) {
    child.icsk_ack.rcv_mss = skb.length - child.tcp_header_len;
  }
  if (child.sk_keepopen) inet_csk_reset_keepalive_timer(child, keepalive_time_when(child));
  return child;
}

/**
 * Gives the handshake's last segment to the new sock, and wakes who waits in accept().
 * Takes the packet, unless it returns true: answer with an RST.
 */
export function tcp_child_process(
  listener: TcpSock,
  child: TcpSock,
  skb: SkBuff,
  th: Readonly<TcpHeader>,
): boolean {
  const needsReset = tcp_rcv_state_process(child, skb, th);
  if (child.sk_state !== TCP_SYN_RECV) listener.sk_data_ready();
  return needsReset;
}

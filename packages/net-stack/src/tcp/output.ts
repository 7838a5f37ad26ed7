/** One segment leaves (net/ipv4/tcp_output.c: tcp_transmit_skb and what it needs). */
import { ip_queue_xmit } from "../ip/output.ts";
import { IPPROTO_TCP } from "../ip/protocol.ts";

import type { SkBuff } from "../skbuff.ts";
import { skb_cow_head, skb_push, skb_reset_transport_header } from "../skbuff.ts";
import { skb_orphan } from "../skbuff-pool.ts";
import { skb_set_owner_w } from "../socket/sock-memory.ts";
import { skb_csum_partial } from "../skbuff-checksum.ts";
import { skb_queue_tail, skb_unlink } from "../skbuff-queue.ts";
import { tcp_event_ack_sent } from "./ack-send.ts";
import { CA_EVENT_TX_START } from "./congestion.ts";
import { tcp_enter_cwr } from "./cwnd.ts";
import { TCP_PINGPONG_THRESH } from "./limits.ts";
import { sackBlocksToSend, tcp_advertise_mss } from "./mss.ts";
import type { TcpOptionsOut } from "./options.ts";
import { optionsLength, tcp_options_write } from "./options.ts";
import { tcp_rate_skb_sent } from "./rate.ts";
import { tcp_packets_in_flight } from "./scoreboard.ts";
import { after, before, seqAdd, seqDiff, seqNum } from "./seq.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_skb_tsval } from "./timestamps.ts";
import { tcp_urg_mode } from "./tx-queue.ts";
import { tcp_select_window } from "./window.ts";
import {
  TCPHDR_ACK,
  TCPHDR_SYN,
  TCPHDR_URG,
  TCP_CHECKSUM_OFFSET,
  TCP_HEADER_LENGTH,
  writeTcpHeader,
} from "./wire.ts";

const NET_XMIT_CN = 2;
const URGENT_POINTER_MAX = 0xffff;

/**
 * Sends a segment. With `clone_it` the packet stays ours, for retransmission: its clone shares the
 * payload and writes the headers before it. Without, the packet is taken.
 * @returns 0, or a negative errno from the routing or the device.
 */
export function tcp_transmit_skb(tp: TcpSock, skb: SkBuff, clone_it: boolean): number {
  // In virtual time a burst leaves in one instant; RACK must know its order all the same.
  tp.tx_stamp = Math.max(tp.tcp_clock_cache, tp.tx_stamp + 1);
  skb.tstamp = tp.tx_stamp;
  const out = clone_it ? skb.clone() : skb;
  const payload = skb.length;
  const flags = skb.tcp_flags;
  const opts = tp.tcp.txOptions;
  chooseOptions(tp, skb, opts);
  const headerLength = TCP_HEADER_LENGTH + optionsLength(opts);
  writeHeaders(tp, out, headerLength, opts);
  skb_csum_partial(out, tp.inet_saddr, tp.inet_daddr, IPPROTO_TCP, TCP_CHECKSUM_OFFSET);
  if ((flags & TCPHDR_ACK) !== 0) tcp_event_ack_sent(tp);
  if (payload !== 0) {
    tcp_event_data_sent(tp);
    tp.data_segs_out++;
    tp.bytes_sent += payload;
  }
  if (after(skb.end_seq, tp.snd.nxt) || skb.seq === skb.end_seq) tp.tcp.mib.OutSegs++;
  tp.segs_out++;
  skb_orphan(out);
  skb_set_owner_w(out, tp);
  let err = ip_queue_xmit(tp, out, tp.tos);
  if (err > 0) {
    // The device queue dropped it: local congestion (net_xmit_eval: CN is no error).
    tcp_enter_cwr(tp);
    err = err === NET_XMIT_CN ? 0 : -err;
  }
  if (err === 0 && clone_it) tcp_update_skb_after_send(tp, skb);
  return err;
}

/** The packet was sent last of all: RACK's list is in that order. */
function tcp_update_skb_after_send(tp: TcpSock, skb: SkBuff): void {
  if (skb.list === tp.tsorted_sent_queue) {
    skb_unlink(skb, tp.tsorted_sent_queue);
    skb_queue_tail(tp.tsorted_sent_queue, skb);
  } else if (skb.list === undefined) {
    skb_queue_tail(tp.tsorted_sent_queue, skb);
  }
  tcp_rate_skb_sent(tp, skb);
}

function chooseOptions(tp: TcpSock, skb: SkBuff, opts: TcpOptionsOut): void {
  const isSyn = (skb.tcp_flags & TCPHDR_SYN) !== 0;
  opts.mss = isSyn ? tcp_advertise_mss(tp) : 0;
  opts.ws = -1;
  opts.sackPermitted = false;
  opts.num_sack_blocks = 0;
  const rx_opt = tp.rx_opt;
  if (isSyn) {
    // The SYN-ACK of a simultaneous open is our SYN once more (tcp_syn_options): it repeats what
    // that one offered, whatever the peer's SYN had.
    const sysctl = tp.tcp.sysctl;
    opts.timestamps = sysctl.timestamps;
    opts.sackPermitted = sysctl.sack;
    if (sysctl.windowScaling) opts.ws = rx_opt.rcv_wscale;
  } else {
    opts.timestamps = rx_opt.tstamp_ok;
    opts.num_sack_blocks = sackBlocksToSend(tp, opts.timestamps ? 12 : 0);
  }
  if (!opts.timestamps) return;
  opts.tsval = tcp_skb_tsval(tp, skb);
  opts.tsecr = rx_opt.ts_recent;
}

function writeHeaders(
  tp: TcpSock,
  out: SkBuff,
  headerLength: number,
  opts: Readonly<TcpOptionsOut>,
): void {
  skb_cow_head(out, headerLength + tp.tcp.linkHeadroom);
  const at = skb_push(out, headerLength);
  skb_reset_transport_header(out);
  const th = tp.tcp.txHeader;
  th.source = tp.inet_sport;
  th.dest = tp.inet_dport;
  th.seq = seqNum(out.seq);
  th.ack_seq = (out.tcp_flags & TCPHDR_ACK) !== 0 ? tp.rcv.nxt : seqNum(0);
  th.headerLength = headerLength;
  th.flags = out.tcp_flags;
  // RFC 7323, 2.2: the window of a SYN is never scaled.
  th.window =
    (out.tcp_flags & TCPHDR_SYN) !== 0 ? Math.min(tp.rcv.wnd, 0xffff) : tcp_select_window(tp);
  th.urg_ptr = 0;
  if (tcp_urg_mode(tp) && before(out.seq, tp.snd.up)) {
    if (before(tp.snd.up, seqAdd(out.seq, URGENT_POINTER_MAX + 1))) {
      th.urg_ptr = seqDiff(tp.snd.up, out.seq);
      th.flags |= TCPHDR_URG;
    } else if (after(seqAdd(out.seq, URGENT_POINTER_MAX), tp.snd.nxt)) {
      th.urg_ptr = URGENT_POINTER_MAX;
      th.flags |= TCPHDR_URG;
    }
  }
  writeTcpHeader(out.view, at, th);
  tcp_options_write(
    out.view,
    at + TCP_HEADER_LENGTH,
    opts,
    tp.rx_opt.dsack ? tp.duplicate_sack : undefined,
    tp.selective_acks,
  );
  tp.rx_opt.dsack = opts.num_sack_blocks > 0 ? false : tp.rx_opt.dsack;
}

/** Bookkeeping of data that leaves: idle time, interactive turns (tcp_event_data_sent). */
function tcp_event_data_sent(tp: TcpSock): void {
  const now = tp.jiffies;
  if (tcp_packets_in_flight(tp) === 0) tp.icsk_ca.cwnd_event?.(tp, CA_EVENT_TX_START);
  tp.lsndtime = now;
  // Data soon after data of the peer: a conversation, in which ACKs may ride on replies.
  const ack = tp.icsk_ack;
  if (now - ack.lrcvtime < ack.ato && ack.pingpong <= TCP_PINGPONG_THRESH) ack.pingpong++;
}

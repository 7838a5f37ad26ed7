/** Segments that answer without a connection, and RSTs that end one (net/ipv4/tcp_ipv4.c, tcp_output.c). */
import { ip_send_unicast_reply } from "../ip/output.ts";
import { IPPROTO_TCP } from "../ip/protocol.ts";
import { inet_addr_type } from "../ip/route.ts";
import { RTN_LOCAL } from "../ip/rtable.ts";
import { skb_push, skb_reserve, skb_reset_transport_header } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_csum_partial } from "../skbuff-checksum.ts";
import { IP_TOS } from "../wire/ipv4.ts";
import { tcp_acceptable_seq } from "./ack-send.ts";
import { optionsLength, tcp_options_write } from "./options.ts";
import { tcp_transmit_skb } from "./output.ts";
import { seqAdd, seqNum } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import type { TcpNet } from "./tcp-net.ts";
import type { TcpSock } from "./tcp-sock.ts";
import type { TcpTimewaitSock } from "./time-wait.ts";
import { tcp_mstamp_refresh } from "./timestamps.ts";
import { tcp_init_nondata_skb, tcp_stream_alloc_skb } from "./tx-queue.ts";
import {
  MAX_TCP_HEADER,
  TCPHDR_ACK,
  TCPHDR_FIN,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCP_CHECKSUM_OFFSET,
  TCP_HEADER_LENGTH,
  writeTcpHeader,
} from "./wire.ts";
import type { TcpHeader } from "./wire.ts";

const IPV4_SADDR = 12;
const IPV4_DADDR = 16;

export function ipSource(skb: SkBuff): number {
  return skb.view.getUint32(skb.network_header + IPV4_SADDR);
}

export function ipDestination(skb: SkBuff): number {
  return skb.view.getUint32(skb.network_header + IPV4_DADDR);
}

const NO_BLOCKS: readonly never[] = [];

const INET_ECN_MASK = 3;

/** Sends a bare header back to where `skb` came from. `tcp.txHeader` and `tcp.txOptions` are filled in. */
function reply(tcp: TcpNet, skb: SkBuff, tos: number, oif: number): void {
  const out = tcp.net.skbPool.alloc(MAX_TCP_HEADER);
  skb_reserve(out, MAX_TCP_HEADER);
  const th = tcp.txHeader;
  const opts = tcp.txOptions;
  th.headerLength = TCP_HEADER_LENGTH + optionsLength(opts);
  const at = skb_push(out, th.headerLength);
  skb_reset_transport_header(out);
  writeTcpHeader(out.view, at, th);
  tcp_options_write(out.view, at + TCP_HEADER_LENGTH, opts, undefined, NO_BLOCKS);
  skb_csum_partial(out, ipDestination(skb), ipSource(skb), IPPROTO_TCP, TCP_CHECKSUM_OFFSET);
  tcp.mib.OutSegs++;
  ip_send_unicast_reply(tcp.net, skb, out, IPPROTO_TCP, tos, oif);
}

function noOptions(tcp: TcpNet): void {
  const opts = tcp.txOptions;
  opts.mss = 0;
  opts.ws = -1;
  opts.sackPermitted = false;
  opts.timestamps = false;
  opts.num_sack_blocks = 0;
}

/** RST for a segment that belongs nowhere (RFC 9293, section 3.10.7.1). Never answers an RST. */
export function tcp_v4_send_reset(tcp: TcpNet, skb: SkBuff, seg: Readonly<TcpHeader>): void {
  if ((seg.flags & TCPHDR_RST) !== 0) return;
  if (inet_addr_type(tcp.net, ipDestination(skb)) !== RTN_LOCAL) return;
  const hasAck = (seg.flags & TCPHDR_ACK) !== 0;
  const segSeq = seg.seq;
  const segAck = seg.ack_seq;
  const counted = (seg.flags & TCPHDR_SYN ? 1 : 0) + (seg.flags & TCPHDR_FIN ? 1 : 0);
  const segLen = skb.transport_header + seg.headerLength;
  const payload = skb.offset + skb.length - segLen;
  const th = tcp.txHeader;
  th.source = seg.dest;
  th.dest = seg.source;
  th.window = 0;
  th.urg_ptr = 0;
  th.flags = hasAck ? TCPHDR_RST : TCPHDR_RST | TCPHDR_ACK;
  th.seq = hasAck ? segAck : seqNum(0);
  th.ack_seq = hasAck ? seqNum(0) : seqAdd(segSeq, counted + payload);
  noOptions(tcp);
  tcp.mib.OutRsts++;
  const trace = tcp.trace_send_reset;
  if (trace.isEnabled) trace.emit(ipDestination(skb), th.source, ipSource(skb), th.dest);
  // The class of service of what it answers, without the ECN bits.
  const tos = skb.view.getUint8(skb.network_header + IP_TOS) & ~INET_ECN_MASK;
  reply(tcp, skb, tos, skb.skb_iif);
}

/** Sends an ACK that no full sock stands behind (tcp_v4_send_ack). `win` is scaled already. */
export function tcp_v4_send_ack(
  tcp: TcpNet,
  skb: SkBuff,
  seg: Readonly<TcpHeader>,
  seq: SeqNum,
  ack: SeqNum,
  win: number,
  tsval: number,
  tsecr: number,
  tos: number,
): void {
  const th = tcp.txHeader;
  th.source = seg.dest;
  th.dest = seg.source;
  th.seq = seq;
  th.ack_seq = ack;
  th.flags = TCPHDR_ACK;
  th.window = win;
  th.urg_ptr = 0;
  noOptions(tcp);
  if (tsecr !== 0) {
    tcp.txOptions.timestamps = true;
    tcp.txOptions.tsval = tsval;
    tcp.txOptions.tsecr = tsecr;
  }
  reply(tcp, skb, tos, skb.skb_iif);
}

export function tcp_v4_timewait_ack(
  tw: TcpTimewaitSock,
  skb: SkBuff,
  seg: Readonly<TcpHeader>,
): void {
  tcp_v4_send_ack(
    tw.tcp,
    skb,
    seg,
    tw.tw_snd_nxt,
    tw.tw_rcv_nxt,
    tw.tw_rcv_wnd >>> tw.tw_rcv_wscale,
    tw.tcp.tsClock(tw.tw_ts_offset),
    tw.tw_ts_recent,
    tw.tw_tos,
  );
}

/** RST on our own initiative: abort, close with unread data, keepalive's end. */
export function tcp_send_active_reset(tp: TcpSock): void {
  tp.tcp.mib.OutRsts++;
  const skb = tcp_stream_alloc_skb(tp, 0);
  tcp_init_nondata_skb(skb, tcp_acceptable_seq(tp), TCPHDR_ACK | TCPHDR_RST);
  tcp_mstamp_refresh(tp);
  const trace = tp.tcp.trace_send_reset;
  if (trace.isEnabled) trace.emit(tp.inet_saddr, tp.inet_sport, tp.inet_daddr, tp.inet_dport);
  if (tcp_transmit_skb(tp, skb, false) !== 0) tp.tcp.ext.TCPAbortFailed++;
}

/** The SYN-ACK of a request (net/ipv4/tcp_output.c: tcp_make_synack; tcp_ipv4.c: tcp_v4_send_synack). */
import { Flowi4 } from "../ip/flowi4.ts";
import { ip_build_and_send_pkt } from "../ip/output.ts";
import { IPPROTO_TCP } from "../ip/protocol.ts";
import { ip_route_output } from "../ip/route.ts";
import type { Rtable } from "../ip/rtable.ts";
import { skb_push, skb_reserve, skb_reset_transport_header } from "../skbuff.ts";
import { skb_csum_partial } from "../skbuff-checksum.ts";
import { optionsLength, tcp_options_write } from "./options.ts";
import type { TcpRequestSock } from "./request-sock.ts";
import { tcp_clock_ns } from "./timestamps.ts";
import { seqAdd } from "./seq.ts";
import {
  MAX_TCP_HEADER,
  TCPHDR_ACK,
  TCPHDR_SYN,
  TCP_CHECKSUM_OFFSET,
  TCP_HEADER_LENGTH,
  writeTcpHeader,
} from "./wire.ts";

const flow: Flowi4 = new Flowi4();
const NO_BLOCKS: readonly never[] = [];

/** inet_csk_route_req: the way back to the peer; undefined without one. */
export function inet_csk_route_req(req: TcpRequestSock): Rtable | undefined {
  const tp = req.listener;
  flow.set(req.inet_daddr, req.inet_rcv_saddr, req.sk_bound_dev_if, req.tos, IPPROTO_TCP);
  flow.sport = req.inet_num;
  flow.dport = req.inet_dport;
  flow.mark = tp.sk_mark;
  const rt = ip_route_output(tp.net, flow);
  if (typeof rt !== "number") return rt;
  return undefined;
}

/** Sends the SYN-ACK. False: no route, or the device refused it. */
export function tcp_v4_send_synack(req: TcpRequestSock): boolean {
  const rt = inet_csk_route_req(req);
  if (rt === undefined) return false;
  const tp = req.listener;
  const tcp = tp.tcp;
  const opts = tcp.txOptions;
  const rx_opt = req.rx_opt;
  opts.mss = mssToOffer(req, rt);
  opts.ws = rx_opt.wscale_ok ? rx_opt.rcv_wscale : -1;
  opts.sackPermitted = rx_opt.sack_ok;
  opts.timestamps = rx_opt.tstamp_ok;
  opts.tsval = tcp.tsClock(req.ts_off);
  opts.tsecr = rx_opt.ts_recent;
  opts.num_sack_blocks = 0;
  if (req.snt_synack === 0) req.snt_synack = Math.floor(tcp_clock_ns(tp.kernel) / 1000);

  const skb = tcp.net.skbPool.alloc(MAX_TCP_HEADER);
  skb_reserve(skb, MAX_TCP_HEADER);
  const th = tcp.txHeader;
  th.source = req.inet_num;
  th.dest = req.inet_dport;
  th.seq = req.snt_isn;
  th.ack_seq = seqAdd(req.rcv_isn, 1);
  th.flags = TCPHDR_SYN | TCPHDR_ACK;
  th.window = Math.min(req.rsk_rcv_wnd, 0xffff);
  th.urg_ptr = 0;
  th.headerLength = TCP_HEADER_LENGTH + optionsLength(opts);
  const at = skb_push(skb, th.headerLength);
  skb_reset_transport_header(skb);
  writeTcpHeader(skb.view, at, th);
  tcp_options_write(skb.view, at + TCP_HEADER_LENGTH, opts, undefined, NO_BLOCKS);
  skb_csum_partial(skb, req.inet_rcv_saddr, req.inet_daddr, IPPROTO_TCP, TCP_CHECKSUM_OFFSET);
  tcp.mib.OutSegs++;
  const err = ip_build_and_send_pkt(skb, tp, rt, req.inet_rcv_saddr, req.inet_daddr, req.tos);
  return err >= 0;
}

/** tcp_mss_clamp: the route's advmss, at most what TCP_MAXSEG says. */
export function mssToOffer(req: TcpRequestSock, rt: Rtable): number {
  const user = req.listener.rx_opt.user_mss;
  const mss = rt.advmss();
  return user !== 0 && user < mss ? user : mss;
}

/** Sends it again (inet_rtx_syn_ack). */
export function tcp_rtx_synack(req: TcpRequestSock): boolean {
  if (!tcp_v4_send_synack(req)) return false;
  req.num_retrans++;
  req.listener.tcp.mib.RetransSegs++;
  req.listener.tcp.ext.TCPSynRetrans++;
  return true;
}

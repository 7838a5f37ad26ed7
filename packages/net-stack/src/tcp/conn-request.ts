/** A SYN for a listener (RFC 9293, section 3.10.7.2, third; tcp_conn_request, tcp_openreq_init). */
import type { SkBuff } from "../skbuff.ts";
import { inet_csk_reqsk_queue_is_full, sk_acceptq_is_full } from "./listen.ts";
import { OLEN_TSTAMP_ALIGNED, TCP_MSS_DEFAULT, tcp_parse_options } from "./options.ts";
import { TcpRequestSock, inet_csk_reqsk_queue_hash_add } from "./request-sock.ts";
import { ipDestination, ipSource } from "./reset.ts";
import { seqNum } from "./seq.ts";
import { inet_csk_route_req, mssToOffer, tcp_v4_send_synack } from "./synack.ts";
import type { TcpSock } from "./tcp-sock.ts";
import type { TcpHeader } from "./wire.ts";
import { TCP_HEADER_LENGTH } from "./wire.ts";
import { tcp_full_space, tcp_select_initial_window } from "./window.ts";

/** Queues a request and answers with a SYN-ACK, or drops the SYN. Does not take the packet. */
export function tcp_conn_request(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  const tcp = tp.tcp;
  const tw_isn = tcp.tw_isn;
  tcp.tw_isn = 0;
  if (inet_csk_reqsk_queue_is_full(tp) && tw_isn === 0 && !standsInForCookie(tp)) {
    tcp.ext.ListenDrops++;
    return;
  }
  if (sk_acceptq_is_full(tp)) {
    tcp.ext.ListenOverflows++;
    tcp.ext.ListenDrops++;
    return;
  }
  const laddr = ipDestination(skb);
  const faddr = ipSource(skb);
  const req = new TcpRequestSock(tp, laddr, faddr, th.source, tp.sk_bound_dev_if);
  openRequest(req, skb, th);
  const rt = inet_csk_route_req(req);
  if (rt === undefined) {
    tcp.ext.ListenDrops++;
    return;
  }
  req.snt_isn =
    tw_isn === 0 ? tcp.secure_tcp_seq(laddr, faddr, th.dest, th.source) : seqNum(tw_isn);
  req.ts_off = tcp.secure_tcp_ts_off(laddr, faddr);
  openRequestWindow(req, mssToOffer(req, rt));
  inet_csk_reqsk_queue_hash_add(req);
  tcp_v4_send_synack(req);
}

/**
 * Linux answers a full SYN queue with a cookie (tcp_syncookies = 1) and remembers nothing. We remember
 * the request instead, up to tcp_max_syn_backlog of them; to the peer it looks the same.
 */
function standsInForCookie(tp: TcpSock): boolean {
  const sysctl = tp.tcp.sysctl;
  const requests = tp.accept_queue?.qlen ?? 0;
  if (sysctl.tcp_syncookies.value === 0 || requests >= sysctl.tcp_max_syn_backlog.value) {
    tp.tcp.ext.TCPReqQFullDrop++;
    return false;
  }
  tp.tcp.ext.TCPReqQFullDoCookies++;
  return true;
}

/** What the SYN offers and we accept. */
function openRequest(req: TcpRequestSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  const opt = req.rx_opt;
  opt.mss_clamp = TCP_MSS_DEFAULT;
  opt.user_mss = req.listener.rx_opt.user_mss;
  const at = skb.transport_header;
  tcp_parse_options(
    skb.view,
    at + TCP_HEADER_LENGTH,
    at + th.headerLength,
    th.flags,
    opt,
    req.listener.tcp.sysctl,
  );
  opt.ts_recent = opt.saw_tstamp ? opt.rcv_tsval : 0;
  req.rcv_isn = th.seq;
  req.mss = opt.mss_clamp;
  req.tos = req.listener.tos;
}

/** tcp_openreq_init_rwin: the window that the SYN-ACK offers. */
function openRequestWindow(req: TcpRequestSock, mss: number): void {
  const tp = req.listener;
  const full_space = tcp_full_space(tp);
  // A buffer that the user chose bounds the window, and with it the scale.
  const isBounded =
    tp.sk_userlocks_rcvbuf && (tp.window_clamp > full_space || tp.window_clamp === 0);
  const window = tcp_select_initial_window(
    tp,
    full_space,
    mss - (req.rx_opt.tstamp_ok ? OLEN_TSTAMP_ALIGNED : 0),
    isBounded ? full_space : tp.window_clamp,
    req.rx_opt.wscale_ok,
    0,
  );
  req.rsk_rcv_wnd = window.rcv_wnd;
  req.rsk_window_clamp = window.window_clamp;
  req.rx_opt.rcv_wscale = window.rcv_wscale;
}

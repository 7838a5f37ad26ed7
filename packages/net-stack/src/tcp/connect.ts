/** Our SYN (net/ipv4/tcp_output.c: tcp_connect, tcp_connect_init). */
import { skb_header_release } from "../skbuff.ts";
import { skb_queue_tail } from "../skbuff-queue.ts";
import { TCP_TIMEOUT_INIT_MS } from "./limits.ts";
import { tcp_dst, tcp_sync_mss } from "./mss.ts";
import { OLEN_TSTAMP_ALIGNED } from "./options.ts";
import { tcp_transmit_skb } from "./output.ts";
import { seqAdd, seqNum } from "./seq.ts";
import { ICSK_TIME_RETRANS } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_reset_xmit_timer } from "./timers.ts";
import { tcp_mstamp_refresh, tcp_time_stamp_ms } from "./timestamps.ts";
import { tcp_init_nondata_skb, tcp_stream_alloc_skb, tcp_write_queue_purge } from "./tx-queue.ts";
import { TCPHDR_SYN, TCP_HEADER_LENGTH } from "./wire.ts";
import { tcp_full_space, tcp_select_initial_window } from "./window.ts";

/** Sends the SYN and starts its timer. The sock is SYN_SENT, hashed, and has its route. */
export function tcp_connect(tp: TcpSock): void {
  tcp_mstamp_refresh(tp);
  tcp_connect_init(tp);
  const skb = tcp_stream_alloc_skb(tp, 0);
  tcp_init_nondata_skb(skb, tp.write_seq, TCPHDR_SYN);
  skb_header_release(skb);
  tp.write_seq = seqAdd(tp.write_seq, 1);
  tp.retrans_stamp = tcp_time_stamp_ms(tp);
  tp.sk_wmem_queued += skb.truesize;
  tp.tcp_rtx_queue.push(skb);
  tp.packets_out++;
  tcp_transmit_skb(tp, skb, true);
  if (skb.list === undefined) skb_queue_tail(tp.tsorted_sent_queue, skb);
  // The counter of snd.nxt moves whether or not the SYN left: the timer sends it again.
  tp.snd.nxt = tp.write_seq;
  tp.pushed_seq = tp.write_seq;
  tp.tcp.mib.ActiveOpens++;
  tcp_reset_xmit_timer(tp, ICSK_TIME_RETRANS, tp.icsk_rto, tp.tcp.rtoMax);
}

function tcp_connect_init(tp: TcpSock): void {
  const dst = tcp_dst(tp);
  const sysctl = tp.tcp.sysctl;
  tp.tcp_header_len = TCP_HEADER_LENGTH + (sysctl.timestamps ? OLEN_TSTAMP_ALIGNED : 0);
  if (tp.rx_opt.user_mss !== 0) tp.rx_opt.mss_clamp = tp.rx_opt.user_mss;
  tp.snd.max_window = 0;
  if (dst !== undefined) {
    tcp_sync_mss(tp, dst.mtu());
    if (tp.window_clamp === 0) tp.window_clamp = dst.metrics.window;
    tp.advmss = dst.advmss();
    if (tp.rx_opt.user_mss !== 0) tp.advmss = Math.min(tp.advmss, tp.rx_opt.user_mss);
  }
  tp.icsk_ack.rcv_mss = Math.min(tp.advmss, 536);
  // A buffer that the user chose bounds the window, and with it the scale.
  const full_space = tcp_full_space(tp);
  if (tp.sk_userlocks_rcvbuf && (tp.window_clamp > full_space || tp.window_clamp === 0)) {
    tp.window_clamp = full_space;
  }
  const tsLength = tp.rx_opt.ts_recent_stamp !== 0 ? tp.tcp_header_len - TCP_HEADER_LENGTH : 0;
  const window = tcp_select_initial_window(
    tp,
    full_space,
    tp.advmss - tsLength,
    tp.window_clamp,
    sysctl.windowScaling,
    dst?.metrics.initrwnd ?? 0,
  );
  tp.rcv.wnd = window.rcv_wnd;
  tp.window_clamp = window.window_clamp;
  tp.rx_opt.rcv_wscale = window.rcv_wscale;
  tp.rcv.ssthresh = tp.rcv.wnd;
  tp.sk_err = 0;
  tp.sock_done = false;
  tp.snd.wnd = 0;
  tp.snd.wl1 = seqNum(0);
  tcp_write_queue_purge(tp);
  tp.snd.una = tp.write_seq;
  tp.snd.sml = tp.write_seq;
  tp.snd.up = tp.write_seq;
  tp.snd.nxt = tp.write_seq;
  tp.rcv.nxt = seqNum(0);
  tp.rcv.wup = tp.rcv.nxt;
  tp.copied_seq = tp.rcv.nxt;
  tp.icsk_rto = tp.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS);
  tp.icsk_retransmits = 0;
  tp.total_rto = 0;
}

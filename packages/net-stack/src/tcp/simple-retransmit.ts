/** After the path's MTU fell: what was too large is lost, but not by congestion (tcp_simple_retransmit). */
import { TCP_CA_Loss, TCP_CA_Open } from "./congestion.ts";
import { tcp_set_ca_state } from "./cwnd.ts";
import { tcp_current_mss } from "./mss.ts";
import { tcp_xmit_retransmit_queue } from "./retransmit.ts";
import { tcp_mark_skb_lost } from "./scoreboard.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_mstamp_refresh } from "./timestamps.ts";

export function tcp_simple_retransmit(tp: TcpSock): void {
  const mss = tcp_current_mss(tp);
  const prior_lost = tp.lost_out;
  for (let i = 0; i < tp.tcp_rtx_queue.length; i++) {
    const skb = tp.tcp_rtx_queue.at(i);
    if (skb !== undefined && skb.length > mss) tcp_mark_skb_lost(tp, skb);
  }
  if (prior_lost === tp.lost_out) return;
  tcp_mstamp_refresh(tp);
  if (tp.icsk_ca_state !== TCP_CA_Loss) {
    tp.high_seq = tp.snd.nxt;
    tp.snd.ssthresh = tp.icsk_ca_state === TCP_CA_Open ? tp.snd.ssthresh : tp.snd.cwnd;
    tp.prior_ssthresh = 0;
    tp.has_undo_marker = false;
    tcp_set_ca_state(tp, TCP_CA_Loss);
  }
  tcp_xmit_retransmit_queue(tp);
}

/**
 * The sender's scoreboard (RFC 6675 in Linux's counters): each packet of the retransmit queue is
 * tagged S (sacked), R (retransmitted, and that copy is in flight) and L (lost); the counters below
 * are the number of tags, and packets_in_flight is what the RFC calls pipe.
 */
import type { SkBuff } from "../skbuff.ts";
import { before, seqNum } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import { TCPCB_EVER_RETRANS, TCPCB_LOST, TCPCB_SACKED_ACKED, TCPCB_SACKED_RETRANS } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_rtx_queue_head } from "./tx-queue.ts";

/** Packets that have left the network, or never got through it. */
export function tcp_left_out(tp: TcpSock): number {
  return tp.sacked_out + tp.lost_out;
}

export function tcp_packets_in_flight(tp: TcpSock): number {
  return tp.packets_out - tcp_left_out(tp) + tp.retrans_out;
}

export function tcp_is_sack(tp: TcpSock): boolean {
  return tp.rx_opt.sack_ok;
}

export function tcp_is_reno(tp: TcpSock): boolean {
  return !tp.rx_opt.sack_ok;
}

/** End of what is known to have arrived beyond snd.una. */
export function tcp_highest_sack_seq(tp: TcpSock): SeqNum {
  return tp.sacked_out === 0 ? tp.snd.una : tp.highest_sack_end;
}

/** Is something of the window retransmitted, so that an ACK may be one for the copy? */
export function tcp_any_retrans_done(tp: TcpSock): boolean {
  if (tp.retrans_out > 0) return true;
  const head = tcp_rtx_queue_head(tp);
  return head !== undefined && (head.sacked & TCPCB_EVER_RETRANS) !== 0;
}

/** The packet is taken to be lost; retransmission starts there at the latest. */
export function tcp_mark_skb_lost(tp: TcpSock, skb: SkBuff): void {
  const sacked = skb.sacked;
  if ((sacked & TCPCB_SACKED_ACKED) !== 0) return;
  if (!tp.has_retransmit_hint || before(skb.seq, tp.retransmit_hint)) {
    tp.retransmit_hint = seqNum(skb.seq);
    tp.has_retransmit_hint = true;
  }
  if ((sacked & TCPCB_LOST) !== 0) {
    if ((sacked & TCPCB_SACKED_RETRANS) !== 0) {
      // The retransmission is lost as well.
      skb.sacked &= ~TCPCB_SACKED_RETRANS;
      tp.retrans_out--;
      tp.tcp.ext.TCPLostRetransmit++;
      tp.lost++;
    }
    return;
  }
  tp.lost_out++;
  tp.lost++;
  skb.sacked |= TCPCB_LOST;
}

/** The next retransmission starts from the front again. */
export function tcp_clear_all_retrans_hints(tp: TcpSock): void {
  tp.has_retransmit_hint = false;
}

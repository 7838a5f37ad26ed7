/** Packets that wait to be sent or acknowledged (tcp_output.c: tcp_queue_skb, tcp_fragment …). */
import { copyBytes, kfree_skb, skb_put, skb_reserve } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_queue_after, skb_queue_tail, skb_unlink } from "../skbuff-queue.ts";
import { before, seqAdd } from "./seq.ts";
import { TCPCB_TAGBITS } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { MAX_TCP_HEADER, TCPHDR_FIN, TCPHDR_PSH } from "./wire.ts";

/** An empty packet with room for all headers and `size` octets of payload. */
export function tcp_stream_alloc_skb(tp: TcpSock, size: number): SkBuff {
  const skb = tp.net.skbPool.alloc(MAX_TCP_HEADER + size);
  skb_reserve(skb, MAX_TCP_HEADER);
  return skb;
}

/** A packet without payload for one flag (tcp_init_nondata_skb); SYN and FIN take a number. */
export function tcp_init_nondata_skb(skb: SkBuff, seq: number, flags: number): void {
  skb.seq = seq;
  skb.end_seq = (flags & 0x03) === 0 ? seq : seqAdd(seq, 1);
  skb.tcp_flags = flags;
  skb.sacked = 0;
}

export function tcp_send_head(tp: TcpSock): SkBuff | undefined {
  return tp.sk_write_queue.head;
}

export function tcp_rtx_queue_head(tp: TcpSock): SkBuff | undefined {
  return tp.tcp_rtx_queue.first;
}

/** Appends to what is to be sent and charges the send buffer. */
export function tcp_add_write_queue_tail(tp: TcpSock, skb: SkBuff): void {
  skb_queue_tail(tp.sk_write_queue, skb);
  tp.sk_wmem_queued += skb.truesize;
}

/** Frees a packet of ours and gives its memory back to the send buffer (tcp_wmem_free_skb). */
function tcp_wmem_free_skb(tp: TcpSock, skb: SkBuff): void {
  tp.sk_wmem_queued -= skb.truesize;
  kfree_skb(skb);
}

/** Takes a packet that is acknowledged out of the retransmit queue's front. */
export function tcp_rtx_queue_shift_and_free(tp: TcpSock): void {
  const skb = tp.tcp_rtx_queue.shift();
  if (skb === undefined) return;
  if (skb.list !== undefined) skb_unlink(skb, skb.list);
  tcp_wmem_free_skb(tp, skb);
}

/** Frees everything that was to be sent (tcp_write_queue_purge). */
export function tcp_write_queue_purge(tp: TcpSock): void {
  for (let skb = tp.sk_write_queue.head; skb !== undefined; skb = tp.sk_write_queue.head) {
    skb_unlink(skb, tp.sk_write_queue);
    tcp_wmem_free_skb(tp, skb);
  }
  while (tp.tcp_rtx_queue.length > 0) tcp_rtx_queue_shift_and_free(tp);
  tp.packets_out = 0;
  tp.retrans_out = 0;
  tp.sacked_out = 0;
  tp.lost_out = 0;
  tp.icsk_backoff = 0;
  tp.has_retransmit_hint = false;
}

/** End of the range that the peer's window allows (tcp_wnd_end). */
export function tcp_wnd_end(tp: TcpSock): number {
  return seqAdd(tp.snd.una, tp.snd.wnd);
}

/**
 * Cuts `skb` after `len` octets; the rest becomes a packet of its own right behind it, with a copy
 * of its payload: the first may be in flight, and its bytes stay as they are.
 * @param isSent The packet is in the retransmit queue.
 */
export function tcp_fragment(tp: TcpSock, isSent: boolean, skb: SkBuff, len: number): void {
  const nlen = skb.length - len;
  const buff = tcp_stream_alloc_skb(tp, nlen);
  const at = skb_put(buff, nlen);
  copyBytes(skb.bytes, skb.offset + len, buff.bytes, at, nlen);
  skb.length = len;
  buff.seq = seqAdd(skb.seq, len);
  buff.end_seq = skb.end_seq;
  skb.end_seq = buff.seq;
  buff.tcp_flags = skb.tcp_flags;
  skb.tcp_flags &= ~(TCPHDR_FIN | TCPHDR_PSH);
  buff.sacked = skb.sacked;
  buff.tstamp = skb.tstamp;
  buff.tx_delivered = skb.tx_delivered;
  buff.tx_delivered_mstamp = skb.tx_delivered_mstamp;
  buff.tx_first_tx_mstamp = skb.tx_first_tx_mstamp;
  tp.sk_wmem_queued += buff.truesize;
  if (!isSent) {
    skb_queue_after(tp.sk_write_queue, skb, buff);
    return;
  }
  const index = tp.tcp_rtx_queue.indexOf(skb.seq);
  tp.tcp_rtx_queue.insertAt(index + 1, buff);
  if (skb.list !== undefined) skb_queue_after(tp.tsorted_sent_queue, skb, buff);
  countFragment(tp, buff);
}

/** One packet became two: what is true of it is now true twice. */
function countFragment(tp: TcpSock, buff: SkBuff): void {
  tp.packets_out++;
  if ((buff.sacked & TCPCB_TAGBITS & 1) !== 0) tp.sacked_out++;
  if ((buff.sacked & TCPCB_TAGBITS & 2) !== 0) tp.retrans_out++;
  if ((buff.sacked & TCPCB_TAGBITS & 4) !== 0) tp.lost_out++;
}

/** Drops the first `len` octets of a packet, which are acknowledged (tcp_trim_head). */
export function tcp_trim_head(skb: SkBuff, len: number): void {
  skb.offset += len;
  skb.length -= len;
  skb.seq = seqAdd(skb.seq, len);
}

/** True when nothing behind `skb` waits to be sent for the first time. */
export function tcp_skb_is_last(tp: TcpSock, skb: SkBuff): boolean {
  return tp.sk_write_queue.tail === skb;
}

/** The urgent pointer is still ahead of what is acknowledged. */
export function tcp_urg_mode(tp: TcpSock): boolean {
  return tp.snd.una !== tp.snd.up && before(tp.snd.una, tp.snd.up);
}

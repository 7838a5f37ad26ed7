/** Data arrives (RFC 9293, section 3.10.7.4, seventh; net/ipv4/tcp_input.c: tcp_data_queue). */
import { kfree_skb } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_queue_tail } from "../skbuff-queue.ts";
import { skb_set_owner_r } from "../socket/sock-memory.ts";
import { tcp_enter_quickack_mode, tcp_incr_quickack, inet_csk_schedule_ack } from "./ack-send.ts";
import { tcp_fin } from "./fin.ts";
import { TCP_ATO_MIN_MS, TCP_MAX_QUICKACKS, TCP_MIN_MSS } from "./limits.ts";
import { TCP_MSS_DEFAULT } from "./options.ts";
import { tcp_grow_window, tcp_rcv_rtt_measure, tcp_try_rmem_schedule } from "./rcvbuf.ts";
import {
  tcp_dsack_extend,
  tcp_dsack_set,
  tcp_sack_new_ofo_skb,
  tcp_sack_remove,
} from "./sack-out.ts";
import { tcp_is_sack } from "./scoreboard.ts";
import { after, before, seqAdd, seqDiff, seqNum } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import { ICSK_ACK_NOW, ICSK_ACK_PUSHED, ICSK_ACK_PUSHED2 } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { TCPHDR_FIN, TCPHDR_PSH, TCPHDR_SYN, TCPHDR_URG, TCP_HEADER_LENGTH } from "./wire.ts";
import { tcp_receive_window, tcp_set_window_clamp, tcp_win_from_space } from "./window.ts";

/** Takes the packet: to the receive queue, to the out-of-order queue, or away. */
export function tcp_data_queue(tp: TcpSock, skb: SkBuff): void {
  if (skb.seq === skb.end_seq) {
    kfree_skb(skb);
    return;
  }
  tp.rx_opt.dsack = false;
  const window = tcp_receive_window(tp);
  if (skb.seq === tp.rcv.nxt) {
    if (window > 0 || isBareFin(skb)) {
      queueInOrder(tp, skb);
      return;
    }
    tp.tcp.ext.TCPZeroWindowDrop++;
  } else if (!after(skb.end_seq, tp.rcv.nxt)) {
    // A retransmission of what we have: our ACK was lost, or came late.
    tp.tcp.ext.DelayedACKLost++;
    tcp_dsack_set(tp, seqNum(skb.seq), seqNum(skb.end_seq));
  } else if (before(skb.seq, seqAdd(tp.rcv.nxt, window))) {
    if (!before(skb.seq, tp.rcv.nxt)) {
      tcp_data_queue_ofo(tp, skb);
      return;
    }
    // Old head, new tail.
    tcp_dsack_set(tp, seqNum(skb.seq), tp.rcv.nxt);
    if (window > 0) {
      queueInOrder(tp, skb);
      return;
    }
    tp.tcp.ext.TCPZeroWindowDrop++;
  }
  // Else it lies beyond the window, for instance a window probe with data.
  tcp_enter_quickack_mode(tp, TCP_MAX_QUICKACKS);
  inet_csk_schedule_ack(tp);
  kfree_skb(skb);
}

/** A FIN needs no buffer: it is taken although the window is closed. */
function isBareFin(skb: SkBuff): boolean {
  return skb.length === 0 && (skb.tcp_flags & TCPHDR_FIN) !== 0;
}

function queueInOrder(tp: TcpSock, skb: SkBuff): void {
  if (!tcp_try_rmem_schedule(tp, skb)) {
    tp.icsk_ack.pending |= ICSK_ACK_NOW;
    inet_csk_schedule_ack(tp);
    tp.sk_data_ready();
    if (tp.sk_receive_queue.qlen > 0 && skb.length > 0) {
      tp.tcp.ext.TCPRcvQDrop++;
      kfree_skb(skb);
      return;
    }
  }
  const hasFin = (skb.tcp_flags & TCPHDR_FIN) !== 0;
  tcp_queue_rcv(tp, skb);
  if (skb.length > 0) tcp_event_data_recv(tp, skb);
  if (hasFin) tcp_fin(tp);
  if (tp.out_of_order_queue.length > 0) {
    tcp_ofo_queue(tp);
    // RFC 5681, 4.2: acknowledge at once when the gap is filled.
    if (tp.out_of_order_queue.length === 0) tp.icsk_ack.pending |= ICSK_ACK_NOW;
  }
  if (tp.rx_opt.num_sacks > 0) tcp_sack_remove(tp);
  if (!tp.sock_dead) tcp_data_ready(tp);
}

/** Wakes the reader when it has as much as it waits for (SO_RCVLOWAT). */
function tcp_data_ready(tp: TcpSock): void {
  if (tcp_epollin_ready(tp, tp.sk_rcvlowat) || tp.sock_done) tp.sk_data_ready();
}

/** Is there as much to read as `target`, or as the buffer can hold? */
export function tcp_epollin_ready(tp: TcpSock, target: number): boolean {
  const avail = seqDiff(tp.rcv.nxt, tp.copied_seq);
  if (avail <= 0) return false;
  return (
    avail >= target ||
    tp.sk_rmem_alloc > tp.sk_rcvbuf ||
    tcp_receive_window(tp) <= tp.icsk_ack.rcv_mss
  );
}

function tcp_queue_rcv(tp: TcpSock, skb: SkBuff): void {
  tcp_rcv_nxt_update(tp, seqNum(skb.end_seq));
  skb_queue_tail(tp.sk_receive_queue, skb);
  skb_set_owner_r(skb, tp);
}

function tcp_rcv_nxt_update(tp: TcpSock, seq: SeqNum): void {
  tp.bytes_received += seqDiff(seq, tp.rcv.nxt);
  tp.rcv.nxt = seq;
}

/** Segments that were out of order and follow on now. */
function tcp_ofo_queue(tp: TcpSock): void {
  const queue = tp.out_of_order_queue;
  let dsack_high = tp.rcv.nxt;
  for (let skb = queue.first; skb !== undefined; skb = queue.first) {
    if (after(skb.seq, tp.rcv.nxt)) break;
    if (before(skb.seq, dsack_high)) {
      const dsack = dsack_high;
      if (before(skb.end_seq, dsack_high)) dsack_high = seqNum(skb.end_seq);
      tcp_dsack_extend(tp, seqNum(skb.seq), dsack);
    }
    queue.shift();
    if (!after(skb.end_seq, tp.rcv.nxt)) {
      kfree_skb(skb);
      continue;
    }
    tcp_rcv_nxt_update(tp, seqNum(skb.end_seq));
    skb_queue_tail(tp.sk_receive_queue, skb);
    if ((skb.tcp_flags & TCPHDR_FIN) !== 0) {
      // tcp_fin() throws the rest of the queue away.
      tcp_fin(tp);
      break;
    }
  }
}

/** Puts the packet in its place among those that wait for a gap to be filled. */
function tcp_data_queue_ofo(tp: TcpSock, skb: SkBuff): void {
  if (!tcp_try_rmem_schedule(tp, skb)) {
    tp.tcp.ext.TCPOFODrop++;
    tp.sk_data_ready();
    kfree_skb(skb);
    return;
  }
  tp.tcp.ext.TCPOFOQueue++;
  inet_csk_schedule_ack(tp);
  tp.rcv_ooopack++;
  const seq = seqNum(skb.seq);
  const end = seqNum(skb.end_seq);
  const isKept = insertOfo(tp, skb, seq, end);
  if (tcp_is_sack(tp)) tcp_sack_new_ofo_skb(tp, seq, end);
  if (!isKept) {
    kfree_skb(skb);
    return;
  }
  // Without SACK the window must stay as it is, or the ACK would be no duplicate.
  if (tcp_is_sack(tp)) tcp_grow_window(tp, skb);
  skb_set_owner_r(skb, tp);
}

/** False: everything in it was there already. */
function insertOfo(tp: TcpSock, skb: SkBuff, seq: SeqNum, end: SeqNum): boolean {
  const queue = tp.out_of_order_queue;
  let i = queue.indexOf(seq);
  const left = queue.at(i);
  if (left !== undefined && !before(seq, left.seq)) {
    if (!after(end, left.end_seq)) {
      tp.tcp.ext.TCPOFOMerge++;
      tcp_dsack_set(tp, seq, end);
      return false;
    }
    if (after(seq, left.seq)) {
      tcp_dsack_set(tp, seq, seqNum(left.end_seq));
      i++;
    }
  }
  // Remove what the new packet covers; a last one may stick out on the right.
  for (let right = queue.at(i); right !== undefined; right = queue.at(i)) {
    if (!after(end, right.seq)) break;
    if (before(end, right.end_seq)) {
      tcp_dsack_extend(tp, seqNum(right.seq), end);
      break;
    }
    queue.removeAt(i);
    tcp_dsack_extend(tp, seqNum(right.seq), seqNum(right.end_seq));
    tp.tcp.ext.TCPOFOMerge++;
    kfree_skb(right);
  }
  queue.insertAt(i, skb);
  return true;
}

/** In-order data: the delayed ACK engine learns the arrival rate (RFC 9293, 3.8.6.3). */
function tcp_event_data_recv(tp: TcpSock, skb: SkBuff): void {
  const ack = tp.icsk_ack;
  const now = tp.jiffies;
  const ato_min = tp.msecs_to_jiffies(TCP_ATO_MIN_MS);
  inet_csk_schedule_ack(tp);
  tcp_measure_rcv_mss(tp, skb);
  tcp_rcv_rtt_measure(tp);
  if (ack.ato === 0) {
    // The first data: acknowledge quickly, the sender is in slow start.
    tcp_incr_quickack(tp, TCP_MAX_QUICKACKS);
    ack.ato = ato_min;
  } else {
    const gap = now - ack.lrcvtime;
    if (gap <= ato_min >> 1) {
      ack.ato = (ack.ato >> 1) + (ato_min >> 1);
    } else if (gap < ack.ato) {
      ack.ato = Math.min((ack.ato >> 1) + gap, tp.icsk_rto);
    } else if (gap > tp.icsk_rto) {
      // So long a pause that the sender starts slowly again.
      tcp_incr_quickack(tp, TCP_MAX_QUICKACKS);
    }
  }
  ack.lrcvtime = now;
  if (skb.length >= 128) tcp_grow_window(tp, skb);
}

/** Guesses the peer's MSS from what arrives, and how much buffer its segments cost. */
function tcp_measure_rcv_mss(tp: TcpSock, skb: SkBuff): void {
  const ack = tp.icsk_ack;
  const lss = ack.last_seg_size;
  const length = skb.length;
  ack.last_seg_size = 0;
  if (length >= ack.rcv_mss) {
    if (length !== ack.rcv_mss) updateScalingRatio(tp, skb);
    ack.rcv_mss = Math.min(length, tp.advmss);
    // One whole segment with PSH: the end of a write, whose sender may wait for the ACK.
    if ((skb.tcp_flags & TCPHDR_PSH) !== 0 && length === ack.rcv_mss) {
      ack.pending |= ICSK_ACK_PUSHED;
    }
    return;
  }
  // With varying options the invariant is header and payload together.
  const segment = length + (skb.offset - skb.transport_header);
  const remnant = TCPHDR_FIN | TCPHDR_URG | TCPHDR_SYN | TCPHDR_PSH;
  if (
    segment >= TCP_MSS_DEFAULT + TCP_HEADER_LENGTH ||
    (segment >= TCP_MIN_MSS + TCP_HEADER_LENGTH && (skb.tcp_flags & remnant) === 0)
  ) {
    ack.last_seg_size = segment - tp.tcp_header_len;
    if (ack.last_seg_size === lss) {
      ack.rcv_mss = ack.last_seg_size;
      return;
    }
  }
  if ((ack.pending & ICSK_ACK_PUSHED) !== 0) ack.pending |= ICSK_ACK_PUSHED2;
  ack.pending |= ICSK_ACK_PUSHED;
}

function updateScalingRatio(tp: TcpSock, skb: SkBuff): void {
  const ratio = Math.min(Math.max(Math.floor((skb.length * 256) / skb.truesize), 1), 255);
  if (ratio === tp.scaling_ratio) return;
  tp.scaling_ratio = ratio;
  tcp_set_window_clamp(tp, tcp_win_from_space(tp, tp.sk_rcvbuf));
  if (tp.window_clamp < tp.rcvq_space.space) tp.rcvq_space.space = tp.window_clamp;
}

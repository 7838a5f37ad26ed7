/**
 * The receive buffer: how far the window may open, and how large the buffer should be (Dynamic
 * Right-Sizing; net/ipv4/tcp_input.c: tcp_grow_window, tcp_rcv_space_adjust, tcp_prune_queue).
 */
import { copyBytes, kfree_skb, skb_put } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_queue_before, skb_unlink } from "../skbuff-queue.ts";
import { skb_set_owner_r } from "../socket/sock-memory.ts";
import { after, before, seqAdd, seqDiff } from "./seq.ts";
import { vectorAt } from "./tcp-sysctls.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_mstamp_refresh, tcp_time_stamp_ms } from "./timestamps.ts";
import { TCPHDR_FIN } from "./wire.ts";
import {
  tcp_full_space,
  tcp_set_window_clamp,
  tcp_space,
  tcp_space_from_win,
  tcp_win_from_space,
} from "./window.ts";

/** Payload of a packet that tcp_collapse() fills. */
const COLLAPSED_SKB_OCTETS = 3500;

/** At the start of a connection: clamp, first threshold, first measurement. */
export function tcp_init_receive_space(tp: TcpSock): void {
  tcp_mstamp_refresh(tp);
  tp.rcvq_space.time = tp.tcp_mstamp;
  tp.rcvq_space.seq = tp.copied_seq;
  const maxwin = tcp_full_space(tp);
  const app_win = tp.tcp.sysctl.tcp_app_win.value;
  if (tp.window_clamp >= maxwin) {
    tp.window_clamp = maxwin;
    if (app_win !== 0 && maxwin > 4 * tp.advmss) {
      tp.window_clamp = Math.max(maxwin - (maxwin >> app_win), 4 * tp.advmss);
    }
  }
  // One segment of the buffer stays in reserve.
  if (app_win !== 0 && tp.window_clamp > 2 * tp.advmss && tp.window_clamp + tp.advmss > maxwin) {
    tp.window_clamp = Math.max(2 * tp.advmss, maxwin - tp.advmss);
  }
  tp.rcv.ssthresh = Math.min(tp.rcv.ssthresh, tp.window_clamp);
  tp.snd.cwnd_stamp = tp.jiffies;
  tp.rcvq_space.space = Math.min(tp.rcv.ssthresh, tp.rcv.wnd, 10 * tp.advmss);
}

/** Good segments arrive: let the window open further, as far as the buffer can back it. */
export function tcp_grow_window(tp: TcpSock, skb: SkBuff): void {
  const room = Math.min(tp.window_clamp, tcp_space(tp)) - tp.rcv.ssthresh;
  if (room <= 0) return;
  const fits = tcp_win_from_space(tp, skb.truesize) <= skb.length;
  let incr = fits ? 2 * tp.advmss : slowerGrowth(tp, skb);
  if (incr === 0) return;
  incr = Math.max(incr, 2 * skb.length);
  tp.rcv.ssthresh += Math.min(room, incr);
  tp.icsk_ack.quick |= 1;
}

/** Small segments cost more buffer than window: grow while even they would fit the largest buffer. */
function slowerGrowth(tp: TcpSock, skb: SkBuff): number {
  let truesize = tcp_win_from_space(tp, skb.truesize) >> 1;
  let window = tcp_win_from_space(tp, vectorAt(tp.tcp.sysctl.tcp_rmem, 2)) >> 1;
  while (tp.rcv.ssthresh <= window) {
    if (truesize <= skb.length) return 2 * tp.icsk_ack.rcv_mss;
    truesize >>= 1;
    window >>= 1;
  }
  return 0;
}

/** Takes in a receiver-side RTT sample; without timestamps the smallest one counts. */
function tcp_rcv_rtt_update(tp: TcpSock, sample_us: number, win_dep: boolean): void {
  const est = tp.rcv_rtt_est;
  const m = sample_us * 8;
  if (est.rtt_us === 0) est.rtt_us = m;
  else if (!win_dep) est.rtt_us += sample_us - Math.floor(est.rtt_us / 8);
  else if (m < est.rtt_us) est.rtt_us = m;
}

/** A window of data takes about a round trip to arrive. */
export function tcp_rcv_rtt_measure(tp: TcpSock): void {
  const est = tp.rcv_rtt_est;
  if (est.time !== 0) {
    if (before(tp.rcv.nxt, est.seq)) return;
    tcp_rcv_rtt_update(tp, Math.max(tp.tcp_mstamp - est.time, 1), true);
  }
  est.seq = seqAdd(tp.rcv.nxt, tp.rcv.wnd);
  est.time = tp.tcp_mstamp;
}

/** The echoed timestamp of a full segment gives it at once. */
export function tcp_rcv_rtt_measure_ts(tp: TcpSock, skb: SkBuff): void {
  if (!tp.rx_opt.saw_tstamp || tp.rx_opt.rcv_tsecr === 0) return;
  if (tp.rx_opt.rcv_tsecr === tp.rcv_rtt_last_tsecr) return;
  tp.rcv_rtt_last_tsecr = tp.rx_opt.rcv_tsecr;
  if (seqDiff(skb.end_seq, skb.seq) < tp.icsk_ack.rcv_mss) return;
  const delta_ms = (tcp_time_stamp_ms(tp) - tp.rx_opt.rcv_tsecr) | 0;
  if (delta_ms >= 0) tcp_rcv_rtt_update(tp, Math.max(delta_ms, 1) * 1000, false);
}

/** The program has read: once a round trip, make the buffer fit what it reads in one. */
export function tcp_rcv_space_adjust(tp: TcpSock): void {
  tcp_mstamp_refresh(tp);
  const space = tp.rcvq_space;
  const rtt_us = tp.rcv_rtt_est.rtt_us;
  if (rtt_us === 0 || tp.tcp_mstamp - space.time < rtt_us / 8) return;
  const copied = seqDiff(tp.copied_seq, space.seq);
  if (copied > space.space) {
    const sysctl = tp.tcp.sysctl;
    if (sysctl.tcp_moderate_rcvbuf.value !== 0 && !tp.sk_userlocks_rcvbuf) {
      // Twice what was read (the sender may double), and as much again as the rate has grown.
      let rcvwin = copied * 2 + 16 * tp.advmss;
      const grow = Math.floor((rcvwin * (copied - space.space)) / Math.max(space.space, 1));
      rcvwin += grow * 2;
      const rcvbuf = Math.min(tcp_space_from_win(tp, rcvwin), vectorAt(sysctl.tcp_rmem, 2));
      if (rcvbuf > tp.sk_rcvbuf) {
        tp.sk_rcvbuf = rcvbuf;
        tcp_set_window_clamp(tp, tcp_win_from_space(tp, rcvbuf));
      }
    }
    space.space = copied;
  }
  space.seq = tp.copied_seq;
  space.time = tp.tcp_mstamp;
}

/** Is there buffer for another packet? Makes room if it can. False: drop it. */
export function tcp_try_rmem_schedule(tp: TcpSock, skb: SkBuff): boolean {
  if (tp.sk_rmem_alloc <= tp.sk_rcvbuf) return true;
  return tcp_prune_queue(tp, skb);
}

function tcp_prune_queue(tp: TcpSock, in_skb: SkBuff): boolean {
  tp.tcp.ext.PruneCalled++;
  if (tp.sk_rmem_alloc >= tp.sk_rcvbuf) tcp_clamp_window(tp);
  tcp_collapse(tp);
  if (tp.sk_rmem_alloc <= tp.sk_rcvbuf) return true;
  tcp_prune_ofo_queue(tp, in_skb);
  if (tp.sk_rmem_alloc <= tp.sk_rcvbuf) return true;
  tp.tcp.ext.RcvPruned++;
  return false;
}

/** The peer's segments need more memory than we thought: grow, or close the window. */
function tcp_clamp_window(tp: TcpSock): void {
  tp.icsk_ack.quick = 0;
  const rmem2 = vectorAt(tp.tcp.sysctl.tcp_rmem, 2);
  if (tp.sk_rcvbuf < rmem2 && !tp.sk_userlocks_rcvbuf) {
    tp.sk_rcvbuf = Math.min(tp.sk_rmem_alloc, rmem2);
  }
  if (tp.sk_rmem_alloc > tp.sk_rcvbuf) {
    tp.rcv.ssthresh = Math.min(tp.window_clamp, 2 * tp.advmss);
  }
}

/** Copies runs of small packets in the receive queue into few large ones. */
function tcp_collapse(tp: TcpSock): void {
  let skb = tp.sk_receive_queue.head;
  while (skb !== undefined) {
    const next = skb.next;
    const isBloated =
      skb.truesize > 2 * skb.length && skb.length > 0 && skb.length <= COLLAPSED_SKB_OCTETS;
    if (!isBloated || next === undefined || (skb.tcp_flags & TCPHDR_FIN) !== 0) {
      skb = next;
      continue;
    }
    skb = collapseRun(tp, skb);
  }
}

/** Collapses from `first` on into one packet; returns the packet behind it. */
function collapseRun(tp: TcpSock, first: SkBuff): SkBuff | undefined {
  const big = tp.net.skbPool.alloc(COLLAPSED_SKB_OCTETS);
  big.seq = first.seq;
  big.end_seq = first.seq;
  skb_queue_before(tp.sk_receive_queue, first, big);
  let skb: SkBuff | undefined = first;
  while (skb !== undefined && (skb.tcp_flags & TCPHDR_FIN) === 0) {
    // Overlap with what came before is skipped.
    const skip = seqDiff(big.end_seq, skb.seq);
    const length = skb.length - skip;
    if (length > COLLAPSED_SKB_OCTETS - big.length) break;
    if (length > 0) {
      copyBytes(skb.bytes, skb.offset + skip, big.bytes, skb_put(big, length), length);
      big.end_seq = seqAdd(big.end_seq, length);
    }
    const next: SkBuff | undefined = skb.next;
    skb_unlink(skb, tp.sk_receive_queue);
    kfree_skb(skb);
    tp.tcp.ext.TCPRcvCollapsed++;
    skb = next;
  }
  skb_set_owner_r(big, tp);
  return skb;
}

/** Drops out-of-order data from the far end: it was never acknowledged, only sacked. */
function tcp_prune_ofo_queue(tp: TcpSock, in_skb: SkBuff): void {
  const queue = tp.out_of_order_queue;
  let pruned = false;
  for (let last = queue.last; last !== undefined; last = queue.last) {
    // What arrives now would be the first to go.
    if (after(in_skb.seq, last.seq)) break;
    queue.removeAt(queue.length - 1);
    kfree_skb(last);
    pruned = true;
    if (tp.sk_rmem_alloc <= tp.sk_rcvbuf) break;
  }
  if (!pruned) return;
  tp.tcp.ext.OfoPruned++;
  // The blocks may name what is gone now.
  if (tp.rx_opt.sack_ok) tp.rx_opt.num_sacks = 0;
}

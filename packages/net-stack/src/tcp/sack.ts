/** SACK blocks that arrive (RFC 2018, RFC 2883; net/ipv4/tcp_input.c: tcp_sacktag_write_queue). */
import type { SkBuff } from "../skbuff.ts";
import { skb_unlink } from "../skbuff-queue.ts";
import {
  FLAG_DATA_SACKED,
  FLAG_DSACKING_ACK,
  FLAG_DSACK_TLP,
  FLAG_ORIG_SACK_ACKED,
} from "./ack-flags.ts";
import { TCP_CA_Loss } from "./congestion.ts";
import { readSackBlock } from "./options.ts";
import { tcp_rack_advance } from "./rack.ts";
import type { RateSample } from "./rate.ts";
import { tcp_rate_skb_delivered } from "./rate.ts";
import { tcp_check_sack_reordering } from "./reordering.ts";
import { tcp_highest_sack_seq } from "./scoreboard.ts";
import { after, before, seqAdd, seqDiff, seqNum } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import {
  SackRange,
  TCPCB_LOST,
  TCPCB_RETRANS,
  TCPCB_SACKED_ACKED,
  TCPCB_SACKED_RETRANS,
} from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_skb_timestamp_us } from "./timestamps.ts";

/** What the blocks of one ACK told (struct tcp_sacktag_state); the receive path owns one. */
export class SackState {
  /** Lowest sequence number that was delivered out of order without retransmission. */
  reord: SeqNum = seqNum(0);
  /** Send times of the first and last newly sacked packet, µs; 0: none. */
  first_sackt = 0;
  last_sackt = 0;
  flag = 0;
  sack_delivered = 0;
  rate: RateSample;
  /** Blocks of the ACK that are worth a look, in sequence order. */
  readonly blocks: SackRange[] = [
    new SackRange(),
    new SackRange(),
    new SackRange(),
    new SackRange(),
  ];
  used = 0;
  private readonly wire: SackRange = new SackRange();
  private readonly second: SackRange = new SackRange();

  constructor(rate: RateSample) {
    this.rate = rate;
  }

  reset(): void {
    this.first_sackt = 0;
    this.last_sackt = 0;
    this.flag = 0;
    this.sack_delivered = 0;
    this.used = 0;
  }

  read(tp: TcpSock, view: DataView, index: number): SackRange {
    const into = index === 0 ? this.wire : this.second;
    readSackBlock(view, tp.rx_opt, index, into);
    return into;
  }
}

/**
 * Tags the packets that the ACK's blocks cover.
 * @returns The FLAG_* bits of what was found.
 */
export function tcp_sacktag_write_queue(
  tp: TcpSock,
  skb: SkBuff,
  prior_snd_una: SeqNum,
  state: SackState,
): number {
  state.flag = 0;
  state.reord = tp.snd.nxt;
  const foundDsack = tcp_check_dsack(tp, skb, prior_snd_una, state);
  // Too old: it may come from another life of the connection.
  if (before(skb.ack_seq, seqAdd(prior_snd_una, -tp.snd.max_window))) return 0;
  if (tp.packets_out === 0) return state.flag;
  const dupStart = foundDsack ? state.read(tp, skb.view, 0).start : seqNum(0);
  collectBlocks(tp, skb, prior_snd_una, foundDsack, state);
  for (let i = 0; i < state.used; i++) {
    const block = state.blocks[i];
    if (block === undefined) break;
    walkBlock(tp, block, foundDsack && block.start === dupStart, state);
  }
  if (tp.icsk_ca_state !== TCP_CA_Loss || tp.has_undo_marker) {
    tcp_check_sack_reordering(tp, state.reord, false);
  }
  return state.flag;
}

/** Keeps the valid blocks, sorted: an ACK has four at most. */
function collectBlocks(
  tp: TcpSock,
  skb: SkBuff,
  prior_snd_una: SeqNum,
  foundDsack: boolean,
  state: SackState,
): void {
  state.used = 0;
  const count = Math.min(tp.rx_opt.sack_count, state.blocks.length);
  for (let i = 0; i < count; i++) {
    const isDup = i === 0 && foundDsack;
    const wire = state.read(tp, skb.view, i);
    if (!tcp_is_sackblock_valid(tp, isDup, wire.start, wire.end)) {
      countInvalidBlock(tp, skb, isDup, wire);
      continue;
    }
    if (!after(wire.end, prior_snd_una)) continue;
    let at = state.used++;
    const free = state.blocks[at];
    if (free === undefined) return;
    free.start = wire.start;
    free.end = wire.end;
    for (; at > 0; at--) {
      const left = state.blocks[at - 1];
      if (left === undefined || !after(left.start, free.start)) break;
      state.blocks[at] = left;
      state.blocks[at - 1] = free;
    }
  }
}

function countInvalidBlock(tp: TcpSock, skb: SkBuff, isDup: boolean, block: SackRange): void {
  if (isDup) {
    if (tp.has_undo_marker) tp.tcp.ext.TCPDSACKIgnoredOld++;
    else tp.tcp.ext.TCPDSACKIgnoredNoUndo++;
    return;
  }
  // Reordered ACKs bring blocks that were good when they were sent.
  if (skb.ack_seq !== tp.snd.una && !after(block.end, tp.snd.una)) return;
  tp.tcp.ext.TCPSACKDiscard++;
}

/** RFC 2018 blocks lie in (snd.una, snd.nxt]; D-SACKs may lie below, down to the undo marker. */
function tcp_is_sackblock_valid(
  tp: TcpSock,
  isDsack: boolean,
  start: SeqNum,
  end: SeqNum,
): boolean {
  if (after(end, tp.snd.nxt) || !before(start, end)) return false;
  if (!before(start, tp.snd.nxt)) return false;
  if (after(start, tp.snd.una)) return true;
  if (!isDsack || !tp.has_undo_marker || after(end, tp.snd.una)) return false;
  if (!before(start, tp.undo_marker)) return true;
  if (!after(end, tp.undo_marker)) return false;
  return !before(start, seqAdd(end, -tp.snd.max_window));
}

/** Is the first block a report of a duplicate? (RFC 2883) */
function tcp_check_dsack(
  tp: TcpSock,
  skb: SkBuff,
  prior_snd_una: SeqNum,
  state: SackState,
): boolean {
  if (tp.rx_opt.sack_count === 0) return false;
  const first = state.read(tp, skb.view, 0);
  if (before(first.start, skb.ack_seq)) {
    tp.tcp.ext.TCPDSACKRecv++;
  } else if (tp.rx_opt.sack_count > 1) {
    const second = state.read(tp, skb.view, 1);
    if (after(first.end, second.end) || before(first.start, second.start)) return false;
    tp.tcp.ext.TCPDSACKOfoRecv++;
  } else {
    return false;
  }
  const dup_segs = tcp_dsack_seen(tp, first.start, first.end, state);
  if (dup_segs === 0) {
    tp.tcp.ext.TCPDSACKIgnoredDubious++;
    return false;
  }
  tp.tcp.ext.TCPDSACKRecvSegs += dup_segs;
  // It is about data that is acknowledged and forgotten here: count it against the undo.
  if (
    tp.has_undo_marker &&
    tp.undo_retrans > 0 &&
    !after(first.end, prior_snd_una) &&
    after(first.end, tp.undo_marker)
  ) {
    tp.undo_retrans = Math.max(0, tp.undo_retrans - dup_segs);
  }
  return true;
}

/** How many segments the report covers; 0 when it cannot be true. */
function tcp_dsack_seen(tp: TcpSock, start: SeqNum, end: SeqNum, state: SackState): number {
  const length = seqDiff(end, start);
  if (length <= 0 || length > tp.snd.max_window) return 0;
  let dup_segs = 1;
  if (length > tp.mss_cache) dup_segs = Math.ceil(length / tp.mss_cache);
  else if (tp.has_tlp && tp.tlp_high_seq === end) state.flag |= FLAG_DSACK_TLP;
  tp.dsack_dups += dup_segs;
  // More duplicates than we made: the network made them.
  if (tp.dsack_dups > tp.total_retrans) return 0;
  if (tp.reord_seen > 0 && (state.flag & FLAG_DSACK_TLP) === 0) tp.rack.dsack_seen = true;
  state.flag |= FLAG_DSACKING_ACK;
  state.sack_delivered += dup_segs;
  return dup_segs;
}

/**
 * Tags the packets inside one block. What the same block covered in an earlier ACK is skipped
 * (recv_sack_cache): a large hole is then not walked again for each ACK.
 */
function walkBlock(tp: TcpSock, block: SackRange, isDup: boolean, state: SackState): void {
  const queue = tp.tcp_rtx_queue;
  let i = queue.indexFrom(block.start);
  for (let skb = queue.at(i); skb !== undefined; skb = queue.at(i)) {
    if (!before(skb.seq, block.end)) break;
    const known = isDup ? undefined : knownBlock(tp, skb.seq, block);
    if (known !== undefined) {
      i = queue.indexFrom(known.end);
      continue;
    }
    // A packet counts only as a whole.
    if (!after(skb.end_seq, block.end)) sackPacket(tp, skb, isDup, state);
    i++;
  }
  if (!isDup) rememberBlock(tp, block);
}

function knownBlock(tp: TcpSock, seq: number, block: SackRange): SackRange | undefined {
  if (tp.sacked_out === 0) return undefined;
  for (const known of tp.recv_sack_cache) {
    const inside = !before(known.start, block.start) && !after(known.end, block.end);
    if (inside && !before(seq, known.start) && before(seq, known.end)) return known;
  }
  return undefined;
}

/** Replaces the blocks that this one includes, or the one unused for longest. */
function rememberBlock(tp: TcpSock, block: SackRange): void {
  const cache = tp.recv_sack_cache;
  let at = tp.recv_sack_cache_next;
  for (let i = 0; i < cache.length; i++) {
    const known = cache[i];
    if (known === undefined || before(known.start, block.start) || after(known.end, block.end)) {
      continue;
    }
    at = i;
    break;
  }
  const slot = cache[at];
  if (slot === undefined) return;
  slot.start = block.start;
  slot.end = block.end;
  if (at === tp.recv_sack_cache_next) {
    tp.recv_sack_cache_next = (tp.recv_sack_cache_next + 1) % cache.length;
  }
}

/** One packet is reported as arrived (tcp_sacktag_one). */
function sackPacket(tp: TcpSock, skb: SkBuff, isDup: boolean, state: SackState): void {
  const xmit_time = tcp_skb_timestamp_us(skb);
  tcp_rate_skb_delivered(tp, skb, state.rate);
  if (isDup && (skb.sacked & TCPCB_RETRANS) !== 0) {
    if (tp.has_undo_marker && tp.undo_retrans > 0 && after(skb.end_seq, tp.undo_marker)) {
      tp.undo_retrans--;
    }
    if ((skb.sacked & TCPCB_SACKED_ACKED) !== 0 && before(skb.seq, state.reord)) {
      state.reord = seqNum(skb.seq);
    }
  }
  if (!after(skb.end_seq, tp.snd.una)) return;
  if ((skb.sacked & TCPCB_SACKED_ACKED) === 0) markSacked(tp, skb, xmit_time, state);
  // Reported twice, so the retransmission is no longer in flight.
  if (isDup && (skb.sacked & TCPCB_SACKED_RETRANS) !== 0) {
    skb.sacked &= ~TCPCB_SACKED_RETRANS;
    tp.retrans_out--;
  }
}

function markSacked(tp: TcpSock, skb: SkBuff, xmit_time: number, state: SackState): void {
  const sacked = skb.sacked;
  tcp_rack_advance(tp, sacked, skb.end_seq, skb.tstamp);
  if ((sacked & TCPCB_SACKED_RETRANS) !== 0) {
    // Not marked lost: the retransmission is believed to be still on its way.
    if ((sacked & TCPCB_LOST) !== 0) {
      skb.sacked &= ~(TCPCB_LOST | TCPCB_SACKED_RETRANS);
      tp.lost_out--;
      tp.retrans_out--;
    }
  } else {
    if ((sacked & TCPCB_RETRANS) === 0) {
      // An original that fills a hole below what arrived before: reordering.
      if (before(skb.seq, tcp_highest_sack_seq(tp)) && before(skb.seq, state.reord)) {
        state.reord = seqNum(skb.seq);
      }
      if (!after(skb.end_seq, tp.high_seq)) state.flag |= FLAG_ORIG_SACK_ACKED;
      if (state.first_sackt === 0) state.first_sackt = xmit_time;
      state.last_sackt = xmit_time;
    }
    if ((sacked & TCPCB_LOST) !== 0) {
      skb.sacked &= ~TCPCB_LOST;
      tp.lost_out--;
    }
  }
  skb.sacked |= TCPCB_SACKED_ACKED;
  state.flag |= FLAG_DATA_SACKED;
  if (tp.sacked_out === 0 || after(skb.end_seq, tp.highest_sack_end)) {
    tp.highest_sack_end = seqNum(skb.end_seq);
  }
  tp.sacked_out++;
  state.sack_delivered++;
  tp.delivered++;
  tp.tcp.ext.TCPDelivered++;
  if (skb.list === tp.tsorted_sent_queue) skb_unlink(skb, tp.tsorted_sent_queue);
}

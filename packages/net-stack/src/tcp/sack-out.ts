/** The SACK blocks that we send: most recent first (RFC 2018, section 4; RFC 2883). */
import { tcp_compressed_ack_kick } from "./ack-send.ts";
import { TCP_NUM_SACKS } from "./options.ts";
import { tcp_is_sack } from "./scoreboard.ts";
import { after, before } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import type { SackRange } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";

/** With so many blocks changing place, an ACK must not be held back longer. */
const TCP_SACK_BLOCKS_EXPECTED = 2;

/** Joins [seq, end) to the block when they touch. */
function tcp_sack_extend(sp: SackRange, seq: SeqNum, end: SeqNum): boolean {
  if (after(seq, sp.end) || after(sp.start, end)) return false;
  if (before(seq, sp.start)) sp.start = seq;
  if (after(end, sp.end)) sp.end = end;
  return true;
}

/** The next ACK reports [seq, end) as received twice. */
export function tcp_dsack_set(tp: TcpSock, seq: SeqNum, end: SeqNum): void {
  if (!tcp_is_sack(tp) || tp.tcp.sysctl.tcp_dsack.value === 0) return;
  if (before(seq, tp.rcv.nxt)) tp.tcp.ext.TCPDSACKOldSent++;
  else tp.tcp.ext.TCPDSACKOfoSent++;
  tp.rx_opt.dsack = true;
  tp.duplicate_sack.start = seq;
  tp.duplicate_sack.end = end;
}

export function tcp_dsack_extend(tp: TcpSock, seq: SeqNum, end: SeqNum): void {
  if (tp.rx_opt.dsack) tcp_sack_extend(tp.duplicate_sack, seq, end);
  else tcp_dsack_set(tp, seq, end);
}

/** Data [seq, end) arrived out of order: its block becomes the first. */
export function tcp_sack_new_ofo_skb(tp: TcpSock, seq: SeqNum, end: SeqNum): void {
  const blocks = tp.selective_acks;
  const rx_opt = tp.rx_opt;
  for (let i = 0; i < rx_opt.num_sacks; i++) {
    const block = blocks[i];
    if (block === undefined || !tcp_sack_extend(block, seq, end)) continue;
    if (i >= TCP_SACK_BLOCKS_EXPECTED) tcp_compressed_ack_kick(tp);
    moveToFront(blocks, i);
    if (rx_opt.num_sacks > 1) tcp_sack_maybe_coalesce(tp);
    return;
  }
  if (rx_opt.num_sacks >= TCP_SACK_BLOCKS_EXPECTED) tcp_compressed_ack_kick(tp);
  // A new block; when there are four already, the oldest is forgotten.
  const last = Math.min(rx_opt.num_sacks, TCP_NUM_SACKS - 1);
  moveToFront(blocks, last);
  const first = blocks[0];
  if (first === undefined) return;
  first.start = seq;
  first.end = end;
  rx_opt.num_sacks = last + 1;
}

/** Block `index` goes to the front, those before it one back. Values move, objects stay. */
function moveToFront(blocks: readonly SackRange[], index: number): void {
  for (let i = index; i > 0; i--) swapBlocks(blocks, i, i - 1);
}

function swapBlocks(blocks: readonly SackRange[], i: number, j: number): void {
  const a = blocks[i];
  const b = blocks[j];
  if (a === undefined || b === undefined) return;
  const { start, end } = a;
  a.start = b.start;
  a.end = b.end;
  b.start = start;
  b.end = end;
}

/** The first block has grown: swallow those that it touches now. */
function tcp_sack_maybe_coalesce(tp: TcpSock): void {
  const blocks = tp.selective_acks;
  const first = blocks[0];
  if (first === undefined) return;
  for (let i = 1; i < tp.rx_opt.num_sacks; ) {
    const block = blocks[i];
    if (block !== undefined && tcp_sack_extend(first, block.start, block.end)) removeBlock(tp, i);
    else i++;
  }
}

function removeBlock(tp: TcpSock, index: number): void {
  tp.rx_opt.num_sacks--;
  for (let i = index; i < tp.rx_opt.num_sacks; i++) swapBlocks(tp.selective_acks, i, i + 1);
}

/** rcv.nxt moved: drop the blocks that it has reached. */
export function tcp_sack_remove(tp: TcpSock): void {
  if (tp.out_of_order_queue.length === 0) {
    tp.rx_opt.num_sacks = 0;
    return;
  }
  for (let i = 0; i < tp.rx_opt.num_sacks; ) {
    const block = tp.selective_acks[i];
    if (block !== undefined && !before(tp.rcv.nxt, block.start)) removeBlock(tp, i);
    else i++;
  }
}

import type { SeqNum } from "./seq.ts";
import { seqNum } from "./seq.ts";
import { TCPHDR_SYN } from "./wire.ts";

/** TCP options: RFC 9293 section 3.2, RFC 7323 (timestamps, window scale), RFC 2018 (SACK). */
const OPT_EOL = 0;
const OPT_NOP = 1;
const OPT_MSS = 2;
const OPT_WINDOW = 3;
const OPT_SACK_PERM = 4;
const OPT_SACK = 5;
const OPT_TIMESTAMP = 8;

const OLEN_MSS = 4;
const OLEN_WINDOW = 3;
const OLEN_SACK_PERM = 2;
const OLEN_TIMESTAMP = 10;
const OLEN_SACK_BASE = 2;
const OLEN_SACK_PERBLOCK = 8;

/** What an aligned option costs in the header, with its NOPs. */
export const OLEN_TSTAMP_ALIGNED = 12;
const OLEN_MSS_ALIGNED = 4;
const OLEN_WSCALE_ALIGNED = 4;
const OLEN_SACKPERM_ALIGNED = 4;
export const OLEN_SACK_BASE_ALIGNED = 4;
export const OLEN_SACK_BLOCK = 8;

/** Largest shift RFC 7323, section 2.3 permits. */
export const TCP_MAX_WSCALE = 14;
/** MSS that a peer without the option is taken to have (RFC 9293, section 3.7.1). */
export const TCP_MSS_DEFAULT = 536;
export const TCP_NUM_SACKS = 4;

/**
 * Options of one segment and what a connection remembers of them (struct tcp_options_received).
 * `saw_tstamp … sack_count` describe the segment parsed last; the rest belongs to the connection.
 */
export class TcpOptionsReceived {
  saw_tstamp = false;
  rcv_tsval = 0;
  rcv_tsecr = 0;
  /** Where the first SACK block of the segment starts in the frame, and how many there are. */
  sack_offset = 0;
  sack_count = 0;

  tstamp_ok = false;
  sack_ok = false;
  wscale_ok = false;
  snd_wscale = 0;
  rcv_wscale = 0;
  /** Peer's MSS, 0 before it was seen. */
  mss_clamp = 0;
  /** TCP_MAXSEG of our user, 0 when unset. */
  user_mss = 0;
  /** TS.Recent of RFC 7323 and the second in which it was stored. */
  ts_recent = 0;
  ts_recent_stamp = 0;
  /** Blocks in our own next SACK option, without the D-SACK. */
  num_sacks = 0;
  /** The next SACK option begins with a duplicate report (RFC 2883). */
  dsack = false;

  clear(): void {
    this.saw_tstamp = false;
    this.sack_count = 0;
    this.tstamp_ok = false;
    this.sack_ok = false;
    this.wscale_ok = false;
    this.snd_wscale = 0;
  }
}

/** Which of the negotiable options this host is willing to use (net.ipv4.tcp_*). */
export interface NegotiableOptions {
  readonly timestamps: boolean;
  readonly windowScaling: boolean;
  readonly sack: boolean;
}

/**
 * Parses the options between `start` and `end` into `opt_rx`, as tcp_parse_options() does: unknown
 * ones are stepped over, a truncated list ends the parse, negotiable ones count only on a SYN.
 * @param willing Undefined on an established connection, where `opt_rx` says what was agreed.
 */
export function tcp_parse_options(
  view: DataView,
  start: number,
  end: number,
  flags: number,
  opt_rx: TcpOptionsReceived,
  willing: NegotiableOptions | undefined,
): void {
  opt_rx.saw_tstamp = false;
  opt_rx.sack_count = 0;
  let at = start;
  while (at < end) {
    const opcode = view.getUint8(at);
    if (opcode === OPT_EOL) return;
    if (opcode === OPT_NOP) {
      at++;
      continue;
    }
    if (at + 1 >= end) return;
    const size = view.getUint8(at + 1);
    if (size < 2 || at + size > end) return;
    parseOption(view, at, opcode, size, flags, opt_rx, willing);
    at += size;
  }
}

function parseOption(
  view: DataView,
  at: number,
  opcode: number,
  size: number,
  flags: number,
  opt_rx: TcpOptionsReceived,
  willing: NegotiableOptions | undefined,
): void {
  const negotiates = willing !== undefined && (flags & TCPHDR_SYN) !== 0;
  switch (opcode) {
    case OPT_MSS:
      if (size === OLEN_MSS && negotiates) {
        const mss = view.getUint16(at + 2);
        if (mss === 0) return;
        opt_rx.mss_clamp = opt_rx.user_mss !== 0 && opt_rx.user_mss < mss ? opt_rx.user_mss : mss;
      }
      return;
    case OPT_WINDOW:
      if (size === OLEN_WINDOW && negotiates && willing.windowScaling) {
        opt_rx.wscale_ok = true;
        opt_rx.snd_wscale = Math.min(view.getUint8(at + 2), TCP_MAX_WSCALE);
      }
      return;
    case OPT_SACK_PERM:
      if (size === OLEN_SACK_PERM && negotiates && willing.sack) opt_rx.sack_ok = true;
      return;
    case OPT_SACK:
      if (
        size >= OLEN_SACK_BASE + OLEN_SACK_PERBLOCK &&
        (size - OLEN_SACK_BASE) % OLEN_SACK_PERBLOCK === 0 &&
        opt_rx.sack_ok
      ) {
        opt_rx.sack_offset = at + OLEN_SACK_BASE;
        opt_rx.sack_count = (size - OLEN_SACK_BASE) / OLEN_SACK_PERBLOCK;
      }
      return;
    case OPT_TIMESTAMP:
      if (
        size === OLEN_TIMESTAMP &&
        (willing === undefined ? opt_rx.tstamp_ok : willing.timestamps)
      ) {
        opt_rx.saw_tstamp = true;
        opt_rx.rcv_tsval = view.getInt32(at + 2);
        opt_rx.rcv_tsecr = view.getInt32(at + 6);
        if (negotiates) opt_rx.tstamp_ok = true;
      }
  }
}

/** The D-SACK block and the out-of-order blocks that a segment is to carry. */
export interface SackBlock {
  start: SeqNum;
  end: SeqNum;
}

/** Options of one segment to send (struct tcp_out_options); reused, refilled for each segment. */
export interface TcpOptionsOut {
  /** 0: no MSS option. */
  mss: number;
  /** -1: no window scale option. */
  ws: number;
  sackPermitted: boolean;
  timestamps: boolean;
  tsval: number;
  tsecr: number;
  /** Number of blocks, the D-SACK included. */
  num_sack_blocks: number;
}

export function emptyTcpOptionsOut(): TcpOptionsOut {
  return {
    mss: 0,
    ws: -1,
    sackPermitted: false,
    timestamps: false,
    tsval: 0,
    tsecr: 0,
    num_sack_blocks: 0,
  };
}

/** Octets that tcp_options_write() will write for `opts`; a multiple of 4. */
export function optionsLength(opts: Readonly<TcpOptionsOut>): number {
  let length = 0;
  if (opts.mss !== 0) length += OLEN_MSS_ALIGNED;
  if (opts.timestamps) length += OLEN_TSTAMP_ALIGNED;
  if (opts.sackPermitted && !opts.timestamps) length += OLEN_SACKPERM_ALIGNED;
  if (opts.ws >= 0) length += OLEN_WSCALE_ALIGNED;
  if (opts.num_sack_blocks > 0) {
    length += OLEN_SACK_BASE_ALIGNED + opts.num_sack_blocks * OLEN_SACK_BLOCK;
  }
  return length;
}

/** Writes the options in Linux's order (tcp_options_write), which fingerprinting tools know. */
export function tcp_options_write(
  view: DataView,
  offset: number,
  opts: Readonly<TcpOptionsOut>,
  dsack: Readonly<SackBlock> | undefined,
  selective: readonly Readonly<SackBlock>[],
): void {
  let at = offset;
  if (opts.mss !== 0) {
    view.setUint8(at, OPT_MSS);
    view.setUint8(at + 1, OLEN_MSS);
    view.setUint16(at + 2, opts.mss);
    at += OLEN_MSS_ALIGNED;
  }
  if (opts.timestamps) {
    // SACK-permitted takes the place of the two NOPs that would align the timestamps.
    view.setUint8(at, opts.sackPermitted ? OPT_SACK_PERM : OPT_NOP);
    view.setUint8(at + 1, opts.sackPermitted ? OLEN_SACK_PERM : OPT_NOP);
    view.setUint8(at + 2, OPT_TIMESTAMP);
    view.setUint8(at + 3, OLEN_TIMESTAMP);
    view.setInt32(at + 4, opts.tsval);
    view.setInt32(at + 8, opts.tsecr);
    at += OLEN_TSTAMP_ALIGNED;
  } else if (opts.sackPermitted) {
    view.setUint16(at, (OPT_NOP << 8) | OPT_NOP);
    view.setUint8(at + 2, OPT_SACK_PERM);
    view.setUint8(at + 3, OLEN_SACK_PERM);
    at += OLEN_SACKPERM_ALIGNED;
  }
  if (opts.ws >= 0) {
    view.setUint8(at, OPT_NOP);
    view.setUint8(at + 1, OPT_WINDOW);
    view.setUint8(at + 2, OLEN_WINDOW);
    view.setUint8(at + 3, opts.ws);
    at += OLEN_WSCALE_ALIGNED;
  }
  if (opts.num_sack_blocks > 0) writeSack(view, at, opts.num_sack_blocks, dsack, selective);
}

function writeSack(
  view: DataView,
  offset: number,
  blocks: number,
  dsack: Readonly<SackBlock> | undefined,
  selective: readonly Readonly<SackBlock>[],
): void {
  view.setUint16(offset, (OPT_NOP << 8) | OPT_NOP);
  view.setUint8(offset + 2, OPT_SACK);
  view.setUint8(offset + 3, OLEN_SACK_BASE + blocks * OLEN_SACK_PERBLOCK);
  let at = offset + OLEN_SACK_BASE_ALIGNED;
  const first = dsack === undefined ? 0 : 1;
  for (let i = 0; i < blocks; i++) {
    const block = i < first ? dsack : selective[i - first];
    if (block === undefined) return;
    view.setInt32(at, block.start);
    view.setInt32(at + 4, block.end);
    at += OLEN_SACK_BLOCK;
  }
}

/** Reads SACK block `index` of the segment parsed last. */
export function readSackBlock(
  view: DataView,
  opt_rx: Readonly<TcpOptionsReceived>,
  index: number,
  into: SackBlock,
): void {
  const at = opt_rx.sack_offset + index * OLEN_SACK_BLOCK;
  into.start = seqNum(view.getInt32(at));
  into.end = seqNum(view.getInt32(at + 4));
}

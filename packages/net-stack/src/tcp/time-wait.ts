/** TIME_WAIT (and an orphan's FIN_WAIT2) as small objects (net/ipv4/tcp_minisocks.c). */
import { TimerList } from "@dcejs/lkl-kernel";
import type { SkBuff } from "../skbuff.ts";
import type { BindBucket, EhashNode, PortOwner } from "./hashtables.ts";
import { leaveBucket } from "./hashtables.ts";
import { TCP_TIMEWAIT_LEN_MS } from "./limits.ts";
import { tcp_parse_options } from "./options.ts";
import { after, before, seqAdd, seqNum } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import { tcp_done } from "./state-change.ts";
import { TCP_FIN_WAIT2, TCP_TIME_WAIT } from "./states.ts";
import type { TcpNet } from "./tcp-net.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { ktime_get_seconds, tcp_clock_ns, tcp_paws_reject } from "./timestamps.ts";
import type { TcpHeader } from "./wire.ts";
import { TCPHDR_ACK, TCPHDR_FIN, TCPHDR_RST, TCPHDR_SYN, TCP_HEADER_LENGTH } from "./wire.ts";
import { tcp_receive_window } from "./window.ts";

/** struct tcp_timewait_sock. */
export class TcpTimewaitSock implements EhashNode, PortOwner {
  readonly sk_state: number = TCP_TIME_WAIT;
  readonly tcp: TcpNet;
  readonly inet_rcv_saddr: number;
  readonly inet_num: number;
  readonly inet_daddr: number;
  readonly inet_dport: number;
  readonly sk_bound_dev_if: number;
  readonly sk_reuse: boolean;
  readonly sk_reuseport: boolean;
  readonly sk_uid: number;
  sk_hash = 0;
  ehash_next: EhashNode | undefined = undefined;
  is_hashed = false;
  /** TCP_FIN_WAIT2 until the peer's FIN comes. */
  tw_substate: number;
  readonly tw_tos: number;
  readonly tw_snd_nxt: SeqNum;
  tw_rcv_nxt: SeqNum;
  readonly tw_rcv_wnd: number;
  readonly tw_rcv_wscale: number;
  readonly tw_ts_offset: number;
  tw_ts_recent: number;
  tw_ts_recent_stamp: number;
  tw_last_oow_ack_time = 0;
  readonly tw_bind_hash: BindBucket | undefined;
  readonly tw_timer: TimerList;

  constructor(tp: TcpSock, substate: number) {
    this.tcp = tp.tcp;
    this.inet_rcv_saddr = tp.inet_rcv_saddr;
    this.inet_num = tp.inet_num;
    this.inet_daddr = tp.inet_daddr;
    this.inet_dport = tp.inet_dport;
    this.sk_bound_dev_if = tp.sk_bound_dev_if;
    this.sk_reuse = tp.sk_reuse;
    this.sk_reuseport = tp.sk_reuseport;
    this.sk_uid = tp.sk_uid;
    this.tw_substate = substate;
    this.tw_tos = tp.tos;
    this.tw_snd_nxt = tp.snd.nxt;
    this.tw_rcv_nxt = tp.rcv.nxt;
    this.tw_rcv_wnd = tcp_receive_window(tp);
    this.tw_rcv_wscale = tp.rx_opt.rcv_wscale;
    this.tw_ts_offset = tp.tsoffset;
    this.tw_ts_recent = tp.rx_opt.ts_recent;
    this.tw_ts_recent_stamp = tp.rx_opt.ts_recent_stamp;
    this.tw_bind_hash = tp.icsk_bind_hash;
    this.tw_timer = new TimerList(() => inet_twsk_kill(this));
  }
}

/** Ends the entry: by its timer, or because a new connection takes its place. */
export function inet_twsk_kill(tw: TcpTimewaitSock): void {
  if (!tw.is_hashed) return;
  const tcp = tw.tcp;
  tcp.kernel.del_timer(tw.tw_timer);
  tcp.hashinfo.remove(tw);
  if (tw.tw_bind_hash !== undefined) leaveBucket(tcp, tw.tw_bind_hash, tw);
  tcp.twCount--;
}

function inet_twsk_reschedule(tw: TcpTimewaitSock, timeo: number): void {
  tw.tcp.kernel.mod_timer(tw.tw_timer, tw.tcp.kernel.jiffies + timeo);
}

function timewaitLength(tcp: TcpNet): number {
  return tcp.kernel.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS);
}

/**
 * Replaces the connection by a TIME_WAIT entry, and ends it.
 * @param substate TCP_TIME_WAIT, or TCP_FIN_WAIT2 for an orphan that waits for a FIN.
 * @param timeo Jiffies for FIN_WAIT2; TIME_WAIT always lasts 60 s.
 */
export function tcp_time_wait(tp: TcpSock, substate: number, timeo: number): void {
  const tcp = tp.tcp;
  if (tcp.twCount < tcp.sysctl.tcp_max_tw_buckets.value) {
    const tw = new TcpTimewaitSock(tp, substate);
    const rto = tp.icsk_rto * 4 - (tp.icsk_rto >> 1);
    const length = substate === TCP_TIME_WAIT ? timewaitLength(tcp) : Math.max(timeo, rto);
    tcp.hashinfo.remove(tp);
    tcp.hashinfo.insert(tw);
    tw.tw_bind_hash?.owners.add(tw);
    tcp.twCount++;
    inet_twsk_reschedule(tw, length);
    if (substate === TCP_TIME_WAIT) tcp.ext.TW++;
  } else {
    tcp.ext.TCPTimeWaitOverflow++;
  }
  tcp_done(tp);
}

/** What to do with a segment for a TIME_WAIT entry (enum tcp_tw_status). */
const TCP_TW_SUCCESS = 0;
export const TCP_TW_RST = 1;
export const TCP_TW_ACK = 2;
export const TCP_TW_SYN = 3;

/** seq/end_seq touch [s_win, e_win). */
export function tcp_in_window(seq: number, end_seq: number, s_win: SeqNum, e_win: SeqNum): boolean {
  if (seq === s_win) return true;
  if (after(end_seq, s_win) && before(seq, e_win)) return true;
  return seq === e_win && seq === end_seq;
}

/** RFC 9293, section 3.10.7.4 in TIME-WAIT, RFC 1337, RFC 6191. */
export function tcp_timewait_state_process(
  tw: TcpTimewaitSock,
  skb: SkBuff,
  th: Readonly<TcpHeader>,
): number {
  const tcp = tw.tcp;
  const opt = tcp.scratchOptions;
  const now = ktime_get_seconds(tcp_clock_ns(tcp.kernel));
  opt.saw_tstamp = false;
  let paws_reject = false;
  if (th.headerLength > TCP_HEADER_LENGTH && tw.tw_ts_recent_stamp !== 0) {
    const at = skb.transport_header;
    opt.tstamp_ok = true;
    tcp_parse_options(skb.view, at + 20, at + th.headerLength, th.flags, opt, undefined);
    if (opt.saw_tstamp) {
      opt.ts_recent = tw.tw_ts_recent;
      opt.ts_recent_stamp = tw.tw_ts_recent_stamp;
      paws_reject = tcp_paws_reject(opt, (th.flags & TCPHDR_RST) !== 0, now);
    }
  }
  if (tw.tw_substate === TCP_FIN_WAIT2) return inFinWait2(tw, skb, th, paws_reject, now);

  const isRst = (th.flags & TCPHDR_RST) !== 0;
  const isAck = (th.flags & TCPHDR_ACK) !== 0;
  if (!paws_reject && skb.seq === tw.tw_rcv_nxt && (skb.seq === skb.end_seq || isRst)) {
    if (isRst) {
      // TIME_WAIT assassination: Linux lets it happen unless tcp_rfc1337 is set.
      if (tcp.sysctl.tcp_rfc1337.value === 0) inet_twsk_kill(tw);
    } else {
      inet_twsk_reschedule(tw, timewaitLength(tcp));
    }
    rememberTimestamp(tw, opt.saw_tstamp ? opt.rcv_tsval : undefined, now);
    return TCP_TW_SUCCESS;
  }
  const isNewSyn = (th.flags & (TCPHDR_SYN | TCPHDR_RST | TCPHDR_ACK)) === TCPHDR_SYN;
  const isLater =
    after(skb.seq, tw.tw_rcv_nxt) || (opt.saw_tstamp && before(tw.tw_ts_recent, opt.rcv_tsval));
  if (isNewSyn && !paws_reject && isLater) {
    // The new connection starts above everything that this one sent.
    tcp.tw_isn = seqAdd(tw.tw_snd_nxt, 65535 + 2);
    return TCP_TW_SYN;
  }
  if (paws_reject) tcp.ext.PAWSEstab++;
  if (isRst) return TCP_TW_SUCCESS;
  if (paws_reject || isAck) inet_twsk_reschedule(tw, timewaitLength(tcp));
  if (isRateLimited(tw)) {
    tcp.ext.TCPACKSkippedTimeWait++;
    return TCP_TW_SUCCESS;
  }
  return TCP_TW_ACK;
}

function inFinWait2(
  tw: TcpTimewaitSock,
  skb: SkBuff,
  th: Readonly<TcpHeader>,
  paws_reject: boolean,
  now: number,
): number {
  const tcp = tw.tcp;
  const end = seqAdd(tw.tw_rcv_nxt, tw.tw_rcv_wnd);
  if (paws_reject || !tcp_in_window(skb.seq, skb.end_seq, tw.tw_rcv_nxt, end)) {
    if (!isRateLimited(tw)) return TCP_TW_ACK;
    tcp.ext.TCPACKSkippedFinWait2++;
    return TCP_TW_SUCCESS;
  }
  if ((th.flags & TCPHDR_RST) !== 0) {
    inet_twsk_kill(tw);
    return TCP_TW_SUCCESS;
  }
  if ((th.flags & TCPHDR_SYN) !== 0 && !before(skb.seq, tw.tw_rcv_nxt)) return TCP_TW_RST;
  // A duplicate ACK.
  if (
    (th.flags & TCPHDR_ACK) === 0 ||
    !after(skb.end_seq, tw.tw_rcv_nxt) ||
    skb.end_seq === skb.seq
  ) {
    return TCP_TW_SUCCESS;
  }
  // Data for nobody; only the FIN may come.
  if ((th.flags & TCPHDR_FIN) === 0 || skb.end_seq !== seqAdd(tw.tw_rcv_nxt, 1)) {
    return TCP_TW_RST;
  }
  tw.tw_substate = TCP_TIME_WAIT;
  tw.tw_rcv_nxt = seqNum(skb.end_seq);
  const opt = tcp.scratchOptions;
  rememberTimestamp(tw, opt.saw_tstamp ? opt.rcv_tsval : undefined, now);
  inet_twsk_reschedule(tw, timewaitLength(tcp));
  tcp.ext.TW++;
  return TCP_TW_ACK;
}

function rememberTimestamp(tw: TcpTimewaitSock, tsval: number | undefined, now: number): void {
  if (tsval === undefined) return;
  tw.tw_ts_recent = tsval;
  tw.tw_ts_recent_stamp = now;
}

function isRateLimited(tw: TcpTimewaitSock): boolean {
  const kernel = tw.tcp.kernel;
  const limit = kernel.msecs_to_jiffies(tw.tcp.sysctl.tcp_invalid_ratelimit.value);
  const isLimited =
    tw.tw_last_oow_ack_time !== 0 && kernel.jiffies - tw.tw_last_oow_ack_time < limit;
  if (!isLimited) tw.tw_last_oow_ack_time = kernel.jiffies;
  return isLimited;
}

/** connect() finds a TIME_WAIT entry with its four-tuple: may it go? (tcp_twsk_unique, RFC 6191) */
export function tcp_twsk_unique(tp: TcpSock, tw: TcpTimewaitSock): boolean {
  const reuse = tp.tcp.sysctl.tcp_tw_reuse.value;
  const isLoopback = tw.inet_daddr >>> 24 === 127 || tw.inet_rcv_saddr >>> 24 === 127;
  const isAllowed = reuse === 1 || (reuse === 2 && isLoopback);
  if (!isAllowed || tw.tw_ts_recent_stamp === 0) return false;
  const now = ktime_get_seconds(tcp_clock_ns(tp.kernel));
  if (now <= tw.tw_ts_recent_stamp) return false;
  // Its sequence space goes on, so that old duplicates fall below.
  tp.write_seq = seqAdd(tw.tw_snd_nxt, 65535 + 2);
  tp.rx_opt.ts_recent = tw.tw_ts_recent;
  tp.rx_opt.ts_recent_stamp = tw.tw_ts_recent_stamp;
  return true;
}

/** RFC 7323 timestamps: the clock is the kernel's in milliseconds plus an offset of the connection. */
import type { LklKernel } from "@dcejs/lkl-kernel";
import type { SkBuff } from "../skbuff.ts";
import { TCP_PAWS_24DAYS_S, TCP_PAWS_WINDOW } from "./limits.ts";
import type { TcpOptionsReceived } from "./options.ts";
import { before, seqDiff } from "./seq.ts";
import type { TcpSock } from "./tcp-sock.ts";

const NSEC_PER_USEC = 1000;
const NSEC_PER_MSEC = 1_000_000;
const NSEC_PER_SEC = 1_000_000_000;

/** The clock of all stamps here begins at 1 s: in them 0 means "none", also at the kernel's time 0. */
const CLOCK_START_NS = NSEC_PER_SEC;

/** TCP's clock (tcp_clock_ns), nanoseconds. */
export function tcp_clock_ns(kernel: LklKernel): number {
  return kernel.ktime_get() + CLOCK_START_NS;
}

/** Reads the clock once for all that happens to a segment. */
export function tcp_mstamp_refresh(tp: TcpSock): void {
  const now = tcp_clock_ns(tp.kernel);
  tp.tcp_clock_cache = now;
  tp.tcp_mstamp = Math.floor(now / NSEC_PER_USEC);
}

/** The TS clock without the connection's offset, milliseconds modulo 2^32. */
export function tcp_time_stamp_ms(tp: TcpSock): number {
  return Math.floor(tp.tcp_mstamp / 1000) | 0;
}

/** TSval of a packet: when it was (re)transmitted last. */
export function tcp_skb_tsval(tp: TcpSock, skb: SkBuff): number {
  return (tcp_skb_timestamp_ts(skb) + tp.tsoffset) | 0;
}

export function tcp_skb_timestamp_ts(skb: SkBuff): number {
  return Math.floor(skb.tstamp / NSEC_PER_MSEC) | 0;
}

/** When the packet was sent last, µs. */
export function tcp_skb_timestamp_us(skb: SkBuff): number {
  return Math.floor(skb.tstamp / NSEC_PER_USEC);
}

/** The echo proves that the ACK answers something sent before `when` (Eifel detection). */
export function tcp_tsopt_ecr_before(tp: TcpSock, when: number): boolean {
  return tp.rx_opt.saw_tstamp && tp.rx_opt.rcv_tsecr !== 0 && before(tp.rx_opt.rcv_tsecr, when);
}

/** Seconds of the kernel's clock: ages TS.Recent. */
export function ktime_get_seconds(now: number): number {
  return Math.floor(now / NSEC_PER_SEC);
}

/** Remembers TSval as TS.Recent (tcp_store_ts_recent). */
export function tcp_store_ts_recent(tp: TcpSock): void {
  tp.rx_opt.ts_recent = tp.rx_opt.rcv_tsval;
  tp.rx_opt.ts_recent_stamp = ktime_get_seconds(tcp_clock_ns(tp.kernel));
}

/**
 * Updates TS.Recent for a segment that covers the last ACK sent (RFC 7323, 4.3; tcp_replace_ts_recent).
 * The test against rcv.wup is the caller's knowledge that the segment is in the window.
 */
export function tcp_replace_ts_recent(tp: TcpSock, seq: number): void {
  if (!tp.rx_opt.saw_tstamp || seqDiff(seq, tp.rcv.wup) > 0) return;
  const now = ktime_get_seconds(tcp_clock_ns(tp.kernel));
  if (tcp_paws_check(tp.rx_opt, 0, now)) tcp_store_ts_recent(tp);
}

/** Is TSval not older than TS.Recent (give or take `window` ticks), or TS.Recent outdated? */
function tcp_paws_check(
  rx_opt: Readonly<TcpOptionsReceived>,
  window: number,
  nowSeconds: number,
): boolean {
  if (seqDiff(rx_opt.ts_recent, rx_opt.rcv_tsval) <= window) return true;
  if (nowSeconds >= rx_opt.ts_recent_stamp + TCP_PAWS_24DAYS_S) return true;
  // Some peers send TSval 0 in a SYN-ACK and start counting later.
  return rx_opt.ts_recent === 0;
}

/** tcp_paws_reject: `rst` segments are let through when TS.Recent is stale (a rebooted peer). */
export function tcp_paws_reject(
  rx_opt: Readonly<TcpOptionsReceived>,
  rst: boolean,
  nowSeconds: number,
): boolean {
  if (tcp_paws_check(rx_opt, 0, nowSeconds)) return false;
  return !(rst && nowSeconds >= rx_opt.ts_recent_stamp + 60);
}

/** PAWS of an established connection with the one tick of slack that Linux grants (tcp_paws_discard). */
export function tcp_paws_discard(tp: TcpSock): boolean {
  const now = ktime_get_seconds(tcp_clock_ns(tp.kernel));
  return !tcp_paws_check(tp.rx_opt, TCP_PAWS_WINDOW, now);
}

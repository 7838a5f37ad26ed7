/** Segment sizes (net/ipv4/tcp_output.c: tcp_mtu_to_mss, tcp_sync_mss, tcp_current_mss). Octets. */
import { ip_route_sock } from "../ip/route.ts";
import type { Rtable } from "../ip/rtable.ts";
import { sk_dst_check } from "../socket/sock.ts";
import {
  OLEN_SACK_BASE_ALIGNED,
  OLEN_SACK_BLOCK,
  OLEN_TSTAMP_ALIGNED,
  TCP_NUM_SACKS,
} from "./options.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { MAX_TCP_OPTION_SPACE, TCP_HEADER_LENGTH } from "./wire.ts";

const IPV4_HEADER_LENGTH = 20;

/** The route of the connection; undefined when there is none any more. */
export function tcp_dst(tp: TcpSock): Rtable | undefined {
  const cached = sk_dst_check(tp);
  if (cached !== undefined) return cached;
  const rt = ip_route_sock(tp);
  return typeof rt === "number" ? undefined : rt;
}

/** Payload of a segment that fits `pmtu`, when it carries the options of every segment. */
function tcp_mtu_to_mss(tp: TcpSock, pmtu: number): number {
  let mss = pmtu - TCP_HEADER_LENGTH - IPV4_HEADER_LENGTH;
  if (tp.rx_opt.mss_clamp !== 0 && mss > tp.rx_opt.mss_clamp) mss = tp.rx_opt.mss_clamp;
  // Then the options of each segment, but never less than the administrator's minimum.
  mss = Math.max(mss, tp.tcp.sysctl.tcp_min_snd_mss.value);
  return mss - (tp.tcp_header_len - TCP_HEADER_LENGTH);
}

/** Half of the peer's largest window at most, so that two segments are always under way. */
function tcp_bound_to_half_wnd(tp: TcpSock, pktsize: number): number {
  const max_window = tp.snd.max_window;
  // A peer with a tiny window would otherwise be sent one segment a round trip.
  const cutoff = max_window > 512 ? max_window >> 1 : max_window;
  if (cutoff !== 0 && pktsize > cutoff) return Math.max(cutoff, 68 - tp.tcp_header_len);
  return pktsize;
}

/** Recomputes `mss_cache` for a path of `pmtu` octets. */
export function tcp_sync_mss(tp: TcpSock, pmtu: number): number {
  const mss = tcp_bound_to_half_wnd(tp, tcp_mtu_to_mss(tp, pmtu));
  tp.icsk_pmtu_cookie = pmtu;
  tp.mss_cache = mss;
  return mss;
}

/** Options of a data segment as it would be sent now. */
function establishedOptionsLength(tp: TcpSock): number {
  let size = tp.rx_opt.tstamp_ok ? OLEN_TSTAMP_ALIGNED : 0;
  const blocks = sackBlocksToSend(tp, size);
  if (blocks > 0) size += OLEN_SACK_BASE_ALIGNED + blocks * OLEN_SACK_BLOCK;
  return size;
}

/** How many SACK blocks fit beside `size` octets of other options. */
export function sackBlocksToSend(tp: TcpSock, size: number): number {
  const wanted = tp.rx_opt.num_sacks + (tp.rx_opt.dsack ? 1 : 0);
  if (wanted === 0) return 0;
  const room = MAX_TCP_OPTION_SPACE - size - OLEN_SACK_BASE_ALIGNED;
  return Math.min(wanted, Math.floor(room / OLEN_SACK_BLOCK), TCP_NUM_SACKS);
}

/** Payload of the next segment: `mss_cache`, less what SACK blocks take right now. */
export function tcp_current_mss(tp: TcpSock): number {
  const dst = tcp_dst(tp);
  let mss_now = tp.mss_cache;
  if (dst !== undefined) {
    const mtu = dst.mtu();
    if (mtu !== tp.icsk_pmtu_cookie) mss_now = tcp_sync_mss(tp, mtu);
  }
  const header_len = TCP_HEADER_LENGTH + establishedOptionsLength(tp);
  if (header_len !== tp.tcp_header_len) mss_now -= header_len - tp.tcp_header_len;
  return mss_now;
}

/** MSS that we offer the peer. */
export function tcp_advertise_mss(tp: TcpSock): number {
  const dst = tcp_dst(tp);
  if (dst !== undefined) tp.advmss = Math.min(tp.advmss, dst.advmss());
  return tp.advmss;
}

/** First guess at the peer's MSS, for windows and quick ACKs (tcp_initialize_rcv_mss). */
export function tcp_initialize_rcv_mss(tp: TcpSock): void {
  let hint = Math.min(tp.advmss, tp.mss_cache);
  hint = Math.min(hint, Math.floor(tp.rcv.wnd / 2));
  hint = Math.min(hint, 536);
  tp.icsk_ack.rcv_mss = Math.max(hint, 88);
}

/**
 * The window that we offer (RFC 9293, section 3.8.6; RFC 7323, section 2) and the receive buffer
 * behind it. Octets of payload are derived from octets of buffer through `scaling_ratio`, the
 * payload per truesize of what really arrives (Linux since 6.6; before: tcp_adv_win_scale).
 */
import { MAX_TCP_WINDOW } from "./limits.ts";
import { TCP_MAX_WSCALE } from "./options.ts";
import { seqDiff } from "./seq.ts";
import { vectorAt } from "./tcp-sysctls.ts";
import type { TcpSock } from "./tcp-sock.ts";

const U16_MAX = 0xffff;
const TCP_RMEM_TO_WIN_SCALE = 8;
/** Before the first segment arrived: half of the buffer is payload (since 6.10). */
export const TCP_DEFAULT_SCALING_RATIO: number = 1 << (TCP_RMEM_TO_WIN_SCALE - 1);

export function tcp_win_from_space(tp: TcpSock, space: number): number {
  return Math.floor((space * tp.scaling_ratio) / (1 << TCP_RMEM_TO_WIN_SCALE));
}

export function tcp_space_from_win(tp: TcpSock, win: number): number {
  return Math.floor((win * (1 << TCP_RMEM_TO_WIN_SCALE)) / tp.scaling_ratio);
}

/** Payload that still finds room in the receive buffer. */
export function tcp_space(tp: TcpSock): number {
  return tcp_win_from_space(tp, tp.sk_rcvbuf - tp.sk_rmem_alloc);
}

/** Payload that an empty receive buffer holds. */
export function tcp_full_space(tp: TcpSock): number {
  return tcp_win_from_space(tp, tp.sk_rcvbuf);
}

/** What is left of the window offered last. */
export function tcp_receive_window(tp: TcpSock): number {
  const win = tp.rcv.wnd - seqDiff(tp.rcv.nxt, tp.rcv.wup);
  return win < 0 ? 0 : win;
}

function alignUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

function alignDown(value: number, step: number): number {
  return value - (value % step);
}

/** The first window, its clamp and its scale; one object is reused, it is read at once. */
export interface InitialWindow {
  rcv_wnd: number;
  window_clamp: number;
  rcv_wscale: number;
}

const initial: InitialWindow = { rcv_wnd: 0, window_clamp: 0, rcv_wscale: 0 };

/**
 * Chooses the window of the SYN or SYN-ACK (tcp_select_initial_window).
 * @param space Payload that the receive buffer holds.
 * @param clamp TCP_WINDOW_CLAMP, 0 for none.
 * @param init_rcv_wnd Limit in segments from the route, 0 for none.
 */
export function tcp_select_initial_window(
  tp: TcpSock,
  space: number,
  mss: number,
  clamp: number,
  wscale_ok: boolean,
  init_rcv_wnd: number,
): Readonly<InitialWindow> {
  const sysctl = tp.tcp.sysctl;
  let window_clamp = clamp === 0 ? U16_MAX << TCP_MAX_WSCALE : clamp;
  let room = Math.min(Math.max(space, 0), window_clamp);
  if (room > mss) room = alignDown(room, mss);
  let rcv_wnd = room;
  if (sysctl.tcp_workaround_signed_windows.value !== 0) rcv_wnd = Math.min(room, MAX_TCP_WINDOW);
  if (init_rcv_wnd !== 0) rcv_wnd = Math.min(rcv_wnd, init_rcv_wnd * mss);
  let rcv_wscale = 0;
  if (wscale_ok) {
    // The scale is for ever: take the one that the buffer may grow to.
    room = Math.max(room, vectorAt(sysctl.tcp_rmem, 2), sysctl.rmem_max.value);
    room = Math.min(room, window_clamp);
    rcv_wscale = Math.min(Math.max(31 - Math.clz32(room) - 15, 0), TCP_MAX_WSCALE);
  }
  window_clamp = Math.min(U16_MAX << rcv_wscale, window_clamp);
  initial.rcv_wnd = rcv_wnd;
  initial.window_clamp = window_clamp;
  initial.rcv_wscale = rcv_wscale;
  return initial;
}

/**
 * The window to offer now, with receiver-side silly window avoidance (Linux: __tcp_select_window).
 * 0 when less than 1/16 of the buffer, or less than a segment, is free.
 */
export function tcp_free_window(tp: TcpSock): number {
  const allowed_space = tcp_full_space(tp);
  const full_space = Math.min(tp.window_clamp, allowed_space);
  let free_space = tcp_space(tp);
  let mss = tp.icsk_ack.rcv_mss;
  if (mss > full_space) {
    mss = full_space;
    if (mss <= 0) return 0;
  }
  const scale = 1 << tp.rx_opt.rcv_wscale;
  if (free_space < full_space >> 1) {
    tp.icsk_ack.quick = 0;
    free_space = free_space < 0 ? 0 : alignDown(free_space, scale);
    if (free_space < allowed_space >> 4 || free_space < mss) return 0;
  }
  if (free_space > tp.rcv.ssthresh) free_space = tp.rcv.ssthresh;
  // With a scale the window moves in steps of it anyway: round up, rcv.ssthresh has slack.
  if (tp.rx_opt.rcv_wscale !== 0) return alignUp(free_space, scale);
  // Without one keep the window as it is until a whole segment more can be offered.
  const window = tp.rcv.wnd;
  if (window <= free_space - mss || window > free_space) return alignDown(free_space, mss);
  if (mss === full_space && free_space > window + (full_space >> 1)) return free_space;
  return window;
}

/** The window field of a segment about to leave; never takes back what was offered. */
export function tcp_select_window(tp: TcpSock): number {
  const old_win = tp.rcv.wnd;
  const cur_win = tcp_receive_window(tp);
  let new_win = tcp_free_window(tp);
  if (new_win < cur_win) {
    // RFC 9293, section 3.8.6: do not shrink the window.
    if (new_win === 0) tp.tcp.ext.TCPWantZeroWindowAdv++;
    new_win = alignUp(cur_win, 1 << tp.rx_opt.rcv_wscale);
  }
  tp.rcv.wnd = new_win;
  tp.rcv.wup = tp.rcv.nxt;
  const signedOnly =
    tp.rx_opt.rcv_wscale === 0 && tp.tcp.sysctl.tcp_workaround_signed_windows.value !== 0;
  new_win = Math.min(new_win, signedOnly ? MAX_TCP_WINDOW : U16_MAX << tp.rx_opt.rcv_wscale);
  new_win >>>= tp.rx_opt.rcv_wscale;
  if (new_win === 0) {
    if (old_win !== 0) tp.tcp.ext.TCPToZeroWindowAdv++;
  } else if (old_win === 0) {
    tp.tcp.ext.TCPFromZeroWindowAdv++;
  }
  return new_win;
}

/** TCP_WINDOW_CLAMP, or a changed buffer: moves the clamp and how far the window may open. */
export function tcp_set_window_clamp(tp: TcpSock, value: number): void {
  if (value === tp.window_clamp) return;
  const old = tp.window_clamp;
  tp.window_clamp = value;
  if (value < old) {
    tp.rcv.ssthresh = Math.min(tp.rcv.ssthresh, value);
  } else {
    // Open no further than the buffer truly allows.
    tp.rcv.ssthresh = Math.max(Math.min(tp.rcv.wnd, value), tp.rcv.ssthresh);
  }
}

/** setsockopt, getsockopt and ioctl of level IPPROTO_TCP (net/ipv4/tcp.c: do_tcp_setsockopt). */
import { Errno } from "@dcejs/lkl-kernel";
import { SOCK_MIN_RCVBUF } from "../socket/sock.ts";
import { inet_csk_ack_scheduled, tcp_send_ack } from "./ack-send.ts";
import { tcp_get_info } from "./info.ts";
import {
  inet_csk_reset_keepalive_timer,
  keepalive_intvl_when,
  keepalive_probes,
  keepalive_time_elapsed,
  keepalive_time_when,
} from "./keepalive.ts";
import {
  MAX_TCP_KEEPCNT,
  MAX_TCP_KEEPIDLE_S,
  MAX_TCP_KEEPINTVL_S,
  MAX_TCP_SYNCNT,
  MAX_TCP_WINDOW,
  TCP_MIN_MSS,
  TCP_PINGPONG_THRESH,
} from "./limits.ts";
import { seqDiff } from "./seq.ts";
import {
  TCPF_CLOSE,
  TCPF_CLOSE_WAIT,
  TCPF_ESTABLISHED,
  TCPF_LISTEN,
  TCP_LISTEN,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
} from "./states.ts";
import { ICSK_ACK_PUSHED, TCP_NAGLE_CORK, TCP_NAGLE_OFF, TCP_NAGLE_PUSH } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_cleanup_rbuf } from "./recvmsg.ts";
import { TCP_URG_VALID } from "./urgent.ts";
import { tcp_set_window_clamp } from "./window.ts";
import { tcp_push_pending_frames } from "./write-xmit.ts";

/** Options of level IPPROTO_TCP (include/uapi/linux/tcp.h). */
const TCP_NODELAY = 1;
const TCP_MAXSEG = 2;
const TCP_CORK = 3;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_SYNCNT = 7;
const TCP_LINGER2 = 8;
const TCP_DEFER_ACCEPT = 9;
const TCP_WINDOW_CLAMP = 10;
const TCP_INFO = 11;
const TCP_QUICKACK = 12;
const TCP_CONGESTION = 13;
const TCP_USER_TIMEOUT = 18;
const TCP_TIMESTAMP = 24;
const TCP_NOTSENT_LOWAT = 25;

const SOL_TCP = 6;
const SIOCINQ = 0x541b;
const SIOCOUTQ = 0x5411;
const SIOCATMARK = 0x8905;
const SIOCOUTQNSD = 0x894b;
const CONGESTION_NAME_OCTETS = 16;
const TIMEOUT_INIT_S = 1;
const RTO_MAX_S = 120;

function readInt(value: Uint8Array): number | undefined {
  if (value.length < 4) return undefined;
  return (
    (value[0] ?? 0) | ((value[1] ?? 0) << 8) | ((value[2] ?? 0) << 16) | ((value[3] ?? 0) << 24)
  );
}

/** Writes an int, cut to the room there is; the length written. */
function writeInt(out: Uint8Array, value: number): number {
  const length = Math.min(out.length, 4);
  for (let i = 0; i < length; i++) out[i] = (value >>> (8 * i)) & 0xff;
  return length;
}

/** @returns 0, -ENOPROTOOPT, -EINVAL for a value out of range, -ENOENT for an unknown algorithm. */
export function tcp_setsockopt(
  tp: TcpSock,
  level: number,
  name: number,
  value: Uint8Array,
): number {
  if (level !== SOL_TCP) return -Errno.ENOPROTOOPT;
  if (name === TCP_CONGESTION) return setCongestion(tp, value);
  const val = readInt(value);
  if (val === undefined) return -Errno.EINVAL;
  switch (name) {
    case TCP_NODELAY:
      return setNodelay(tp, val !== 0);
    case TCP_CORK:
      return setCork(tp, val !== 0);
    case TCP_MAXSEG:
      if (val !== 0 && (val < TCP_MIN_MSS || val > MAX_TCP_WINDOW)) return -Errno.EINVAL;
      tp.rx_opt.user_mss = val;
      return 0;
    case TCP_KEEPIDLE:
      return setKeepIdle(tp, val);
    case TCP_KEEPINTVL:
      if (val < 1 || val > MAX_TCP_KEEPINTVL_S) return -Errno.EINVAL;
      tp.keepalive_intvl = val * tp.HZ;
      return 0;
    case TCP_KEEPCNT:
      if (val < 1 || val > MAX_TCP_KEEPCNT) return -Errno.EINVAL;
      tp.keepalive_probes = val;
      return 0;
    case TCP_SYNCNT:
      if (val < 1 || val > MAX_TCP_SYNCNT) return -Errno.EINVAL;
      tp.icsk_syn_retries = val;
      return 0;
    case TCP_LINGER2:
      if (val < 0) tp.linger2 = -1;
      else if (val > RTO_MAX_S) tp.linger2 = RTO_MAX_S * tp.HZ;
      else tp.linger2 = val * tp.HZ;
      return 0;
    case TCP_DEFER_ACCEPT:
      tp.defer_accept = secs_to_retrans(val);
      return 0;
    case TCP_WINDOW_CLAMP:
      return setWindowClamp(tp, val);
    case TCP_QUICKACK:
      return setQuickack(tp, val);
    case TCP_USER_TIMEOUT:
      if (val < 0) return -Errno.EINVAL;
      tp.icsk_user_timeout = val;
      return 0;
    case TCP_NOTSENT_LOWAT:
      tp.notsent_lowat = val >>> 0;
      tp.sk_write_space();
      return 0;
    default:
      return -Errno.ENOPROTOOPT;
  }
}

function setCongestion(tp: TcpSock, value: Uint8Array): number {
  if (value.length < 1) return -Errno.EINVAL;
  let name = "";
  for (const octet of value) {
    if (octet === 0 || name.length === CONGESTION_NAME_OCTETS - 1) break;
    name += String.fromCharCode(octet);
  }
  const factory = tp.tcp.congestion.find(name);
  if (factory === undefined) return -Errno.ENOENT;
  tp.ca_is_chosen = true;
  if (tp.icsk_ca.name !== name) tp.icsk_ca = factory(tp);
  return 0;
}

function setNodelay(tp: TcpSock, on: boolean): number {
  if (on) {
    // Also sends what Nagle holds back now; not what TCP_CORK does.
    tp.nonagle |= TCP_NAGLE_OFF | TCP_NAGLE_PUSH;
    tcp_push_pending_frames(tp);
  } else {
    tp.nonagle &= ~TCP_NAGLE_OFF;
  }
  return 0;
}

function setCork(tp: TcpSock, on: boolean): number {
  if (on) {
    tp.nonagle |= TCP_NAGLE_CORK;
    return 0;
  }
  tp.nonagle &= ~TCP_NAGLE_CORK;
  if ((tp.nonagle & TCP_NAGLE_OFF) !== 0) tp.nonagle |= TCP_NAGLE_PUSH;
  tcp_push_pending_frames(tp);
  return 0;
}

function setKeepIdle(tp: TcpSock, seconds: number): number {
  if (seconds < 1 || seconds > MAX_TCP_KEEPIDLE_S) return -Errno.EINVAL;
  tp.keepalive_time = seconds * tp.HZ;
  const isIdleState = ((1 << tp.sk_state) & (TCPF_CLOSE | TCPF_LISTEN)) !== 0;
  if (tp.sk_keepopen && !isIdleState) {
    const left = tp.keepalive_time - keepalive_time_elapsed(tp);
    inet_csk_reset_keepalive_timer(tp, Math.max(left, 0));
  }
  return 0;
}

function setWindowClamp(tp: TcpSock, octets: number): number {
  if (octets === 0) {
    if (((1 << tp.sk_state) & TCPF_CLOSE) === 0) return -Errno.EINVAL;
    tp.window_clamp = 0;
    return 0;
  }
  tcp_set_window_clamp(tp, Math.max(octets, SOCK_MIN_RCVBUF / 2));
  return 0;
}

/** 1: acknowledge at once from now on, and what is owed now; even numbers: only this once. */
function setQuickack(tp: TcpSock, val: number): number {
  if (val === 0) {
    tp.icsk_ack.pingpong = TCP_PINGPONG_THRESH;
    return 0;
  }
  tp.icsk_ack.pingpong = 0;
  const isOpen = ((1 << tp.sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) !== 0;
  if (isOpen && inet_csk_ack_scheduled(tp)) {
    tp.icsk_ack.pending |= ICSK_ACK_PUSHED;
    tcp_cleanup_rbuf(tp, 1);
    if (inet_csk_ack_scheduled(tp)) tcp_send_ack(tp);
    if ((val & 1) === 0) tp.icsk_ack.pingpong = TCP_PINGPONG_THRESH;
  }
  return 0;
}

/** SYN-ACK retransmissions that fit in so many seconds. */
function secs_to_retrans(seconds: number): number {
  if (seconds <= 0) return 0;
  let retrans = 1;
  let period = TIMEOUT_INIT_S;
  for (let timeout = TIMEOUT_INIT_S; seconds > period && retrans < 255; retrans++) {
    timeout = Math.min(timeout * 2, RTO_MAX_S);
    period += timeout;
  }
  return retrans;
}

function retrans_to_secs(retrans: number): number {
  if (retrans === 0) return 0;
  let period = TIMEOUT_INIT_S;
  let timeout = TIMEOUT_INIT_S;
  for (let i = 1; i < retrans; i++) {
    timeout = Math.min(timeout * 2, RTO_MAX_S);
    period += timeout;
  }
  return period;
}

/** @returns The length written to `out`, or -ENOPROTOOPT. */
export function tcp_getsockopt(tp: TcpSock, level: number, name: number, out: Uint8Array): number {
  // Not ENOPROTOOPT as setsockopt: ip_getsockopt answers for levels that nobody knows.
  if (level !== SOL_TCP) return -Errno.EOPNOTSUPP;
  if (name === TCP_INFO) return tcp_get_info(tp, out);
  if (name === TCP_CONGESTION) {
    const length = Math.min(out.length, CONGESTION_NAME_OCTETS);
    const algorithm = tp.icsk_ca.name;
    for (let i = 0; i < length; i++) out[i] = i < algorithm.length ? algorithm.charCodeAt(i) : 0;
    return length;
  }
  const value = intOption(tp, name);
  return value === undefined ? -Errno.ENOPROTOOPT : writeInt(out, value);
}

function intOption(tp: TcpSock, name: number): number | undefined {
  switch (name) {
    case TCP_NODELAY:
      return (tp.nonagle & TCP_NAGLE_OFF) === 0 ? 0 : 1;
    case TCP_CORK:
      return (tp.nonagle & TCP_NAGLE_CORK) === 0 ? 0 : 1;
    case TCP_MAXSEG: {
      const isIdle = ((1 << tp.sk_state) & (TCPF_CLOSE | TCPF_LISTEN)) !== 0;
      return tp.rx_opt.user_mss !== 0 && isIdle ? tp.rx_opt.user_mss : tp.mss_cache;
    }
    case TCP_KEEPIDLE:
      return Math.floor(keepalive_time_when(tp) / tp.HZ);
    case TCP_KEEPINTVL:
      return Math.floor(keepalive_intvl_when(tp) / tp.HZ);
    case TCP_KEEPCNT:
      return keepalive_probes(tp);
    case TCP_SYNCNT:
      return tp.icsk_syn_retries === 0 ? tp.tcp.sysctl.tcp_syn_retries.value : tp.icsk_syn_retries;
    case TCP_LINGER2:
      if (tp.linger2 < 0) return -1;
      return tp.linger2 === 0
        ? tp.tcp.sysctl.tcp_fin_timeout.value
        : Math.floor(tp.linger2 / tp.HZ);
    case TCP_DEFER_ACCEPT:
      return retrans_to_secs(tp.defer_accept);
    case TCP_WINDOW_CLAMP:
      return tp.window_clamp;
    case TCP_QUICKACK:
      return tp.icsk_ack.pingpong >= TCP_PINGPONG_THRESH ? 0 : 1;
    case TCP_USER_TIMEOUT:
      return tp.icsk_user_timeout;
    case TCP_TIMESTAMP:
      return tp.tcp.tsClock(tp.tsoffset);
    case TCP_NOTSENT_LOWAT:
      return tp.notsent_lowat | 0;
    default:
      return undefined;
  }
}

/** SIOCINQ (FIONREAD), SIOCOUTQ (TIOCOUTQ), SIOCOUTQNSD, SIOCATMARK. */
export function tcp_ioctl(tp: TcpSock, request: number, arg: Uint8Array): number {
  const isHandshaking = tp.sk_state === TCP_SYN_SENT || tp.sk_state === TCP_SYN_RECV;
  let answer: number;
  switch (request) {
    case SIOCINQ:
      if (tp.sk_state === TCP_LISTEN) return -Errno.EINVAL;
      answer = tcp_inq(tp, isHandshaking);
      break;
    case SIOCATMARK:
      answer = tp.urg_data !== 0 && tp.urg_seq === tp.copied_seq ? 1 : 0;
      break;
    case SIOCOUTQ:
      if (tp.sk_state === TCP_LISTEN) return -Errno.EINVAL;
      answer = isHandshaking ? 0 : seqDiff(tp.write_seq, tp.snd.una);
      break;
    case SIOCOUTQNSD:
      if (tp.sk_state === TCP_LISTEN) return -Errno.EINVAL;
      answer = isHandshaking ? 0 : seqDiff(tp.write_seq, tp.snd.nxt);
      break;
    default:
      return -Errno.ENOIOCTLCMD;
  }
  writeInt(arg, answer);
  return 0;
}

/** Octets that can be read: up to the urgent one, without the FIN. */
function tcp_inq(tp: TcpSock, isHandshaking: boolean): number {
  if (isHandshaking) return 0;
  const urgent = (tp.urg_data & TCP_URG_VALID) !== 0 && !tp.sk_oobinline;
  const beforeUrgent = seqDiff(tp.urg_seq, tp.copied_seq);
  if (urgent && beforeUrgent >= 0) return beforeUrgent;
  const answer = seqDiff(tp.rcv.nxt, tp.copied_seq);
  // The FIN took a number as well.
  return answer > 0 && tp.sock_done ? answer - 1 : answer;
}

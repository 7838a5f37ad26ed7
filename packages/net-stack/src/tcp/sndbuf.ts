/** The send buffer: how large, and when writers may go on (tcp_sndbuf_expand, tcp_check_space, sk_stream_write_space). */
import { EPOLLOUT, EPOLLWRBAND, EPOLLWRNORM } from "../socket/poll.ts";
import { TCP_INIT_CWND } from "./limits.ts";
import { tcp_packets_in_flight } from "./scoreboard.ts";
import { seqDiff } from "./seq.ts";
import { vectorAt } from "./tcp-sysctls.ts";
import type { TcpSock } from "./tcp-sock.ts";

const SIZEOF_SK_BUFF = 256;
const SIZEOF_SKB_SHARED_INFO = 320;
/** MAX_TCP_HEADER of Linux on 64 bits; our packets have less headroom. */
const LINUX_MAX_TCP_HEADER = 320;

/** Room for twice the window's segments, up to tcp_wmem[2]. */
export function tcp_sndbuf_expand(tp: TcpSock): void {
  let per_mss =
    Math.max(tp.rx_opt.mss_clamp, tp.mss_cache) + LINUX_MAX_TCP_HEADER + SIZEOF_SKB_SHARED_INFO;
  per_mss = 2 ** Math.ceil(Math.log2(per_mss)) + SIZEOF_SK_BUFF;
  const nr_segs = Math.max(TCP_INIT_CWND, tp.snd.cwnd, tp.reordering + 1);
  const sndmem = 2 * nr_segs * per_mss;
  if (tp.sk_sndbuf < sndmem) {
    tp.sk_sndbuf = Math.min(sndmem, vectorAt(tp.tcp.sysctl.tcp_wmem, 2));
  }
}

/** Only a window that is used needs more buffer. */
function tcp_should_expand_sndbuf(tp: TcpSock): boolean {
  return !tp.sk_userlocks_sndbuf && tcp_packets_in_flight(tp) < tp.snd.cwnd;
}

/** A writer sleeps for room: is there some now? */
export function tcp_check_space(tp: TcpSock): void {
  if (!tp.sock_nospace || tp.sk_socket === undefined) return;
  if (tcp_should_expand_sndbuf(tp)) {
    tcp_sndbuf_expand(tp);
    tp.snd.cwnd_stamp = tp.jiffies;
  }
  tcp_write_space(tp);
}

/** What was written and never sent is more than TCP_NOTSENT_LOWAT allows. */
function tcp_stream_memory_free(tp: TcpSock, wake: boolean): boolean {
  const unsent = seqDiff(tp.write_seq, tp.snd.nxt);
  const lowat =
    tp.notsent_lowat === 0 ? tp.tcp.sysctl.tcp_notsent_lowat.value >>> 0 : tp.notsent_lowat;
  return (wake ? unsent * 2 : unsent) < lowat;
}

/** May a writer put another packet into the buffer? */
export function sk_stream_memory_free(tp: TcpSock): boolean {
  return tp.sk_wmem_queued < tp.sk_sndbuf && tcp_stream_memory_free(tp, false);
}

/** Room enough to wake a writer: a third of the buffer. */
export function sk_stream_is_writeable(tp: TcpSock): boolean {
  return (
    tp.sk_sndbuf - tp.sk_wmem_queued >= tp.sk_wmem_queued >> 1 &&
    tp.sk_wmem_queued < tp.sk_sndbuf &&
    tcp_stream_memory_free(tp, true)
  );
}

/** sk_stream_write_space. */
export function tcp_write_space(tp: TcpSock): void {
  if (!tp.sock_nospace || !sk_stream_is_writeable(tp)) return;
  tp.sock_nospace = false;
  tp.sk_wq?.wakeUp(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
}

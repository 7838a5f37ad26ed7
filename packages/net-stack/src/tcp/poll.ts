/** poll(): what the program may do without sleeping (net/ipv4/tcp.c: tcp_poll). */
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  EPOLLRDNORM,
  EPOLLWRNORM,
} from "../socket/poll.ts";
import { RCV_SHUTDOWN, SEND_SHUTDOWN, SHUTDOWN_MASK } from "../socket/sock.ts";
import { tcp_epollin_ready } from "./data-queue.ts";
import { sk_stream_is_writeable } from "./sndbuf.ts";
import { TCPF_SYN_RECV, TCPF_SYN_SENT, TCP_CLOSE, TCP_LISTEN } from "./states.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { TCP_URG_VALID } from "./urgent.ts";

export function tcp_poll(tp: TcpSock): number {
  if (tp.sk_state === TCP_LISTEN) {
    return (tp.accept_queue?.ready.length ?? 0) > 0 ? EPOLLIN | EPOLLRDNORM : 0;
  }
  let mask = 0;
  // HUP means that both directions are over; a peer that only stopped sending is RDHUP.
  if (tp.sk_shutdown === SHUTDOWN_MASK || tp.sk_state === TCP_CLOSE) mask |= EPOLLHUP;
  if ((tp.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
  if (((1 << tp.sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) === 0) {
    let target = tp.sk_rcvlowat;
    if (tp.urg_data !== 0 && tp.urg_seq === tp.copied_seq && !tp.sk_oobinline) target++;
    if (tcp_epollin_ready(tp, target)) mask |= EPOLLIN | EPOLLRDNORM;
    if ((tp.sk_shutdown & SEND_SHUTDOWN) !== 0) mask |= EPOLLOUT | EPOLLWRNORM;
    else if (sk_stream_is_writeable(tp)) mask |= EPOLLOUT | EPOLLWRNORM;
    // Ask to be told when there is room.
    else tp.sock_nospace = true;
    if ((tp.urg_data & TCP_URG_VALID) !== 0) mask |= EPOLLPRI;
  }
  if (tp.sk_err !== 0 || tp.sk_error_queue.qlen > 0) mask |= EPOLLERR;
  return mask;
}

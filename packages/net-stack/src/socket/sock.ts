/**
 * struct sock: the network layer's half of a socket, and what every protocol must do.
 *
 * Shape for protocol writers (UDP, raw, ping, TCP extend {@link Sock}):
 *  - Fields carry Linux's names. Addresses are unsigned 32-bit numbers in host order, ports are
 *    numbers in host order (`inet_sport`, `inet_dport`), times are jiffies, sizes are octets.
 *  - There is no socket lock and no backlog: a system call runs to its end or to its sleep without
 *    interruption, and softirqs run only between (kernel exit, sleep). State checked before a sleep
 *    must be checked again after it.
 *  - Calls return a number at once (negative errno, or the result) or a `Wait` when they must sleep.
 *  - Input comes through `inet_add_protocol` (ip/protocol.ts), output goes through `ip_queue_xmit`
 *    (ip/output.ts); replies without a socket through `ip_send_unicast_reply`.
 *  - `sk_data_ready`, `sk_write_space`, `sk_state_change`, `sk_error_report` wake whoever waits on
 *    `sk_wq`, with poll bits as the key.
 */
import { Errno, MAX_SCHEDULE_TIMEOUT } from "@dcejs/lkl-kernel";
import type { LklKernel, Wait, WaitQueueHead } from "@dcejs/lkl-kernel";
import { NO_GROUPS, ip_mc_drop_socket } from "../ip/igmp.ts";
import type { IpMreqn } from "../ip/igmp.ts";
import type { Rtable } from "../ip/rtable.ts";
import type { NetStack } from "../net-stack.ts";
import { SkBuffHead, skb_queue_purge } from "../skbuff-queue.ts";
import { TCP_CLOSE } from "../tcp/states.ts";
import type { MsgHdr } from "./msghdr.ts";
import {
  EPOLLERR,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDBAND,
  EPOLLRDNORM,
  EPOLLWRBAND,
  EPOLLWRNORM,
} from "./poll.ts";
import { sock_writeable } from "./sock-memory.ts";
import type { Socket } from "./socket.ts";

export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;
export const SHUTDOWN_MASK = 3;

/** A timeout that never comes. */
export { MAX_SCHEDULE_TIMEOUT } from "@dcejs/lkl-kernel";

/** What SO_RCVBUF and SO_SNDBUF may not go below. */
export const SOCK_MIN_SNDBUF = 4608;
export const SOCK_MIN_RCVBUF = 2304;

/** inet_sock's IP_MTU_DISCOVER (include/uapi/linux/in.h). */
export const IP_PMTUDISC_DONT = 0;
export const IP_PMTUDISC_WANT = 1;
export const IP_PMTUDISC_DO = 2;
export const IP_PMTUDISC_PROBE = 3;
export const IP_PMTUDISC_INTERFACE = 4;
export const IP_PMTUDISC_OMIT = 5;

export abstract class Sock {
  readonly net: NetStack;
  readonly kernel: LklKernel;
  readonly sk_family: number;
  readonly sk_type: number;
  readonly sk_protocol: number;
  /** Linux's TCP state numbers; datagram sockets use TCP_ESTABLISHED and TCP_CLOSE. */
  sk_state: number = TCP_CLOSE;
  sk_socket: Socket | undefined = undefined;
  /** The socket's wait queue; undefined while no struct socket holds this sock. */
  sk_wq: WaitQueueHead | undefined = undefined;

  inet_rcv_saddr = 0;
  inet_saddr = 0;
  inet_daddr = 0;
  /** The bound port (or the raw protocol); 0 while unbound. */
  inet_num = 0;
  inet_sport = 0;
  inet_dport = 0;
  inet_id = 0;
  sk_bound_dev_if = 0;

  sk_err = 0;
  sk_err_soft = 0;
  sk_shutdown = 0;
  sock_dead = false;
  sock_done = false;
  sk_reuse = false;
  sk_reuseport = false;
  sk_keepopen = false;
  sk_broadcast = false;
  sk_linger = false;
  sk_oobinline = false;
  sk_no_check = false;
  /** Which of SO_TIMESTAMP… is on; 0: none. */
  sk_timestamp = 0;
  /** Jiffies. */
  sk_lingertime = 0;
  sk_rcvtimeo: number = MAX_SCHEDULE_TIMEOUT;
  sk_sndtimeo: number = MAX_SCHEDULE_TIMEOUT;
  sk_rcvlowat = 1;
  sk_priority = 0;
  sk_mark = 0;
  sk_incoming_cpu = 0;
  sk_uid = 0;
  /** Unique in this kernel; /proc/net prints it. */
  readonly sk_ino: number;
  sk_max_ack_backlog = 0;
  sk_ack_backlog = 0;

  readonly sk_receive_queue: SkBuffHead = new SkBuffHead();
  readonly sk_write_queue: SkBuffHead = new SkBuffHead();
  readonly sk_error_queue: SkBuffHead = new SkBuffHead();
  sk_rcvbuf: number;
  sk_sndbuf: number;
  /** The user set SO_RCVBUF / SO_SNDBUF: autotuning keeps off. */
  sk_userlocks_rcvbuf = false;
  sk_userlocks_sndbuf = false;
  /** The user bound the address / the port. */
  sk_bindaddr_lock = false;
  sk_bindport_lock = false;
  sk_rmem_alloc = 0;
  sk_wmem_alloc = 0;
  sk_wmem_queued = 0;
  sk_forward_alloc = 0;
  sk_drops = 0;
  /** SOCK_NOSPACE: a writer waits for room. */
  sock_nospace = false;

  /** Route of the last packet; valid while its generation is (see `sk_dst_check`). */
  sk_dst_cache: Rtable | undefined = undefined;

  /** The peer has answered: the next packet confirms the neighbour that it leaves through (sk_dst_confirm). */
  sk_dst_pending_confirm = false;

  /** -1: the route's or the sysctl's value. */
  uc_ttl = -1;
  tos = 0;
  mc_ttl = 1;
  mc_loop = true;
  mc_index = 0;
  mc_addr = 0;
  /** IP_MULTICAST_ALL. */
  mc_all = true;
  /** Groups that were joined, the last one first. */
  mc_list: readonly IpMreqn[] = NO_GROUPS;
  pmtudisc: number;
  recverr = false;
  hdrincl = false;
  freebind = false;
  transparent = false;
  bind_address_no_port = false;
  /** inet_cmsg_flags: IP_CMSG_* bits. */
  cmsg_flags = 0;

  constructor(net: NetStack, family: number, type: number, protocol: number) {
    this.net = net;
    this.kernel = net.kernel;
    this.sk_family = family;
    this.sk_type = type;
    this.sk_protocol = protocol;
    this.sk_ino = net.nextInode();
    this.sk_rcvbuf = net.core.rmem_default.value;
    this.sk_sndbuf = net.core.wmem_default.value;
    this.pmtudisc = net.ipv4.ip_no_pmtu_disc.value !== 0 ? IP_PMTUDISC_DONT : IP_PMTUDISC_WANT;
  }

  /**
   * struct proto: connect. Datagrams: sets the peer. TCP: sends the SYN and goes to TCP_SYN_SENT
   * without waiting; `inet_stream_connect` waits for the state to change.
   */
  abstract connect(daddr: number, dport: number): number;
  /** Forgets the peer (connect with AF_UNSPEC, or a failed connect). */
  abstract disconnect(flags: number): number;
  /** Takes `snum` (0: any free port) for `inet_rcv_saddr`. 0, or nonzero when it is taken. */
  abstract get_port(snum: number): number;
  abstract hash(): number;
  abstract unhash(): void;
  abstract sendmsg(msg: MsgHdr, flags: number): number | Wait;
  abstract recvmsg(msg: MsgHdr, flags: number): number | Wait;
  /** The poll mask now; registration on `sk_wq` is the socket layer's. */
  abstract poll(): number;
  /** The struct socket is gone. `timeout`: jiffies that TCP may linger. */
  abstract close(timeout: number): number | Wait;

  /** inet_csk_listen_start; only stream protocols listen. */
  listen(_backlog: number): number {
    return -Errno.EOPNOTSUPP;
  }

  /** inet_csk_accept: a connection that is ready, `-EAGAIN` with O_NONBLOCK, or a wait for one. */
  accept(_flags: number): Sock | number | Wait<Sock | number> {
    return -Errno.EOPNOTSUPP;
  }

  /** sk_prot->shutdown: called with RCV_SHUTDOWN / SEND_SHUTDOWN bits, after sk_shutdown was set. */
  shutdown(_how: number): void {}

  /** Options of this protocol's own level (IPPROTO_TCP, IPPROTO_UDP, SOL_RAW). */
  setsockopt(_level: number, _name: number, _value: Uint8Array): number {
    return -Errno.ENOPROTOOPT;
  }

  /** Writes the option to `out`; the length written, or a negative errno. */
  getsockopt(_level: number, _name: number, _out: Uint8Array): number {
    return -Errno.ENOPROTOOPT;
  }

  /** FIONREAD, SIOCOUTQ and others of the protocol; the argument is written to `arg`. */
  ioctl(_request: number, _arg: Uint8Array): number {
    return -Errno.ENOIOCTLCMD;
  }

  /** SO_KEEPALIVE; TCP starts or stops its timer. */
  setKeepalive(isOn: boolean): void {
    this.sk_keepopen = isOn;
  }

  /** SO_RCVLOWAT. */
  setRcvlowat(octets: number): number {
    this.sk_rcvlowat = octets === 0 ? 1 : octets;
    return 0;
  }

  /** Memory of a received / a sent packet came back (sock_rfree, sock_wfree). */
  sk_skb_freed_r(_truesize: number): void {}
  sk_skb_freed_w(_truesize: number): void {
    this.sk_write_space();
  }

  /** sock_def_wakeup. */
  sk_state_change(): void {
    this.sk_wq?.wakeUpAll();
  }

  /** sock_def_readable. */
  sk_data_ready(): void {
    this.sk_wq?.wakeUp(EPOLLIN | EPOLLPRI | EPOLLRDNORM | EPOLLRDBAND);
  }

  /** sock_def_write_space. */
  sk_write_space(): void {
    const wq = this.sk_wq;
    if (wq === undefined || !wq.hasWaiters || !sock_writeable(this)) return;
    wq.wakeUp(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
  }

  /** sock_def_error_report. */
  sk_error_report(): void {
    this.sk_wq?.wakeUp(EPOLLERR);
  }
}

/** sock_error: takes the pending error, as a negative number. */
export function sock_error(sk: Sock): number {
  const err = sk.sk_err;
  sk.sk_err = 0;
  return -err;
}

export function sock_rcvtimeo(sk: Sock, noblock: boolean): number {
  return noblock ? 0 : sk.sk_rcvtimeo;
}

export function sock_sndtimeo(sk: Sock, noblock: boolean): number {
  return noblock ? 0 : sk.sk_sndtimeo;
}

export function sock_rcvlowat(sk: Sock, waitall: boolean, length: number): number {
  const lowat = waitall ? length : Math.min(sk.sk_rcvlowat, length);
  return lowat === 0 ? 1 : lowat;
}

/** What an interrupted call returns: restartable only without a timeout. */
export function sock_intr_errno(timeo: number): number {
  return timeo === MAX_SCHEDULE_TIMEOUT ? -Errno.ERESTARTSYS : -Errno.EINTR;
}

/** sock_orphan: the program let go; nobody is woken any more. */
export function sock_orphan(sk: Sock): void {
  sk.sock_dead = true;
  sk.sk_socket = undefined;
  sk.sk_wq = undefined;
}

/** sock_graft: a struct socket takes hold of `sk`. */
export function sock_graft(sk: Sock, socket: Socket): void {
  sk.sk_wq = socket.wq;
  sk.sk_socket = socket;
  socket.sk = sk;
}

/** inet_sock_destruct: frees what still waits in the queues. The sock must be unhashed. */
export function inet_sock_destruct(sk: Sock): void {
  skb_queue_purge(sk.sk_receive_queue);
  skb_queue_purge(sk.sk_error_queue);
  skb_queue_purge(sk.sk_write_queue);
  sk.sk_dst_cache = undefined;
  ip_mc_drop_socket(sk);
}

/** Is the cached route still the right one? Otherwise it is forgotten. */
export function sk_dst_check(sk: Sock): Rtable | undefined {
  const dst = sk.sk_dst_cache;
  if (dst === undefined || dst.isValid()) return dst;
  sk.sk_dst_cache = undefined;
  return undefined;
}

export function sk_dst_reset(sk: Sock): void {
  sk.sk_dst_cache = undefined;
}

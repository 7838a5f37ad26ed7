/** Listeners: SYN queue and accept queue (net/ipv4/inet_connection_sock.c). */
import { Errno, wait_event_interruptible_exclusive } from "@dcejs/lkl-kernel";
import type { Blocked, Wait, WaitQueueHead } from "@dcejs/lkl-kernel";
import type { Sock } from "../socket/sock.ts";
import {
  MAX_SCHEDULE_TIMEOUT,
  sock_intr_errno,
  sock_orphan,
  sock_rcvtimeo,
} from "../socket/sock.ts";
import { sk_wait_event } from "../socket/sock-wait.ts";
import { inet_csk_get_port, inet_hash } from "./hashtables.ts";
import { inet_csk_reqsk_queue_drop } from "./request-sock.ts";
import type { TcpRequestSock } from "./request-sock.ts";
import { inet_csk_destroy_sock, tcp_done, tcp_set_state } from "./state-change.ts";
import { TCP_CLOSE, TCP_LISTEN } from "./states.ts";
import type { TcpSock } from "./tcp-sock.ts";

const O_NONBLOCK = 0o4000;

/** struct request_sock_queue: connections that nobody accepted yet. */
export class AcceptQueue {
  /** Half open. */
  qlen = 0;
  readonly requests: Set<TcpRequestSock> = new Set();
  /** Established, in order of completion. */
  readonly ready: TcpSock[] = [];
}

export function sk_acceptq_is_full(tp: TcpSock): boolean {
  return tp.sk_ack_backlog > tp.sk_max_ack_backlog;
}

export function inet_csk_reqsk_queue_is_full(tp: TcpSock): boolean {
  return (tp.accept_queue?.qlen ?? 0) >= tp.sk_max_ack_backlog;
}

/**
 * listen(): the port is taken now, if bind() has not done so; a second call changes the backlog.
 * @param backlog Connections that may wait for accept(), at most net.core.somaxconn.
 * @returns 0 or -EADDRINUSE.
 */
export function inet_csk_listen_start(tp: TcpSock, backlog: number): number {
  const somaxconn = tp.tcp.sysctl.somaxconn.value;
  tp.sk_max_ack_backlog = backlog >>> 0 > somaxconn ? somaxconn : backlog;
  if (tp.sk_state === TCP_LISTEN) return 0;
  tp.accept_queue = new AcceptQueue();
  tp.sk_ack_backlog = 0;
  // Between bind() and listen() another sock may have become a conflict (SO_REUSEADDR).
  tcp_set_state(tp, TCP_LISTEN);
  if (inet_csk_get_port(tp, tp.inet_num) === 0) {
    tp.inet_sport = tp.inet_num;
    tp.sk_dst_cache = undefined;
    inet_hash(tp);
    return 0;
  }
  tp.accept_queue = undefined;
  tp.sk_state = TCP_CLOSE;
  return -Errno.EADDRINUSE;
}

/**
 * accept(): takes the oldest connection that is ready.
 * @returns The sock; -EINVAL when not listening, -EAGAIN, or what ended the wait.
 */
export function inet_csk_accept(tp: TcpSock, flags: number): Sock | number | Wait<Sock | number> {
  if (tp.sk_state !== TCP_LISTEN) return -Errno.EINVAL;
  const ready = takeReady(tp);
  if (ready !== undefined) return ready;
  const timeo = sock_rcvtimeo(tp, (flags & O_NONBLOCK) !== 0);
  if (timeo === 0) return -Errno.EAGAIN;
  return waitForConnection(tp, timeo);
}

function takeReady(tp: TcpSock): TcpSock | undefined {
  const child = tp.accept_queue?.ready.shift();
  if (child !== undefined) tp.sk_ack_backlog--;
  return child;
}

/** One sleeper is woken for one connection (exclusive), so accept() does not stampede. */
function* waitForConnection(tp: TcpSock, timeo: number): Generator<Blocked, Sock | number, number> {
  const isReady = (): boolean =>
    (tp.accept_queue?.ready.length ?? 0) > 0 || tp.sk_state !== TCP_LISTEN;
  let left = timeo;
  for (;;) {
    const ready = takeReady(tp);
    if (ready !== undefined) return ready;
    if (tp.sk_state !== TCP_LISTEN) return -Errno.EINVAL;
    if (left <= 0) return left < 0 ? left : -Errno.EAGAIN;
    left = yield* sleepForConnection(tp, isReady, left);
  }
}

/** Jiffies that are left; 0 when time ran out; a negative errno. */
function sleepForConnection(tp: TcpSock, isReady: () => boolean, timeo: number): Wait {
  if (timeo !== MAX_SCHEDULE_TIMEOUT || tp.sk_wq === undefined) {
    return sk_wait_event(tp, timeo, isReady, "inet_csk_accept");
  }
  return sleepExclusively(tp, tp.sk_wq, isReady);
}

function* sleepExclusively(tp: TcpSock, wq: WaitQueueHead, isReady: () => boolean): Wait {
  const err = yield* wait_event_interruptible_exclusive(tp.kernel, wq, isReady, "inet_csk_accept");
  return err < 0 ? sock_intr_errno(MAX_SCHEDULE_TIMEOUT) : MAX_SCHEDULE_TIMEOUT;
}

/** The handshake is complete. False: the listener is gone. */
export function inet_csk_reqsk_queue_add(listener: TcpSock, child: TcpSock): boolean {
  const queue = listener.accept_queue;
  if (listener.sk_state !== TCP_LISTEN || queue === undefined) {
    inet_child_forget(child);
    return false;
  }
  queue.ready.push(child);
  listener.sk_ack_backlog++;
  return true;
}

/** Nobody will ever accept it. */
function inet_child_forget(child: TcpSock): void {
  sock_orphan(child);
  child.tcp.countOrphan(child);
  if (child.sk_state === TCP_CLOSE) inet_csk_destroy_sock(child);
  else tcp_done(child);
}

/** close() of a listener: forgets the half-open, resets the ready ones (inet_csk_listen_stop). */
export function inet_csk_listen_stop(tp: TcpSock): void {
  const queue = tp.accept_queue;
  if (queue === undefined) return;
  for (const req of queue.requests) inet_csk_reqsk_queue_drop(req);
  for (let child = queue.ready.shift(); child !== undefined; child = queue.ready.shift()) {
    tp.sk_ack_backlog--;
    child.tcp.resetUnaccepted(child);
    inet_child_forget(child);
  }
  tp.accept_queue = undefined;
}

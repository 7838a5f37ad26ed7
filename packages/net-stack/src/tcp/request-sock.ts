/** A connection that is half open: the SYN queue's small object (struct tcp_request_sock). */
import type { EhashNode } from "./hashtables.ts";
import { LazyTimer } from "./lazy-timer.ts";
import { TCP_TIMEOUT_INIT_MS } from "./limits.ts";
import { TcpOptionsReceived } from "./options.ts";
import { seqNum } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import { TCP_LISTEN, TCP_NEW_SYN_RECV } from "./states.ts";
import { tcp_rtx_synack } from "./synack.ts";
import type { TcpSock } from "./tcp-sock.ts";

export class TcpRequestSock implements EhashNode {
  readonly sk_state: number = TCP_NEW_SYN_RECV;
  readonly listener: TcpSock;
  readonly inet_rcv_saddr: number;
  readonly inet_num: number;
  readonly inet_daddr: number;
  readonly inet_dport: number;
  readonly sk_bound_dev_if: number;
  sk_hash = 0;
  ehash_next: EhashNode | undefined = undefined;
  is_hashed = false;

  /** What the SYN offered. */
  readonly rx_opt: TcpOptionsReceived = new TcpOptionsReceived();
  rcv_isn: SeqNum = seqNum(0);
  snt_isn: SeqNum = seqNum(0);
  /** Peer's MSS, octets. */
  mss = 0;
  rsk_rcv_wnd = 0;
  rsk_window_clamp = 0;
  ts_off = 0;
  tos = 0;
  /** When the first SYN-ACK was sent, µs. */
  snt_synack = 0;
  num_timeout = 0;
  num_retrans = 0;
  /** The handshake's ACK came, but the accept queue was full, or data is waited for. */
  acked = false;
  last_oow_ack_time = 0;
  readonly rsk_timer: LazyTimer;

  constructor(listener: TcpSock, laddr: number, faddr: number, fport: number, dif: number) {
    this.listener = listener;
    this.inet_rcv_saddr = laddr;
    this.inet_num = listener.inet_num;
    this.inet_daddr = faddr;
    this.inet_dport = fport;
    this.sk_bound_dev_if = dif;
    this.rsk_timer = new LazyTimer(listener.kernel, () => reqsk_timer_handler(this));
  }
}

/** Jiffies until the SYN-ACK is sent again: 1 s, doubled each time. */
export function tcp_reqsk_timeout(req: TcpRequestSock): number {
  const kernel = req.listener.kernel;
  const init = kernel.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS);
  return Math.min(init * 2 ** req.num_timeout, req.listener.tcp.rtoMax);
}

export function inet_csk_reqsk_queue_hash_add(req: TcpRequestSock): void {
  req.listener.tcp.hashinfo.insert(req);
  const queue = req.listener.accept_queue;
  if (queue !== undefined) {
    queue.qlen++;
    queue.requests.add(req);
  }
  req.rsk_timer.arm(req.listener.jiffies + tcp_reqsk_timeout(req));
}

/** Forgets the request. False: it was forgotten already. */
export function inet_csk_reqsk_queue_drop(req: TcpRequestSock): boolean {
  if (!req.is_hashed) return false;
  req.rsk_timer.cancel();
  req.listener.tcp.hashinfo.remove(req);
  const queue = req.listener.accept_queue;
  if (queue !== undefined) {
    queue.qlen--;
    queue.requests.delete(req);
  }
  return true;
}

/** No ACK for the SYN-ACK in time. */
function reqsk_timer_handler(req: TcpRequestSock): void {
  const listener = req.listener;
  if (listener.sk_state !== TCP_LISTEN) {
    inet_csk_reqsk_queue_drop(req);
    return;
  }
  const max =
    listener.icsk_syn_retries === 0
      ? listener.tcp.sysctl.tcp_synack_retries.value
      : listener.icsk_syn_retries;
  // With TCP_DEFER_ACCEPT an acknowledged request is only reminded at the end.
  const resend = !req.acked || req.num_timeout >= listener.defer_accept - 1;
  const expire = req.num_timeout >= (req.acked ? Math.max(max, listener.defer_accept) : max);
  if (!expire && (!resend || tcp_rtx_synack(req) || req.acked)) {
    req.num_timeout++;
    req.rsk_timer.arm(listener.jiffies + tcp_reqsk_timeout(req));
    return;
  }
  listener.tcp.ext.TCPTimeouts++;
  inet_csk_reqsk_queue_drop(req);
}

/**
 * TCP small queues: at most about a millisecond of a connection waits in the device's queue, so
 * that the rest can still be scheduled by window and loss (tcp_small_queue_check, tcp_wfree). The
 * driver frees (or orphans) a packet when it has sent it; that is when we go on.
 */
import { TCP_CLOSE, TCP_LISTEN } from "./states.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_xmit_retransmit_queue } from "./retransmit.ts";
import { tcp_current_mss } from "./mss.ts";
import { PUSH_ALL, tcp_write_xmit } from "./write-xmit.ts";
import { tcp_mstamp_refresh } from "./timestamps.ts";

/** One millisecond of the pacing rate: 2^-10 s. */
const SK_PACING_SHIFT_DIVISOR = 1024;

/** True: enough of us is in the device queue; tcp_wfree() will send on. */
export function tcp_small_queue_check(tp: TcpSock, truesize: number, factor: number): boolean {
  let limit = Math.max(2 * truesize, tp.sk_pacing_rate / SK_PACING_SHIFT_DIVISOR);
  limit = Math.min(limit, tp.tcp.sysctl.tcp_limit_output_bytes.value) * 2 ** factor;
  if (tp.sk_wmem_alloc <= limit) return false;
  // An empty retransmit queue has no ACK coming to start us again: let one packet through.
  if (tp.tcp_rtx_queue.length === 0) return false;
  tp.tsq_throttled = true;
  return true;
}

/** A packet of ours left the device queue: if we were held back, send on when the stack is quiet. */
export function tcp_wfree(tp: TcpSock): void {
  if (!tp.tsq_throttled || tp.tsq_queued) return;
  tp.tsq_throttled = false;
  tp.tsq_queued = true;
  tp.tcp.tsq_schedule(tp);
}

/**
 * Runs from the tasklet (tcp_tsq_write). Packets freed meanwhile do not queue us again: one that
 * cannot be sent at all would otherwise be tried for ever at one instant.
 */
export function tcp_tsq_write(tp: TcpSock): void {
  if (tp.sk_state !== TCP_CLOSE && tp.sk_state !== TCP_LISTEN) {
    tcp_mstamp_refresh(tp);
    if (tp.lost_out > tp.retrans_out) tcp_xmit_retransmit_queue(tp);
    tcp_write_xmit(tp, tcp_current_mss(tp), tp.nonagle, PUSH_ALL);
  }
  tp.tsq_queued = false;
}

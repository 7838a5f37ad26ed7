/** A valid RST arrived (tcp_reset). */
import { Errno } from "@dcejs/lkl-kernel";
import { tcp_done } from "./state-change.ts";
import { TCP_CLOSE, TCP_CLOSE_WAIT, TCP_SYN_SENT } from "./states.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_write_queue_purge } from "./tx-queue.ts";

/** RFC 9293 says "connection refused" or "connection reset"; Linux adds EPIPE after the peer's FIN. */
export function tcp_reset(tp: TcpSock): void {
  switch (tp.sk_state) {
    case TCP_SYN_SENT:
      tp.sk_err = Errno.ECONNREFUSED;
      break;
    case TCP_CLOSE_WAIT:
      tp.sk_err = Errno.EPIPE;
      break;
    case TCP_CLOSE:
      return;
    default:
      tp.sk_err = Errno.ECONNRESET;
  }
  tcp_write_queue_purge(tp);
  tcp_done(tp);
  if (!tp.sock_dead) tp.sk_error_report();
}

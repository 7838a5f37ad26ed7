/** The peer's FIN is in order (RFC 9293, section 3.10.7.4, eighth; tcp_fin). */
import { EPOLLHUP, EPOLLIN } from "../socket/poll.ts";
import { RCV_SHUTDOWN, SHUTDOWN_MASK } from "../socket/sock.ts";
import { inet_csk_schedule_ack, tcp_send_ack } from "./ack-send.ts";
import { TCP_PINGPONG_THRESH } from "./limits.ts";
import { tcp_set_state } from "./state-change.ts";
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_SYN_RECV,
  TCP_TIME_WAIT,
} from "./states.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_time_wait } from "./time-wait.ts";

export function tcp_fin(tp: TcpSock): void {
  inet_csk_schedule_ack(tp);
  tp.sk_shutdown |= RCV_SHUTDOWN;
  tp.sock_done = true;
  switch (tp.sk_state) {
    case TCP_SYN_RECV:
    case TCP_ESTABLISHED:
      tcp_set_state(tp, TCP_CLOSE_WAIT);
      tp.icsk_ack.pingpong = TCP_PINGPONG_THRESH;
      break;
    case TCP_FIN_WAIT1:
      // Both closed at once.
      tcp_send_ack(tp);
      tcp_set_state(tp, TCP_CLOSING);
      break;
    case TCP_FIN_WAIT2:
      tcp_send_ack(tp);
      tcp_time_wait(tp, TCP_TIME_WAIT, 0);
      break;
    default:
    // CLOSE_WAIT, CLOSING, LAST_ACK: a FIN again; stay.
  }
  // Nothing may follow a FIN.
  tp.out_of_order_queue.purge();
  tp.rx_opt.num_sacks = 0;
  if (tp.sock_dead) return;
  tp.sk_state_change();
  const isOver = tp.sk_shutdown === SHUTDOWN_MASK || tp.sk_state === TCP_CLOSE;
  tp.sk_wq?.wakeUp(isOver ? EPOLLHUP : EPOLLIN);
}

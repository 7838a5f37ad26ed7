/** tcp_set_state, and the end of a connection (net/ipv4/tcp.c). */
import { skb_queue_purge } from "../skbuff-queue.ts";
import { SHUTDOWN_MASK } from "../socket/sock.ts";
import { TCP_CA_Open } from "./congestion.ts";
import { inet_put_port, inet_unhash } from "./hashtables.ts";
import {
  TCPF_SYN_RECV,
  TCPF_SYN_SENT,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  stateName,
} from "./states.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_write_queue_purge } from "./tx-queue.ts";

export function tcp_set_state(tp: TcpSock, state: number): void {
  const old = tp.sk_state;
  if (state === TCP_ESTABLISHED) {
    if (old !== TCP_ESTABLISHED) tp.tcp.mib.CurrEstab++;
  } else {
    if (state === TCP_CLOSE) {
      if (old === TCP_CLOSE_WAIT || old === TCP_ESTABLISHED) tp.tcp.mib.EstabResets++;
      inet_unhash(tp);
      if (tp.icsk_bind_hash !== undefined && !tp.sk_bindport_lock) inet_put_port(tp);
    }
    if (old === TCP_ESTABLISHED) tp.tcp.mib.CurrEstab--;
  }
  tp.sk_state = state;
  const trace = tp.tcp.trace_set_state;
  if (trace.isEnabled) {
    trace.emit(
      stateName(old),
      stateName(state),
      tp.inet_saddr,
      tp.inet_num,
      tp.inet_daddr,
      tp.inet_dport,
    );
  }
}

/** The connection is over, whoever ended it. Wakes the owner, or ends the orphan. */
export function tcp_done(tp: TcpSock): void {
  if (((1 << tp.sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) !== 0) tp.tcp.mib.AttemptFails++;
  tcp_set_state(tp, TCP_CLOSE);
  tcp_clear_xmit_timers(tp);
  tp.sk_shutdown = SHUTDOWN_MASK;
  if (tp.sock_dead) inet_csk_destroy_sock(tp);
  else tp.sk_state_change();
}

/** Takes all timers out of the kernel's queues. */
export function tcp_clear_xmit_timers(tp: TcpSock): void {
  tp.icsk_pending = 0;
  tp.icsk_retransmit_timer.cancel();
  tp.icsk_ack.pending = 0;
  tp.icsk_delack_timer.cancel();
  tp.sk_timer.cancel();
  tp.compressed_ack = 0;
  tp.compressed_ack_timer?.cancel();
}

/** Frees all that the sock holds. Must be TCP_CLOSE, unhashed and without owner. */
export function inet_csk_destroy_sock(tp: TcpSock): void {
  if (tp.is_destroyed) return;
  tp.is_destroyed = true;
  tcp_clear_xmit_timers(tp);
  tcp_write_queue_purge(tp);
  tp.out_of_order_queue.purge();
  skb_queue_purge(tp.sk_receive_queue);
  if (tp.icsk_bind_hash !== undefined) inet_put_port(tp);
  tp.sk_dst_cache = undefined;
  tp.icsk_ca_state = TCP_CA_Open;
  if (tp.is_orphan) {
    tp.is_orphan = false;
    tp.tcp.orphanCount--;
  }
}

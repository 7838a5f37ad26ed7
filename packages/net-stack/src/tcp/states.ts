/** Connection states, with Linux's numbers (include/net/tcp_states.h) and RFC 9293's meaning. */
export const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
export const TCP_SYN_RECV = 3;
export const TCP_FIN_WAIT1 = 4;
export const TCP_FIN_WAIT2 = 5;
export const TCP_TIME_WAIT = 6;
export const TCP_CLOSE = 7;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LAST_ACK = 9;
export const TCP_LISTEN = 10;
export const TCP_CLOSING = 11;
export const TCP_NEW_SYN_RECV = 12;

const STATE_NAMES: readonly string[] = [
  "",
  "ESTABLISHED",
  "SYN_SENT",
  "SYN_RECV",
  "FIN_WAIT1",
  "FIN_WAIT2",
  "TIME_WAIT",
  "CLOSE",
  "CLOSE_WAIT",
  "LAST_ACK",
  "LISTEN",
  "CLOSING",
  "NEW_SYN_RECV",
];

/** The state as `ss` and the tracepoint `sock:inet_sock_set_state` print it. */
export function stateName(state: number): string {
  return STATE_NAMES[state] ?? "";
}

/** Bits for "one of these states" tests: `inState(sk, TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)`. */
export const TCPF_ESTABLISHED: number = 1 << TCP_ESTABLISHED;
export const TCPF_SYN_SENT: number = 1 << TCP_SYN_SENT;
export const TCPF_SYN_RECV: number = 1 << TCP_SYN_RECV;
export const TCPF_FIN_WAIT1: number = 1 << TCP_FIN_WAIT1;
export const TCPF_FIN_WAIT2: number = 1 << TCP_FIN_WAIT2;
export const TCPF_CLOSE: number = 1 << TCP_CLOSE;
export const TCPF_CLOSE_WAIT: number = 1 << TCP_CLOSE_WAIT;
export const TCPF_LAST_ACK: number = 1 << TCP_LAST_ACK;
export const TCPF_LISTEN: number = 1 << TCP_LISTEN;
export const TCPF_CLOSING: number = 1 << TCP_CLOSING;

/** State after close() or shutdown(SHUT_WR) (new_state in net/ipv4/tcp.c); the flag asks for a FIN. */
export const TCP_ACTION_FIN = 0x80;
const NEW_STATE: readonly number[] = [
  TCP_CLOSE,
  TCP_FIN_WAIT1 | TCP_ACTION_FIN, // ESTABLISHED
  TCP_CLOSE, // SYN_SENT
  TCP_FIN_WAIT1 | TCP_ACTION_FIN, // SYN_RECV
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_CLOSE, // TIME_WAIT
  TCP_CLOSE,
  TCP_LAST_ACK | TCP_ACTION_FIN, // CLOSE_WAIT
  TCP_LAST_ACK,
  TCP_CLOSE, // LISTEN
  TCP_CLOSING,
  TCP_CLOSE, // NEW_SYN_RECV
];

export function stateAfterClose(state: number): number {
  return NEW_STATE[state] ?? TCP_CLOSE;
}

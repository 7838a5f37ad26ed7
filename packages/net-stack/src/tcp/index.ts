/** TCP, as the rest of the stack sees it. */
import type { Tracepoint } from "@dcejs/lkl-kernel";
import { inet_add_protocol, IPPROTO_TCP } from "../ip/protocol.ts";
import type { NetStack } from "../net-stack.ts";
import { tcpProtocol } from "./ipv4.ts";
import { TcpNet } from "./tcp-net.ts";

export { TcpNet } from "./tcp-net.ts";
export { TcpSock } from "./tcp-sock.ts";
export type {
  CongestionControl,
  CongestionControlFactory,
  CongestionRegistry,
} from "./congestion.ts";

/** What is used without a tracer. */
function silentTracepoint(name: string): Tracepoint {
  return { name, isEnabled: false, emit: () => {} };
}

/**
 * tcp_v4_init: TCP answers to IPv4's protocol 6 from now on; `createSock()` of what it returns makes
 * sockets.
 * @param tracepoint Makes tcp:tcp_retransmit_skb, tcp:tcp_probe, tcp:tcp_send_reset and
 * sock:inet_sock_set_state. @default none
 */
export function tcp_init(
  net: NetStack,
  tracepoint: (name: string) => Tracepoint = silentTracepoint,
): TcpNet {
  const tcp = new TcpNet(net, tracepoint);
  inet_add_protocol(net, IPPROTO_TCP, tcpProtocol(tcp));
  return tcp;
}

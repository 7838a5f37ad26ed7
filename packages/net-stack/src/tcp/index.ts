/** TCP, as the rest of the stack sees it. */
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

/** tcp_v4_init: TCP answers to IPv4's protocol 6 from now on. `createSock()` of what it returns makes sockets. */
export function tcp_init(net: NetStack): TcpNet {
  const tcp = new TcpNet(net);
  inet_add_protocol(net, IPPROTO_TCP, tcpProtocol(tcp));
  return tcp;
}

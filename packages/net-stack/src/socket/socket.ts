/** struct socket and its address family (net/socket.c, net/ipv4/af_inet.c). */
import { WaitQueueHead } from "@dcejs/lkl-kernel";
import type { Sock } from "./sock.ts";

export class Socket {
  readonly wq: WaitQueueHead = new WaitQueueHead();
  sk: Sock | undefined = undefined;
}

import {
  AF_INET,
  AF_INET6,
  IPPROTO_ICMP,
  MSG_DONTWAIT,
  POLLIN,
  type Posix,
  SOCK_RAW,
} from "@dcejs/dce-glue";
import { holds, same } from "../expectation.ts";
import { echoRequest, viewOf } from "../testbed/index.ts";

const IPPROTO_ICMPV6 = 58;
const ICMP_ECHOREPLY = 0;
const ICMPV6_ECHO_REQUEST = 128;
const ICMPV6_ECHO_REPLY = 129;
const POLL_MS = 1000;

export interface PingOptions {
  /** @default 10, as LKL's net-test */
  readonly count?: number;
  /** Between two requests. @default 0: as soon as the answer is there */
  readonly intervalNs?: number;
  /** Source address. @default the kernel chooses */
  readonly from?: string;
}

/**
 * Echo requests over a raw socket, each answered before the next is sent (as LKL's net-test: poll a
 * second, receive without waiting).
 * @throws {Mismatch} one is not answered
 */
export async function ping(
  posix: Posix,
  address: string,
  options: PingOptions = {},
): Promise<void> {
  const { count = 10, intervalNs = 0 } = options;
  const isIpv6 = address.includes(":");
  const socket = isIpv6
    ? await posix.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)
    : await posix.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  if (options.from !== undefined) await posix.bind(socket, { address: options.from, port: 0 });
  const identifier = posix.getpid() & 0xffff;
  for (let sequence = 1; sequence <= count; sequence++) {
    const request = echoRequest(identifier, sequence);
    if (isIpv6) request[0] = ICMPV6_ECHO_REQUEST;
    const sent = await posix.sendto(socket, request, { address, port: 0 });
    same(sent, request.length, "octets sent");
    await awaitReply(posix, socket, isIpv6, identifier, sequence);
    if (intervalNs > 0) await posix.nanosleep(intervalNs);
  }
  await posix.close(socket);
}

async function awaitReply(
  posix: Posix,
  socket: number,
  isIpv6: boolean,
  identifier: number,
  sequence: number,
): Promise<void> {
  const reply = isIpv6 ? ICMPV6_ECHO_REPLY : ICMP_ECHOREPLY;
  const buffer = new Uint8Array(128);
  for (;;) {
    const ready = await posix.poll([{ fd: socket, events: POLLIN, revents: 0 }], POLL_MS);
    same(ready, 1, `request ${sequence}: sockets that are ready within a second`);
    await posix.recv(socket, buffer, MSG_DONTWAIT);
    const message = viewOf(isIpv6 ? buffer : buffer.subarray(((buffer[0] ?? 0) & 0xf) * 4));
    // A raw socket on lo also sees the requests themselves; on a wire it sees other hosts' messages.
    if (message.getUint8(0) !== reply) continue;
    same(message.getUint8(1), 0, "code of the reply");
    holds(message.getUint16(4) === identifier, "the reply has the request's identifier");
    same(message.getUint16(6), sequence, "sequence number of the reply");
    return;
  }
}

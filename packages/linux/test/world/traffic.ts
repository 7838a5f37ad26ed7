import type { Node, Program } from "./node.ts";
import { AF_INET, NR, SOCK_STREAM } from "./numbers.ts";

const BLOCK = 65_536;
const SHUT_WR = 1;

/** What came through a TCP connection. */
export interface Received {
  octets: number;
  /** Sum of all octets, so that it matters which came. */
  sum: number;
  finishedAt: number;
  error: number;
}

/** Accepts one connection and reads it to its end. */
export function* tcpSink(node: Node, ip: string, port: number, received: Received): Program {
  const room = node.bytes(BLOCK);
  const listener = yield [NR.socket, AF_INET, SOCK_STREAM, 0];
  yield [NR.bind, listener, node.address(ip, port), 16];
  yield [NR.listen, listener, 8];
  const connection = yield [NR.accept, listener, 0, 0];
  for (;;) {
    const length = yield [NR.read, connection, room, BLOCK];
    if (length <= 0) {
      received.error = length;
      break;
    }
    received.octets += length;
    const bytes = node.kernel.machine.u8.subarray(room, room + length);
    for (let at = 0; at < length; at += 997) received.sum += bytes[at] ?? 0;
  }
  received.finishedAt = node.world.events.now;
  yield [NR.close, connection];
  return yield [NR.close, listener];
}

/** Connects and sends so many octets. @returns 0 or -errno */
export function* tcpSource(node: Node, ip: string, port: number, octets: number): Program {
  const room = node.bytes(Uint8Array.from({ length: BLOCK }, (_, index) => (index * 7) & 255));
  const fd = yield [NR.socket, AF_INET, SOCK_STREAM, 0];
  const connected = yield [NR.connect, fd, node.address(ip, port), 16];
  if (connected < 0) return connected;
  for (let left = octets; left > 0; ) {
    const sent = yield [NR.write, fd, room, Math.min(left, BLOCK)];
    if (sent < 0) return sent;
    left -= sent;
  }
  yield [NR.shutdown, fd, SHUT_WR];
  return yield [NR.close, fd];
}

export function nothingReceived(): Received {
  return { octets: 0, sum: 0, finishedAt: 0, error: 0 };
}

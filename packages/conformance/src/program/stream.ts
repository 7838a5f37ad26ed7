import { AF_INET, type Posix, SHUT_WR, SOCK_STREAM } from "@dcejs/dce-glue";
import { same } from "../expectation.ts";

const CHUNK_OCTETS = 16_384;

/** A listening socket at a port of all addresses. */
export async function listenAt(posix: Posix, port: number, backlog = 8): Promise<number> {
  const socket = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.setReuseAddress(socket, true);
  await posix.bind(socket, { address: "0.0.0.0", port });
  await posix.listen(socket, backlog);
  return socket;
}

export async function connectTo(posix: Posix, address: string, port: number): Promise<number> {
  const socket = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.connect(socket, { address, port });
  return socket;
}

/** Octet number `index` of every stream: a sequence that shows a gap or an exchange. */
function octetAt(index: number): number {
  return (index * 7 + (index >>> 8)) & 0xff;
}

export function patternOf(octets: number, from = 0): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, index) => octetAt(from + index));
}

/** Sends the pattern and says that this was all. */
export async function sendPattern(posix: Posix, socket: number, octets: number): Promise<void> {
  for (let sent = 0; sent < octets; sent += CHUNK_OCTETS) {
    const length = Math.min(CHUNK_OCTETS, octets - sent);
    await posix.writeAll(socket, patternOf(length, sent));
  }
  await posix.shutdown(socket, SHUT_WR);
}

/** Receives until the end; every octet has to be the pattern's. @throws {Mismatch} */
export async function expectPattern(posix: Posix, socket: number, octets: number): Promise<void> {
  const buffer = new Uint8Array(CHUNK_OCTETS);
  let total = 0;
  for (;;) {
    const length = await posix.recv(socket, buffer);
    if (length === 0) break;
    for (let i = 0; i < length; i++) {
      if (buffer[i] !== octetAt(total + i))
        same(buffer[i], octetAt(total + i), `octet ${total + i}`);
    }
    total += length;
  }
  same(total, octets, "octets received");
}

/** Receives exactly so many octets, or up to the end. */
export async function receiveText(posix: Posix, socket: number, octets: number): Promise<string> {
  const buffer = new Uint8Array(octets);
  let total = 0;
  while (total < octets) {
    const length = await posix.recv(socket, buffer.subarray(total));
    if (length === 0) break;
    total += length;
  }
  return new TextDecoder().decode(buffer.subarray(0, total));
}

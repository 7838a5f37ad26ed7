import { AF_INET, IPPROTO_ICMP, type Posix, SOCK_RAW } from "@dcejs/dce-glue";

const ICMP_ECHO = 8;
const ICMP_ECHOREPLY = 0;
const ICMP_HEADER_LENGTH = 8;
const IPV4_HEADER_WORD = 4;
const PAYLOAD_LENGTH = 56;
const NSEC_PER_SEC = 1_000_000_000;

/** `ping ADDRESS COUNT`: ICMP echo once a second over a raw socket, reported as iputils does. */
export async function ping(posix: Posix): Promise<number> {
  const [, address = "", count = "3"] = posix.argv;
  const socket = await posix.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  await posix.setReceiveTimeout(socket, NSEC_PER_SEC);
  const identifier = posix.getpid() & 0xffff;
  await posix.print(`PING ${address} ${PAYLOAD_LENGTH} data bytes\n`);

  let received = 0;
  for (let sequence = 1; sequence <= Number(count); sequence++) {
    const sentNs = posix.now();
    await posix.sendto(socket, echoRequest(identifier, sequence), { address, port: 0 });
    const ttl = await awaitReply(posix, socket, identifier, sequence);
    const elapsedNs = posix.now() - sentNs;
    if (ttl !== undefined) {
      received++;
      const ms = (elapsedNs / 1e6).toFixed(3);
      await posix.print(
        `64 bytes from ${address}: icmp_seq=${sequence} ttl=${ttl} time=${ms} ms\n`,
      );
    }
    if (sequence < Number(count)) await posix.nanosleep(Math.max(0, NSEC_PER_SEC - elapsedNs));
  }
  await posix.close(socket);
  await posix.print(`${count} packets transmitted, ${received} received\n`);
  return received === 0 ? 1 : 0;
}

/** TTL of the reply to this request, or undefined if none came within the socket's time-out. */
async function awaitReply(
  posix: Posix,
  socket: number,
  identifier: number,
  sequence: number,
): Promise<number | undefined> {
  const buffer = new Uint8Array(1500);
  const view = new DataView(buffer.buffer);
  for (;;) {
    try {
      await posix.recv(socket, buffer);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
      throw error;
    }
    const icmp = ((buffer[0] ?? 0) & 0xf) * IPV4_HEADER_WORD;
    const isOurs = view.getUint16(icmp + 4) === identifier && view.getUint16(icmp + 6) === sequence;
    if (view.getUint8(icmp) === ICMP_ECHOREPLY && isOurs) return view.getUint8(8);
  }
}

function echoRequest(identifier: number, sequence: number): Uint8Array {
  const packet = new Uint8Array(ICMP_HEADER_LENGTH + PAYLOAD_LENGTH);
  const view = new DataView(packet.buffer);
  view.setUint8(0, ICMP_ECHO);
  view.setUint16(4, identifier);
  view.setUint16(6, sequence);
  for (let i = 0; i < PAYLOAD_LENGTH; i++) packet[ICMP_HEADER_LENGTH + i] = i;
  view.setUint16(2, internetChecksum(view));
  return packet;
}

/** RFC 1071, for an even number of octets. */
function internetChecksum(view: DataView): number {
  let sum = 0;
  for (let i = 0; i < view.byteLength; i += 2) sum += view.getUint16(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

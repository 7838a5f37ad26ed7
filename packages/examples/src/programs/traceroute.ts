import {
  AF_INET,
  IP_TTL,
  IPPROTO_ICMP,
  IPPROTO_IP,
  type Posix,
  SOCK_DGRAM,
  SOCK_RAW,
} from "@dcejs/dce-glue";

const ICMP_DEST_UNREACH = 3;
const ICMP_TIME_EXCEEDED = 11;
const ICMP_HEADER_LENGTH = 8;
const IPV4_HEADER_WORD = 4;
const UDP_DESTINATION = 2;
const FIRST_PORT = 33_434;
const NSEC_PER_SEC = 1_000_000_000;

/**
 * `traceroute ADDRESS HOPS-MAX`: one datagram for each TTL to a port where nobody listens; who drops it says so.
 * Prints a line for each hop; exit 1 when the address itself has not answered.
 */
export async function traceroute(posix: Posix): Promise<number> {
  const [, address = "", hopsMax = "30"] = posix.argv;
  const icmp = await posix.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  await posix.setReceiveTimeout(icmp, NSEC_PER_SEC);
  const udp = await posix.socket(AF_INET, SOCK_DGRAM);
  let isThere = false;
  for (let ttl = 1; ttl <= Number(hopsMax) && !isThere; ttl++) {
    await posix.setsockopt(udp, IPPROTO_IP, IP_TTL, ttl);
    const sentNs = posix.now();
    const port = FIRST_PORT + ttl;
    await posix.sendto(udp, "how far?", { address, port });
    const answer = await awaitAnswer(posix, icmp, port);
    isThere = answer?.type === ICMP_DEST_UNREACH;
    const ms = ((posix.now() - sentNs) / 1e6).toFixed(3);
    await posix.print(
      answer === undefined
        ? `${ttl} *\n`
        : `${ttl} ${answer.from} ${ms} ms, its own TTL ${answer.ttl}\n`,
    );
  }
  await posix.close(udp);
  await posix.close(icmp);
  return isThere ? 0 : 1;
}

interface Answer {
  readonly type: number;
  readonly from: string;
  /** What was left of the answer's own time to live. */
  readonly ttl: number;
}

/** The ICMP error about our datagram to that port, or undefined if none came in a second. */
async function awaitAnswer(
  posix: Posix,
  socket: number,
  port: number,
): Promise<Answer | undefined> {
  const buffer = new Uint8Array(1500);
  const view = new DataView(buffer.buffer);
  for (;;) {
    try {
      const { address } = await posix.recvfrom(socket, buffer);
      const icmp = headerLength(view, 0);
      const type = view.getUint8(icmp);
      if (type !== ICMP_TIME_EXCEEDED && type !== ICMP_DEST_UNREACH) continue;
      const inner = icmp + ICMP_HEADER_LENGTH;
      const udp = inner + headerLength(view, inner);
      if (view.getUint16(udp + UDP_DESTINATION) !== port) continue;
      return { type, from: address?.address ?? "", ttl: view.getUint8(8) };
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EAGAIN") return undefined;
      throw error;
    }
  }
}

function headerLength(view: DataView, at: number): number {
  return (view.getUint8(at) & 0xf) * IPV4_HEADER_WORD;
}

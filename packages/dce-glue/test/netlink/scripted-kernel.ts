import { type Blocked, Errno } from "@dcejs/lkl-kernel";
import { type NetlinkMessage, netlinkMessages, NetlinkWriter } from "@dcejs/net-stack";
import type { DceSocket, Out, SimMsgHdr } from "../../src/kernel/kernel-objects.ts";
import type { NetlinkKernel } from "../../src/netlink/netlink-client.ts";

/** What one datagram of an answer holds; `seq` is the request's. */
export type Script = (request: NetlinkMessage) => readonly Uint8Array[];

interface Sock {
  readonly queue: Uint8Array[];
  readonly life: number;
}

/** The kernel's side of netlink sockets: answers each request as a test says, and counts sockets. */
export class ScriptedKernel implements NetlinkKernel {
  readonly requests: NetlinkMessage[] = [];
  /** Options that were set, as level and name. */
  readonly options: (readonly [number, number])[] = [];
  opened = 0;
  /** Calls named here wait before they return. */
  slow: ReadonlySet<string> = new Set();
  #life = 0;
  readonly #socks = new Map<DceSocket, Sock>();
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  /** The next life knows no socket of this one. */
  reboot(): void {
    this.#life++;
  }

  sock_socket(_family: number, _type: number, _protocol: number, out: Out<DceSocket>): number {
    this.opened++;
    // oxlint-disable-next-line no-unsafe-type-assertion -- an opaque handle
    const socket = { number: this.opened } as unknown as DceSocket;
    this.#socks.set(socket, { queue: [], life: this.#life });
    out.value = socket;
    return 0;
  }

  sock_bind(): number {
    return 0;
  }

  sock_setsockopt(_socket: DceSocket, level: number, name: number): number {
    this.options.push([level, name]);
    return -Errno.ENOPROTOOPT;
  }

  sock_sendmsg(socket: DceSocket, message: SimMsgHdr): number | Blocked {
    const sock = this.#sock(socket);
    if (sock === undefined) return -Errno.EBADF;
    const [bytes = new Uint8Array(0)] = message.msg_iov;
    for (const request of netlinkMessages(bytes)) {
      this.requests.push(request);
      sock.queue.push(...this.#script(request));
    }
    return this.slow.has("sendmsg") ? { waitChannel: "sendmsg" } : bytes.length;
  }

  sock_recvmsg(socket: DceSocket, message: SimMsgHdr): number {
    const next = this.#sock(socket)?.queue.shift();
    if (next === undefined) return -Errno.EAGAIN;
    message.msg_iov[0]?.set(next);
    return next.length;
  }

  sock_close(): number {
    return 0;
  }

  #sock(socket: DceSocket): Sock | undefined {
    const sock = this.#socks.get(socket);
    return sock?.life === this.#life ? sock : undefined;
  }
}

/** One message as a datagram. */
export function datagram(
  type: number,
  flags: number,
  seq: number,
  payload: (writer: NetlinkWriter) => void = () => undefined,
): Uint8Array {
  const writer = new NetlinkWriter();
  writer.begin(type, flags, seq, 0);
  payload(writer);
  writer.end();
  return writer.bytes();
}

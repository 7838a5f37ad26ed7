/** Plays a recorded dialogue on our stack: the same steps, the same form of record. */
import { Socket } from "../../src/socket/socket.ts";
import { message, REMOTE_ADDR, sockaddr, Wire } from "../tcp/wire.ts";

/** Seconds that pass after each step, as in the recorder. */
const SETTLE = 0.004;
/** Of the kernel that was recorded. */
const RECORDER_HZ = 100;
const NONBLOCK = 0o4000;
const MSG_DONTWAIT = 0x40;
const SIOC: Record<string, number> = { inq: 0x541b, outq: 0x5411, outqnsd: 0x894b };
const ALL_BUT_MSG = 0x3fff & ~0x1800;

/** Fields of struct tcp_info that are compared: name, offset, octets. */
const INFO: readonly [string, number, number][] = [
  ["state", 0, 1],
  ["ca_state", 1, 1],
  ["retransmits", 2, 1],
  ["probes", 3, 1],
  ["backoff", 4, 1],
  ["options", 5, 1],
  ["wscale", 6, 1],
  ["snd_mss", 16, 4],
  ["rcv_mss", 20, 4],
  ["unacked", 24, 4],
  ["sacked", 28, 4],
  ["lost", 32, 4],
  ["retrans", 36, 4],
  ["pmtu", 60, 4],
  ["rcv_ssthresh", 64, 4],
  ["snd_ssthresh", 76, 4],
  ["snd_cwnd", 80, 4],
  ["advmss", 84, 4],
  ["reordering", 88, 4],
  ["rcv_space", 96, 4],
  ["total_retrans", 100, 4],
  ["notsent", 144, 4],
  ["snd_wnd", 228, 4],
  ["rcv_wnd", 232, 4],
];

type StepResult = number | string | Record<string, number>;
/** Milliseconds since the step began, and the segment. */
type Sent = [number, string];
export type Row = [string, StepResult, Sent[]];

/** One dialogue on a fresh host. */
export function playDialogue(steps: readonly string[]): Row[] {
  const player = new Player();
  return steps.map((step): Row => {
    const start = player.wire.now;
    const result = player.step(step);
    player.wire.run(secondsOf(step));
    const sent = player.wire
      .timedWithWindows()
      .map(([at, text]): Sent => [Math.round((at - start) * 1e4) / 10, text]);
    return [step, result, sent];
  });
}

/** How long a step lasts. */
export function secondsOf(step: string): number {
  return step.startsWith("wait") ? Number(step.split(" ")[1]) : SETTLE;
}

class Player {
  readonly wire: Wire = new Wire({ hz: RECORDER_HZ });
  private readonly sockets: Socket[] = [this.wire.socket];

  step(text: string): StepResult {
    const { wire } = this;
    const [op = "", a = "0", b = "0", value = ""] = text.split(" ");
    switch (op) {
      case "<":
        wire.inject(text.slice(2));
        return 0;
      case "wait":
        return 0;
      case "socket":
        return this.use(wire.newSocket());
      case "use":
        return this.use(this.sockets[Number(a)] ?? wire.socket);
      case "send":
        return wire.send(Number(a), Number(b));
      case "recv":
        return this.recv(Number(a), Number(b));
      case "set":
        return this.set(Number(a), Number(b), fromHex(value));
      case "get":
        return this.get(Number(a), Number(b), Number(value));
      default:
        return this.wire.call(() => this.plainCall(op, Number(a)));
    }
  }

  private use(socket: Socket): number {
    if (!this.sockets.includes(socket)) this.sockets.push(socket);
    this.wire.socket = socket;
    return 0;
  }

  /** Calls without octets, in the kernel. */
  private plainCall(op: string, n: number): StepResult {
    const { socket } = this.wire;
    const out = new Uint8Array(16);
    switch (op) {
      case "bind":
        return socket.bind(sockaddr(0, n));
      case "listen":
        return socket.listen(n);
      case "connect":
        return plain(socket.connect(sockaddr(REMOTE_ADDR, 8080), NONBLOCK));
      case "accept": {
        const child = socket.accept(NONBLOCK);
        return child instanceof Socket ? this.use(child) : plain(child);
      }
      case "shutdown":
        return socket.shutdown(n);
      case "close":
        return plain(socket.release());
      case "poll":
        return socket.poll() & ALL_BUT_MSG;
      case "sockname":
        return Math.min(socket.getname(0, out), 0);
      case "peername":
        return Math.min(socket.getname(1, out), 0);
      case "info":
        return info(socket);
      default:
        return ioctl(socket, SIOC[op] ?? 0);
    }
  }

  private recv(length: number, flags: number): number {
    const { wire } = this;
    return wire.call(() =>
      plain(wire.socket.recvmsg(message(new Uint8Array(length)), flags | MSG_DONTWAIT)),
    );
  }

  private set(level: number, name: number, value: Uint8Array): number {
    return this.wire.call(() => this.wire.socket.setsockopt(level, name, value));
  }

  private get(level: number, name: number, length: number): number | string {
    const out = new Uint8Array(length);
    const n = this.wire.call(() => this.wire.socket.getsockopt(level, name, out));
    return n < 0 ? n : toHex(out.subarray(0, n));
  }
}

function plain(result: unknown): number {
  if (typeof result !== "number") throw new Error("the call sleeps");
  return result;
}

function ioctl(socket: Socket, request: number): number {
  const arg = new Uint8Array(4);
  const error = plain(socket.ioctl(request, arg));
  return error < 0 ? error : new DataView(arg.buffer).getInt32(0, true);
}

function info(socket: Socket): Record<string, number> {
  const out = new Uint8Array(248);
  socket.getsockopt(6, 11, out);
  const view = new DataView(out.buffer);
  return Object.fromEntries(
    INFO.map(([name, at, size]) => [name, size === 1 ? (out[at] ?? 0) : view.getUint32(at, true)]),
  );
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

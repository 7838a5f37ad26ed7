/** Two hosts on a wire with a rate, a delay, and a fate for each packet. */
import { GeneratorHost } from "@dcejs/lkl-kernel";
import type { SkBuff } from "../../src/skbuff.ts";
import { Socket } from "../../src/socket/socket.ts";
import type { TcpSock } from "../../src/tcp/index.ts";
import { TestHost } from "./hosts.ts";
import { message, sockaddr } from "./wire.ts";

const CLIENT_ADDR = 0x0a000001;
export const SERVER_ADDR = 0x0a000002;
export const SERVER_PORT = 5000;
/** Preamble, frame check sequence and gap. */
const ETHERNET_OVERHEAD = 24;

export interface PairOptions {
  /** Bits per second; 0: at once. @default 10 Mbit/s */
  rate?: number;
  /** One way, nanoseconds. @default 10 ms */
  delay?: number;
  /** Extra delays of the copies that arrive, nanoseconds; empty: lost. @default [0] */
  fate?: (packet: number, direction: number) => readonly number[];
  sysctl?: Record<string, string | number>;
}

export class Pair {
  readonly world: GeneratorHost = new GeneratorHost();
  readonly client: TestHost;
  readonly server: TestHost;
  /** Packets on the wire, or on their way. */
  inFlight = 0;
  private readonly options: PairOptions;

  constructor(options: PairOptions = {}) {
    this.options = options;
    const sysctl = options.sysctl ?? {};
    this.client = new TestHost(this.world, { address: CLIENT_ADDR, sysctl, hwCsum: true });
    this.server = new TestHost(this.world, { address: SERVER_ADDR, sysctl, hwCsum: true });
    this.plug(this.client, this.server, 0);
    this.plug(this.server, this.client, 1);
  }

  /** A driver that takes one packet at a time. */
  private plug(from: TestHost, to: TestHost, direction: number): void {
    const { rate = 10e6, delay = 10e6, fate = () => [0] } = this.options;
    let busy = false;
    let count = 0;
    from.xmit = (skb) => {
      if (busy) return false;
      busy = true;
      this.inFlight++;
      const octets = skb.length + ETHERNET_OVERHEAD;
      this.world.schedule(rate === 0 ? 0 : Math.ceil((octets * 8e9) / rate), () => {
        busy = false;
        this.deliver(skb, to, delay, fate(count++, direction));
        from.wakeQueue();
      });
      return true;
    };
  }

  private deliver(skb: SkBuff, to: TestHost, delay: number, fate: readonly number[]): void {
    this.inFlight--;
    // Without ARP a frame is addressed to nobody: the wire has one other end.
    skb.bytes.set(to.dev.address, skb.offset);
    for (const [i, extra] of fate.entries()) {
      const copy = i === fate.length - 1 ? skb : skb.clone();
      this.inFlight++;
      this.world.schedule(delay + extra, () => {
        this.inFlight--;
        to.receiveSkb(copy);
      });
    }
    if (fate.length === 0) skb.release();
  }

  run(seconds: number): void {
    this.client.run(Math.round(seconds * 1e9));
  }

  /** Runs until nothing more happens. Returns the programs that still wait; kernel threads always do. */
  runPrograms(): string[] {
    return this.world.run().filter((thread) => !thread.startsWith("lkl:"));
  }

  /** What is still held anywhere: packets, connections, ports, timers. All 0 when everything is over. */
  leftovers(): Record<string, number> {
    const count = (pick: (host: TestHost) => number): number =>
      pick(this.client) + pick(this.server);
    return {
      inFlight: this.inFlight,
      skbs: count((h) => h.net.skbPool.skbsLive),
      buffers: count((h) => h.net.skbPool.buffersLive),
      connections: count((h) => h.tcp.hashinfo.size),
      ports: count((h) => h.tcp.hashinfo.bind.size),
      orphans: count((h) => h.tcp.orphanCount),
      timeWaits: count((h) => h.tcp.twCount),
      timers: count((h) => h.kernel.timers.size),
    };
  }
}

/** One file from client to server with non-blocking calls, driven by wake-ups. */
export class Transfer {
  readonly pair: Pair;
  readonly sent: Uint8Array;
  readonly received: Uint8Array;
  receivedLength = 0;
  /** Virtual seconds from connect() to the end of the stream. */
  seconds = 0;
  isDone = false;
  readonly clientSock: TcpSock;
  serverSock: TcpSock | undefined = undefined;
  /** Congestion window of the client at the end of each second. */
  readonly cwnd: number[] = [];
  private readonly client: Socket;
  private readonly listener: Socket;
  private server: Socket | undefined = undefined;
  private sentLength = 0;
  private readonly buffer: Uint8Array = new Uint8Array(65_536);
  private readonly started: number;

  constructor(pair: Pair, octets: number) {
    this.pair = pair;
    this.sent = new Uint8Array(octets);
    for (let i = 0; i < octets; i++) this.sent[i] = (i * 31 + (i >> 8)) & 255;
    this.received = new Uint8Array(octets);
    this.listener = this.open(pair.server);
    this.client = this.open(pair.client);
    const { sk } = this.client;
    if (sk === undefined) throw new Error("no sock");
    this.clientSock = pair.client.asTcp(sk);
    this.started = pair.world.now;
    pair.server.call(() => {
      this.listener.bind(sockaddr(0, SERVER_PORT));
      return this.listener.listen(10);
    });
    this.onWake(pair.server, this.listener, () => this.acceptOne());
    pair.client.call(() => this.client.connect(sockaddr(SERVER_ADDR, SERVER_PORT), 0o4000));
    this.onWake(pair.client, this.client, () => this.write());
  }

  /** Runs until everything has arrived and is closed, `limit` virtual seconds at most. */
  finish(limit = 2000): this {
    for (let second = 0; second < limit && !this.isDone; second++) {
      this.pair.run(1);
      this.cwnd.push(this.clientSock.snd.cwnd);
    }
    // TIME_WAIT, and the last orphan's retransmissions.
    this.pair.run(130);
    this.pair.server.call(() => this.listener.release());
    return this;
  }

  get mbps(): number {
    return (this.receivedLength * 8e-6) / this.seconds;
  }

  private open(host: TestHost): Socket {
    const socket = host.call(() => host.net.sock_create(2, 1, 0));
    if (typeof socket === "number") throw new Error(`sock_create: ${socket}`);
    return socket;
  }

  private onWake(host: TestHost, socket: Socket, fn: () => void): void {
    let pending = false;
    socket.wq.add({
      isExclusive: false,
      func: () => {
        if (pending) return false;
        pending = true;
        this.pair.world.schedule(0, () => {
          pending = false;
          host.call(fn);
        });
        return false;
      },
    });
  }

  private acceptOne(): void {
    const socket = this.listener.accept(0o4000);
    if (!(socket instanceof Socket)) return;
    this.server = socket;
    if (socket.sk !== undefined) this.serverSock = this.pair.server.asTcp(socket.sk);
    this.onWake(this.pair.server, socket, () => this.read(socket));
    this.read(socket);
  }

  private write(): void {
    while (this.sentLength < this.sent.length) {
      const chunk = this.sent.subarray(this.sentLength, this.sentLength + 65_536);
      const n = this.client.sendmsg(message(chunk), 0x40);
      if (typeof n !== "number") throw new Error("sendmsg sleeps");
      if (n === -11) {
        this.client.poll();
        return;
      }
      if (n < 0) throw new Error(`sendmsg: ${n}`);
      this.sentLength += n;
    }
    if (this.client.sk !== undefined) this.client.release();
  }

  private read(socket: Socket): void {
    while (socket.sk !== undefined) {
      const n = socket.recvmsg(message(this.buffer), 0x40);
      if (typeof n !== "number") throw new Error("recvmsg sleeps");
      if (n === -11) return;
      if (n < 0) throw new Error(`recvmsg: ${n}`);
      if (n === 0) {
        this.isDone = true;
        this.seconds = (this.pair.world.now - this.started) / 1e9;
        socket.release();
        return;
      }
      this.received.set(this.buffer.subarray(0, n), this.receivedLength);
      this.receivedLength += n;
    }
  }
}

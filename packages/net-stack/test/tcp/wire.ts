/**
 * TCP as a dialogue in virtual time, in packetdrill's words: our side is a real stack with one
 * socket, the peer is the script. Times are seconds; numbers of our side count from its ISN, and
 * its timestamps from the first one that it sent, which is 100.
 */
import type { Tracepoint } from "@dcejs/lkl-kernel";
import { deepStrictEqual } from "node:assert/strict";
import type { CurrentProgram } from "../../src/current-program.ts";
import type { MsgHdr } from "../../src/socket/msghdr.ts";
import { MSG_DONTWAIT } from "../../src/socket/msghdr.ts";
import { Socket } from "../../src/socket/socket.ts";
import type { TcpSock } from "../../src/tcp/tcp-sock.ts";
import { bootHost } from "./hosts.ts";
import type { TestHost } from "./hosts.ts";
import {
  bitsToFlags,
  flagsToBits,
  formatSegment,
  optionBytes,
  parseSegment,
  readOptions,
} from "./segment-text.ts";
import type { SegmentText } from "./segment-text.ts";

export const LOCAL_ADDR = 0xc0a80001;
export const REMOTE_ADDR = 0xc0000201;
export const LOCAL_PORT = 8080;
const REMOTE_PORT = 50_000;
const FIRST_TSVAL = 100;

interface Captured {
  /** Seconds. */
  time: number;
  segment: SegmentText;
}

export interface WireOptions {
  sysctl?: Record<string, string | number>;
  mtu?: number;
  /** Ticks a second. @default 1000 */
  hz?: 100 | 250 | 1000;
  tracepoint?: (name: string) => Tracepoint;
  /** Whose the calls are. @default the kernel's own task */
  current?: CurrentProgram;
}

export interface AcceptedOptions extends WireOptions {
  /** Options of the peer's SYN. @default MSS 1000, SACK, window scale 7 */
  synOptions?: string;
  /** Window field of the peer's first ACK. @default 1000 */
  win?: number;
  /** Seconds from our SYN-ACK to its ACK. @default 0 */
  rtt?: number;
}

export class Wire {
  readonly host: TestHost;
  /** The socket under test. */
  socket: Socket;
  private iss: number | undefined = undefined;
  private tsBase: number | undefined = undefined;
  /** The peer's port. */
  peerPort: number = REMOTE_PORT;
  private localPort: number = LOCAL_PORT;
  private readonly captured: Captured[] = [];
  private epoch = 0;

  constructor(options: WireOptions = {}) {
    this.host = bootHost({
      address: LOCAL_ADDR,
      sysctl: options.sysctl ?? {},
      mtu: options.mtu ?? 1500,
      hz: options.hz ?? 1000,
      ...(options.tracepoint === undefined ? {} : { tracepoint: options.tracepoint }),
      ...(options.current === undefined ? {} : { current: options.current }),
      transmit: (packet, ns) => this.capture(packet, ns),
    });
    this.socket = this.newSocket();
    this.epoch = this.host.now;
  }

  /** Seconds since the start of the script. */
  get now(): number {
    return (this.host.now - this.epoch) / 1e9;
  }

  get tp(): TcpSock {
    const sk = this.socket.sk;
    if (sk === undefined) throw new Error("the socket is closed");
    return this.host.asTcp(sk);
  }

  newSocket(): Socket {
    return this.call(() => new Socket(this.host.net, this.host.tcp.createSock(2, 1, 6)));
  }

  /** A system call that does not sleep. */
  call<T>(fn: () => T): T {
    return this.host.call(fn);
  }

  /** bind, listen. */
  listen(backlog = 10, port: number = LOCAL_PORT): this {
    const { socket } = this;
    deepStrictEqual(
      this.call(() => socket.bind(sockaddr(0, port))),
      0,
    );
    deepStrictEqual(
      this.call(() => socket.listen(backlog)),
      0,
    );
    return this;
  }

  /** A passive connection with timestamps, SACK and window scale 7, just accepted. */
  static accepted(options: AcceptedOptions = {}): Wire {
    const wire = new Wire(options).listen();
    const { synOptions = "mss 1000,sackOK,nop,nop,nop,wscale 7", win, rtt = 0 } = options;
    return wire.handshake(synOptions, win, rtt);
  }

  /** The peer's SYN, our SYN-ACK (not looked at), its ACK; then accept(). */
  handshake(synOptions: string, win = 1000, rtt = 0): this {
    const hasTs = synOptions.includes("TS val");
    this.inject(`S 0:0(0) win 32792 <${synOptions}>`);
    this.captured.shift();
    this.run(rtt);
    const ts = hasTs ? ` <nop,nop,TS val 200 ecr ${FIRST_TSVAL}>` : "";
    this.inject(`. 1:1(0) ack 1 win ${win}${ts}`);
    const listener = this.socket;
    const child = this.call(() => listener.accept(0o4000));
    if (!(child instanceof Socket)) throw new Error("accept: nothing is ready");
    this.socket = child;
    return this;
  }

  connect(): number {
    const { socket } = this;
    const result = this.call(() => socket.connect(sockaddr(REMOTE_ADDR, LOCAL_PORT), 0o4000));
    if (typeof result !== "number") throw new Error("connect sleeps");
    return result;
  }

  /** Writes without sleeping. */
  send(length: number, flags = 0): number {
    const data = new Uint8Array(length);
    const { socket } = this;
    const n = this.call(() => socket.sendmsg(message(data), flags | MSG_DONTWAIT));
    if (typeof n !== "number") throw new Error("send sleeps");
    return n;
  }

  /** Reads without sleeping: octets read, or a negative errno. */
  recv(length: number, flags = 0): number {
    const { socket } = this;
    const data = new Uint8Array(length);
    const n = this.call(() => socket.recvmsg(message(data), flags | MSG_DONTWAIT));
    if (typeof n !== "number") throw new Error("recv sleeps");
    return n;
  }

  setsockopt(level: number, name: number, value: number): number {
    const { socket } = this;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, value, true);
    return this.call(() => socket.setsockopt(level, name, bytes));
  }

  close(): void {
    const { socket } = this;
    deepStrictEqual(
      this.call(() => socket.release()),
      0,
    );
  }

  /** Lets virtual time pass. */
  run(seconds: number): this {
    this.host.run(Math.round(seconds * 1e9));
    return this;
  }

  /** Lets time pass until `at` seconds after the start. */
  runUntil(at: number): this {
    return this.run(at - this.now);
  }

  /** The peer's segment arrives now. */
  inject(text: string): this {
    const segment = parseSegment(text);
    const options = segment.options.map((option) =>
      option.kind === "sack"
        ? {
            ...option,
            blocks: option.blocks.map(([s, e]): [number, number] => [this.ours(s), this.ours(e)]),
          }
        : option.kind === "TS"
          ? { ...option, ecr: option.ecr === 0 ? 0 : this.ourTs(option.ecr) }
          : option,
    );
    const opts = optionBytes(options);
    const packet = new Uint8Array(20 + 20 + opts.length + segment.length);
    const view = new DataView(packet.buffer);
    writeIp(view, packet.length);
    view.setUint16(20, this.peerPort);
    view.setUint16(22, this.localPort);
    view.setUint32(24, segment.seq);
    view.setUint32(28, segment.ack === undefined ? 0 : this.ours(segment.ack));
    view.setUint8(32, ((20 + opts.length) / 4) << 4);
    view.setUint8(33, flagsToBits(segment.flags));
    view.setUint16(34, segment.win);
    view.setUint16(38, segment.urg);
    packet.set(opts, 40);
    packet.fill(segment.seq & 0xff, 40 + opts.length);
    view.setUint16(36, tcpChecksum(view));
    this.host.receive(packet);
    return this;
  }

  /** Our next segment, sent already, is this; the window counts only when `text` names one. */
  expect(text: string): this {
    const next = this.captured.shift();
    const got =
      next === undefined ? "nothing" : formatSegment(next.segment, text.includes(" win "));
    deepStrictEqual(got, text);
    return this;
  }

  /** Our next segment is this, and it is sent `seconds` after the start, give or take `slack`. */
  expectAt(seconds: number, text: string, slack = 0.004): this {
    while (this.captured.length === 0 && this.now < seconds + slack) this.run(0.001);
    const time = this.captured[0]?.time ?? Number.POSITIVE_INFINITY;
    this.expect(text);
    mustLie(time, seconds - 0.0011, seconds + slack);
    return this;
  }

  /** Nothing was sent since. */
  expectNothing(): this {
    deepStrictEqual(
      this.captured.map(({ segment }) => formatSegment(segment, true)),
      [],
    );
    return this;
  }

  /** Everything that was sent since. */
  sent(): string[] {
    return this.captured.splice(0).map(({ segment }) => formatSegment(segment, false));
  }

  /** As sent(), with the window fields. */
  sentWithWindows(): string[] {
    return this.captured.splice(0).map(({ segment }) => formatSegment(segment, true));
  }

  /** As sentWithWindows(), with the time of each in seconds. */
  timedWithWindows(): [number, string][] {
    return this.captured.splice(0).map(({ time, segment }) => [time, formatSegment(segment, true)]);
  }

  /** When what was sent since was sent, in seconds. */
  sentTimes(): number[] {
    return this.captured.splice(0).map(({ time }) => time);
  }

  /** What was sent since was sent at these times, each at most 8 % (the timer wheel's step) late. */
  expectTimes(times: readonly number[]): this {
    const sent = this.sentTimes();
    deepStrictEqual(sent.length, times.length);
    for (const [i, time] of times.entries()) {
      mustLie(sent[i] ?? 0, time - 0.002, time * 1.08 + 0.005);
    }
    return this;
  }

  /** The next segment of ours begins another connection. */
  forgetIss(): void {
    this.iss = undefined;
  }

  setIss(iss: number): void {
    this.iss = iss;
  }

  private ours(n: number): number {
    return ((this.iss ?? 0) + n) >>> 0;
  }

  private ourTs(n: number): number {
    return ((this.tsBase ?? 0) + n - FIRST_TSVAL) >>> 0;
  }

  private capture(packet: DataView, ns: number): void {
    const at = (packet.getUint8(0) & 0xf) * 4;
    const bits = packet.getUint8(at + 13);
    const headerLength = (packet.getUint8(at + 12) >> 4) * 4;
    const seq = packet.getUint32(at + 4);
    const isSyn = (bits & 2) !== 0;
    deepStrictEqual(tcpChecksum(packet), 0);
    this.localPort = packet.getUint16(at);
    this.peerPort = packet.getUint16(at + 2);
    if (this.iss === undefined) this.iss = seq;
    const options = readOptions(packet, at + 20, at + headerLength).map((option) => {
      if (option.kind !== "TS") return option;
      this.tsBase ??= option.val;
      const val = ((option.val - this.tsBase) >>> 0) + FIRST_TSVAL;
      return { ...option, val };
    });
    const isRst = (bits & 4) !== 0;
    this.captured.push({
      time: (ns - this.epoch) / 1e9,
      segment: {
        flags: bitsToFlags(bits),
        seq: isSyn || (isRst && seq === 0) ? seq - (isSyn ? this.iss : 0) : (seq - this.iss) >>> 0,
        length: packet.byteLength - at - headerLength,
        ack: (bits & 16) !== 0 ? packet.getUint32(at + 8) : undefined,
        win: packet.getUint16(at + 14),
        urg: packet.getUint16(at + 18),
        options,
      },
    });
  }
}

function mustLie(value: number, low: number, high: number): void {
  if (value < low || value > high) throw new Error(`${value} s is not in ${low} … ${high} s`);
}

export function message(data: Uint8Array): MsgHdr {
  return {
    msg_name: undefined,
    msg_namelen: 0,
    msg_iov: [data],
    msg_control: undefined,
    msg_controllen: 0,
    msg_flags: 0,
  };
}

/** struct sockaddr_in. */
export function sockaddr(addr: number, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 2, true);
  view.setUint16(2, port);
  view.setUint32(4, addr);
  return bytes;
}

function writeIp(view: DataView, length: number): void {
  view.setUint8(0, 0x45);
  view.setUint16(2, length);
  view.setUint8(8, 255);
  view.setUint8(9, 6);
  view.setUint32(12, REMOTE_ADDR);
  view.setUint32(16, LOCAL_ADDR);
  view.setUint16(10, ~fold(sum16(view, 0, 20)) & 0xffff);
}

function sum16(view: DataView, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i + 1 < end; i += 2) sum += view.getUint16(i);
  if ((end - start) % 2 === 1) sum += view.getUint8(end - 1) << 8;
  return sum;
}

function fold(sum: number): number {
  let s = sum;
  while (s > 0xffff) s = (s & 0xffff) + Math.floor(s / 0x10000);
  return s;
}

/** Checksum to store when the field is 0; 0 when the field holds the right one. */
function tcpChecksum(packet: DataView): number {
  const at = (packet.getUint8(0) & 0xf) * 4;
  const length = packet.byteLength - at;
  const sum = sum16(packet, 12, 20) + 6 + length + sum16(packet, at, packet.byteLength);
  return ~fold(sum) & 0xffff;
}

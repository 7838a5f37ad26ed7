import type { Wait } from "@dcejs/lkl-kernel";
import { Errno } from "@dcejs/lkl-kernel";
import { SOCK_RAW, type Socket } from "../../src/index.ts";
import {
  AF_NETLINK,
  NETLINK_EXT_ACK,
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  netlinkMessages,
  SOL_NETLINK,
} from "../../src/netlink/netlink.ts";
import type { NetlinkMessage } from "../../src/netlink/netlink.ts";
import { netlinkAttributes } from "../../src/netlink/netlink-attributes.ts";
import { NetlinkWriter } from "../../src/netlink/netlink-writer.ts";
import type { Node } from "../host/network.ts";

const MSG_DONTWAIT = 0x40;
export const ACKED: number = NLM_F_REQUEST | NLM_F_ACK;
export const DUMPED: number = NLM_F_REQUEST | NLM_F_DUMP;

/** A NETLINK_ROUTE socket of a node; everything that is asked of it is asked in kernel context. */
export class RouteSocket {
  readonly node: Node;
  readonly socket: Socket;

  private constructor(node: Node, socket: Socket) {
    this.node = node;
    this.socket = socket;
  }

  /** Options of SOL_NETLINK to switch on. */
  static *open(node: Node, ...options: readonly number[]): Wait<RouteSocket> {
    const socket = yield* node.do(() => node.net.sock_create(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    if (typeof socket === "number") throw new Error(`socket: ${socket}`);
    const one = Uint8Array.of(1, 0, 0, 0);
    yield* node.do(() => {
      for (const option of options) socket.setsockopt(SOL_NETLINK, option, one);
      return 0;
    });
    return new RouteSocket(node, socket);
  }

  /** With extended acknowledgements, as libnetlink asks for. */
  static *openExtended(node: Node, ...options: readonly number[]): Wait<RouteSocket> {
    return yield* RouteSocket.open(node, NETLINK_EXT_ACK, ...options);
  }

  *send(bytes: Uint8Array, to?: Uint8Array): Wait {
    return yield* this.node.send(this.socket, bytes, to);
  }

  /** The next datagram, whole, or undefined where none waits. */
  *receive(from?: Uint8Array): Wait<Uint8Array | undefined> {
    const buffer = new Uint8Array(32_768);
    const length = yield* this.node.receive(this.socket, buffer, MSG_DONTWAIT, from);
    if (length === -Errno.EAGAIN) return undefined;
    if (length < 0) throw new Error(`recvmsg: ${length}`);
    return buffer.slice(0, length);
  }

  /** Sends, and takes all datagrams that this makes wait. */
  *talk(bytes: Uint8Array): Wait<Uint8Array[]> {
    yield* this.send(bytes);
    return yield* this.drain();
  }

  *drain(): Wait<Uint8Array[]> {
    const datagrams: Uint8Array[] = [];
    for (let next = yield* this.receive(); next; next = yield* this.receive()) datagrams.push(next);
    return datagrams;
  }

  /** One request with the sequence number 1, and the messages that answer it. */
  *ask(type: number, flags: number, body: Uint8Array): Wait<NetlinkMessage[]> {
    const datagrams = yield* this.talk(request(type, flags, body));
    return datagrams.flatMap((datagram) => [...netlinkMessages(datagram)]);
  }
}

export function request(type: number, flags: number, body: Uint8Array, seq = 1): Uint8Array {
  const writer = new NetlinkWriter();
  writer.message(type, flags, seq, 0, body);
  return writer.bytes();
}

/** Octets from hexadecimal text; blanks do not count. */
export function hex(...texts: readonly string[]): Uint8Array {
  const digits = texts.join("").replaceAll(/\s/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** "type=octets" of each attribute behind a family header. */
export function attributesOf(message: NetlinkMessage, headerLength: number): string[] {
  return [...netlinkAttributes(message.payload.subarray(headerLength))].map(
    ({ type, value }) => `${type}=${toHex(value)}`,
  );
}

export function headerOf(message: NetlinkMessage, headerLength: number): string {
  return toHex(message.payload.subarray(0, headerLength));
}

export function attribute(type: number, value: Uint8Array): Uint8Array {
  const writer = new NetlinkWriter();
  writer.attribute(type, value);
  return writer.bytes();
}

/** struct ifinfomsg */
export function ifinfomsg(ifindex: number, flags = 0, change = 0): Uint8Array {
  const writer = new NetlinkWriter();
  writer.u8(0).u8(0).u16(0).u32(ifindex).u32(flags).u32(change);
  return writer.bytes();
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

import type { MsgHdr } from "../fd/message.ts";
import * as sockets from "./calls/socket-calls.ts";
import { type MaybePromise, mapResult } from "./posix-core.ts";
import { bytesOf, PosixFiles } from "./posix-files.ts";
import {
  decodeSocketAddress,
  encodeSocketAddress,
  type PeerAddress,
  SOCKADDR_STORAGE_OCTETS,
  type SocketAddress,
} from "./socket-address.ts";

/** struct timeval as SO_RCVTIMEO and SO_SNDTIMEO take it. */
export interface Timeval {
  readonly sec: number;
  readonly usec: number;
}

export interface Accepted {
  readonly fd: number;
  /** undefined when the peer has no address (an unnamed AF_UNIX socket). */
  readonly address: PeerAddress | undefined;
}

export interface Received {
  /** Octets in the buffer; with MSG_TRUNC the length of the whole datagram. */
  readonly length: number;
  readonly address: PeerAddress | undefined;
  /** MSG_TRUNC, MSG_CTRUNC… */
  readonly flags: number;
}

export interface ReceivedMessage extends Received {
  /** Ancillary data in cmsghdr layout. */
  readonly control: Uint8Array;
}

export interface OutgoingMessage {
  readonly iov: readonly Uint8Array[];
  readonly address?: SocketAddress;
  /** cmsghdr layout. */
  readonly control?: Uint8Array;
}

export interface IncomingMessage {
  readonly iov: readonly Uint8Array[];
  /** Room for ancillary data. @default none */
  readonly controlOctets?: number;
}

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_BROADCAST = 6;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_KEEPALIVE = 9;
const SO_REUSEPORT = 15;
const SO_RCVTIMEO_NEW = 66;
const SO_SNDTIMEO_NEW = 67;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_CONGESTION = 13;
const TCP_CA_NAME_MAX = 16;
const NS_PER_SEC = 1_000_000_000;

/** Sockets. Addresses are typed here and bytes below; each call throws SyscallError. */
export abstract class PosixSockets extends PosixFiles {
  /** @param type SOCK_*, maybe with SOCK_NONBLOCK and SOCK_CLOEXEC. */
  socket(domain: number, type: number, protocol: number = 0): MaybePromise<number> {
    return this.call("socket", sockets.sysSocket, domain, type, protocol, 0);
  }

  /** Two connected AF_UNIX sockets. */
  socketpair(domain: number, type: number): MaybePromise<[number, number]> {
    const out: [number, number] = [-1, -1];
    const result = this.call("socketpair", sockets.sysSocketpair, domain, type, out, 0);
    return mapResult(result, () => out);
  }

  bind(fd: number, address: SocketAddress): MaybePromise<number> {
    return this.call("bind", sockets.sysBind, fd, encodeSocketAddress(address), 0, 0);
  }

  connect(fd: number, address: SocketAddress): MaybePromise<number> {
    return this.call("connect", sockets.sysConnect, fd, encodeSocketAddress(address), 0, 0);
  }

  listen(fd: number, backlog: number = 128): MaybePromise<number> {
    return this.call("listen", sockets.sysListen, fd, backlog, 0, 0);
  }

  /** Waits for a connection. @param flags SOCK_NONBLOCK, SOCK_CLOEXEC. @returns descriptor of the connection. */
  accept(fd: number, flags: number = 0): MaybePromise<number> {
    return this.call("accept4", sockets.sysAccept4, fd, flags, 0, 0);
  }

  /** As accept, with the peer's address. */
  acceptFrom(fd: number, flags: number = 0): MaybePromise<Accepted> {
    return mapResult(this.accept(fd, flags), (connection) => {
      const out = new Uint8Array(SOCKADDR_STORAGE_OCTETS);
      const length = this.call("getpeername", sockets.sysAcceptedName, connection, out, 0, 0);
      return mapResult(length, (octets) => ({
        fd: connection,
        address: decodeSocketAddress(out.subarray(0, octets)),
      }));
    });
  }

  send(fd: number, data: Uint8Array | string, flags: number = 0): MaybePromise<number> {
    return this.call("sendto", sockets.sysSendmsg, fd, messageTo(bytesOf(data)), flags, 0);
  }

  sendto(
    fd: number,
    data: Uint8Array | string,
    address: SocketAddress,
    flags: number = 0,
  ): MaybePromise<number> {
    const message = messageTo(bytesOf(data), encodeSocketAddress(address));
    return this.call("sendto", sockets.sysSendmsg, fd, message, flags, 0);
  }

  sendmsg(fd: number, message: OutgoingMessage, flags: number = 0): MaybePromise<number> {
    const name = message.address === undefined ? undefined : encodeSocketAddress(message.address);
    const header: MsgHdr = {
      msg_name: name,
      msg_namelen: name?.length ?? 0,
      msg_iov: message.iov,
      msg_control: message.control,
      msg_controllen: message.control?.length ?? 0,
      msg_flags: 0,
    };
    return this.call("sendmsg", sockets.sysSendmsg, fd, header, flags, 0);
  }

  /** @returns octets received; 0: the peer has shut down. */
  recv(fd: number, buffer: Uint8Array, flags: number = 0): MaybePromise<number> {
    return this.call("recvfrom", sockets.sysRecvmsg, fd, messageInto([buffer], false, 0), flags, 0);
  }

  recvfrom(fd: number, buffer: Uint8Array, flags: number = 0): MaybePromise<Received> {
    const header = messageInto([buffer], true, 0);
    const result = this.call("recvfrom", sockets.sysRecvmsg, fd, header, flags, 0);
    return mapResult(result, (length) => received(length, header));
  }

  recvmsg(fd: number, message: IncomingMessage, flags: number = 0): MaybePromise<ReceivedMessage> {
    const header = messageInto(message.iov, true, message.controlOctets ?? 0);
    const result = this.call("recvmsg", sockets.sysRecvmsg, fd, header, flags, 0);
    return mapResult(result, (length) => ({
      ...received(length, header),
      control: header.msg_control?.subarray(0, header.msg_controllen) ?? NO_BYTES,
    }));
  }

  /** @param how SHUT_RD, SHUT_WR, SHUT_RDWR. */
  shutdown(fd: number, how: number): MaybePromise<number> {
    return this.call("shutdown", sockets.sysShutdown, fd, how, 0, 0);
  }

  getsockname(fd: number): MaybePromise<PeerAddress | undefined> {
    return this.#name("getsockname", sockets.sysGetsockname, fd);
  }

  getpeername(fd: number): MaybePromise<PeerAddress | undefined> {
    return this.#name("getpeername", sockets.sysGetpeername, fd);
  }

  /** @param value an int, a flag, a time, a name (TCP_CONGESTION, SO_BINDTODEVICE), or bytes in Linux's layout. */
  setsockopt(
    fd: number,
    level: number,
    name: number,
    value: number | boolean | string | Timeval | Uint8Array,
  ): MaybePromise<number> {
    return this.call("setsockopt", sockets.sysSetsockopt, fd, level, name, optionBytes(value));
  }

  /** An option whose value is an int. */
  getsockopt(fd: number, level: number, name: number): MaybePromise<number> {
    const out = new Uint8Array(4);
    const result = this.call("getsockopt", sockets.sysGetsockopt, fd, level, name, out);
    return mapResult(result, () => new DataView(out.buffer).getInt32(0, true));
  }

  /** An option with another layout: TCP_INFO, SO_PEERCRED, TCP_CONGESTION… */
  getsockoptBytes(
    fd: number,
    level: number,
    name: number,
    octetsMax: number,
  ): MaybePromise<Uint8Array> {
    const out = new Uint8Array(octetsMax);
    const result = this.call("getsockopt", sockets.sysGetsockopt, fd, level, name, out);
    return mapResult(result, (length) => out.subarray(0, length));
  }

  setReuseAddress(fd: number, isOn: boolean): MaybePromise<number> {
    return this.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, isOn);
  }

  setReusePort(fd: number, isOn: boolean): MaybePromise<number> {
    return this.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, isOn);
  }

  setBroadcast(fd: number, isOn: boolean): MaybePromise<number> {
    return this.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, isOn);
  }

  setKeepAlive(fd: number, isOn: boolean): MaybePromise<number> {
    return this.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, isOn);
  }

  setNoDelay(fd: number, isOn: boolean): MaybePromise<number> {
    return this.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, isOn);
  }

  /** @param name "cubic", "bbr"… Fails with ENOENT where the kernel has none of that name. */
  setCongestionControl(fd: number, name: string): MaybePromise<number> {
    return this.setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name);
  }

  getCongestionControl(fd: number): MaybePromise<string> {
    const bytes = this.getsockoptBytes(fd, IPPROTO_TCP, TCP_CONGESTION, TCP_CA_NAME_MAX);
    return mapResult(bytes, (name) => new TextDecoder().decode(name).replace(/\0.*$/s, ""));
  }

  /** @param octets Linux doubles it. */
  setSendBuffer(fd: number, octets: number): MaybePromise<number> {
    return this.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, octets);
  }

  setReceiveBuffer(fd: number, octets: number): MaybePromise<number> {
    return this.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, octets);
  }

  /** @param ns 0: no limit; the call then fails with EAGAIN. */
  setReceiveTimeout(fd: number, ns: number): MaybePromise<number> {
    return this.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO_NEW, timeval(ns));
  }

  setSendTimeout(fd: number, ns: number): MaybePromise<number> {
    return this.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO_NEW, timeval(ns));
  }

  /** The pending error of a socket as a positive errno, 0: none; it is then forgotten. */
  getSocketError(fd: number): MaybePromise<number> {
    return this.getsockopt(fd, SOL_SOCKET, SO_ERROR);
  }

  #name(
    name: string,
    fn: typeof sockets.sysGetsockname,
    fd: number,
  ): MaybePromise<PeerAddress | undefined> {
    const out = new Uint8Array(SOCKADDR_STORAGE_OCTETS);
    return mapResult(this.call(name, fn, fd, out, 0, 0), (length) =>
      decodeSocketAddress(out.subarray(0, length)),
    );
  }
}

const NO_BYTES = new Uint8Array(0);

function messageTo(data: Uint8Array, name?: Uint8Array): MsgHdr {
  return {
    msg_name: name,
    msg_namelen: name?.length ?? 0,
    msg_iov: [data],
    msg_control: undefined,
    msg_controllen: 0,
    msg_flags: 0,
  };
}

function messageInto(
  iov: readonly Uint8Array[],
  wantsName: boolean,
  controlOctets: number,
): MsgHdr {
  return {
    msg_name: wantsName ? new Uint8Array(SOCKADDR_STORAGE_OCTETS) : undefined,
    msg_namelen: wantsName ? SOCKADDR_STORAGE_OCTETS : 0,
    msg_iov: iov,
    msg_control: controlOctets === 0 ? undefined : new Uint8Array(controlOctets),
    msg_controllen: controlOctets,
    msg_flags: 0,
  };
}

function received(length: number, header: MsgHdr): Received {
  const name = header.msg_name?.subarray(0, header.msg_namelen) ?? NO_BYTES;
  return { length, address: decodeSocketAddress(name), flags: header.msg_flags };
}

function timeval(ns: number): Timeval {
  return { sec: Math.floor(ns / NS_PER_SEC), usec: Math.floor((ns % NS_PER_SEC) / 1000) };
}

function optionBytes(value: number | boolean | string | Timeval | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return bytesOf(value);
  if (typeof value === "object") {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, value.sec, true);
    view.setUint32(8, value.usec, true);
    return bytes;
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, Number(value), true);
  return bytes;
}

/** struct socket and its address family (net/socket.c, net/ipv4/af_inet.c). */
import { Errno, WaitQueueHead } from "@dcejs/lkl-kernel";
import type { Wait, WaitQueueEntry } from "@dcejs/lkl-kernel";
import { CAP_NET_BIND_SERVICE, ns_capable } from "../current-program.ts";
import { inet_addr_type } from "../ip/addr-type.ts";
import { IPPROTO_ICMP } from "../ip/protocol.ts";
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from "../ip/rtable.ts";
import type { NetStack } from "../net-stack.ts";
import { TCP_CLOSE, TCP_LISTEN, TCP_SYN_RECV, TCP_SYN_SENT } from "../tcp/states.ts";
import { dev_ioctl } from "./if-ioctl.ts";
import type { MsgHdr } from "./msghdr.ts";
import { EPOLLHUP } from "./poll.ts";
import { SHUTDOWN_MASK, sock_error, sock_graft, sock_intr_errno, sock_sndtimeo } from "./sock.ts";
import type { Sock } from "./sock.ts";
import { sk_wait_event } from "./sock-wait.ts";
import {
  AF_INET,
  AF_UNSPEC,
  SOCKADDR_IN_LENGTH,
  sockaddrAddr,
  sockaddrFamily,
  sockaddrPort,
  writeSockaddrIn,
} from "./sockaddr.ts";
import { ip_getsockopt, ip_setsockopt } from "./ip-sockopt.ts";
import { SOL_SOCKET, sock_getsockopt, sock_setsockopt } from "./sockopt.ts";

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
/** Flags of accept4(), and file status flags that reach the socket. */
export const SOCK_NONBLOCK = 0o4000;

type SocketState = "SS_UNCONNECTED" | "SS_CONNECTING" | "SS_CONNECTED" | "SS_DISCONNECTING";

const IPPROTO_IP = 0;

/** What a file descriptor refers to. Addresses are `struct sockaddr_in` bytes. */
export class Socket {
  readonly net: NetStack;
  readonly type: number;
  readonly wq: WaitQueueHead = new WaitQueueHead();
  state: SocketState = "SS_UNCONNECTED";
  sk: Sock | undefined = undefined;

  /** Sockets are made by NetStack.sock_create and by accept(). */
  constructor(net: NetStack, sk: Sock) {
    this.net = net;
    this.type = sk.sk_type;
    sock_graft(sk, this);
  }

  /**
   * inet_bind.
   * @returns 0; -EINVAL (short address, bound already); -EAFNOSUPPORT; -EADDRNOTAVAIL (not an address
   * of this host); -EACCES (a port below net.ipv4.ip_unprivileged_port_start, for others than root); -EADDRINUSE.
   */
  bind(address: Uint8Array): number {
    const { sk, net } = this;
    if (sk === undefined) return -Errno.EBADF;
    if (address.length < SOCKADDR_IN_LENGTH) return -Errno.EINVAL;
    const addr = sockaddrAddr(address);
    const family = sockaddrFamily(address);
    // bind() with AF_UNSPEC and the any-address is an old program's mistake that Linux forgives.
    if (family !== AF_INET && (family !== AF_UNSPEC || addr !== 0)) return -Errno.EAFNOSUPPORT;
    const type = inet_addr_type(net, addr);
    const isOurs = type === RTN_LOCAL || type === RTN_MULTICAST || type === RTN_BROADCAST;
    const isAnyAllowed = net.ipv4.ip_nonlocal_bind.value !== 0 || sk.freebind || sk.transparent;
    if (addr !== 0 && !isOurs && !isAnyAllowed) return -Errno.EADDRNOTAVAIL;
    if (this.type === SOCK_RAW) return this.#bindAddress(sk, addr, type);
    const port = sockaddrPort(address);
    // A ping socket's port is its identifier.
    const isPort = port !== 0 && sk.sk_protocol !== IPPROTO_ICMP;
    const isPrivileged = isPort && net.ipv4.inet_port_requires_bind_service(port);
    if (isPrivileged && !ns_capable(net, CAP_NET_BIND_SERVICE)) return -Errno.EACCES;
    if (sk.sk_state !== TCP_CLOSE || sk.inet_num !== 0) return -Errno.EINVAL;
    this.#bindAddress(sk, addr, type);
    if ((port !== 0 || !sk.bind_address_no_port) && sk.get_port(port) !== 0) {
      sk.inet_rcv_saddr = 0;
      sk.inet_saddr = 0;
      return -Errno.EADDRINUSE;
    }
    sk.sk_bindaddr_lock = addr !== 0;
    sk.sk_bindport_lock = port !== 0;
    sk.inet_sport = sk.inet_num;
    return 0;
  }

  #bindAddress(sk: Sock, addr: number, type: number): number {
    sk.inet_rcv_saddr = addr;
    // Groups are heard, not spoken from.
    sk.inet_saddr = type === RTN_MULTICAST || type === RTN_BROADCAST ? 0 : addr;
    sk.sk_bindaddr_lock = addr !== 0;
    sk.inet_daddr = 0;
    sk.inet_dport = 0;
    sk.sk_dst_cache = undefined;
    return 0;
  }

  /** inet_autobind: a port for a socket that has none. */
  #autobind(sk: Sock): number {
    if (sk.inet_num !== 0) return 0;
    if (sk.get_port(0) !== 0) return -Errno.EAGAIN;
    sk.inet_sport = sk.inet_num;
    return 0;
  }

  /** inet_dgram_connect and inet_stream_connect. @param flags SOCK_NONBLOCK */
  connect(address: Uint8Array, flags: number): number | Wait {
    const { sk } = this;
    if (sk === undefined) return -Errno.EBADF;
    if (address.length < 2) return -Errno.EINVAL;
    const family = sockaddrFamily(address);
    if (this.type === SOCK_STREAM) return this.#connectStream(sk, address, family, flags);
    if (family === AF_UNSPEC) return sk.disconnect(flags);
    if (address.length < SOCKADDR_IN_LENGTH) return -Errno.EINVAL;
    if (family !== AF_INET) return -Errno.EAFNOSUPPORT;
    const bound = this.type === SOCK_RAW ? 0 : this.#autobind(sk);
    return bound < 0 ? bound : sk.connect(sockaddrAddr(address), sockaddrPort(address));
  }

  #connectStream(sk: Sock, address: Uint8Array, family: number, flags: number): number | Wait {
    if (family === AF_UNSPEC) {
      const error = sk.disconnect(flags);
      this.state = error === 0 ? "SS_UNCONNECTED" : "SS_DISCONNECTING";
      return error;
    }
    switch (this.state) {
      case "SS_CONNECTED":
        return -Errno.EISCONN;
      case "SS_CONNECTING":
        return this.#finishConnect(sk, -Errno.EALREADY, flags);
      case "SS_UNCONNECTED": {
        if (sk.sk_state !== TCP_CLOSE) return -Errno.EISCONN;
        if (address.length < SOCKADDR_IN_LENGTH) return -Errno.EINVAL;
        if (family !== AF_INET) return -Errno.EAFNOSUPPORT;
        const error = sk.connect(sockaddrAddr(address), sockaddrPort(address));
        if (error < 0) return error;
        this.state = "SS_CONNECTING";
        return this.#finishConnect(sk, -Errno.EINPROGRESS, flags);
      }
      case "SS_DISCONNECTING":
        return -Errno.EINVAL;
      default:
        return this.state satisfies never;
    }
  }

  #finishConnect(sk: Sock, pending: number, flags: number): number | Wait {
    if (!isHandshaking(sk)) return this.#connectResult(sk);
    const timeo = sock_sndtimeo(sk, (flags & SOCK_NONBLOCK) !== 0);
    return timeo === 0 ? pending : this.#waitForConnect(sk, pending, timeo);
  }

  /** inet_wait_for_connect. */
  *#waitForConnect(sk: Sock, pending: number, timeo: number): Wait {
    const left = yield* sk_wait_event(sk, timeo, () => !isHandshaking(sk), "inet_wait_for_connect");
    if (isHandshaking(sk)) return left < 0 ? sock_intr_errno(timeo) : pending;
    return this.#connectResult(sk);
  }

  /** The handshake is over: connected, refused, reset or timed out. */
  #connectResult(sk: Sock): number {
    if (sk.sk_state === TCP_CLOSE) {
      const error = sock_error(sk);
      this.state = "SS_UNCONNECTED";
      if (sk.disconnect(0) < 0) this.state = "SS_DISCONNECTING";
      return error === 0 ? -Errno.ECONNABORTED : error;
    }
    this.state = "SS_CONNECTED";
    return 0;
  }

  /** inet_listen. @returns 0, -EINVAL (connected), -EOPNOTSUPP (datagrams), -EADDRINUSE */
  listen(backlog: number): number {
    const { sk, net } = this;
    if (sk === undefined) return -Errno.EBADF;
    if (this.type !== SOCK_STREAM) return -Errno.EOPNOTSUPP;
    if (this.state !== "SS_UNCONNECTED") return -Errno.EINVAL;
    const limit = net.core.somaxconn.value;
    // As in __sys_listen: a negative backlog is a very large one.
    const clipped = backlog >>> 0 > limit ? limit : backlog;
    if (sk.sk_state === TCP_LISTEN) {
      sk.sk_max_ack_backlog = clipped;
      return 0;
    }
    return sk.sk_state === TCP_CLOSE ? sk.listen(clipped) : -Errno.EINVAL;
  }

  /** inet_accept. @param flags SOCK_NONBLOCK */
  accept(flags: number): Socket | number | Wait<Socket | number> {
    const { sk } = this;
    if (sk === undefined) return -Errno.EBADF;
    const child = sk.accept(flags);
    if (typeof child === "number") return child;
    return isWait(child) ? this.#acceptLater(child) : this.#accepted(child);
  }

  *#acceptLater(waiting: Wait<Sock | number>): Wait<Socket | number> {
    const child = yield* waiting;
    return typeof child === "number" ? child : this.#accepted(child);
  }

  #accepted(child: Sock): Socket {
    const socket = new Socket(this.net, child);
    socket.state = "SS_CONNECTED";
    return socket;
  }

  sendmsg(msg: MsgHdr, flags: number): number | Wait {
    const { sk } = this;
    if (sk === undefined) return -Errno.EBADF;
    if (sk.inet_num === 0 && this.type !== SOCK_STREAM) {
      const error = this.#autobind(sk);
      if (error < 0) return error;
    }
    return sk.sendmsg(msg, flags);
  }

  recvmsg(msg: MsgHdr, flags: number): number | Wait {
    return this.sk?.recvmsg(msg, flags) ?? -Errno.EBADF;
  }

  /** The poll mask now. `entry`, when given, is put on the wait queue first. */
  poll(entry?: WaitQueueEntry): number {
    if (entry !== undefined) this.wq.add(entry);
    return this.sk?.poll() ?? EPOLLHUP;
  }

  /** inet_shutdown. @param how SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2 */
  shutdown(how: number): number {
    const { sk } = this;
    if (sk === undefined) return -Errno.EBADF;
    const bits = how + 1;
    if (how < 0 || (bits & ~SHUTDOWN_MASK) !== 0) return -Errno.EINVAL;
    if (this.state === "SS_CONNECTING") {
      const isOn =
        sk.sk_state === TCP_SYN_SENT || sk.sk_state === TCP_SYN_RECV || sk.sk_state === TCP_CLOSE;
      this.state = isOn ? "SS_DISCONNECTING" : "SS_CONNECTED";
    }
    let error = 0;
    if (sk.sk_state === TCP_CLOSE) {
      error = -Errno.ENOTCONN;
      // Whoever polls is woken all the same.
    } else if (sk.sk_state === TCP_LISTEN && (bits & 1) === 0) {
      return 0;
    } else if (sk.sk_state === TCP_SYN_SENT || sk.sk_state === TCP_LISTEN) {
      error = sk.disconnect(SOCK_NONBLOCK);
      this.state = error === 0 ? "SS_UNCONNECTED" : "SS_DISCONNECTING";
      sk.sk_state_change();
      return error;
    }
    sk.sk_shutdown |= bits;
    if (error === 0) sk.shutdown(bits);
    sk.sk_state_change();
    return error;
  }

  /** inet_getname. @param peer 1 for the other end. @returns 16, or -ENOTCONN */
  getname(peer: 0 | 1, out: Uint8Array): number {
    const { sk } = this;
    if (sk === undefined) return -Errno.EBADF;
    if (peer === 0) {
      const addr = sk.inet_rcv_saddr === 0 ? sk.inet_saddr : sk.inet_rcv_saddr;
      return writeSockaddrIn(out, addr, sk.inet_sport);
    }
    const isGone = sk.sk_state === TCP_CLOSE || sk.sk_state === TCP_SYN_SENT;
    if (sk.inet_daddr === 0 || (isGone && (sk.sk_type === SOCK_STREAM || sk.inet_dport === 0))) {
      return -Errno.ENOTCONN;
    }
    return writeSockaddrIn(out, sk.inet_daddr, sk.inet_dport);
  }

  setsockopt(level: number, name: number, value: Uint8Array): number {
    const { sk } = this;
    if (sk === undefined) return -Errno.EBADF;
    if (level === SOL_SOCKET) return sock_setsockopt(sk, name, value);
    if (level === IPPROTO_IP) return ip_setsockopt(sk, name, value);
    return sk.setsockopt(level, name, value);
  }

  /** @returns the octets written to `out`, or a negative errno. */
  getsockopt(level: number, name: number, out: Uint8Array): number {
    const { sk } = this;
    if (sk === undefined) return -Errno.EBADF;
    if (level === SOL_SOCKET) return sock_getsockopt(sk, name, out);
    if (level === IPPROTO_IP) return ip_getsockopt(sk, name, out);
    return sk.getsockopt(level, name, out);
  }

  /** The socket's requests first, then those about interfaces (sock_ioctl, inet_ioctl). */
  ioctl(request: number, arg: Uint8Array): number | Wait {
    const { sk } = this;
    if (sk === undefined) return -Errno.EBADF;
    const result = dev_ioctl(this.net, request, arg);
    if (result !== -Errno.ENOIOCTLCMD) return result;
    const own = sk.ioctl(request, arg);
    return own === -Errno.ENOIOCTLCMD ? -Errno.ENOTTY : own;
  }

  /** close() of the last descriptor (inet_release). TCP may linger. */
  release(): number | Wait {
    const { sk } = this;
    if (sk === undefined) return 0;
    this.sk = undefined;
    return sk.close(sk.sk_linger ? sk.sk_lingertime : 0);
  }

  /** What SO_ACCEPTCONN shows. */
  get isListening(): boolean {
    return this.sk?.sk_state === TCP_LISTEN;
  }
}

function isHandshaking(sk: Sock): boolean {
  return sk.sk_state === TCP_SYN_SENT || sk.sk_state === TCP_SYN_RECV;
}

function isWait(value: Sock | Wait<Sock | number>): value is Wait<Sock | number> {
  return "next" in value;
}

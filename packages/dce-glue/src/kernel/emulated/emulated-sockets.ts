import {
  type Blocked,
  Errno,
  type Wait,
  type WaitQueueEntry,
  type WaitQueueHead,
} from "@dcejs/lkl-kernel";
import { AF_NETLINK, type NetStack, Socket } from "@dcejs/net-stack";
import type { DceHandle } from "../dce-handle.ts";
import type { SocketCalls } from "../handle-parts.ts";
import type { DceSocket, Out, PollTableRef, SimMsgHdr } from "../kernel-objects.ts";
import type { Forwarders } from "./forwarders.ts";

const SOCK_TYPE_MASK = 0xf;
const O_NONBLOCK = 0o4000;
const MSG_DONTWAIT = 0x40;

/** The socket part of the emulated kernel's KernelHandle. */
export function emulatedSockets(
  forwarders: Forwarders,
  net: () => NetStack,
  imported: DceHandle,
): SocketCalls {
  const create = (domain: number, type: number, protocol: number, out: Out<DceSocket>): number => {
    const socket = net().sock_create(domain, type & SOCK_TYPE_MASK, protocol);
    if (typeof socket === "number") return socket;
    out.value = socket;
    return 0;
  };
  const poll = (socket: Socket, ref: PollTableRef): number => {
    const context = ref.opaque;
    const entry = context === undefined ? undefined : new PollEntry(imported, context);
    // As do_pollfd: errors and hang-ups are told to everyone.
    ref.ret = socket.poll(entry) & (ref.ret | POLLERR | POLLHUP);
    ref.opaque = entry;
    return 0;
  };
  return {
    // Making a socket never sleeps, so it needs no task of the kernel.
    sock_socket: (domain, type, protocol, out) =>
      forwarders.now(create, domain, type, protocol, out),
    sock_close: (socket) => forwarders.forward(release, socketOf(socket), 0, 0, 0),
    sock_recvmsg: (socket, message, flags) =>
      passMessage(forwarders, receive, receiveNow, socketOf(socket), message, flags),
    sock_sendmsg: (socket, message, flags) =>
      passMessage(forwarders, send, sendNow, socketOf(socket), message, flags),
    sock_getsockname: (socket, address, length) =>
      forwarders.now(getName, socketOf(socket), 0, address, length),
    sock_getpeername: (socket, address, length) =>
      forwarders.now(getName, socketOf(socket), 1, address, length),
    sock_bind: (socket, address, length) =>
      forwarders.now(bind, socketOf(socket), prefixOf(address, length), 0, 0),
    sock_connect: (socket, address, length, flags) =>
      forwarders.forward(connect, socketOf(socket), prefixOf(address, length), flags, 0),
    sock_listen: (socket, backlog) => forwarders.now(listen, socketOf(socket), backlog, 0, 0),
    sock_shutdown: (socket, how) => forwarders.now(shutdown, socketOf(socket), how, 0, 0),
    sock_accept: (socket, out, flags) =>
      forwarders.forward(accept, socketOf(socket), out, flags & O_NONBLOCK, 0),
    sock_ioctl: (socket, request, argument) =>
      forwarders.forward(ioctl, socketOf(socket), request, argument, 0),
    sock_setsockopt: (socket, level, name, value, length) =>
      forwarders.now(setOption, socketOf(socket), level, name, prefixOf(value, length)),
    sock_getsockopt: (socket, level, name, value, length) => {
      const result = forwarders.now(
        getOption,
        socketOf(socket),
        level,
        name,
        prefixOf(value, length.value),
      );
      if (result < 0) return result;
      length.value = result;
      return 0;
    },
    sock_poll: (socket, ref) => {
      if (forwarders.now(poll, socketOf(socket), ref, 0, 0) === 0) return;
      // Without a kernel behind it a socket is hung up.
      ref.ret &= POLLHUP | POLLERR;
      ref.opaque = undefined;
    },
    sock_pollfreewait: (entry) => {
      if (entry instanceof PollEntry) entry.queueHead?.remove(entry);
    },
  };
}

const POLLERR = 0x8;
const POLLHUP = 0x10;

/** The kernel's half of a poll: in the socket's wait queue, tells `poll_event`. */
class PollEntry implements WaitQueueEntry {
  readonly isExclusive = false;
  queueNext: WaitQueueEntry | undefined = undefined;
  queuePrevious: WaitQueueEntry | undefined = undefined;
  queueHead: WaitQueueHead | undefined = undefined;
  readonly #imported: DceHandle;
  readonly #context: object;

  constructor(imported: DceHandle, context: object) {
    this.#imported = imported;
    this.#context = context;
  }

  func(_entry: WaitQueueEntry, key: number): boolean {
    this.#imported.poll_event(key, this.#context);
    return true;
  }
}

/** Netlink without waiting needs no task of the kernel: configuration may be asked from anywhere. */
function passMessage(
  forwarders: Forwarders,
  call: (socket: Socket, message: SimMsgHdr, flags: number) => number | Wait,
  callNow: (socket: Socket, message: SimMsgHdr, flags: number) => number,
  socket: Socket,
  message: SimMsgHdr,
  flags: number,
): number | Blocked {
  const isNow = (flags & MSG_DONTWAIT) !== 0 && socket.sk?.sk_family === AF_NETLINK;
  return isNow
    ? forwarders.now(callNow, socket, message, flags, 0)
    : forwarders.forward(call, socket, message, flags, 0);
}

function receiveNow(socket: Socket, message: SimMsgHdr, flags: number): number {
  return atOnce(socket.recvmsg(message, flags));
}

function sendNow(socket: Socket, message: SimMsgHdr, flags: number): number {
  return atOnce(socket.sendmsg(message, flags));
}

function atOnce(result: number | Wait): number {
  if (typeof result === "number") return result;
  result.return(0);
  return -Errno.EAGAIN;
}

function release(socket: Socket): number | Wait {
  return socket.release();
}

function receive(socket: Socket, message: SimMsgHdr, flags: number): number | Wait {
  return socket.recvmsg(message, flags);
}

function send(socket: Socket, message: SimMsgHdr, flags: number): number | Wait {
  return socket.sendmsg(message, flags);
}

function bind(socket: Socket, address: Uint8Array): number {
  return socket.bind(address);
}

function connect(socket: Socket, address: Uint8Array, flags: number): number | Wait {
  return socket.connect(address, flags);
}

function listen(socket: Socket, backlog: number): number {
  return socket.listen(backlog);
}

function shutdown(socket: Socket, how: number): number {
  return socket.shutdown(how);
}

function accept(socket: Socket, out: Out<DceSocket>, flags: number): number | Wait {
  const accepted = socket.accept(flags);
  if (typeof accepted === "number") return accepted;
  if (accepted instanceof Socket) {
    out.value = accepted;
    return 0;
  }
  return acceptLater(accepted, out);
}

function* acceptLater(waiting: Wait<Socket | number>, out: Out<DceSocket>): Wait {
  const accepted = yield* waiting;
  if (typeof accepted === "number") return accepted;
  out.value = accepted;
  return 0;
}

function getName(
  socket: Socket,
  peer: number,
  address: Uint8Array,
  length: { value: number },
): number {
  const result = socket.getname(peer === 0 ? 0 : 1, address);
  if (result < 0) return result;
  length.value = result;
  return 0;
}

function ioctl(socket: Socket, request: number, argument: Uint8Array): number | Wait {
  return socket.ioctl(request, argument);
}

function setOption(socket: Socket, level: number, name: number, value: Uint8Array): number {
  return socket.setsockopt(level, name, value);
}

function getOption(socket: Socket, level: number, name: number, value: Uint8Array): number {
  return socket.getsockopt(level, name, value);
}

function prefixOf(bytes: Uint8Array, length: number): Uint8Array {
  return length === bytes.length ? bytes : bytes.subarray(0, length);
}

function socketOf(socket: DceSocket): Socket {
  if (socket instanceof Socket) return socket;
  throw new TypeError("not a socket of this kernel");
}

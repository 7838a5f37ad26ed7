/** System calls on sockets. Addresses and option values are bytes in Linux's layout. */
import type { Blocked } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import type { MsgHdr } from "../../fd/message.ts";
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from "../../fd/open-flags.ts";
import { AF_UNIX } from "../../fd/unix-address.ts";
import type { AcceptedSocket, ValueLength } from "../../fd/unix-fd.ts";
import { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "../../fd/socket-numbers.ts";
import { UnixSocketFd } from "../../fd/unix-socket.ts";
import type { SocketFdFactory } from "../../process/node-context.ts";
import type { Thread } from "../../process/thread.ts";
import { fileOf, installPair } from "./descriptor-calls.ts";

/** In the type argument of socket() and the flags of accept4(). */
export const SOCK_NONBLOCK: number = O_NONBLOCK;
export const SOCK_CLOEXEC: number = O_CLOEXEC;
const SOCK_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;

export function sysSocket(
  thread: Thread,
  domain: number,
  type: number,
  protocol: number,
): number | Blocked {
  const { node } = thread.process;
  const kind = type & ~SOCK_FLAGS;
  if (domain === AF_UNIX) {
    if (!isUnixType(kind)) return -Errno.ESOCKTNOSUPPORT;
    if (protocol !== 0 && protocol !== AF_UNIX) return -Errno.EPROTONOSUPPORT;
    const { files } = thread.process;
    const flags = O_RDWR | (type & SOCK_NONBLOCK);
    const file = new UnixSocketFd(node.taskManager, node.unixNamespace, kind, flags);
    return files.allocate(file, (type & SOCK_CLOEXEC) !== 0);
  }
  if (node.sockets === undefined) return -Errno.EAFNOSUPPORT;
  return kernelSocket(thread, node.sockets, domain, type, protocol);
}

/**
 * The descriptor is taken first: a socket that is made and finds no descriptor would have to be
 * closed, and its close may wait, which the end of a call cannot.
 */
function kernelSocket(
  thread: Thread,
  sockets: SocketFdFactory,
  domain: number,
  type: number,
  protocol: number,
): number | Blocked {
  const { files } = thread.process;
  const newFd = files.reserve();
  if (newFd < 0) return newFd;
  const out: AcceptedSocket = { value: undefined };
  const result = sockets.createSocket(domain, type & ~SOCK_FLAGS, protocol, out);
  thread.completion = (status) => {
    const flags = O_RDWR | (type & SOCK_NONBLOCK);
    const file = status < 0 ? undefined : sockets.createdFile(out, flags);
    if (file === undefined) {
      files.unreserve(newFd);
      return status < 0 ? status : -Errno.ENOBUFS;
    }
    files.install(newFd, file, (type & SOCK_CLOEXEC) !== 0);
    return newFd;
  };
  return result;
}

/** Only AF_UNIX sockets come in pairs. */
export function sysSocketpair(
  thread: Thread,
  domain: number,
  type: number,
  out: [number, number],
): number {
  if (domain !== AF_UNIX) return -Errno.EOPNOTSUPP;
  const kind = type & ~SOCK_FLAGS;
  if (!isUnixType(kind)) return -Errno.ESOCKTNOSUPPORT;
  const { node } = thread.process;
  const flags = type & SOCK_NONBLOCK;
  const [a, b] = UnixSocketFd.pair(node.taskManager, node.unixNamespace, kind, flags);
  return installPair(thread, a, b, (type & SOCK_CLOEXEC) !== 0, out);
}

function isUnixType(type: number): boolean {
  return type === SOCK_STREAM || type === SOCK_DGRAM || type === SOCK_SEQPACKET;
}

export function sysBind(thread: Thread, fd: number, address: Uint8Array): number | Blocked {
  return fileOf(thread, fd)?.bind(address) ?? -Errno.EBADF;
}

export function sysConnect(thread: Thread, fd: number, address: Uint8Array): number | Blocked {
  return fileOf(thread, fd)?.connect(address) ?? -Errno.EBADF;
}

export function sysListen(thread: Thread, fd: number, backlog: number): number | Blocked {
  return fileOf(thread, fd)?.listen(backlog) ?? -Errno.EBADF;
}

/** @param flags SOCK_NONBLOCK, SOCK_CLOEXEC. @returns the new descriptor. */
export function sysAccept4(thread: Thread, fd: number, flags: number): number | Blocked {
  if ((flags & ~SOCK_FLAGS) !== 0) return -Errno.EINVAL;
  const listener = fileOf(thread, fd);
  if (listener === undefined) return -Errno.EBADF;
  const { files } = thread.process;
  const newFd = files.reserve();
  if (newFd < 0) return newFd;
  const out: AcceptedSocket = { value: undefined };
  const result = listener.accept(out);
  thread.completion = (status) => {
    const file =
      status < 0 ? undefined : listener.acceptedFile(out, O_RDWR | (flags & SOCK_NONBLOCK));
    if (file === undefined) {
      files.unreserve(newFd);
      return status < 0 ? status : -Errno.ECONNABORTED;
    }
    files.install(newFd, file, (flags & SOCK_CLOEXEC) !== 0);
    return newFd;
  };
  return result;
}

export function sysSendmsg(
  thread: Thread,
  fd: number,
  message: MsgHdr,
  flags: number,
): number | Blocked {
  return fileOf(thread, fd)?.sendmsg(message, flags) ?? -Errno.EBADF;
}

export function sysRecvmsg(
  thread: Thread,
  fd: number,
  message: MsgHdr,
  flags: number,
): number | Blocked {
  return fileOf(thread, fd)?.recvmsg(message, flags) ?? -Errno.EBADF;
}

export function sysShutdown(thread: Thread, fd: number, how: number): number | Blocked {
  return fileOf(thread, fd)?.shutdown(how) ?? -Errno.EBADF;
}

/** @returns length of the address in `out`. */
export function sysGetsockname(thread: Thread, fd: number, out: Uint8Array): number | Blocked {
  const file = fileOf(thread, fd);
  if (file === undefined) return -Errno.EBADF;
  const length = thread.borrowLength(out.length);
  return lengthOf(thread, file.getsockname(out, length), length);
}

/** @returns length of the address in `out`. */
export function sysGetpeername(thread: Thread, fd: number, out: Uint8Array): number | Blocked {
  const file = fileOf(thread, fd);
  if (file === undefined) return -Errno.EBADF;
  const length = thread.borrowLength(out.length);
  return lengthOf(thread, file.getpeername(out, length), length);
}

/** As getpeername; 0 when the peer of a connection that was just accepted is gone already. */
export function sysAcceptedName(thread: Thread, fd: number, out: Uint8Array): number | Blocked {
  const result = sysGetpeername(thread, fd, out);
  if (typeof result === "number") return Math.max(result, 0);
  const { completion } = thread;
  thread.completion = (status) => Math.max(completion?.(status) ?? status, 0);
  return result;
}

export function sysSetsockopt(
  thread: Thread,
  fd: number,
  level: number,
  name: number,
  value: Uint8Array,
): number | Blocked {
  return fileOf(thread, fd)?.setsockopt(level, name, value) ?? -Errno.EBADF;
}

/** @returns length of the value in `out`. */
export function sysGetsockopt(
  thread: Thread,
  fd: number,
  level: number,
  name: number,
  out: Uint8Array,
): number | Blocked {
  const file = fileOf(thread, fd);
  if (file === undefined) return -Errno.EBADF;
  const length = thread.borrowLength(out.length);
  return lengthOf(thread, file.getsockopt(level, name, out, length), length);
}

/** The length is the call's result. One that waits keeps its length: a handler of a signal may make calls meanwhile. */
function lengthOf(thread: Thread, result: number | Blocked, length: ValueLength): number | Blocked {
  if (typeof result === "number") {
    thread.returnLength(length);
    return result < 0 ? result : length.value;
  }
  thread.completion = (status) => (status < 0 ? status : length.value);
  return result;
}

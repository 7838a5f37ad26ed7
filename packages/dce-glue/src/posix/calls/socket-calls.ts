/** System calls on sockets. Addresses and option values are bytes in Linux's layout. */
import type { Blocked } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import type { MsgHdr } from "../../fd/message.ts";
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from "../../fd/open-flags.ts";
import { AF_UNIX } from "../../fd/unix-address.ts";
import type { AcceptedSocket, UnixFd } from "../../fd/unix-fd.ts";
import { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, UnixSocketFd } from "../../fd/unix-socket.ts";
import type { Thread } from "../../process/thread.ts";
import { fileOf, installPair, resultAfter } from "./descriptor-calls.ts";

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
  const flags = O_RDWR | (type & SOCK_NONBLOCK);
  const file = makeSocket(thread, domain, type & ~SOCK_FLAGS, protocol, flags);
  if (typeof file === "number") return file;
  const fd = thread.process.files.allocate(file, (type & SOCK_CLOEXEC) !== 0);
  return fd < 0 ? resultAfter(thread, file.close(), fd) : fd;
}

function makeSocket(
  thread: Thread,
  domain: number,
  type: number,
  protocol: number,
  flags: number,
): UnixFd | number {
  const { node } = thread.process;
  if (domain !== AF_UNIX) {
    return node.sockets?.createSocket(domain, type, protocol, flags) ?? -Errno.EAFNOSUPPORT;
  }
  if (!isUnixType(type)) return -Errno.ESOCKTNOSUPPORT;
  if (protocol !== 0 && protocol !== AF_UNIX) return -Errno.EPROTONOSUPPORT;
  return new UnixSocketFd(node.taskManager, node.unixNamespace, type, flags);
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

export function sysBind(thread: Thread, fd: number, address: Uint8Array): number {
  return fileOf(thread, fd)?.bind(address) ?? -Errno.EBADF;
}

export function sysConnect(thread: Thread, fd: number, address: Uint8Array): number | Blocked {
  return fileOf(thread, fd)?.connect(address) ?? -Errno.EBADF;
}

export function sysListen(thread: Thread, fd: number, backlog: number): number {
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
export function sysGetsockname(thread: Thread, fd: number, out: Uint8Array): number {
  return fileOf(thread, fd)?.getsockname(out) ?? -Errno.EBADF;
}

export function sysGetpeername(thread: Thread, fd: number, out: Uint8Array): number {
  return fileOf(thread, fd)?.getpeername(out) ?? -Errno.EBADF;
}

export function sysSetsockopt(
  thread: Thread,
  fd: number,
  level: number,
  name: number,
  value: Uint8Array,
): number {
  return fileOf(thread, fd)?.setsockopt(level, name, value) ?? -Errno.EBADF;
}

/** @returns length of the value in `out`. */
export function sysGetsockopt(
  thread: Thread,
  fd: number,
  level: number,
  name: number,
  out: Uint8Array,
): number {
  return fileOf(thread, fd)?.getsockopt(level, name, out) ?? -Errno.EBADF;
}

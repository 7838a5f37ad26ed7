/** System calls on descriptors: the thread first, results >= 0, -errno, or Blocked. */
import type { Blocked } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import type { FileStat } from "../../fd/file-stat.ts";
import { IOV_MAX } from "../../fd/limits.ts";
import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_SETFD,
  FD_CLOEXEC,
  O_CLOEXEC,
  O_DIRECT,
  O_NONBLOCK,
} from "../../fd/open-flags.ts";
import { createPipe } from "../../fd/pipe.ts";
import type { UnixFd } from "../../fd/unix-fd.ts";
import type { Thread } from "../../process/thread.ts";

/** The file of a descriptor. It is held while the call is blocked, whoever closes the descriptor. */
export function fileOf(thread: Thread, fd: number): UnixFd | undefined {
  const file = thread.process.files.get(fd);
  thread.callFile = file;
  return file;
}

export function sysRead(thread: Thread, fd: number, buffer: Uint8Array): number | Blocked {
  return fileOf(thread, fd)?.read(buffer) ?? -Errno.EBADF;
}

export function sysWrite(thread: Thread, fd: number, buffer: Uint8Array): number | Blocked {
  return fileOf(thread, fd)?.write(buffer) ?? -Errno.EBADF;
}

export function sysPread(
  thread: Thread,
  fd: number,
  buffer: Uint8Array,
  offset: number,
): number | Blocked {
  if (offset < 0) return -Errno.EINVAL;
  return fileOf(thread, fd)?.pread(buffer, offset) ?? -Errno.EBADF;
}

export function sysPwrite(
  thread: Thread,
  fd: number,
  buffer: Uint8Array,
  offset: number,
): number | Blocked {
  if (offset < 0) return -Errno.EINVAL;
  return fileOf(thread, fd)?.pwrite(buffer, offset) ?? -Errno.EBADF;
}

export function sysReadv(thread: Thread, fd: number, iov: readonly Uint8Array[]): number | Blocked {
  if (iov.length > IOV_MAX) return -Errno.EINVAL;
  const file = fileOf(thread, fd);
  if (file === undefined) return -Errno.EBADF;
  return iov.length === 0 ? 0 : file.readv(iov);
}

export function sysWritev(
  thread: Thread,
  fd: number,
  iov: readonly Uint8Array[],
): number | Blocked {
  if (iov.length > IOV_MAX) return -Errno.EINVAL;
  const file = fileOf(thread, fd);
  if (file === undefined) return -Errno.EBADF;
  return iov.length === 0 ? 0 : file.writev(iov);
}

export function sysClose(thread: Thread, fd: number): number | Blocked {
  return thread.process.files.remove(fd)?.release() ?? -Errno.EBADF;
}

export function sysLseek(thread: Thread, fd: number, offset: number, whence: number): number {
  return fileOf(thread, fd)?.lseek(offset, whence) ?? -Errno.EBADF;
}

export function sysFtruncate(thread: Thread, fd: number, length: number): number {
  if (length < 0) return -Errno.EINVAL;
  return fileOf(thread, fd)?.ftruncate(length) ?? -Errno.EBADF;
}

export function sysFsync(thread: Thread, fd: number): number | Blocked {
  return fileOf(thread, fd)?.fsync() ?? -Errno.EBADF;
}

export function sysFstat(thread: Thread, fd: number, out: FileStat): number {
  return fileOf(thread, fd)?.fstat(out) ?? -Errno.EBADF;
}

export function sysIoctl(
  thread: Thread,
  fd: number,
  request: number,
  argument: Uint8Array,
): number | Blocked {
  const file = fileOf(thread, fd);
  if (file === undefined) return -Errno.EBADF;
  if (request !== FIONBIO) return file.ioctl(request, argument);
  const isOn = argument.some((octet) => octet !== 0);
  return file.setStatusFlags(isOn ? file.flags | O_NONBLOCK : file.flags & ~O_NONBLOCK);
}

const FIONBIO = 0x5421;

export function sysFcntl(
  thread: Thread,
  fd: number,
  command: number,
  argument: number,
): number | Blocked {
  const { files } = thread.process;
  const file = fileOf(thread, fd);
  if (file === undefined) return -Errno.EBADF;
  switch (command) {
    case F_DUPFD:
      return files.dup(fd, argument, false);
    case F_DUPFD_CLOEXEC:
      return files.dup(fd, argument, true);
    case F_GETFD:
      return files.isCloseOnExec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
      files.setCloseOnExec(fd, (argument & FD_CLOEXEC) !== 0);
      return 0;
    default:
      return file.fcntl(command, argument);
  }
}

export function sysDup(thread: Thread, fd: number): number {
  return thread.process.files.dup(fd);
}

export function sysDup2(thread: Thread, fd: number, newFd: number): number | Blocked {
  if (fd !== newFd) return sysDup3(thread, fd, newFd, 0);
  return thread.process.files.get(fd) === undefined ? -Errno.EBADF : fd;
}

export function sysDup3(
  thread: Thread,
  fd: number,
  newFd: number,
  flags: number,
): number | Blocked {
  const replaced: { value: UnixFd | undefined } = { value: undefined };
  const result = thread.process.files.dup3(fd, newFd, flags, replaced);
  return resultAfter(thread, replaced.value?.release() ?? 0, result);
}

/** A call's result, once the close of a file that it gave up is over; that close's own does not count. */
function resultAfter(thread: Thread, closing: number | Blocked, result: number): number | Blocked {
  if (typeof closing === "number") return result;
  thread.completion = () => result;
  return closing;
}

/** Puts both ends into `out`. */
export function sysPipe2(thread: Thread, flags: number, out: [number, number]): number {
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) !== 0) return -Errno.EINVAL;
  const { read, write } = createPipe(thread.task.manager, flags);
  return installPair(thread, read, write, (flags & O_CLOEXEC) !== 0, out);
}

/** Both files get descriptors, or none. */
export function installPair(
  thread: Thread,
  first: UnixFd,
  second: UnixFd,
  closeOnExec: boolean,
  out: [number, number],
): number {
  const { files } = thread.process;
  const a = files.allocate(first, closeOnExec);
  if (a < 0) {
    first.close();
    second.close();
    return a;
  }
  const b = files.allocate(second, closeOnExec);
  if (b < 0) {
    files.remove(a)?.release();
    second.close();
    return b;
  }
  out[0] = a;
  out[1] = b;
  return 0;
}

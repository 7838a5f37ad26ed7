import type { Blocked } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import type { FileStat } from "./file-stat.ts";
import type { MsgHdr } from "./message.ts";
import {
  F_GETFL,
  F_SETFL,
  O_ACCMODE,
  O_APPEND,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  POLLIN,
  POLLOUT,
  POLLRDNORM,
  POLLWRNORM,
} from "./open-flags.ts";
import type { PollTable } from "./poll-table.ts";

/** What accept() delivers, before it has a file: a kernel socket, an AF_UNIX socket… */
export interface AcceptedSocket {
  value: object | undefined;
}

/** A length that a call reads as the room there is and answers with what there was. */
export interface ValueLength {
  value: number;
}

/** struct itimerspec: 0 = disarmed, no interval. */
export interface TimerSpec {
  /** Whole seconds to add to valueNs: a time since 1970 is too long for nanoseconds in one number. */
  valueSec?: number;
  valueNs: number;
  intervalNs: number;
}

/** Hears of the end of a file. */
export interface FileWatcher {
  fileClosed(file: UnixFd): void;
}

/** What a file is, as tables and `/proc/<pid>/fd` name it. */
export type FileKind =
  | "regular"
  | "directory"
  | "device"
  | "pipe"
  | "socket"
  | "epoll"
  | "eventfd"
  | "timerfd"
  | "signalfd";

/** Flags that fcntl(F_SETFL) may change. */
const SETTABLE_FLAGS = O_APPEND | O_NONBLOCK;

/**
 * An open file description: what dup() and inheritance share (offset, flags), counted by the
 * descriptors that point at it. After DCE's UnixFd: one method per call, and a file that cannot do
 * what is asked answers with the errno that Linux gives.
 *
 * Calls return a result >= 0, -errno, or a Blocked handle of the current task that completes with
 * the one or the other; -ERESTARTSYS (see restart.ts) says that a signal came first.
 */
export abstract class UnixFd {
  abstract readonly kind: FileKind;
  /** O_ACCMODE bits and status flags (O_APPEND, O_NONBLOCK…) of the description. */
  flags: number;
  /** Epoll instances that watch this file; they are told when it closes. */
  watchers: Set<FileWatcher> | undefined;
  /** False for files that are always ready: epoll refuses them (EPERM). */
  readonly isPollable: boolean = true;
  #references = 0;
  #isClosed = false;

  constructor(flags: number) {
    this.flags = flags;
  }

  /** Descriptors and running calls that hold this file (DCE: FileUsage). */
  get references(): number {
    return this.#references;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isNonblocking(): boolean {
    return (this.flags & O_NONBLOCK) !== 0;
  }

  /** Opened with O_RDONLY or O_RDWR. */
  get isReadable(): boolean {
    const mode = this.flags & O_ACCMODE;
    return mode === O_RDONLY || mode === O_RDWR;
  }

  /** Opened with O_WRONLY or O_RDWR. */
  get isWritable(): boolean {
    const mode = this.flags & O_ACCMODE;
    return mode === O_WRONLY || mode === O_RDWR;
  }

  /** One more holder. */
  retain(): this {
    this.#references++;
    return this;
  }

  /** One holder less; the last one closes the file. */
  release(): number | Blocked {
    this.#references--;
    if (this.#references > 0 || this.#isClosed) return 0;
    this.#isClosed = true;
    // A watcher takes itself out of the set, which a Set's iterator allows.
    this.watchers?.forEach((watcher) => watcher.fileClosed(this));
    return this.close();
  }

  /** The last reference is gone. Called once, by release(). */
  abstract close(): number | Blocked;

  /** What `/proc/<pid>/fd/N` links to: a path, or `pipe:[7]`. */
  abstract describe(): string;

  read(_buffer: Uint8Array): number | Blocked {
    return -Errno.EINVAL;
  }

  write(_buffer: Uint8Array): number | Blocked {
    return -Errno.EINVAL;
  }

  /** Files without their own scatter/gather read once into joined memory. */
  readv(iov: readonly Uint8Array[]): number | Blocked {
    return iov.length === 1 && iov[0] !== undefined ? this.read(iov[0]) : -Errno.EINVAL;
  }

  writev(iov: readonly Uint8Array[]): number | Blocked {
    return iov.length === 1 && iov[0] !== undefined ? this.write(iov[0]) : -Errno.EINVAL;
  }

  pread(_buffer: Uint8Array, _offset: number): number | Blocked {
    return -Errno.ESPIPE;
  }

  pwrite(_buffer: Uint8Array, _offset: number): number | Blocked {
    return -Errno.ESPIPE;
  }

  recvmsg(_message: MsgHdr, _flags: number): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  sendmsg(_message: MsgHdr, _flags: number): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  isatty(): boolean {
    return false;
  }

  /** @param value option value in Linux's layout. */
  setsockopt(_level: number, _name: number, _value: Uint8Array): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  /**
   * @param length the room in `out`; when the call has completed with 0, octets written to it. It
   * belongs to this one call until then: another thread may ask the same file meanwhile.
   */
  getsockopt(
    _level: number,
    _name: number,
    _out: Uint8Array,
    _length: ValueLength,
  ): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  /** @param length as getsockopt's. */
  getsockname(_out: Uint8Array, _length: ValueLength): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  getpeername(_out: Uint8Array, _length: ValueLength): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  /** @param argument struct that the request reads and writes in place. */
  ioctl(_request: number, _argument: Uint8Array): number | Blocked {
    return -Errno.ENOTTY;
  }

  /** @param address sockaddr bytes in Linux's layout. */
  bind(_address: Uint8Array): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  connect(_address: Uint8Array): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  listen(_backlog: number): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  shutdown(_how: number): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  /**
   * Waits for a connection and puts its socket into `out`; `acceptedFile(out)` then makes the file,
   * which the caller does when the call has completed with 0.
   */
  accept(_out: AcceptedSocket): number | Blocked {
    return -Errno.ENOTSOCK;
  }

  /** @param flags status flags of the new file (O_RDWR, maybe O_NONBLOCK). */
  acceptedFile(_out: AcceptedSocket, _flags: number): UnixFd | undefined {
    return undefined;
  }

  /** @returns bytes of the mapping by copy, or -errno. */
  mmap(_length: number, _protection: number, _flags: number, _offset: number): Uint8Array | number {
    return -Errno.ENODEV;
  }

  lseek(_offset: number, _whence: number): number {
    return -Errno.ESPIPE;
  }

  fstat(_out: FileStat): number {
    return -Errno.EBADF;
  }

  /** Commands on the description; the descriptor's (F_DUPFD, F_GETFD, F_SETFD) are the table's. */
  fcntl(command: number, argument: number): number | Blocked {
    if (command === F_GETFL) return this.flags;
    if (command === F_SETFL) return this.setStatusFlags(argument);
    return -Errno.EINVAL;
  }

  /** fcntl(F_SETFL). A kernel socket overrides this to tell its kernel. */
  setStatusFlags(flags: number): number {
    this.flags = (this.flags & ~SETTABLE_FLAGS) | (flags & SETTABLE_FLAGS);
    return 0;
  }

  /** timerfd_settime. @param flags TFD_TIMER_ABSTIME: `spec` is an instant of the timer's clock. */
  settime(_flags: number, _spec: TimerSpec, _old: TimerSpec | undefined): number {
    return -Errno.EINVAL;
  }

  gettime(_out: TimerSpec): number {
    return -Errno.EINVAL;
  }

  ftruncate(_length: number): number {
    return -Errno.EINVAL;
  }

  fsync(): number | Blocked {
    return -Errno.EINVAL;
  }

  /**
   * Events that are true now. With a table, the file also registers there to report changes.
   * @returns POLL* mask.
   */
  poll(_table: PollTable | undefined): number {
    return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
  }
}

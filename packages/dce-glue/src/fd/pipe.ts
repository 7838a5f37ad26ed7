import type { Blocked, TaskManager } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { PIPE_CAPACITY_DEFAULT, PIPE_CAPACITY_MAX } from "./limits.ts";
import { LocalFd } from "./local-fd.ts";
import {
  F_GETPIPE_SZ,
  F_SETPIPE_SZ,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDNORM,
  POLLWRNORM,
} from "./open-flags.ts";
import { S_IFIFO } from "./file-stat.ts";
import { PIPE_SLOT_OCTETS, PipeBuffer } from "./pipe-buffer.ts";
import { currentThread } from "./waiter.ts";

const FIONREAD = 0x541b;
const SIGPIPE = 13;

/** pipe2(2): both ends of a new pipe. @param flags O_NONBLOCK or 0. */
export function createPipe(manager: TaskManager, flags: number): { read: PipeEnd; write: PipeEnd } {
  const queue = new PipeBuffer(PIPE_CAPACITY_DEFAULT);
  const read = new PipeReadEnd(manager, O_RDONLY | (flags & O_NONBLOCK), queue);
  const write = new PipeWriteEnd(manager, O_WRONLY | (flags & O_NONBLOCK), queue);
  read.other = write;
  write.other = read;
  return { read, write };
}

/** One end of a pipe (fs/pipe.c). */
export abstract class PipeEnd extends LocalFd {
  override readonly kind = "pipe";
  /** The other end; undefined when it is closed. */
  other: PipeEnd | undefined;
  protected readonly queue: PipeBuffer;

  constructor(manager: TaskManager, flags: number, queue: PipeBuffer) {
    super(manager, flags);
    this.queue = queue;
  }

  override describe(): string {
    return `pipe:[${this.inode}]`;
  }

  override close(): number {
    if (this.other === undefined) this.queue.clear();
    else {
      const { other } = this;
      this.other = undefined;
      other.other = undefined;
      other.waitPoint.wakeUpAll(POLLHUP | POLLERR | POLLIN | POLLOUT);
    }
    return 0;
  }

  protected override statMode(): number {
    return S_IFIFO | 0o600;
  }

  override ioctl(request: number, argument: Uint8Array): number | Blocked {
    if (request !== FIONREAD) return -Errno.ENOTTY;
    new DataView(argument.buffer, argument.byteOffset).setInt32(0, this.queue.length, true);
    return 0;
  }

  override fcntl(command: number, argument: number): number | Blocked {
    switch (command) {
      case F_GETPIPE_SZ:
        return this.queue.capacity;
      case F_SETPIPE_SZ:
        return this.#setCapacity(argument);
      default:
        return super.fcntl(command, argument);
    }
  }

  /** Linux rounds up to a power of two pages (round_pipe_size). */
  #setCapacity(wanted: number): number {
    let octets = PIPE_SLOT_OCTETS;
    while (octets < wanted) octets *= 2;
    if (wanted > 0x7fffffff) return -Errno.EINVAL;
    if (octets > PIPE_CAPACITY_MAX) return -Errno.EPERM;
    if (octets / PIPE_SLOT_OCTETS < this.queue.slotsUsed) return -Errno.EBUSY;
    this.queue.setCapacity(octets);
    return octets;
  }
}

class PipeReadEnd extends PipeEnd {
  protected override tryRead(buffer: Uint8Array): number {
    if (buffer.length === 0) return 0;
    const count = this.queue.read(buffer);
    if (count === 0) return this.other === undefined ? 0 : -Errno.EAGAIN;
    this.other?.waitPoint.wakeUp(POLLOUT | POLLWRNORM);
    return count;
  }

  protected override events(): number {
    const readable = this.queue.length > 0 ? POLLIN | POLLRDNORM : 0;
    return this.other === undefined ? readable | POLLHUP : readable;
  }
}

class PipeWriteEnd extends PipeEnd {
  protected override tryWrite(buffer: Uint8Array): number {
    if (buffer.length === 0) return 0;
    if (this.other === undefined) {
      currentThread(this.manager).raise(SIGPIPE);
      return -Errno.EPIPE;
    }
    // A write of PIPE_BUF octets needs one slot, so it goes in whole or not at all.
    const count = this.queue.write(buffer);
    if (count === 0) return -Errno.EAGAIN;
    this.other.waitPoint.wakeUp(POLLIN | POLLRDNORM);
    return count;
  }

  protected override events(): number {
    const writable = this.queue.isFull ? 0 : POLLOUT | POLLWRNORM;
    return this.other === undefined ? writable | POLLERR : writable;
  }
}

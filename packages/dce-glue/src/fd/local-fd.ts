import type { Blocked, TaskManager, Wait } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { emptyStat, type FileStat } from "./file-stat.ts";
import type { PollTable } from "./poll-table.ts";
import { ERESTARTSYS } from "./restart.ts";
import { UnixFd } from "./unix-fd.ts";
import { WaitPoint } from "./wait-point.ts";
import { currentThread, FOREVER } from "./waiter.ts";

/** Inode numbers of nameless files, counted per node so that a second simulation counts alike. */
const anonymousInodes = new WeakMap<TaskManager, number>();

/**
 * A file that lives in this package and may block: pipe, AF_UNIX socket, eventfd, timerfd. What it
 * implements are attempts that never block; waiting, signals, O_NONBLOCK and vectors are here.
 */
export abstract class LocalFd extends UnixFd {
  /** A read or write is one message: vectors are joined instead of filled one after the other. */
  readonly isMessageBased: boolean = false;
  /** Woken when something can be read, written, or has hung up. */
  readonly waitPoint: WaitPoint = new WaitPoint();
  protected readonly manager: TaskManager;
  readonly inode: number;

  constructor(manager: TaskManager, flags: number) {
    super(flags);
    this.manager = manager;
    this.inode = (anonymousInodes.get(manager) ?? 0) + 1;
    anonymousInodes.set(manager, this.inode);
  }

  /** @returns octets read, 0 at the end, -EAGAIN when there is nothing yet. */
  protected tryRead(_buffer: Uint8Array): number {
    return -Errno.EINVAL;
  }

  /** @returns octets written, at least one unless the buffer is empty; -EAGAIN when there is no room. */
  protected tryWrite(_buffer: Uint8Array): number {
    return -Errno.EINVAL;
  }

  /** POLL* mask now. */
  protected abstract events(): number;

  override poll(table: PollTable | undefined): number {
    table?.wait(this.waitPoint);
    return this.events();
  }

  override read(buffer: Uint8Array): number | Blocked {
    if (!this.isReadable) return -Errno.EBADF;
    const result = this.tryRead(buffer);
    if (result !== -Errno.EAGAIN || this.isNonblocking) return result;
    return this.manager.enter(this.#readBlocked(buffer));
  }

  override write(buffer: Uint8Array): number | Blocked {
    if (!this.isWritable) return -Errno.EBADF;
    const result = this.tryWrite(buffer);
    if (result === buffer.length || this.isNonblocking) return result;
    if (result < 0 && result !== -Errno.EAGAIN) return result;
    return this.manager.enter(this.#writeBlocked(buffer, Math.max(result, 0)));
  }

  override readv(iov: readonly Uint8Array[]): number | Blocked {
    const [first] = iov;
    if (iov.length === 1 && first !== undefined) return this.read(first);
    if (!this.isReadable) return -Errno.EBADF;
    const result = this.#tryReadv(iov);
    if (result !== -Errno.EAGAIN || this.isNonblocking) return result;
    return this.manager.enter(this.#readvBlocked(iov));
  }

  override writev(iov: readonly Uint8Array[]): number | Blocked {
    const [first] = iov;
    return this.write(iov.length === 1 && first !== undefined ? first : joined(iov));
  }

  override fstat(out: FileStat): number {
    Object.assign(out, emptyStat(), { ino: this.inode, mode: this.statMode() });
    return 0;
  }

  /** S_IF* bits and permissions that fstat shows. */
  protected statMode(): number {
    return 0o600;
  }

  /** Attempts again after each wake-up. */
  protected *retry(attempt: () => number, channel: string, timeoutNs: number = FOREVER): Wait {
    const { waiter } = currentThread(this.manager);
    const { simulator } = this.manager;
    const deadlineNs = timeoutNs === FOREVER ? FOREVER : simulator.now + timeoutNs;
    for (;;) {
      const left = deadlineNs === FOREVER ? FOREVER : Math.max(deadlineNs - simulator.now, 0);
      const ended = yield* waiter.waitAt(this.waitPoint, channel, left);
      const result = attempt();
      if (result !== -Errno.EAGAIN) return result;
      // A call with a time limit is not made again: the limit would begin anew (sock_intr_errno).
      if (ended === "INTERRUPTED") return timeoutNs === FOREVER ? -ERESTARTSYS : -Errno.EINTR;
      if (ended === "TIMEOUT") return -Errno.EAGAIN;
    }
  }

  *#readBlocked(buffer: Uint8Array): Wait {
    return yield* this.retry(() => this.tryRead(buffer), `${this.describe()} read`);
  }

  *#readvBlocked(iov: readonly Uint8Array[]): Wait {
    return yield* this.retry(() => this.#tryReadv(iov), `${this.describe()} read`);
  }

  *#writeBlocked(buffer: Uint8Array, alreadyWritten: number): Wait {
    let written = alreadyWritten;
    while (written < buffer.length) {
      const rest = buffer.subarray(written);
      const result = yield* this.retry(() => this.tryWrite(rest), `${this.describe()} write`);
      if (result < 0) return written > 0 ? written : result;
      written += result;
    }
    return written;
  }

  #tryReadv(iov: readonly Uint8Array[]): number {
    if (this.isMessageBased) {
      const whole = new Uint8Array(totalLength(iov));
      const result = this.tryRead(whole);
      if (result > 0) scatter(whole.subarray(0, result), iov);
      return result;
    }
    let total = 0;
    for (const buffer of iov) {
      if (buffer.length === 0) continue;
      const result = this.tryRead(buffer);
      if (result < 0) return total > 0 ? total : result;
      total += result;
      if (result < buffer.length) break;
    }
    return total;
  }
}

export function totalLength(iov: readonly Uint8Array[]): number {
  let length = 0;
  for (const buffer of iov) length += buffer.length;
  return length;
}

/** One buffer with the octets of all. */
export function joined(iov: readonly Uint8Array[]): Uint8Array {
  const [first] = iov;
  if (iov.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(totalLength(iov));
  let at = 0;
  for (const buffer of iov) {
    whole.set(buffer, at);
    at += buffer.length;
  }
  return whole;
}

/** Copies `from` into the buffers, one after the other. @returns octets that had room. */
export function scatter(from: Uint8Array, iov: readonly Uint8Array[]): number {
  let at = 0;
  for (const buffer of iov) {
    if (at >= from.length) break;
    const part = from.subarray(at, at + buffer.length);
    buffer.set(part);
    at += part.length;
  }
  return at;
}

import type { TaskManager } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { LocalFd } from "./local-fd.ts";
import { O_NONBLOCK, O_RDWR, POLLERR, POLLIN, POLLOUT } from "./open-flags.ts";

/** A read takes 1 instead of the whole count (O_RDONLY|1: EFD_SEMAPHORE). */
export const EFD_SEMAPHORE = 1;

const UINT32 = 2 ** 32;

/** eventfd(2): a 64-bit counter (fs/eventfd.c), kept in two halves so that no BigInt is made. */
export class EventFd extends LocalFd {
  override readonly kind = "eventfd";
  override readonly isMessageBased = true;
  readonly #isSemaphore: boolean;
  #high = 0;
  #low: number;

  /** @param flags O_NONBLOCK, EFD_SEMAPHORE. */
  constructor(manager: TaskManager, initial: number, flags: number) {
    super(manager, O_RDWR | (flags & O_NONBLOCK));
    this.#low = initial >>> 0;
    this.#isSemaphore = (flags & EFD_SEMAPHORE) !== 0;
  }

  override describe(): string {
    return "anon_inode:[eventfd]";
  }

  /** noop_llseek: allowed, and without meaning. */
  override lseek(): number {
    return 0;
  }

  override close(): number {
    this.waitPoint.wakeUpAll(POLLIN);
    return 0;
  }

  protected override tryRead(buffer: Uint8Array): number {
    if (buffer.length < 8) return -Errno.EINVAL;
    if (this.#high === 0 && this.#low === 0) return -Errno.EAGAIN;
    const view = new DataView(buffer.buffer, buffer.byteOffset, 8);
    if (this.#isSemaphore) {
      view.setUint32(0, 1, true);
      view.setUint32(4, 0, true);
      if (this.#low === 0) this.#high--;
      this.#low = (this.#low - 1) >>> 0;
    } else {
      view.setUint32(0, this.#low, true);
      view.setUint32(4, this.#high, true);
      this.#low = 0;
      this.#high = 0;
    }
    this.waitPoint.wakeUp(POLLOUT);
    return 8;
  }

  protected override tryWrite(buffer: Uint8Array): number {
    if (buffer.length < 8) return -Errno.EINVAL;
    const view = new DataView(buffer.buffer, buffer.byteOffset, 8);
    const low = view.getUint32(0, true);
    const high = view.getUint32(4, true);
    if (low === 0xffffffff && high === 0xffffffff) return -Errno.EINVAL;
    const sumLow = this.#low + low;
    const sumHigh = this.#high + high + (sumLow >= UINT32 ? 1 : 0);
    const isMax = sumHigh === 0xffffffff && sumLow >>> 0 === 0xffffffff;
    if (sumHigh >= UINT32 || isMax) return -Errno.EAGAIN;
    this.#low = sumLow >>> 0;
    this.#high = sumHigh;
    if (low !== 0 || high !== 0) this.waitPoint.wakeUp(POLLIN);
    return 8;
  }

  override write(buffer: Uint8Array): ReturnType<LocalFd["write"]> {
    // Exactly one number is taken, whatever the buffer's length.
    return super.write(buffer.length > 8 ? buffer.subarray(0, 8) : buffer);
  }

  protected override events(): number {
    let mask = 0;
    if (this.#low !== 0 || this.#high !== 0) mask |= POLLIN;
    const isFull = this.#high === 0xffffffff && this.#low === 0xffffffff;
    if (isFull) return mask | POLLERR;
    if (this.#high !== 0xffffffff || this.#low < 0xfffffffe) mask |= POLLOUT;
    return mask;
  }
}

import { TimerList } from "@dcejs/lkl-kernel";
import type { LklKernel } from "@dcejs/lkl-kernel";

/**
 * A kernel timer that is moved for nearly every segment and expires hardly ever: moving it later,
 * or turning it off, only writes the new time down; the queued timer looks when it fires. Moving it
 * earlier re-queues it. So an ACK costs no timer operation.
 */
export class LazyTimer {
  /** Jiffies at which it is to expire; -1 when off. */
  expires = -1;
  private readonly kernel: LklKernel;
  private readonly timer: TimerList;
  private readonly expired: () => void;
  private queuedFor = -1;

  constructor(kernel: LklKernel, expired: () => void) {
    this.kernel = kernel;
    this.expired = expired;
    this.timer = new TimerList(() => this.fire());
  }

  get isArmed(): boolean {
    return this.expires >= 0;
  }

  /** Expires at `expires` jiffies, whatever was set before. */
  arm(expires: number): void {
    this.expires = expires;
    if (this.queuedFor >= 0 && this.queuedFor <= expires) return;
    this.queuedFor = expires;
    this.kernel.mod_timer(this.timer, expires);
  }

  disarm(): void {
    this.expires = -1;
  }

  /** Turns it off and takes it out of the kernel's queue: for the end of a connection. */
  cancel(): void {
    this.expires = -1;
    if (this.queuedFor < 0) return;
    this.queuedFor = -1;
    this.kernel.del_timer(this.timer);
  }

  private fire(): void {
    this.queuedFor = -1;
    if (this.expires < 0) return;
    if (this.expires > this.kernel.jiffies) {
      this.queuedFor = this.expires;
      this.kernel.mod_timer(this.timer, this.expires);
      return;
    }
    this.expires = -1;
    this.expired();
  }
}

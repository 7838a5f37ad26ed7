import type { LinuxKernel } from "@dcejs/linux";
import type { DceHandle } from "../dce-handle.ts";
import type { PollTableRef } from "../kernel-objects.ts";

const POLLERR = 0x8;
const POLLHUP = 0x10;

/** A registration of sock_poll: an entry in the wait queues of the kernel's socket. */
class LinuxPollEntry {
  readonly cookie: number;
  readonly imported: DceHandle;
  readonly context: object;
  /** struct sock_poll */
  readonly address: number;

  constructor(cookie: number, imported: DceHandle, context: object, address: number) {
    this.cookie = cookie;
    this.imported = imported;
    this.context = context;
    this.address = address;
  }
}

/** poll() of the kernel's sockets, with its wake-ups told to `poll_event`. From any context; never waits. */
export class LinuxSocketPolls {
  readonly #kernel: LinuxKernel;
  readonly #entries = new Map<number, LinuxPollEntry>();
  #lastCookie = 0;

  constructor(kernel: LinuxKernel) {
    this.#kernel = kernel;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** @param imported whose poll_event is told */
  poll(imported: DceHandle, fd: number, ref: PollTableRef): void {
    const kernel = this.#kernel;
    if (kernel.isOver) {
      ref.ret &= POLLERR | POLLHUP;
      ref.opaque = undefined;
      return;
    }
    const context = ref.opaque;
    const cookie = context === undefined ? 0 : ++this.#lastCookie;
    ref.ret = kernel.sockPoll(fd, ref.ret, cookie);
    ref.opaque = undefined;
    const address = kernel.machine.out;
    if (context === undefined || address === 0) return;
    const entry = new LinuxPollEntry(cookie, imported, context, address);
    this.#entries.set(cookie, entry);
    ref.opaque = entry;
  }

  free(entry: object): void {
    if (!(entry instanceof LinuxPollEntry) || this.#entries.get(entry.cookie) !== entry) return;
    this.#entries.delete(entry.cookie);
    this.#kernel.sockPollFree(entry.address);
  }

  /** The kernel tells that a socket has changed. */
  event(cookie: number, mask: number): void {
    const entry = this.#entries.get(cookie);
    if (entry !== undefined) entry.imported.poll_event(mask, entry.context);
  }

  clear(): void {
    this.#entries.clear();
  }
}

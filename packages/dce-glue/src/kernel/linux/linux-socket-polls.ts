import type { LinuxKernel } from "@dcejs/linux";
import type { DceHandle } from "../dce-handle.ts";
import type { PollTableRef } from "../kernel-objects.ts";

/** A registration of sock_poll: an entry in the wait queues of the kernel's socket. */
class LinuxPollEntry {
  readonly cookie: number;
  readonly context: object;
  /** struct sock_poll */
  readonly address: number;

  constructor(cookie: number, context: object, address: number) {
    this.cookie = cookie;
    this.context = context;
    this.address = address;
  }
}

/** poll() of the kernel's sockets, with its wake-ups told to `poll_event`. From any context; never waits. */
export class LinuxSocketPolls {
  readonly #kernel: () => LinuxKernel;
  readonly #imported: DceHandle;
  readonly #entries = new Map<number, LinuxPollEntry>();
  #lastCookie = 0;

  constructor(kernel: () => LinuxKernel, imported: DceHandle) {
    this.#kernel = kernel;
    this.#imported = imported;
  }

  get count(): number {
    return this.#entries.size;
  }

  poll(fd: number, ref: PollTableRef): void {
    const kernel = this.#kernel();
    const context = ref.opaque;
    const cookie = context === undefined ? 0 : ++this.#lastCookie;
    ref.ret = kernel.sockPoll(fd, ref.ret, cookie);
    ref.opaque = undefined;
    const address = kernel.machine.out;
    if (context === undefined || address === 0) return;
    const entry = new LinuxPollEntry(cookie, context, address);
    this.#entries.set(cookie, entry);
    ref.opaque = entry;
  }

  free(entry: object): void {
    if (!(entry instanceof LinuxPollEntry) || !this.#entries.delete(entry.cookie)) return;
    this.#kernel().sockPollFree(entry.address);
  }

  /** The kernel tells that a socket has changed. */
  event(cookie: number, mask: number): void {
    const entry = this.#entries.get(cookie);
    if (entry !== undefined) this.#imported.poll_event(mask, entry.context);
  }

  clear(): void {
    this.#entries.clear();
  }
}

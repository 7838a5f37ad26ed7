import type { Task, TaskManager } from "@dcejs/core-sched";
import { Errno, type LklKernel, type Wait, WaitQueueHead, wait_event } from "@dcejs/lkl-kernel";

/** Their numbers in Linux (asm-generic). */
export const SYS_ACCEPT = 202;
export const SYS_CONNECT = 203;

/**
 * How accept waits for a connection. "kernel": as Linux does, by the kernel's own scheduler.
 * "simulator": by switching to another fiber in the middle of the kernel, as the repair that failed.
 */
export type AcceptWait = "kernel" | "simulator";

/** A listening socket, reduced to what the story needs: accept(2) and connect(2) that block. */
export class Listener {
  readonly #manager: TaskManager;
  readonly #wait: AcceptWait;
  readonly #callers: string[] = [];
  readonly #arrivals = new WaitQueueHead();
  readonly #acceptances = new WaitQueueHead();
  #accepted = 0;
  /** Waits in accept in the simulator's way. */
  #parked: Task | undefined = undefined;

  constructor(manager: TaskManager, wait: AcceptWait) {
    this.#manager = manager;
    this.#wait = wait;
  }

  /** Adds the two system calls to a kernel. */
  register(kernel: LklKernel): void {
    kernel.syscall_define(SYS_ACCEPT, "accept", () => this.#accept(kernel));
    kernel.syscall_define(SYS_CONNECT, "connect", ([name]) => this.#connect(kernel, String(name)));
  }

  *#accept(kernel: LklKernel): Wait {
    while (this.#callers.length === 0) {
      if (this.#wait === "kernel") {
        yield* wait_event(
          kernel,
          this.#arrivals,
          () => this.#callers.length > 0,
          "inet_csk_accept",
        );
      } else {
        this.#parked = this.#manager.currentTask();
        yield this.#manager.sleep("inet_csk_wait_for_connect");
      }
    }
    this.#callers.shift();
    this.#accepted++;
    this.#acceptances.wakeUpAll();
    return 0;
  }

  /** The three-way handshake needs the other side: connect waits until accept has run. */
  *#connect(kernel: LklKernel, name: string): Wait {
    if (name === "") return -Errno.EINVAL;
    const before = this.#accepted;
    this.#callers.push(name);
    this.#arrivals.wakeUp();
    if (this.#parked !== undefined) this.#manager.wakeup(this.#parked);
    yield* wait_event(
      kernel,
      this.#acceptances,
      () => this.#accepted > before,
      "inet_wait_for_connect",
    );
    return 0;
  }
}

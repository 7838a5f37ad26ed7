import type { Task, TaskManager } from "@dcejs/core-sched";
import {
  Errno,
  type LklKernel,
  SyscallNumber,
  type Wait,
  WaitQueueHead,
  wait_event,
} from "@dcejs/lkl-kernel";

/**
 * How accept waits for a connection. "kernel": as Linux does, by the kernel's own scheduler.
 * "simulator": by switching to another fiber in the middle of the kernel, as the repair that failed.
 */
export type AcceptWait = "kernel" | "simulator";

/** A listening socket, reduced to what the story needs: accept(2) and connect(2) that block. */
export class Listener {
  readonly #kernel: LklKernel;
  readonly #manager: TaskManager;
  readonly #wait: AcceptWait;
  readonly #callers: string[] = [];
  readonly #arrivals = new WaitQueueHead();
  readonly #acceptances = new WaitQueueHead();
  #accepted = 0;
  /** Waits in accept in the simulator's way. */
  #parked: Task | undefined = undefined;

  constructor(kernel: LklKernel, manager: TaskManager, wait: AcceptWait) {
    this.#kernel = kernel;
    this.#manager = manager;
    this.#wait = wait;
    kernel.syscall_define(SyscallNumber.accept, "accept", () => this.#accept());
    kernel.syscall_define(SyscallNumber.connect, "connect", ([name]) => this.#connect(String(name)));
  }

  *#accept(): Wait {
    while (this.#callers.length === 0) {
      if (this.#wait === "kernel") {
        yield* wait_event(this.#kernel, this.#arrivals, () => this.#callers.length > 0, "inet_csk_accept");
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
  *#connect(name: string): Wait {
    if (name === "") return -Errno.EINVAL;
    const before = this.#accepted;
    this.#callers.push(name);
    this.#arrivals.wakeUp();
    if (this.#parked !== undefined) this.#manager.wakeup(this.#parked);
    yield* wait_event(this.#kernel, this.#acceptances, () => this.#accepted > before, "inet_wait_for_connect");
    return 0;
  }
}

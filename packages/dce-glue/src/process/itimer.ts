import { type EventId, nanoseconds, NO_EVENT } from "@dcejs/core-sched";
import type { Process } from "./process.ts";
import { sendToProcess } from "./signal-send.ts";
import { SIGALRM } from "./signal-numbers.ts";
import { kernelSignal } from "./signals.ts";

/** ITIMER_REAL of one process: SIGALRM at virtual times. alarm() is the same timer. */
export class ItimerReal {
  readonly #process: Process;
  readonly #onExpire: () => void;
  #event: EventId = NO_EVENT;
  #intervalNs = 0;

  constructor(process: Process) {
    this.#process = process;
    this.#onExpire = () => {
      this.#event = NO_EVENT;
      if (this.#intervalNs > 0) this.#schedule(this.#intervalNs);
      sendToProcess(process, kernelSignal(SIGALRM));
    };
  }

  /** Nanoseconds until the next signal; 0: disarmed. */
  get leftNs(): number {
    const { simulator } = this.#process.node;
    if (!simulator.isPending(this.#event)) return 0;
    return Math.max(simulator.delayLeft(this.#event), 1);
  }

  get intervalNs(): number {
    return this.#intervalNs;
  }

  /** @param valueNs 0 disarms. @param intervalNs 0: one signal only. */
  set(valueNs: number, intervalNs: number): void {
    this.#process.node.simulator.cancel(this.#event);
    this.#event = NO_EVENT;
    this.#intervalNs = valueNs === 0 ? 0 : intervalNs;
    if (valueNs > 0) this.#schedule(valueNs);
  }

  #schedule(delayNs: number): void {
    this.#event = this.#process.node.simulator.schedule(nanoseconds(delayNs), this.#onExpire);
  }
}

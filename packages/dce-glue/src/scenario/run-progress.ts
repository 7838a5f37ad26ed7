import {
  type EventId,
  type Instant,
  NO_CONTEXT,
  NO_EVENT,
  nanoseconds,
  NSEC_PER_SEC,
  type Simulator,
} from "@dcejs/core-sched";
import type { SimulatedNode } from "./simulated-node.ts";

/**
 * How long a run without `until` goes on after its last process and action: connections close,
 * frames arrive.
 */
const LINGER = NSEC_PER_SEC;

/**
 * Knows when a run is ready and when it is over: actions wait until every kernel has booted; the
 * run ends when no action is to come and no process is left that it waits for.
 */
export class RunProgress {
  readonly #simulator: Simulator;
  #hasBegun = false;
  #booting = 0;
  #open = 0;
  #waiting: (() => void)[] = [];
  #linger: EventId = NO_EVENT;
  #isTimed = false;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** One thing more that the run waits for. */
  begin(): void {
    this.#open++;
    this.#simulator.cancel(this.#linger);
    this.#linger = NO_EVENT;
  }

  end(): void {
    this.#open--;
    this.#lingerIfOver();
  }

  /** Calls `action` when every kernel has booted: now, or at this instant or later. */
  whenReady(action: () => void): void {
    if (this.#booting === 0) action();
    else this.#waiting.push(action);
  }

  bootAll(nodes: readonly SimulatedNode[]): void {
    this.#hasBegun = true;
    this.#booting = nodes.length;
    for (const node of nodes) {
      this.#simulator.scheduleWithContext(node.id, nanoseconds(0), () =>
        node.boot(
          () => this.#booted(),
          (error) => this.#fail(error),
        ),
      );
    }
  }

  /** @throws what the boot, an action or a program has thrown first; {DeadlockError} */
  async run(until: Instant | undefined): Promise<void> {
    this.#isTimed = until !== undefined;
    this.#lingerIfOver();
    try {
      if (until === undefined) await this.#simulator.run();
      else await this.#simulator.runUntil(until);
    } catch (error) {
      if (this.#failure === undefined) throw error;
    } finally {
      this.#isOver = true;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #booted(): void {
    this.#booting--;
    if (this.#booting > 0) return;
    // In an event of no node: a process starts from outside of the boot task.
    this.#simulator.scheduleWithContext(NO_CONTEXT, nanoseconds(0), () => {
      for (const action of this.#waiting.splice(0)) action();
      this.#lingerIfOver();
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#simulator.stop();
  }

  #lingerIfOver(): void {
    if (this.#open > 0 || this.#isTimed || this.#isOver || this.#booting > 0) return;
    if (this.#simulator.isPending(this.#linger)) return;
    this.#linger = this.#simulator.scheduleWithContext(NO_CONTEXT, nanoseconds(LINGER), () => {
      // An empty queue ends the run too, and then tells of tasks that wait for ever.
      if (this.#simulator.pendingEvents > 0) this.#simulator.stop();
    });
  }
}

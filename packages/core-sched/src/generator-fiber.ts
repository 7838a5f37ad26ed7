import { checkHandedUp, unwind, type Wait } from "./blocked.ts";
import type { Fiber, SliceOutcome } from "./fiber-manager.ts";
import type { Task } from "./task.ts";

/** A generator as a fiber: it yields the handle of each call that blocks. Synchronous, no promises. */
export class GeneratorFiber implements Fiber {
  readonly kind = "generator";
  readonly isSynchronous = true;
  readonly #task: Task;
  readonly #body: Wait<unknown>;

  constructor(task: Task, body: Wait<unknown>) {
    this.#task = task;
    this.#body = body;
  }

  resume(value: number): SliceOutcome {
    const step = this.#body.next(value);
    if (step.done === true) return "ended";
    checkHandedUp(this.#task, step.value);
    return "blocked";
  }

  kill(): void {
    unwind(this.#body);
  }
}

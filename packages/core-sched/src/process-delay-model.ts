import type { Task } from "./task.ts";
import type { Nanoseconds } from "./time.ts";

/** What a slice costs on the CPU of its node. The default is no model: the CPU is free, as in DCE. */
export interface ProcessDelayModel {
  /** A slice of `task` begins. */
  recordStart(task: Task): void;
  /** The slice is over; no task of the node runs for the time returned. */
  recordEnd(task: Task): Nanoseconds;
}

/** Every slice costs the same. */
export class ConstantProcessDelayModel implements ProcessDelayModel {
  readonly #delay: Nanoseconds;
  constructor(delay: Nanoseconds) {
    this.#delay = delay;
  }
  recordStart(): void {}
  recordEnd(): Nanoseconds {
    return this.#delay;
  }
}

/** Every slice costs what `draw` says; let it draw from one of the simulator's random streams. */
export class RandomProcessDelayModel implements ProcessDelayModel {
  readonly #draw: () => Nanoseconds;
  constructor(draw: () => Nanoseconds) {
    this.#draw = draw;
  }
  recordStart(): void {}
  recordEnd(): Nanoseconds {
    return this.#draw();
  }
}

import type { SysctlError } from "./sysctl-error.ts";

/** A value that waits for its parameter. */
export interface QueuedValue {
  readonly path: string;
  readonly value: string | number;
}

/** Sets one value: the error if it failed, "later" if it must wait on. */
export type QueueAttempt = (queued: QueuedValue) => SysctlError | "later" | undefined;

/** Values to be set when the kernel has booted or a device is there, and what failed of them. */
export class ValueQueue {
  #waiting: QueuedValue[] | undefined = undefined;
  #errors: SysctlError[] | undefined = undefined;

  /** In order. */
  get waiting(): readonly QueuedValue[] {
    return this.#waiting ?? NOTHING;
  }

  add(queued: QueuedValue): void {
    this.#waiting ??= [];
    this.#waiting.push(queued);
  }

  /** Attempts each value in order. */
  drain(attempt: QueueAttempt): void {
    const queued = this.waiting;
    this.#waiting = undefined;
    for (const each of queued) {
      const outcome = attempt(each);
      if (outcome === "later") this.add(each);
      else if (outcome !== undefined) (this.#errors ??= []).push(outcome);
    }
  }

  /** What failed since the last call. */
  takeErrors(): SysctlError[] {
    const errors = this.#errors ?? [];
    this.#errors = undefined;
    return errors;
  }
}

const NOTHING: readonly QueuedValue[] = [];

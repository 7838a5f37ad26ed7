import type { Wait } from "./blocked.ts";
import type { LklKernel } from "./kernel.ts";
import { HI_SOFTIRQ, TASKLET_SOFTIRQ } from "./softirq.ts";

/** struct tasklet_struct: runs `fn` once in softirq context for any number of schedulings before. */
export class Tasklet {
  readonly kernel: LklKernel;
  readonly fn: (tasklet: Tasklet) => void;
  /** TASKLET_STATE_SCHED. */
  isScheduled = false;
  /** Above 0: it stays scheduled but does not run. */
  disableCount = 0;
  /** @internal */ isHigh = false;

  constructor(kernel: LklKernel, fn: (tasklet: Tasklet) => void) {
    this.kernel = kernel;
    this.fn = fn;
  }

  /** tasklet_schedule. */
  schedule(): void {
    this.kernel.tasklets.schedule(this, false);
  }

  /** tasklet_hi_schedule: before timers and network. */
  scheduleHigh(): void {
    this.kernel.tasklets.schedule(this, true);
  }

  disable(): void {
    this.disableCount++;
  }

  enable(): void {
    this.disableCount--;
    if (this.disableCount === 0 && this.isScheduled) this.kernel.tasklets.raiseFor(this);
  }

  /** tasklet_kill: waits until it is no longer scheduled. Must not be called while it is disabled. */
  *kill(): Wait<void> {
    while (this.isScheduled) yield* this.kernel.sched_yield();
  }
}

/** The two tasklet lists of a kernel. */
export class TaskletLists {
  readonly #kernel: LklKernel;
  #normal: Tasklet[] = [];
  #high: Tasklet[] = [];

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
    kernel.softirq.open(TASKLET_SOFTIRQ, () => this.#action(false));
    kernel.softirq.open(HI_SOFTIRQ, () => this.#action(true));
  }

  schedule(tasklet: Tasklet, isHigh: boolean): void {
    if (tasklet.isScheduled) return;
    tasklet.isScheduled = true;
    tasklet.isHigh = isHigh;
    (isHigh ? this.#high : this.#normal).push(tasklet);
    this.raiseFor(tasklet);
  }

  raiseFor(tasklet: Tasklet): void {
    this.#kernel.softirq.raise(tasklet.isHigh ? HI_SOFTIRQ : TASKLET_SOFTIRQ);
  }

  /** tasklet_action_common. Disabled ones go back on the list; enable() raises the softirq again. */
  #action(isHigh: boolean): void {
    const list = isHigh ? this.#high : this.#normal;
    if (isHigh) this.#high = [];
    else this.#normal = [];
    for (const tasklet of list) {
      if (tasklet.disableCount > 0) {
        (isHigh ? this.#high : this.#normal).push(tasklet);
        continue;
      }
      tasklet.isScheduled = false;
      tasklet.fn(tasklet);
    }
  }
}

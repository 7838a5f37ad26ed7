import type { TaskManager } from "@dcejs/core-sched";
import type { CurrentProgram } from "@dcejs/net-stack";
import type { DceHandle } from "../dce-handle.ts";
import type { DceKernel } from "../kernel-objects.ts";
import { credentialsOf } from "../task-credentials.ts";

/** The simulator's current task, as the emulated kernel's network asks for it. In event context it is root. */
export class EmulatedProgram implements CurrentProgram {
  readonly #manager: TaskManager;
  readonly #imported: DceHandle;
  readonly #dce: DceKernel;

  constructor(manager: TaskManager, imported: DceHandle, dce: DceKernel) {
    this.#manager = manager;
    this.#imported = imported;
    this.#dce = dce;
  }

  get euid(): number {
    return credentialsOf(this.#manager.currentTask())?.euid ?? 0;
  }

  get egid(): number {
    return credentialsOf(this.#manager.currentTask())?.egid ?? 0;
  }

  send_sig(signal: number): void {
    const task = this.#imported.task_current(this.#dce);
    if (task !== undefined) this.#imported.signal_raised(this.#dce, task, signal);
  }
}

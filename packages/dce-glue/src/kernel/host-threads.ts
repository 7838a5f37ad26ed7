import { type Blocked, invariant, type Task, type TaskManager, type Wait } from "@dcejs/core-sched";

/**
 * Identity of everything that is no task: event handlers of the simulator. Task ids begin at 1 and
 * never get here; a constant, so that the kernel's cpu lock sees one owner.
 */
export const EVENT_CONTEXT_THREAD = 0x3fff_ffff;

/** How often destructors run over values that destructors have set (PTHREAD_DESTRUCTOR_ITERATIONS). */
const DESTRUCTOR_ITERATIONS = 4;

/** A TLS key: one value for each thread. */
export class HostTlsKey {
  readonly destructor: ((value: unknown) => void | Wait<unknown>) | undefined;
  readonly values: Map<number, unknown> = new Map<number, unknown>();

  constructor(destructor: ((value: unknown) => void | Wait<unknown>) | undefined) {
    this.destructor = destructor;
  }
}

interface HostThread {
  readonly task: Task;
  readonly joiners: Task[];
}

/** Threads of a kernel's host, and their local storage, over tasks. */
export class HostThreads {
  readonly #manager: TaskManager;
  readonly #live = new Map<number, HostThread>();
  readonly #keys = new Set<HostTlsKey>();
  /** Tasks whose destructors are to run at their end. */
  readonly #hooked = new WeakSet<Task>();
  #lastCreated = 0;

  constructor(manager: TaskManager) {
    this.#manager = manager;
  }

  get liveCount(): number {
    return this.#live.size;
  }

  get keyCount(): number {
    return this.#keys.size;
  }

  self(): number {
    return this.#manager.currentTask()?.id ?? EVENT_CONTEXT_THREAD;
  }

  /** The task begins at a later slice, never before this returns. */
  create(f: (argument: unknown) => void | Wait<unknown>, argument: unknown, name: string): number {
    const task = this.#manager.start(() => f(argument), { name, isDaemon: true });
    const thread: HostThread = { task, joiners: [] };
    this.#live.set(task.id, thread);
    this.#lastCreated = task.id;
    this.#hook(task);
    return task.id;
  }

  exit(): never {
    invariant(
      this.#manager.currentTask() !== undefined,
      "thread_exit: event context has no thread",
    );
    return this.#manager.exit();
  }

  /** A thread that has ended can be joined as often as one likes. @returns -1: itself, or no such thread */
  join(id: number): number | Blocked {
    const self = this.#manager.currentTask();
    const thread = this.#live.get(id);
    if (thread === undefined) return id > 0 && id <= this.#lastCreated ? 0 : -1;
    if (self === undefined || self === thread.task) return -1;
    if (thread.task.state === "DEAD") {
      this.#live.delete(id);
      return 0;
    }
    thread.joiners.push(self);
    return this.#manager.sleep("thread_join");
  }

  allocKey(destructor?: (value: unknown) => void | Wait<unknown>): HostTlsKey {
    const key = new HostTlsKey(destructor);
    this.#keys.add(key);
    return key;
  }

  freeKey(key: HostTlsKey): void {
    this.#keys.delete(key);
    key.values.clear();
  }

  set(key: HostTlsKey, value: unknown): number {
    if (!this.#keys.has(key)) return -1;
    const task = this.#manager.currentTask();
    if (value === undefined) key.values.delete(this.self());
    else {
      key.values.set(this.self(), value);
      if (task !== undefined) this.#hook(task);
    }
    return 0;
  }

  get(key: HostTlsKey): unknown {
    return key.values.get(this.self());
  }

  /** The task was stopped by force: no destructor has run and none will. */
  forget(task: Task): void {
    for (const key of this.#keys) key.values.delete(task.id);
    const thread = this.#live.get(task.id);
    if (thread === undefined) return;
    this.#live.delete(task.id);
    for (const joiner of thread.joiners) this.#manager.wakeup(joiner, 0);
  }

  /** Ends every thread at once: the simulation is over, or the kernel is thrown away. */
  destroy(): void {
    for (const thread of this.#live.values()) this.#manager.stop(thread.task);
    this.#live.clear();
    for (const key of this.#keys) key.values.clear();
    this.#keys.clear();
  }

  #hook(task: Task): void {
    if (this.#hooked.has(task)) return;
    this.#hooked.add(task);
    task.onExit(() => this.#atExit(task));
  }

  *#atExit(task: Task): Wait<void> {
    for (let round = 0; round < DESTRUCTOR_ITERATIONS; round++) {
      let hasRun = false;
      for (const key of this.#keys) {
        const value = key.values.get(task.id);
        if (value === undefined) continue;
        key.values.delete(task.id);
        if (key.destructor === undefined) continue;
        hasRun = true;
        const wait = key.destructor(value);
        if (wait !== undefined) yield* wait;
      }
      if (!hasRun) break;
    }
    const thread = this.#live.get(task.id);
    if (thread === undefined) return;
    this.#live.delete(task.id);
    for (const joiner of thread.joiners) this.#manager.wakeup(joiner, 0);
  }
}

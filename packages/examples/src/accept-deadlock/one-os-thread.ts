import { RrTaskScheduler, type Task, type TaskScheduler } from "@dcejs/core-sched";

/**
 * The OS thread that all programs of DCE share. When a program's host operation blocks it, no other
 * program can run until it is unblocked; kernel threads have OS threads of their own.
 */
export class OneOsThread implements TaskScheduler {
  readonly #queue = new RrTaskScheduler();
  readonly #programs = new Set<Task>();
  #blockedBy: Task | undefined = undefined;

  get size(): number {
    return this.#queue.size;
  }

  /** Puts a program on this thread, and lets a deadlock's report say why it cannot run. */
  add(program: Task): void {
    this.#programs.add(program);
    program.describeWait = () => ({
      waitChannel: program.waitChannel,
      wakers:
        this.#blockedBy === undefined || this.#blockedBy === program
          ? ""
          : `the OS thread, which is blocked in sem_down by "${this.#blockedBy.name}"`,
    });
  }

  has(task: Task | undefined): boolean {
    return task !== undefined && this.#programs.has(task);
  }

  /** `program` has called sem_down and waits: the thread is blocked until it goes on. */
  block(program: Task): void {
    this.#blockedBy = program;
  }

  enqueue(task: Task): void {
    this.#queue.enqueue(task);
  }

  dequeue(task: Task): void {
    this.#queue.dequeue(task);
  }

  /** The first task whose OS thread is free. Tasks in front of it keep their places. */
  peekNext(): Task | undefined {
    const passed: Task[] = [];
    let found: Task | undefined;
    while (this.#queue.size > 0) {
      const task = this.#queue.dequeueNext();
      if (task === undefined) break;
      passed.push(task);
      if (found === undefined && this.#mayRun(task)) found = task;
    }
    for (const task of passed) this.#queue.enqueue(task);
    return found;
  }

  dequeueNext(): Task | undefined {
    const task = this.peekNext();
    if (task === undefined) return undefined;
    this.#queue.dequeue(task);
    if (task === this.#blockedBy) this.#blockedBy = undefined;
    return task;
  }

  #mayRun(task: Task): boolean {
    return this.#blockedBy === undefined || this.#blockedBy === task || !this.#programs.has(task);
  }
}

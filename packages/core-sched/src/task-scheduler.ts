import type { Task } from "./task.ts";

/** Decides which ACTIVE task of a node runs next. Each ACTIVE task is enqueued exactly once. */
export interface TaskScheduler {
  /** The task that dequeueNext would give; undefined when none may run now. */
  peekNext(): Task | undefined;
  dequeueNext(): Task | undefined;
  /** Takes `task` out, wherever it stands. */
  dequeue(task: Task): void;
  enqueue(task: Task): void;
  get size(): number;
}

/** Round robin: first in, first out. Every operation is O(1) and allocates nothing (the links are in the tasks). */
export class RrTaskScheduler implements TaskScheduler {
  #head: Task | undefined = undefined;
  #tail: Task | undefined = undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  peekNext(): Task | undefined {
    return this.#head;
  }

  dequeueNext(): Task | undefined {
    const task = this.#head;
    if (task !== undefined) this.dequeue(task);
    return task;
  }

  enqueue(task: Task): void {
    task.queuePrevious = this.#tail;
    task.queueNext = undefined;
    if (this.#tail === undefined) this.#head = task;
    else this.#tail.queueNext = task;
    this.#tail = task;
    this.#size++;
  }

  dequeue(task: Task): void {
    const { queuePrevious: previous, queueNext: next } = task;
    if (previous === undefined && this.#head !== task) return; // not in this queue
    if (previous === undefined) this.#head = next;
    else previous.queueNext = next;
    if (next === undefined) this.#tail = previous;
    else next.queuePrevious = previous;
    task.queuePrevious = undefined;
    task.queueNext = undefined;
    this.#size--;
  }
}

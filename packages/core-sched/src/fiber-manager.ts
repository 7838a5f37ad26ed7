import { AsyncFiber } from "./async-fiber.ts";
import type { Wait } from "./blocked.ts";
import { GeneratorFiber } from "./generator-fiber.ts";
import type { Task } from "./task.ts";

/** How a slice of a fiber ended: its task sleeps or yielded, or its body is over. */
export type SliceOutcome = "blocked" | "ended";

/**
 * A stack that can be left in the middle and resumed. Back ends: generator, async, and any that
 * others bring (JSPI, WasmFX) by implementing this.
 */
export interface Fiber {
  /** For reports: "generator", "async", "jspi"… */
  readonly kind: string;
  /** True: `resume` never returns a promise, so the fiber also runs in `runSync`. */
  readonly isSynchronous: boolean;
  /** True: the fiber may wait for the host (compile, load) between two blocking calls. @default false */
  readonly mayAwaitHost?: boolean;
  /**
   * Runs until the task blocks or its body is over. `value` is what the blocking call completed
   * with (0 the first time). Throws, or rejects with, the error of the body.
   */
  resume(value: number): SliceOutcome | Promise<SliceOutcome>;
  /**
   * Unwinds, so that finally blocks run; the fiber never runs again. A promise settles when that is
   * over. Does nothing when the fiber is over already.
   */
  kill(): void | Promise<unknown>;
  /** Fibers of async functions: the promise for the program to await until it is resumed. */
  park?(): Promise<number>;
}

/** Body of a task. Generator: kernel threads and synchronous programs; async: TypeScript programs. */
export type TaskBody = (task: Task) => void | Wait<unknown> | Promise<unknown>;

/** Makes the fiber of each task of a TaskManager. */
export interface FiberManager {
  create(task: Task, body: TaskBody): Fiber;
}

/** Calls the body in its first slice and picks the back end by what comes back. */
export class DefaultFiberManager implements FiberManager {
  create(task: Task, body: TaskBody): Fiber {
    return new UnstartedFiber(task, body);
  }
}

/** Stands in until the body has been called; then the generator or async fiber takes its place in the task. */
class UnstartedFiber implements Fiber {
  readonly kind = "unstarted";
  readonly isSynchronous = true;
  readonly #task: Task;
  readonly #body: TaskBody;
  #asyncFiber: AsyncFiber | undefined = undefined;

  constructor(task: Task, body: TaskBody) {
    this.#task = task;
    this.#body = body;
  }

  resume(): SliceOutcome | Promise<SliceOutcome> {
    const result = this.#body(this.#task);
    if (result === undefined) return "ended";
    if ("next" in result) {
      const fiber = new GeneratorFiber(this.#task, result);
      this.#task.fiber = fiber;
      return fiber.resume(0);
    }
    return this.#becomeAsync().begin(result);
  }

  kill(): void {}

  /** An async body may block before it has returned its promise. */
  park(): Promise<number> {
    return this.#becomeAsync().park();
  }

  #becomeAsync(): AsyncFiber {
    this.#asyncFiber ??= new AsyncFiber(this.#task);
    this.#task.fiber = this.#asyncFiber;
    return this.#asyncFiber;
  }
}

import { TaskKilled } from "./errors.ts";
import type { Fiber, SliceOutcome } from "./fiber-manager.ts";
import { invariant } from "./invariant.ts";
import type { Task } from "./task.ts";

type Resolve<T> = (value: T) => void;
type Reject = (error: unknown) => void;

function ignore(): void {}

/**
 * An async function as a fiber. It is parked while it awaits the promise of park(); `resume` settles
 * that promise and gives another one, the hand-off, which settles when the function parks again or
 * ends. The simulator waits for the hand-off, so exactly one fiber runs at a time.
 */
export class AsyncFiber implements Fiber {
  readonly kind = "async";
  readonly isSynchronous = false;
  readonly #task: Task;
  #isParked = false;
  #isOver = false;
  /** What the body threw while parked: it did not await its call, and the error waits until that is done. */
  #lateError: { readonly error: unknown } | undefined = undefined;
  #resolvePark: Resolve<number> = ignore;
  #rejectPark: Reject = ignore;
  #resolveHandOff: Resolve<SliceOutcome> = ignore;
  #rejectHandOff: Reject = ignore;

  constructor(task: Task) {
    this.#task = task;
  }

  /** Takes over the promise of the body, which has been called. The body may have parked already. */
  begin(body: PromiseLike<unknown>): SliceOutcome | Promise<SliceOutcome> {
    body.then(this.#ended, this.#failed);
    return this.#isParked ? "blocked" : new Promise(this.#keepHandOff);
  }

  /** The promise for the body to await: settles when the fiber is resumed. */
  park(): Promise<number> {
    invariant(!this.#isParked && !this.#isOver, "async fiber: parks once a slice");
    this.#isParked = true;
    const parked = new Promise(this.#keepPark);
    this.#resolveHandOff("blocked");
    return parked;
  }

  resume(value: number): SliceOutcome | Promise<SliceOutcome> {
    invariant(this.#isParked, "async fiber: resumed only when parked");
    this.#isParked = false;
    if (this.#lateError !== undefined) throw this.#lateError.error;
    if (this.#isOver) return "ended";
    const handOff = new Promise(this.#keepHandOff);
    this.#resolvePark(value);
    return handOff;
  }

  /**
   * Makes the awaited call reject with TaskKilled; the promise settles when the body is over. A body
   * that is not parked (it awaits something foreign) cannot be unwound: it is ignored from now on.
   */
  kill(): void | Promise<unknown> {
    if (this.#isOver) return;
    if (!this.#isParked) {
      this.#isOver = true;
      this.#resolveHandOff = ignore;
      this.#rejectHandOff = ignore;
      return;
    }
    this.#isParked = false;
    const handOff = new Promise(this.#keepHandOff);
    this.#rejectPark(new TaskKilled(this.#task));
    return handOff;
  }

  // Made once for each fiber, so that parking and resuming allocate the promises and nothing else.
  readonly #keepPark = (resolve: Resolve<number>, reject: Reject): void => {
    this.#resolvePark = resolve;
    this.#rejectPark = reject;
  };

  readonly #keepHandOff = (resolve: Resolve<SliceOutcome>, reject: Reject): void => {
    this.#resolveHandOff = resolve;
    this.#rejectHandOff = reject;
  };

  readonly #ended = (): void => {
    this.#isOver = true;
    if (!this.#isParked) this.#resolveHandOff("ended");
  };

  readonly #failed = (error: unknown): void => {
    this.#isOver = true;
    if (this.#isParked) this.#lateError = { error };
    else if (error instanceof TaskKilled && error.task === this.#task)
      this.#resolveHandOff("ended");
    else this.#rejectHandOff(error);
  };
}

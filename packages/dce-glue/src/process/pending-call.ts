/** A call that its program may have left to itself. */
export interface LeftCall {
  /** The program has awaited it, or has asked to be told of its end. */
  readonly isAwaited: boolean;
  /** Begins the call, and settles when it is over, however it ends: without a word to the program. */
  readonly over: Promise<void>;
}

/** What a call is still to give, and whether the program waits for it. */
export interface PendingWork<T> {
  /** Makes the call go on; it parks the program's fiber, which is why only an await begins it. */
  readonly start: () => Promise<T>;
  /** False: begins without being awaited, because it does not park at first. */
  readonly isLazy: boolean;
  /** @returns true when nobody is to hear of this error: the program is over. */
  readonly failed: (call: LeftCall, error: unknown) => boolean;
}

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The promise of a call that has not finished. It knows whether it was awaited. A blocked call parks
 * its program then and not before: until it is awaited the program runs on, no time passes, and a
 * program that returns instead is seen to return at this very instant.
 */
export class PendingCall<T> extends Promise<T> implements LeftCall {
  /** Promises made of this one are plain. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  #work: PendingWork<T> | undefined;
  #isAwaited = false;
  #over: Promise<void> | undefined;
  readonly #settle: Settle<T>;

  constructor(work: PendingWork<T>) {
    let settle: Settle<T> | undefined;
    super((resolve, reject) => {
      settle = { resolve, reject };
    });
    if (settle === undefined) throw new Error("a promise calls its executor at once");
    this.#settle = settle;
    this.#work = work;
    // Its failure is reported by `failed`, not by the host.
    super.then(undefined, ignore);
    if (!work.isLazy) this.#begin();
  }

  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  get over(): Promise<void> {
    this.#begin();
    return this.#over ?? Promise.resolve();
  }

  // oxlint-disable-next-line unicorn/no-thenable -- being told of the await is the purpose
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isAwaited = true;
    this.#begin();
    return super.then(onFulfilled, onRejected);
  }

  #begin(): void {
    const work = this.#work;
    if (work === undefined) return;
    this.#work = undefined;
    const { resolve, reject } = this.#settle;
    this.#over = work.start().then(resolve, (error: unknown) => {
      if (!work.failed(this, error)) reject(error);
    });
  }
}

function ignore(): void {}

import { STACK_DROPPED } from "./errors.ts";
import type { KernelExports } from "./exports.ts";
import { type OnLeft, STACK_ENDED, STACK_PARKED, STACK_RUNS, type Stacks } from "./stacks.ts";

/** JavaScript Promise Integration, which TypeScript does not know yet. */
interface PromiseIntegration {
  readonly Suspending: new (fn: (...args: number[]) => unknown) => WebAssembly.ImportValue;
  promising(fn: (stackTop: number, argument: number) => void): Entry;
}

type Entry = (stackTop: number, argument: number) => Promise<void>;

function promiseIntegration(): PromiseIntegration | undefined {
  return "Suspending" in WebAssembly && "promising" in WebAssembly
    ? // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both members are there
      (WebAssembly as unknown as PromiseIntegration)
    : undefined;
}

/** WebAssembly stacks can be parked on promises here (Node ≥ 24.21, Chrome ≥ 137). */
export function hasJspi(): boolean {
  return promiseIntegration() !== undefined;
}

interface ParkedStack {
  readonly resume: () => void;
  readonly drop: (reason: unknown) => void;
}

const NOT_LEFT = -1;

/**
 * Stacks on JavaScript Promise Integration: a new stack runs at once, inside the call that starts it; a
 * parked one is resumed by a promise, that is, in a microtask.
 */
export class JspiStacks implements Stacks {
  readonly kind = "jspi";
  readonly park: WebAssembly.ImportValue;
  readonly #api: PromiseIntegration;
  readonly #parked: (ParkedStack | undefined)[] = [];
  #entries: readonly Entry[] = [];
  #takeEnd: () => boolean = () => false;
  #onLeft: OnLeft = () => {};
  /** How the stack was left that was started last. */
  #left = NOT_LEFT;
  /** A stack was resumed, and onLeft waits for it. */
  #isResumed = false;
  #isDestroyed = false;

  /** @throws {TypeError} this JavaScript engine has no JSPI */
  constructor() {
    const api = promiseIntegration();
    if (api === undefined) throw new TypeError("this JavaScript engine has no JSPI");
    this.#api = api;
    this.park = new api.Suspending((slot = 0, isDead = 0) => this.#park(slot, isDead !== 0));
  }

  attach(exports: KernelExports, takeEnd: () => boolean, onLeft: OnLeft): void {
    this.#takeEnd = takeEnd;
    this.#onLeft = onLeft;
    this.#entries = [
      exports.wasm_boot_entry,
      exports.wasm_thread_entry,
      exports.wasm_thread_reentry,
      exports.wasm_call_entry,
    ].map((entry) => this.#api.promising(entry));
  }

  has(slot: number): boolean {
    return this.#parked[slot] !== undefined;
  }

  start(entry: number, _slot: number, stackTop: number, argument: number): number {
    const run = this.#entries[entry];
    if (run === undefined) throw new RangeError(`no entry ${entry}`);
    this.#left = NOT_LEFT;
    const ended = run(stackTop, argument);
    if (this.#takeEnd()) return STACK_ENDED;
    if (this.#left === STACK_ENDED) {
      ended.catch(ignore);
      return STACK_ENDED;
    }
    ended.then(this.#hasEnded, this.#hasFailed);
    if (this.#left === STACK_PARKED) return STACK_PARKED;
    this.#isResumed = true;
    return STACK_RUNS;
  }

  resume(slot: number): number {
    const stack = this.#parked[slot];
    if (stack === undefined) throw new RangeError(`no stack is parked as ${slot}`);
    this.#parked[slot] = undefined;
    this.#isResumed = true;
    stack.resume();
    return STACK_RUNS;
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#isResumed = false;
    for (const stack of this.#parked.splice(0)) stack?.drop(STACK_DROPPED);
  }

  #park(slot: number, isDead: boolean): Promise<void> {
    if (isDead || this.#isDestroyed) {
      this.#left = STACK_ENDED;
      // The stack unwinds from here, at once.
      throw STACK_DROPPED;
    }
    this.#left = STACK_PARKED;
    if (this.#isResumed) {
      this.#isResumed = false;
      // oxlint-disable-next-line no-restricted-globals -- behind the engine's own, where it suspends the stack
      queueMicrotask(this.#hasParked);
    }
    return new Promise((resolve, reject) => {
      this.#parked[slot] = { resume: resolve, drop: reject };
    });
  }

  // Made once for each kernel. One stack runs at a time, so they need not be told which it was.
  readonly #hasParked = (): void => this.#onLeft(STACK_PARKED, undefined);

  readonly #hasEnded = (): void => {
    if (!this.#isResumed) return;
    this.#takeEnd();
    this.#isResumed = false;
    this.#onLeft(STACK_ENDED, undefined);
  };

  readonly #hasFailed = (error: unknown): void => {
    if (!this.#isResumed) return;
    this.#isResumed = false;
    this.#onLeft(STACK_ENDED, error === STACK_DROPPED ? undefined : error);
  };
}

function ignore(): void {}

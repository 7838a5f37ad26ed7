import { LinuxReentryError } from "./errors.ts";
import type { KernelExports } from "./exports.ts";
import type { HostTask } from "./host-task.ts";
import type { Machine } from "./machine.ts";
import {
  ENTRY_BOOT,
  ENTRY_CALL,
  ENTRY_REENTRY,
  ENTRY_THREAD,
  STACK_ENDED,
  STACK_RUNS,
  type Stacks,
} from "./stacks.ts";

/** A call sleeps; the host task's onDone will have its result. No errno is so large. */
export const BLOCKED: number = -(2 ** 31);

// What wasm_cpu_next() answers.
const CPU_IDLE = 0;
const CPU_RESUME = 1;
const CPU_START_THREAD = 2;

/** "trapped": the code of a call has failed, which `run` will report. */
type CpuState = "off" | "quiet" | "running" | "trapped" | "stopped";

/** What the processor asks of its surroundings. */
export interface CpuHost {
  /** Kernel time, ns. */
  readonly now: () => number;
  /** The processor has something to run: `run()` is wanted at this instant, behind what is due already. */
  readonly wantsRun: () => void;
  /** The kernel's next timer interrupt is due at this time; Infinity: none is. */
  readonly wantsTimer: (deadline: number) => void;
  /** Kernel code has failed: the error to throw instead. */
  readonly failed: (error: unknown) => unknown;
}

/**
 * The one processor of a kernel. It runs WebAssembly stacks, one at a time, and is quiet between two
 * calls of its methods; what it does depends on the order of these calls alone, whatever way the
 * back end has to park a stack:
 *
 * - A system call of a task that does not sleep is over when `call` returns.
 * - A call whose code traps sleeps as well; `run` then throws.
 * - Everything else that has become runnable (a task whose packet has come, a kernel thread) waits for
 *   `run`, which the host makes at the same instant. No virtual time passes in it.
 */
export class Cpu {
  readonly #machine: Machine;
  readonly #exports: KernelExports;
  readonly #stacks: Stacks;
  readonly #host: CpuHost;
  /** Host tasks in a call that sleeps, by the numbers of their stacks. */
  readonly #callers: (HostTask | undefined)[] = [];
  #state: CpuState = "off";
  #hasAskedForRun = false;
  #now = -1;
  #deadline = Infinity;
  /** Number of the stack that runs. */
  #slot = 0;
  #settleRun: ((error?: unknown) => void) | undefined = undefined;
  /** Why it has trapped; a back end may learn it later than that. */
  #failure: unknown = undefined;

  constructor(machine: Machine, stacks: Stacks, host: CpuHost) {
    this.#machine = machine;
    this.#exports = machine.exports;
    this.#stacks = stacks;
    this.#host = host;
    stacks.attach(
      machine.exports,
      () => machine.takeEnd(),
      (outcome, error) => this.#wasLeft(outcome, error),
    );
  }

  get isStopped(): boolean {
    return this.#state === "stopped";
  }

  /** Nothing runs and nothing is runnable. */
  get isIdle(): boolean {
    return this.#state === "quiet" && this.#exports.wasm_cpu_is_busy() === 0;
  }

  /** Host tasks whose calls sleep. */
  get sleepingCalls(): HostTask[] {
    return this.#callers.filter((task) => task !== undefined);
  }

  /** Runs start_kernel() until the kernel is idle. */
  boot(): void | Promise<void> {
    if (this.#state !== "off") throw new LinuxReentryError("the kernel has booted already");
    this.#enter();
    this.#slot = 0;
    return this.#guardRun(() =>
      this.#stacks.start(ENTRY_BOOT, 1, this.#exports.wasm_init_stack_top(), 0),
    );
  }

  /** The memory is that of a kernel which is idle: this one goes on from there. */
  adopt(): void {
    this.#state = "quiet";
  }

  /**
   * Makes a call of a host task that is in none.
   * @returns its result, or BLOCKED
   */
  call(
    task: HostTask,
    nr: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
  ): number {
    this.#enter();
    task.post(nr, a, b, c, d, e, f);
    let isNext: boolean;
    try {
      if (this.#exports.wasm_cpu_become(task.task) === 0) {
        this.#blocks(task);
        this.#leave(true);
        return BLOCKED;
      }
      const outcome = this.#start(task);
      if (this.isStopped) return BLOCKED;
      if (outcome === STACK_ENDED) {
        // It stays on the processor until `run`: its next call is then as cheap.
        this.#leave(true);
        return task.result;
      }
      this.#blocks(task);
      if (outcome === STACK_RUNS) {
        this.#state = "trapped";
        this.#askForRun();
        return BLOCKED;
      }
      isNext = this.#exports.wasm_cpu_next() !== CPU_IDLE;
    } catch (error) {
      throw this.#fail(error);
    }
    this.#leave(isNext);
    return BLOCKED;
  }

  /** Raises interrupts: bits of WASM_IRQ_*. */
  interrupt(mask: number): void {
    this.#enter();
    try {
      this.#leave(this.#exports.wasm_irq(mask) !== 0);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** The timer interrupt is due. */
  timer(): void {
    // `run` is due at this instant.
    if (this.#state === "trapped") return;
    this.#deadline = Infinity;
    this.#machine.clearDeadline();
    this.interrupt(1);
  }

  /**
   * Before and after a plain call of the kernel's that may wake somebody: `enter(); isBusy = …; leave(isBusy)`.
   */
  enter(): void {
    this.#enter();
  }

  leave(isBusy: boolean): void {
    this.#leave(isBusy);
  }

  fail(error: unknown): unknown {
    return this.#fail(error);
  }

  /** Runs what is runnable until the processor is idle. @returns a promise if the back end needs one */
  run(): void | Promise<void> {
    this.#hasAskedForRun = false;
    if (this.#state === "stopped") return undefined;
    if (this.#state === "trapped" && this.#failure === undefined) return this.#untilLeft();
    this.#enter();
    return this.#guardRun(undefined);
  }

  /** Ends it whatever it is doing; parked stacks are unwound. */
  stop(): void {
    this.#state = "stopped";
    this.#stacks.destroy();
    this.#callers.length = 0;
    this.#settleRun?.();
  }

  #enter(): void {
    if (this.#state === "running") {
      throw new LinuxReentryError("the kernel runs: its host must not call it from inside a call");
    }
    if (this.#state === "stopped") throw new LinuxReentryError("the kernel has stopped");
    if (this.#state === "trapped") {
      throw this.#fail(this.#failure ?? new Error("the kernel has trapped"));
    }
    this.#state = "running";
    const now = this.#host.now();
    if (now !== this.#now) {
      this.#now = now;
      this.#machine.setNow(now);
    }
  }

  #leave(isBusy: boolean): void {
    if (this.#state === "stopped") return;
    this.#state = "quiet";
    if (isBusy) {
      // A processor that leaves its idle state programs the tick, and takes it back when it is idle again: at this instant.
      this.#askForRun();
      return;
    }
    const { deadline } = this.#machine;
    if (deadline !== this.#deadline) {
      this.#deadline = deadline;
      this.#host.wantsTimer(deadline);
    }
  }

  #askForRun(): void {
    if (this.#hasAskedForRun) return;
    this.#hasAskedForRun = true;
    this.#host.wantsRun();
  }

  /** A stack that traps is found out by `run` in all back ends, so that all agree on when. */
  #start(task: HostTask): number {
    this.#slot = task.slot;
    try {
      return this.#stacks.start(ENTRY_CALL, task.slot, task.stackTop, task.address);
    } catch (error) {
      this.#failure = error;
      return STACK_RUNS;
    }
  }

  #blocks(task: HostTask): void {
    task.isInCall = true;
    this.#callers[task.slot] = task;
  }

  #fail(error: unknown): unknown {
    this.#state = "stopped";
    return this.#host.failed(error);
  }

  #guardRun(first: (() => number) | undefined): void | Promise<void> {
    try {
      const isOver = this.#goOn(first === undefined ? undefined : first());
      if (isOver) return undefined;
    } catch (error) {
      throw this.#fail(error);
    }
    return this.#untilLeft();
  }

  #untilLeft(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settleRun = (error) => {
        this.#settleRun = undefined;
        if (error === undefined) resolve();
        else reject(this.#fail(error));
      };
    });
  }

  /** @returns false when a promise of the back end has to tell first how the stack was left */
  #goOn(left: number | undefined): boolean {
    let outcome = left;
    for (;;) {
      if (outcome === STACK_RUNS) return false;
      if (outcome === STACK_ENDED) this.#hasEnded();
      // Whoever was told something from inside may have stopped it.
      if (this.isStopped) return true;
      const next = this.#exports.wasm_cpu_next();
      if (next === CPU_IDLE) {
        this.#leave(false);
        return true;
      }
      outcome = this.#switchTo(next);
    }
  }

  #switchTo(next: number): number {
    const machine = this.#machine;
    const slot = machine.nextSlot;
    this.#slot = slot;
    if (next === CPU_RESUME && this.#stacks.has(slot)) return this.#stacks.resume(slot);
    const entry =
      next === CPU_RESUME ? ENTRY_REENTRY : next === CPU_START_THREAD ? ENTRY_THREAD : ENTRY_CALL;
    return this.#stacks.start(entry, slot, machine.nextStackTop, machine.nextArgument);
  }

  #hasEnded(): void {
    const task = this.#callers[this.#slot];
    if (task === undefined) return;
    this.#callers[this.#slot] = undefined;
    task.isInCall = false;
    task.onDone?.(task.result, task);
  }

  #wasLeft(outcome: number, error: unknown): void {
    const settle = this.#settleRun;
    if (settle === undefined) {
      this.#failure = error;
      return;
    }
    if (error !== undefined) {
      settle(error);
      return;
    }
    try {
      if (this.#goOn(outcome)) settle();
    } catch (failure) {
      settle(failure);
    }
  }
}

import type { Wait } from "./blocked.ts";
import type { LklSem } from "./host-operations.ts";
import type { LklKernel } from "./kernel.ts";
import { MAX_THREADS } from "./limits.ts";

/**
 * struct lkl_cpu: the one cpu of a kernel and the lock on it (arch/lkl/kernel/cpu.c). Whoever owns
 * it runs kernel code; while it is free, interrupts and system calls may enter.
 *
 * LKL guards these fields with a host mutex. Here every stretch of code between two parkings is
 * atomic, because one host thread runs at a time, so there is none. The second difference: a
 * released cpu is handed to the first sleeper, where LKL lets a woken sleeper race with newcomers.
 */
export class LklCpu {
  readonly #kernel: LklKernel;
  /** Host thread that owns the cpu; 0: free. */
  owner = 0;
  /** How often the owner has entered. More than 1 only by interrupts raised from kernel code. */
  count = 0;
  /** Host threads that wait for the cpu. */
  sleepers = 0;
  /** Host threads that are on their way in; plus MAX_THREADS before the boot and after the halt. */
  shutdown_gate: number = MAX_THREADS;
  /** An interrupt came while the cpu was owned. */
  irqs_pending = false;

  /** The sleepers, first come first. */
  readonly #waiters: number[] = [];
  #sem: LklSem | undefined = undefined;
  #shutdownSem: LklSem | undefined = undefined;
  /** Where swapper waits, at shutdown, for those who are still on their way in. */
  #drainSem: LklSem | undefined = undefined;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  /** lkl_cpu_init. @returns false when the host has no semaphores left */
  init(): boolean {
    const { ops } = this.#kernel;
    this.#sem = ops.sem_alloc(0);
    this.#shutdownSem = ops.sem_alloc(0);
    this.shutdown_gate = 0;
    return this.#sem !== undefined && this.#shutdownSem !== undefined;
  }

  get isShuttingDown(): boolean {
    return this.shutdown_gate >= MAX_THREADS;
  }

  /**
   * One attempt to enter, `n` being what this thread adds to the gate. Every call is followed by
   * {@link unget}. @returns 1 entered, 0 somebody else is in, negative: shut down
   */
  tryGet(n: number): number {
    const gate = this.shutdown_gate;
    this.shutdown_gate += n;
    if (gate >= MAX_THREADS) return -2;
    const self = this.#kernel.ops.thread_self();
    if (this.owner !== 0 && this.owner !== self) return 0;
    this.owner = self;
    this.count++;
    return 1;
  }

  unget(n: number): void {
    this.shutdown_gate -= n;
    if (this.shutdown_gate === MAX_THREADS && this.#drainSem !== undefined) {
      this.#kernel.ops.sem_up(this.#drainSem);
    }
  }

  /** lkl_cpu_get: enters, sleeping while another host thread is in. @returns 1; negative after shutdown */
  get(): number | Wait {
    const result = this.tryGet(1);
    this.unget(1);
    return result === 0 ? this.#getSlowly() : result;
  }

  /** lkl_cpu_put. Leaves once; the last time, runs pending interrupts and gives the cpu away. Never blocks. */
  put(): void {
    const kernel = this.#kernel;
    if (this.count === 0 || this.owner === 0 || this.owner !== kernel.ops.thread_self()) {
      kernel.bug("lkl_cpu_put: unbalanced put");
    }
    while (this.irqs_pending && !kernel.current.irqsDisabled) kernel.irq.runPending();
    if (this.count === 1 && kernel.current.isHostTask && !kernel.sched.isSingleTaskRunning) {
      if (kernel.in_interrupt()) kernel.bug("lkl_cpu_put: in interrupt");
      // Others want to run: the scheduler hands the cpu on, and we go on as host code without it.
      kernel.threads.schedJb();
      return;
    }
    this.count--;
    if (this.count > 0) return;
    this.#release();
  }

  /** lkl_cpu_change_owner: only __switch_to and the end of the boot may. */
  changeOwner(thread: number): void {
    if (this.count > 1) this.#kernel.bug("bad count while changing owner");
    this.owner = thread;
  }

  /** Enters for an interrupt, without sleeping. @returns 1 entered, 0 not, negative: shut down */
  tryRunIrq(irq: number): number {
    const result = this.tryGet(1);
    if (result === 0) this.#kernel.irq.setPending(irq);
    this.unget(1);
    return result;
  }

  /** lkl_cpu_shutdown: from now on nobody enters. Swapper does the rest when it runs next. */
  shutdown(): void {
    this.shutdown_gate += MAX_THREADS;
  }

  /** lkl_cpu_wait_shutdown, for the thread that halts. */
  *waitShutdown(): Wait<void> {
    const { ops } = this.#kernel;
    const sem = this.#shutdownSem;
    if (sem === undefined) return;
    const handle = ops.sem_down(sem);
    if (handle !== undefined) yield handle;
    ops.sem_free(sem);
    this.#shutdownSem = undefined;
  }

  /** The last work of swapper: turns the sleepers away, waits until they are out, tells the halting thread. */
  *finishShutdown(): Wait<void> {
    const { ops } = this.#kernel;
    const sem = this.#sem;
    this.#waiters.length = 0;
    if (sem !== undefined) for (; this.sleepers > 0; this.sleepers--) ops.sem_up(sem);
    if (this.shutdown_gate > MAX_THREADS) {
      const drain = ops.sem_alloc(0);
      this.#drainSem = drain;
      if (drain !== undefined) {
        const handle = ops.sem_down(drain);
        if (handle !== undefined) yield handle;
        ops.sem_free(drain);
      }
      this.#drainSem = undefined;
    }
    this.owner = 0;
    this.count = 0;
    if (sem !== undefined) ops.sem_free(sem);
    this.#sem = undefined;
    if (this.#shutdownSem !== undefined) ops.sem_up(this.#shutdownSem);
  }

  /** Undoes {@link init} when the boot failed. */
  cleanup(): void {
    const { ops } = this.#kernel;
    this.shutdown_gate = MAX_THREADS;
    if (this.#sem !== undefined) ops.sem_free(this.#sem);
    if (this.#shutdownSem !== undefined) ops.sem_free(this.#shutdownSem);
    this.#sem = undefined;
    this.#shutdownSem = undefined;
  }

  /** What must hold between any two steps; gives the broken ones in words. For tests. */
  checkInvariants(): string[] {
    const broken: string[] = [];
    const { current } = this.#kernel;
    if ((this.owner !== 0) !== this.count >= 1)
      broken.push("I1: owner is set if and only if count >= 1");
    if (this.count === 0 && this.#sem !== undefined && this.#kernel.lkl_is_running()) {
      if (!current.isHostTask) broken.push("I2: the cpu is free only while current is a host task");
    }
    if (this.sleepers !== this.#waiters.length) broken.push("sleepers counts the waiting threads");
    if (this.sleepers > 0 && this.count === 0) broken.push("a free cpu has no sleepers");
    if (this.shutdown_gate < 0) broken.push("the gate is never negative");
    return broken;
  }

  *#getSlowly(): Wait {
    const { ops } = this.#kernel;
    const self = ops.thread_self();
    const result = this.tryGet(1);
    if (result !== 0 || this.#sem === undefined) {
      this.unget(1);
      return result;
    }
    this.sleepers++;
    this.#waiters.push(self);
    const handle = ops.sem_down(this.#sem);
    let isResumed = false;
    try {
      if (handle !== undefined) yield handle;
      isResumed = true;
    } finally {
      if (!isResumed) this.#waiterWasKilled(self);
      this.unget(1);
    }
    // Whoever released the cpu has made us its owner; at shutdown we were only sent away.
    return this.owner === self ? 1 : -1;
  }

  /** The host ended a thread that was waiting for the cpu, or had just been given it. */
  #waiterWasKilled(thread: number): void {
    const index = this.#waiters.indexOf(thread);
    if (index >= 0) {
      this.#waiters.splice(index, 1);
      this.sleepers--;
    } else if (this.owner === thread) {
      this.count = 0;
      this.#release();
    }
  }

  #release(): void {
    const next = this.#waiters.shift();
    if (next !== undefined && this.#sem !== undefined) {
      this.sleepers--;
      this.owner = next;
      this.count = 1;
      this.#kernel.ops.sem_up(this.#sem);
      return;
    }
    this.owner = 0;
    if (this.#kernel.tick.isStale) this.#kernel.tick.beforeIdle();
  }
}

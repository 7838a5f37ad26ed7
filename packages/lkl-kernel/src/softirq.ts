import type { Wait } from "./blocked.ts";
import type { LklKernel } from "./kernel.ts";
import { MAX_SOFTIRQ_RESTART, MAX_SOFTIRQ_TIME_MS, NR_SOFTIRQS } from "./limits.ts";
import { TASK_INTERRUPTIBLE } from "./task.ts";
import type { TaskStruct } from "./task.ts";
import { NSEC_PER_MSEC } from "./time.ts";

/** Softirq numbers; the lower ones run first (include/linux/interrupt.h). */
export const HI_SOFTIRQ = 0;
export const TIMER_SOFTIRQ = 1;
export const NET_TX_SOFTIRQ = 2;
export const NET_RX_SOFTIRQ = 3;
export const BLOCK_SOFTIRQ = 4;
export const IRQ_POLL_SOFTIRQ = 5;
export const TASKLET_SOFTIRQ = 6;
export const SCHED_SOFTIRQ = 7;
export const HRTIMER_SOFTIRQ = 8;
export const RCU_SOFTIRQ = 9;

/** Names as in /proc/softirqs. */
export const SOFTIRQ_NAMES: readonly string[] = [
  "HI",
  "TIMER",
  "NET_TX",
  "NET_RX",
  "BLOCK",
  "IRQ_POLL",
  "TASKLET",
  "SCHED",
  "HRTIMER",
  "RCU",
];

// preempt_count: one softirq in service, or bottom halves disabled by pairs; hard interrupts above.
const SOFTIRQ_OFFSET = 1 << 8;
const SOFTIRQ_DISABLE_OFFSET: number = 2 * SOFTIRQ_OFFSET;
const SOFTIRQ_MASK = 0xff << 8;
const HARDIRQ_OFFSET = 1 << 16;
const HARDIRQ_MASK = 0xf << 16;

/**
 * Softirqs of one kernel: kernel/softirq.c. They run after a hard interrupt; those raised by
 * process code run when it enables bottom halves, sleeps or leaves the kernel, which is where the
 * next interrupt could have come in. What ten rounds do not finish is ksoftirqd's.
 */
export class Softirq {
  readonly #kernel: LklKernel;
  readonly #actions: ((() => void) | undefined)[] = [];
  readonly #counts: number[] = Array.from({ length: NR_SOFTIRQS }, () => 0);
  /** Bit n: softirq n was raised. */
  pending = 0;
  /** Of the cpu: 0 whenever a task is switched. */
  preemptCount = 0;
  #ksoftirqd: TaskStruct | undefined = undefined;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  open(nr: number, action: () => void): void {
    this.#actions[nr] = action;
  }

  raise(nr: number): void {
    this.pending |= 1 << nr;
  }

  /** How often each softirq ran, in the order of {@link SOFTIRQ_NAMES}. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  get inInterrupt(): boolean {
    return (this.preemptCount & (SOFTIRQ_MASK | HARDIRQ_MASK)) !== 0;
  }

  get inHardirq(): boolean {
    return (this.preemptCount & HARDIRQ_MASK) !== 0;
  }

  get inServingSoftirq(): boolean {
    return (this.preemptCount & SOFTIRQ_OFFSET) !== 0;
  }

  irqEnter(): void {
    this.preemptCount += HARDIRQ_OFFSET;
  }

  /** @param withSoftirqs false: they wait for the end of the code that was interrupted */
  irqExit(withSoftirqs: boolean): void {
    this.preemptCount -= HARDIRQ_OFFSET;
    if (withSoftirqs && this.pending !== 0 && !this.inInterrupt) this.#run();
  }

  /** local_bh_disable: softirqs raised from here on wait. Calls nest. */
  disable(): void {
    this.preemptCount += SOFTIRQ_DISABLE_OFFSET;
  }

  /** local_bh_enable: runs what was raised meanwhile. */
  enable(): void {
    this.preemptCount -= SOFTIRQ_DISABLE_OFFSET;
    if (this.pending !== 0) this.runIfAllowed();
  }

  /** do_softirq at the places where process code lets interrupts in. */
  runIfAllowed(): void {
    if (this.pending === 0 || this.inInterrupt || this.#kernel.current.irqsDisabled) return;
    // It is ksoftirqd's turn then; running them here as well would let them starve the tasks.
    if (this.#ksoftirqd?.isOnRq === true && this.#kernel.current !== this.#ksoftirqd) return;
    this.#run();
  }

  spawnKsoftirqd(): void {
    this.#ksoftirqd = this.#kernel.kthread_run(() => this.#ksoftirqdLoop(), "ksoftirqd/0");
  }

  /** __do_softirq. */
  #run(): void {
    const kernel = this.#kernel;
    const tracepoint = kernel.tracepoints.softirq_entry;
    const end = kernel.ktime_get() + MAX_SOFTIRQ_TIME_MS * NSEC_PER_MSEC;
    this.preemptCount += SOFTIRQ_OFFSET;
    for (let round = MAX_SOFTIRQ_RESTART; this.pending !== 0; ) {
      let pending = this.pending;
      this.pending = 0;
      for (; pending !== 0; pending &= pending - 1) {
        const nr = 31 - Math.clz32(pending & -pending);
        this.#counts[nr] = (this.#counts[nr] ?? 0) + 1;
        if (tracepoint.isEnabled) tracepoint.emit(nr, SOFTIRQ_NAMES[nr] ?? "");
        this.#actions[nr]?.();
      }
      // Linux also stops when a task became runnable. Nothing preempts here, so that would only
      // move work to ksoftirqd.
      if (--round === 0 || kernel.ktime_get() >= end) break;
    }
    this.preemptCount -= SOFTIRQ_OFFSET;
    if (this.pending !== 0 && this.#ksoftirqd !== undefined) {
      kernel.wake_up_process(this.#ksoftirqd);
    }
  }

  *#ksoftirqdLoop(): Wait<void> {
    const kernel = this.#kernel;
    const task = kernel.current;
    for (;;) {
      if (this.pending === 0) {
        task.state = TASK_INTERRUPTIBLE;
        yield* kernel.schedule("smpboot_thread_fn");
        continue;
      }
      this.#run();
      yield* kernel.cond_resched();
    }
  }
}

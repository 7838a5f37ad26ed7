import type { Wait } from "./blocked.ts";
import type { LklCpu } from "./cpu.ts";
import type { HrTimerBase } from "./hrtimer.ts";
import type { IrqController } from "./irq.ts";
import type { KthreadFunction } from "./kthread.ts";
import { MAX_SCHEDULE_TIMEOUT } from "./limits.ts";
import type { LklHostOperations } from "./host-operations.ts";
import { NetHelpers } from "./net-helpers.ts";
import { KernelPanicError, LklBugError } from "./panic.ts";
import { KERN_EMERG } from "./printk.ts";
import type { PrintkLog } from "./printk.ts";
import type { Sched } from "./sched.ts";
import type { Softirq } from "./softirq.ts";
import {
  TASK_INTERRUPTIBLE,
  TASK_NORMAL,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKEKILL,
  taskStateLetter,
} from "./task.ts";
import type { TaskStruct } from "./task.ts";
import type { Threads } from "./threads.ts";
import { NSEC_PER_SEC, msecsToJiffies, usecsToJiffies } from "./time.ts";
import type { DelayCounters } from "./time.ts";
import type { TimerBase, TimerList } from "./timer.ts";
import { cancelWork, cancelWorkSync, flushWork } from "./work.ts";
import type { DelayedWork, WorkStruct } from "./work.ts";
import type { Workqueue, WorkqueueOptions, Workqueues } from "./workqueue.ts";

/** A row of {@link KernelCalls.describeTasks}. */
export interface TaskDescription {
  readonly pid: number;
  readonly tgid: number;
  readonly comm: string;
  /** R running or runnable, S interruptible, D uninterruptible, X dead; as `ps`. */
  readonly state: string;
  /** What it sleeps in; "" when it does not sleep in a call. */
  readonly wchan: string;
  /** Nanoseconds. */
  readonly sleepingSince: number;
  /** Host thread; 0: none. */
  readonly thread: number;
  readonly isHostTask: boolean;
  readonly isCurrent: boolean;
}

/**
 * What kernel code calls, under Linux's names: interrupts, tasks, time, timers, workqueues, the log.
 * To be used between host_task_enter and host_task_exit, in kernel threads, interrupts, softirqs and
 * timers, and by initcalls.
 */
export abstract class KernelCalls extends NetHelpers {
  abstract readonly HZ: number;
  abstract readonly wallClockBase: number;
  /** Busy-waits so far. */
  readonly delays: DelayCounters = { calls: 0, nanoseconds: 0 };
  /** The host, between lkl_init and lkl_cleanup; before and after, operations that all fail. */
  abstract ops: LklHostOperations;
  /** The host has time and timers. */
  hasTime = false;

  abstract cpu: LklCpu;
  abstract softirq: Softirq;
  abstract irq: IrqController;
  abstract log: PrintkLog;
  abstract sched: Sched;
  abstract threads: Threads;
  abstract timers: TimerBase;
  abstract hrtimers: HrTimerBase;
  abstract workqueues: Workqueues;
  /** Whose code runs; in interrupts, whose was interrupted. */
  abstract current: TaskStruct;
  abstract kthreadd: TaskStruct;

  // ---- Interrupts

  /** @returns 0, -EINVAL no such line, -EBUSY it has a handler */
  request_irq(irq: number, name: string, handler: (irq: number) => void): number {
    return this.irq.request(irq, name, handler);
  }

  free_irq(irq: number): void {
    this.irq.free(irq);
  }

  /** Masks interrupts for the current task. @returns what to give to local_irq_restore */
  local_irq_save(): boolean {
    const wereDisabled = this.current.irqsDisabled;
    this.current.irqsDisabled = true;
    return wereDisabled;
  }

  /** Unmasking runs what is pending. */
  local_irq_restore(wereDisabled: boolean): void {
    this.current.irqsDisabled = wereDisabled;
    if (!wereDisabled && this.cpu.irqs_pending && !this.in_interrupt()) this.irq.runPending();
  }

  in_interrupt(): boolean {
    return this.softirq.inInterrupt;
  }

  in_hardirq(): boolean {
    return this.softirq.inHardirq;
  }

  /** @internal A place where process code lets interrupts and softirqs in. */
  letInterruptsIn(): void {
    if (this.cpu.irqs_pending && !this.current.irqsDisabled) this.irq.runPending();
    if (this.softirq.pending !== 0) this.softirq.runIfAllowed();
  }

  open_softirq(nr: number, action: () => void): void {
    this.softirq.open(nr, action);
  }

  /** It runs after this interrupt, or when process code next sleeps, leaves or enables bottom halves. */
  raise_softirq(nr: number): void {
    this.softirq.raise(nr);
  }

  local_bh_disable(): void {
    this.softirq.disable();
  }

  local_bh_enable(): void {
    this.softirq.enable();
  }

  // ---- Tasks

  get tasks(): Iterable<TaskStruct> {
    return this.threads.tasks.values();
  }

  find_task_by_pid(pid: number): TaskStruct | undefined {
    return this.threads.tasks.get(pid);
  }

  /** Every task, in the order of creation: what a deadlock report needs. */
  describeTasks(): TaskDescription[] {
    return [...this.threads.tasks.values()].map((task) => ({
      pid: task.pid,
      tgid: task.tgid,
      comm: task.comm,
      state: taskStateLetter(task),
      wchan: task.wchan,
      sleepingSince: task.sleepingSince,
      thread: task.tid,
      isHostTask: task.isHostTask,
      isCurrent: task === this.current,
    }));
  }

  /** Sleeps until woken, unless the current task's state is TASK_RUNNING. @param wchan what for */
  schedule(wchan = "schedule"): Wait<void> {
    return this.sched.sleep(wchan);
  }

  /** As schedule(), at most `jiffies`. @returns jiffies that were left, 0 when they ran out */
  schedule_timeout(jiffies: number, wchan = "schedule_timeout"): Wait {
    return this.sched.timeout(jiffies, wchan);
  }

  /** As schedule(), at most `ns`, exactly. @returns nanoseconds that were left, 0 when they ran out */
  schedule_hrtimeout(ns: number, wchan = "schedule_hrtimeout"): Wait {
    return this.sched.hrtimeout(ns, wchan);
  }

  /** Sleeps without regard to signals. */
  *msleep(ms: number): Wait<void> {
    let left = this.msecs_to_jiffies(ms);
    while (left > 0) {
      this.current.state = TASK_UNINTERRUPTIBLE;
      left = yield* this.schedule_timeout(left, "msleep");
    }
  }

  sched_yield(): Wait<void> {
    return this.sched.yieldCpu();
  }

  /** In loops of kernel threads: lets others run if there are any. */
  cond_resched(): Wait<void> {
    return this.sched.yieldCpu();
  }

  /** @returns true if it was asleep */
  wake_up_process(task: TaskStruct): boolean {
    return this.sched.wake(task, TASK_NORMAL);
  }

  /**
   * Interrupts the call that `task` sleeps in, which then returns -ERESTARTSYS or -EINTR.
   * @param isFatal also wakes killable sleeps
   */
  signal_wake_up(task: TaskStruct, isFatal = false): boolean {
    task.sigpending = true;
    if (isFatal) task.sigkill = true;
    return this.sched.wake(task, TASK_INTERRUPTIBLE | (isFatal ? TASK_WAKEKILL : 0));
  }

  signal_pending(task: TaskStruct = this.current): boolean {
    return task.sigpending;
  }

  /** The signals have been dealt with. */
  flush_signals(task: TaskStruct = this.current): void {
    task.sigpending = false;
    task.sigkill = false;
  }

  /** A kernel thread, child of kthreadd, runnable at once. Panics when the host has no thread left. */
  kthread_run(fn: KthreadFunction, name: string): TaskStruct {
    return this.spawn(fn, name, this.kthreadd);
  }

  /** @internal */
  spawn(fn: KthreadFunction, name: string, parent: TaskStruct): TaskStruct {
    return this.threads.kernelThread(fn, name, parent) ?? this.panic(`no host thread for ${name}`);
  }

  // ---- Time

  /** Nanoseconds: the host's clock. */
  ktime_get(): number {
    return this.hasTime ? (this.ops.time?.() ?? 0) : 0;
  }

  /** Nanoseconds since 1970, to 256 ns, which is what a number of that size holds. clock_gettime is exact. */
  ktime_get_real(): number {
    return this.wallClockBase + this.ktime_get();
  }

  /** Ticks since host time 0; Linux starts five minutes below the wrap, which numbers here never reach. */
  get jiffies(): number {
    return Math.floor(this.ktime_get() / (NSEC_PER_SEC / this.HZ));
  }

  msecs_to_jiffies(ms: number): number {
    return msecsToJiffies(ms, this.HZ, MAX_SCHEDULE_TIMEOUT);
  }

  usecs_to_jiffies(us: number): number {
    return usecsToJiffies(us, this.HZ, MAX_SCHEDULE_TIMEOUT);
  }

  jiffies_to_msecs(jiffies: number): number {
    return jiffies * (1000 / this.HZ);
  }

  /**
   * A busy-wait. Virtual time stands still while code runs, so waiting for it here would never end:
   * it returns at once and is counted in {@link delays}. Code that may sleep uses msleep or
   * schedule_hrtimeout, which do take time.
   */
  ndelay(ns: number): void {
    this.delays.calls++;
    this.delays.nanoseconds += ns;
  }

  udelay(us: number): void {
    this.ndelay(us * 1000);
  }

  /** Arms the timer for `expires` jiffies, or moves it. @returns true if it was pending */
  mod_timer(timer: TimerList, expires: number): boolean {
    return this.timers.mod(timer, expires);
  }

  /** Moves the timer if it is pending, and only then. @returns true if it was */
  mod_timer_pending(timer: TimerList, expires: number): boolean {
    return timer.heapIndex >= 0 && this.timers.mod(timer, expires);
  }

  /** @returns true if it was pending */
  del_timer(timer: TimerList): boolean {
    return this.timers.del(timer);
  }

  timer_pending(timer: TimerList): boolean {
    return timer.heapIndex >= 0;
  }

  // ---- Workqueues

  alloc_workqueue(name: string, options?: WorkqueueOptions): Workqueue {
    return this.workqueues.alloc(name, options);
  }

  get system_wq(): Workqueue {
    return this.workqueues.system;
  }

  /** @returns false if it is pending already */
  schedule_work(work: WorkStruct): boolean {
    return this.workqueues.system.queue(work);
  }

  schedule_delayed_work(work: DelayedWork, delay: number): boolean {
    return this.workqueues.system.queueDelayed(work, delay);
  }

  queue_work(wq: Workqueue, work: WorkStruct): boolean {
    return wq.queue(work);
  }

  /** @param delay jiffies */
  queue_delayed_work(wq: Workqueue, work: DelayedWork, delay: number): boolean {
    return wq.queueDelayed(work, delay);
  }

  /** Queues it anew, whatever was before. @returns true if it was pending */
  mod_delayed_work(wq: Workqueue, work: DelayedWork, delay: number): boolean {
    const wasPending = cancelWork(this, work);
    wq.queueDelayed(work, delay);
    return wasPending;
  }

  /** Waits for its end. @returns false when it was neither pending nor running */
  flush_work(work: WorkStruct): Wait<boolean> {
    return flushWork(this, work);
  }

  /** Takes it back if it has not begun. @returns true if it was pending */
  cancel_work(work: WorkStruct): boolean {
    return cancelWork(this, work);
  }

  /** Takes it back and waits for its end if it runs. @returns true if it was pending */
  cancel_work_sync(work: WorkStruct): Wait<boolean> {
    return cancelWorkSync(this, work);
  }

  // ---- Log and errors

  /** @param level KERN_EMERG 0 … KERN_DEBUG 7 */
  printk(level: number, text: string): void {
    this.log.printk(level, text);
  }

  dmesg(): string {
    return this.log.dmesg();
  }

  /** @internal */
  printToHost(text: string): void {
    this.ops.print?.(text, text.length);
  }

  /** The kernel cannot go on. */
  panic(text: string): never {
    this.printk(KERN_EMERG, `Kernel panic - not syncing: ${text}`);
    this.printk(KERN_EMERG, `---[ end Kernel panic - not syncing: ${text} ]---`);
    this.ops.panic();
    throw new KernelPanicError(text, this.log.tail());
  }

  /** lkl_bug: the rules of the kernel's boundary were broken. */
  bug(text: string): never {
    this.printk(KERN_EMERG, text);
    this.ops.panic();
    throw new LklBugError(text, this.log.tail());
  }
}

import type { Blocked, Wait } from "./blocked.ts";
import { HrTimer } from "./hrtimer.ts";
import type { LklSem } from "./host-operations.ts";
import type { LklKernel } from "./kernel.ts";
import { MAX_SCHEDULE_TIMEOUT } from "./limits.ts";
import { KernelHaltedError } from "./panic.ts";
import { TASK_DEAD, TASK_NORMAL, TASK_RUNNING, isSignalPendingFor } from "./task.ts";
import type { TaskStruct } from "./task.ts";
import { TimerList } from "./timer.ts";

/**
 * The scheduler: kernel/sched/core.c with a FIFO runqueue. There is no preemption and no time
 * slice, as in LKL; a task runs until it sleeps. schedule() is two parts: everything up to the
 * context switch is plain code, only the parking of the host thread is a yield.
 */
export class Sched {
  readonly #kernel: LklKernel;
  #head: TaskStruct | undefined = undefined;
  #tail: TaskStruct | undefined = undefined;
  /** Context switches since boot (ctxt of /proc/stat). */
  switches = 0;
  /** At halt: told by a host thread that it is about to leave the kernel. */
  unwound: LklSem | undefined = undefined;
  /** Runnable tasks besides the current one. */
  queued = 0;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  /** Nothing but the current task wants to run (single_task_running). */
  get isSingleTaskRunning(): boolean {
    return this.#head === undefined;
  }

  /** try_to_wake_up for sleeps that `mask` covers. @returns true if it was asleep */
  wake(task: TaskStruct, mask: number): boolean {
    if ((task.state & mask) === 0) return false;
    const { tracepoints } = this.#kernel;
    if (tracepoints.sched_wakeup.isEnabled) {
      tracepoints.sched_wakeup.emit(task.comm, task.pid, task.wchan);
    }
    this.#activate(task);
    return true;
  }

  /** wake_up_new_task. */
  wakeNew(task: TaskStruct): void {
    this.#activate(task);
  }

  /**
   * schedule() up to the point where the host thread must park.
   * @returns the handle to park on; undefined when the caller goes on at once
   */
  schedule(): Blocked | undefined {
    const kernel = this.#kernel;
    const prev = kernel.current;
    if (kernel.softirq.preemptCount !== 0) {
      const where = `${prev.comm}/${prev.pid}/0x${kernel.softirq.preemptCount.toString(16)}`;
      kernel.bug(`BUG: scheduling while atomic: ${where}`);
    }
    if (kernel.cpu.count === 0) kernel.bug("BUG: schedule() outside of the kernel");
    if (!prev.irqsDisabled) kernel.letInterruptsIn();
    if (prev.state !== TASK_RUNNING) {
      if (isSignalPendingFor(prev, prev.state)) prev.state = TASK_RUNNING;
      else prev.isOnRq = false;
    }
    if (prev.isOnRq && prev !== kernel.initTask) this.#enqueue(prev);
    const next = this.#dequeue() ?? kernel.initTask;
    if (next === prev) return undefined;
    this.switches++;
    prev.switchCount++;
    if (kernel.tracepoints.sched_switch.isEnabled) {
      kernel.tracepoints.sched_switch.emit(prev.comm, prev.pid, prev.wchan, next.comm, next.pid);
    }
    return kernel.threads.switchTo(prev, next);
  }

  /** schedule(): the current task sleeps in `wchan` unless its state is TASK_RUNNING. */
  *sleep(wchan: string): Wait<void> {
    const kernel = this.#kernel;
    const prev = kernel.current;
    prev.wchan = wchan;
    prev.sleepingSince = kernel.ktime_get();
    prev.worker?.sleeping();
    const handle = this.schedule();
    if (handle !== undefined) {
      // The body of park(), without the cost of a second generator for each sleep.
      let isResumed = false;
      try {
        yield handle;
        isResumed = true;
      } finally {
        if (!isResumed) kernel.hostTasks.abandon(prev);
      }
      if (prev.isDead) this.#leave(prev);
    }
    prev.wchan = "";
    prev.worker?.running();
  }

  /** Parks the host thread of `task` until it is switched in again. */
  *park(task: TaskStruct, handle: Blocked): Wait<void> {
    let isResumed = false;
    try {
      yield handle;
      isResumed = true;
    } finally {
      // The host ended the thread in its sleep: nobody will ever run this task again.
      if (!isResumed) this.#kernel.hostTasks.abandon(task);
    }
    if (task.isDead) this.#leave(task);
  }

  /** The kernel halts: the host thread of `task` must leave it. */
  #leave(task: TaskStruct): never {
    if (!task.isHostTask) return this.#kernel.ops.thread_exit();
    if (this.unwound !== undefined) this.#kernel.ops.sem_up(this.unwound);
    throw new KernelHaltedError(`${task.comm}: the kernel was halted`);
  }

  /** yield(): lets every other runnable task go first. */
  *yieldCpu(): Wait<void> {
    if (this.isSingleTaskRunning) {
      this.#kernel.letInterruptsIn();
      if (this.isSingleTaskRunning) return;
    }
    yield* this.sleep("yield");
  }

  /** schedule_timeout: sleeps in the state that the caller set. @returns jiffies that were left */
  *timeout(jiffies: number, wchan: string): Wait {
    const kernel = this.#kernel;
    const task = kernel.current;
    if (jiffies >= MAX_SCHEDULE_TIMEOUT) {
      yield* this.sleep(wchan);
      return jiffies;
    }
    if (jiffies < 0) {
      kernel.printk(3, `schedule_timeout: wrong timeout value ${jiffies}`);
      task.state = TASK_RUNNING;
      return 0;
    }
    const expires = kernel.jiffies + jiffies;
    task.sleepTimer ??= new TimerList(() => this.wake(task, TASK_NORMAL));
    kernel.timers.mod(task.sleepTimer, expires);
    try {
      yield* this.sleep(wchan);
    } finally {
      kernel.timers.del(task.sleepTimer);
    }
    return Math.max(0, expires - kernel.jiffies);
  }

  /** As {@link timeout} in exact nanoseconds. @returns nanoseconds that were left; 0: they ran out */
  *hrtimeout(ns: number, wchan: string): Wait {
    const kernel = this.#kernel;
    const task = kernel.current;
    if (ns >= MAX_SCHEDULE_TIMEOUT) {
      yield* this.sleep(wchan);
      return ns;
    }
    if (ns <= 0) {
      task.state = TASK_RUNNING;
      return 0;
    }
    const expires = kernel.ktime_get() + ns;
    task.sleepHrTimer ??= new HrTimer(kernel, () => this.wake(task, TASK_NORMAL));
    task.sleepHrTimer.start(expires);
    try {
      yield* this.sleep(wchan);
    } finally {
      task.sleepHrTimer.cancel();
    }
    return Math.max(0, expires - kernel.ktime_get());
  }

  /** Takes a task off the runqueue for good. */
  forget(task: TaskStruct): void {
    task.state = TASK_DEAD;
    task.isOnRq = false;
    let previous: TaskStruct | undefined;
    for (let at = this.#head; at !== undefined; previous = at, at = at.rqNext) {
      if (at !== task) continue;
      if (previous === undefined) this.#head = at.rqNext;
      else previous.rqNext = at.rqNext;
      if (this.#tail === at) this.#tail = previous;
      at.rqNext = undefined;
      this.queued--;
      return;
    }
  }

  #activate(task: TaskStruct): void {
    task.state = TASK_RUNNING;
    if (task.isOnRq) return;
    task.isOnRq = true;
    this.#enqueue(task);
  }

  #enqueue(task: TaskStruct): void {
    task.rqNext = undefined;
    if (this.#tail === undefined) this.#head = task;
    else this.#tail.rqNext = task;
    this.#tail = task;
    this.queued++;
  }

  #dequeue(): TaskStruct | undefined {
    const task = this.#head;
    if (task === undefined) return undefined;
    this.#head = task.rqNext;
    if (this.#head === undefined) this.#tail = undefined;
    task.rqNext = undefined;
    this.queued--;
    return task;
  }
}

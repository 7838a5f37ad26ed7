import type { Blocked, Wait } from "./blocked.ts";
import type { LklKernel } from "./kernel.ts";
import { Kthread } from "./kthread.ts";
import type { KthreadFunction } from "./kthread.ts";
import { PID_MAX, TASK_COMM_LEN } from "./limits.ts";
import {
  TASK_DEAD,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  TIF_HOST_THREAD,
  TIF_SCHED_JB,
  TaskStruct,
} from "./task.ts";

/** What is said of a new task; the rest comes from its parent. */
export interface CopyProcessOptions {
  readonly comm: string;
  readonly parent: TaskStruct;
  /** A thread in the parent's group (CLONE_THREAD), or the first of a new one. */
  readonly isThread: boolean;
}

/** Tasks and their host threads: arch/lkl/kernel/threads.c. */
export class Threads {
  readonly #kernel: LklKernel;
  /** By pid, in the order of creation. */
  readonly tasks: Map<number, TaskStruct> = new Map();
  #lastPid = 0;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  /** copy_process: a task without a host thread. @returns undefined when the host has no semaphore left */
  copyProcess(options: CopyProcessOptions): TaskStruct | undefined {
    const kernel = this.#kernel;
    const schedSem = kernel.ops.sem_alloc(0);
    if (schedSem === undefined) return undefined;
    const pid = this.#allocatePid();
    const { parent, isThread } = options;
    const task = new TaskStruct(kernel, {
      pid,
      tgid: isThread ? parent.tgid : pid,
      ppid: isThread ? parent.ppid : parent.tgid,
      comm: options.comm.slice(0, TASK_COMM_LEN - 1),
      fs: parent.fs,
      cred: parent.cred,
    });
    task.schedSem = schedSem;
    this.tasks.set(pid, task);
    return task;
  }

  /** copy_thread: a task with a host thread of its own, runnable. @returns undefined for want of one */
  kernelThread(fn: KthreadFunction, comm: string, parent: TaskStruct): TaskStruct | undefined {
    const kernel = this.#kernel;
    const task = this.copyProcess({ comm, parent, isThread: false });
    if (task === undefined) return undefined;
    task.kthread = new Kthread(fn);
    task.tid = kernel.ops.thread_create(
      () => this.#bootstrap(task, fn),
      undefined,
      `${kernel.name}:${task.comm}`,
    );
    if (task.tid === 0) {
      this.release(task);
      return undefined;
    }
    kernel.sched.wakeNew(task);
    return task;
  }

  /**
   * __switch_to: the cpu, and with it the right to run kernel code, goes to `next`.
   * @returns the handle on which the host thread of `prev` must park; undefined when it must not
   */
  switchTo(prev: TaskStruct, next: TaskStruct): Blocked | undefined {
    const kernel: LklKernel = this.#kernel;
    const { ops } = kernel;
    if (next.tid === 0 || next.schedSem === undefined) {
      kernel.bug(`__switch_to: ${next.comm}/${next.pid} has no host thread`);
    }
    kernel.current = next;
    kernel.cpu.changeOwner(next.tid);
    const isJump = (prev.flags & TIF_SCHED_JB) !== 0;
    prev.flags &= ~TIF_SCHED_JB;
    // No kernel code may follow: from here on `next` runs.
    ops.sem_up(next.schedSem);
    if (isJump || prev.schedSem === undefined) return undefined;
    return ops.sem_down(prev.schedSem);
  }

  /**
   * thread_sched_jb: runs the scheduler in the name of a host task and comes back as host code,
   * without the cpu. LKL needs setjmp for it; here schedule() simply does not park.
   */
  schedJb(): void {
    const kernel = this.#kernel;
    const task = kernel.current;
    if (!task.isHostTask) {
      kernel.bug("thread_sched_jb() can be used only for host task");
    }
    task.flags |= TIF_SCHED_JB;
    task.state = TASK_UNINTERRUPTIBLE;
    kernel.sched.schedule();
  }

  /** do_exit for the current task: switches away for good, without parking the host thread. */
  exitCurrent(): void {
    const kernel = this.#kernel;
    const task = kernel.current;
    if (task.kthread !== undefined) {
      task.kthread.hasExited = true;
      task.kthread.exited?.completeAll();
    }
    task.flags |= TIF_SCHED_JB;
    task.state = TASK_DEAD;
    kernel.sched.schedule();
    this.release(task);
  }

  /** The task is over: forgets it and its semaphore. */
  release(task: TaskStruct): void {
    if (this.tasks.get(task.pid) === task) this.tasks.delete(task.pid);
    task.hostThread = 0;
    if (task.schedSem !== undefined) this.#kernel.ops.sem_free(task.schedSem);
    task.schedSem = undefined;
  }

  /** kill_thread: ends a parked kernel thread and waits for its host thread. */
  *kill(task: TaskStruct): Wait<void> {
    const { ops } = this.#kernel;
    task.isDead = true;
    if (task.schedSem !== undefined) ops.sem_up(task.schedSem);
    const joined = ops.thread_join(task.tid);
    if (typeof joined !== "number") yield joined;
    this.release(task);
  }

  /** thread_bootstrap: what the host thread of a kernel thread runs. */
  *#bootstrap(task: TaskStruct, fn: KthreadFunction): Wait<void> {
    const kernel = this.#kernel;
    if (task.schedSem !== undefined) {
      const handle = kernel.ops.sem_down(task.schedSem);
      if (handle !== undefined) yield* kernel.sched.park(task, handle);
    }
    const result = fn();
    const value = typeof result === "object" ? yield* result : result;
    // pid 1 became a host task: its host thread ends, the task lives on, and so it is with
    // idle_host_task at shutdown.
    if ((task.flags & TIF_HOST_THREAD) !== 0) return;
    if (task.kthread !== undefined && typeof value === "number") task.kthread.result = value;
    task.state = TASK_RUNNING;
    this.exitCurrent();
  }

  #allocatePid(): number {
    do this.#lastPid = this.#lastPid >= PID_MAX ? 300 : this.#lastPid + 1;
    while (this.tasks.has(this.#lastPid));
    return this.#lastPid;
  }
}

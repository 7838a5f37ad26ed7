import type { Blocked, Wait } from "./blocked.ts";
import { Errno } from "./errno.ts";
import type { LklTlsKey } from "./host-operations.ts";
import type { LklKernel } from "./kernel.ts";
import { KernelHaltedError } from "./panic.ts";
import { TASK_UNINTERRUPTIBLE, TIF_HOST_THREAD, TaskStruct } from "./task.ts";

/**
 * Host tasks: Linux tasks that have no thread of their own and run on whatever host thread calls
 * into the kernel (arch/lkl/kernel/syscalls.c). A host thread finds its task in its TLS.
 */
export class HostTasks {
  readonly #kernel: LklKernel;
  #taskKey: LklTlsKey | undefined = undefined;
  /** pid 1: parent of the host tasks, and the task of everybody where the host has no TLS. */
  host0: TaskStruct | undefined = undefined;
  /** Runs when nothing else does, and gives the cpu free, so that the kernel idles as host code. */
  idleHostTask: TaskStruct | undefined = undefined;
  #lastId = 0;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  /** syscalls_init, in pid 1, which becomes host0. */
  init(): void {
    const kernel = this.#kernel;
    const host0 = kernel.current;
    host0.comm = "host0";
    host0.flags |= TIF_HOST_THREAD;
    this.host0 = host0;
    this.#taskKey = kernel.ops.tls_alloc?.((task) => this.#deleteHostTask(task));
    const idle = kernel.threads.kernelThread(() => this.#idleLoop(), "idle_host_task", host0);
    if (idle === undefined) kernel.panic("lkl: no host thread for idle_host_task");
  }

  /**
   * The slow half of {@link LklKernel.host_task_enter}: somebody else has the cpu, or the current
   * task is not this thread's.
   */
  enter(isGroupLeader: boolean): number | Wait {
    const { cpu } = this.#kernel;
    const got = cpu.tryGet(1);
    cpu.unget(1);
    if (got < 0) return got;
    if (got === 0) return this.#enterWhenFree(isGroupLeader);
    const task = this.#taskOfThisThread(isGroupLeader);
    if (task === undefined) return this.#noTask();
    const handle = this.switchTo(task);
    return handle === undefined ? 0 : this.#enterSwitched(task, handle);
  }

  /**
   * switch_to_host_task: the current task, whose host thread is not in the kernel, goes to sleep in
   * favour of `task`.
   * @returns the handle to park on until `task` is scheduled; undefined when it runs already
   */
  switchTo(task: TaskStruct): Blocked | undefined {
    const kernel = this.#kernel;
    task.tid = kernel.ops.thread_self();
    if (kernel.current === task || task.schedSem === undefined) return undefined;
    kernel.wake_up_process(task);
    kernel.threads.schedJb();
    return kernel.ops.sem_down(task.schedSem);
  }

  /** The host ended a thread that slept in the kernel: its task goes, with the cpu if it had just been given it. */
  abandon(task: TaskStruct): void {
    const kernel = this.#kernel;
    if (task.hostThread === 0 || kernel.threads.tasks.get(task.pid) !== task) return;
    if (kernel.current === task) {
      kernel.threads.exitCurrent();
      return;
    }
    kernel.sched.forget(task);
    kernel.threads.release(task);
  }

  /** See {@link LklKernel.lkl_thread_ended}. */
  threadEnded(thread: number): boolean {
    const kernel = this.#kernel;
    const { cpu } = kernel;
    if (thread === 0) return false;
    for (const task of kernel.threads.tasks.values()) {
      if (task.hostThread !== thread) continue;
      const entered = cpu.tryGet(1);
      cpu.unget(1);
      if (entered < 0) return false;
      const wasCurrent = kernel.current === task;
      this.abandon(task);
      // exitCurrent has handed the cpu on, ours or the one that the task had just been given.
      if (entered > 0 && !wasCurrent) cpu.put();
      return true;
    }
    return false;
  }

  /** syscalls_cleanup. */
  *cleanup(): Wait<void> {
    const kernel = this.#kernel;
    const idle = this.idleHostTask;
    this.idleHostTask = undefined;
    if (idle !== undefined) yield* kernel.threads.kill(idle);
    if (this.#taskKey !== undefined) kernel.ops.tls_free?.(this.#taskKey);
    this.#taskKey = undefined;
    if (this.host0 !== undefined) kernel.threads.release(this.host0);
    this.host0 = undefined;
  }

  *#enterWhenFree(isGroupLeader: boolean): Wait {
    const got = this.#kernel.cpu.get();
    const result = typeof got === "number" ? got : yield* got;
    if (result < 0) return result;
    const task = this.#taskOfThisThread(isGroupLeader);
    if (task === undefined) return this.#noTask();
    const handle = this.switchTo(task);
    return handle === undefined ? 0 : yield* this.#enterSwitched(task, handle);
  }

  *#enterSwitched(task: TaskStruct, handle: Blocked): Wait {
    task.wchan = "switch_to_host_task";
    yield* this.#kernel.sched.park(task, handle);
    task.wchan = "";
    return 0;
  }

  #noTask(): number {
    this.#kernel.cpu.put();
    return -Errno.ENOMEM;
  }

  #taskOfThisThread(isGroupLeader: boolean): TaskStruct | undefined {
    const { ops } = this.#kernel;
    if (this.#taskKey === undefined) return this.host0;
    const known = ops.tls_get?.(this.#taskKey);
    if (known instanceof TaskStruct) return known;
    const task = this.#newHostTask(isGroupLeader);
    if (task === undefined) return undefined;
    if (ops.tls_set?.(this.#taskKey, task) !== 0) {
      this.#kernel.threads.release(task);
      return undefined;
    }
    return task;
  }

  /** new_host_task. LKL switches to host0 first, to be its child; here the parent is an argument. */
  #newHostTask(isGroupLeader: boolean): TaskStruct | undefined {
    const kernel = this.#kernel;
    if (this.host0 === undefined) return undefined;
    const task = kernel.threads.copyProcess({
      comm: `host${++this.#lastId}`,
      parent: this.host0,
      isThread: !isGroupLeader,
    });
    if (task === undefined) return undefined;
    task.flags |= TIF_HOST_THREAD;
    task.state = TASK_UNINTERRUPTIBLE;
    task.hostThread = kernel.ops.thread_self();
    return task;
  }

  /** del_host_task, the TLS destructor: runs in the dying host thread. */
  *#deleteHostTask(value: unknown): Wait<void> {
    const kernel = this.#kernel;
    if (!(value instanceof TaskStruct) || kernel.threads.tasks.get(value.pid) !== value) return;
    const got = kernel.cpu.get();
    if ((typeof got === "number" ? got : yield* got) < 0) return;
    const handle = this.switchTo(value);
    try {
      if (handle !== undefined) yield* kernel.sched.park(value, handle);
    } catch (error) {
      // The kernel halts: it has released the task.
      if (error instanceof KernelHaltedError) return;
      throw error;
    }
    kernel.threads.exitCurrent();
  }

  /** idle_host_task_loop. */
  *#idleLoop(): Wait<void> {
    const kernel = this.#kernel;
    const task = kernel.current;
    task.flags |= TIF_HOST_THREAD;
    this.idleHostTask = task;
    for (;;) {
      kernel.cpu.put();
      if (task.schedSem === undefined) return;
      const handle = kernel.ops.sem_down(task.schedSem);
      if (handle !== undefined) yield handle;
      if (task.isDead) return;
    }
  }
}

import type { LklHostOperations, LklSem, LklTlsKey, Wait } from "@dcejs/lkl-kernel";
import { CallArguments } from "./call-arguments.ts";
import { BLOCKED } from "./cpu.ts";
import { HostTask } from "./host-task.ts";
import type { LinuxKernel } from "./linux-kernel.ts";

const ERRNO_MAX = 4096;
const ENOMEM = 12;
const ESHUTDOWN = 108;

/** A thread of the host in the kernel: its task, and the semaphore that it sleeps on when a call of it does. */
export class LklThread {
  readonly id: number;
  readonly task: HostTask;
  readonly arguments: CallArguments;
  readonly sem: LklSem;
  isAsleep = false;

  constructor(id: number, task: HostTask, args: CallArguments, sem: LklSem) {
    this.id = id;
    this.task = task;
    this.arguments = args;
    this.sem = sem;
  }
}

/** The threads of the host that have called the kernel. Each has its task in its TLS, as in arch/lkl. */
export class LklThreads {
  readonly #ops: LklHostOperations;
  readonly #kernel: LinuxKernel;
  /** undefined: the host has no TLS, and pid 1 makes everybody's calls. */
  readonly #key: LklTlsKey | undefined;
  readonly #threads: Set<LklThread> = new Set();
  /** Tasks of threads that are over. */
  readonly #spares: HostTask[] = [];
  /** Threads that wait until pid 1 is in no call. */
  readonly #waiters: LklSem[] = [];
  #shared: LklThread | undefined = undefined;
  #isOver = false;

  constructor(ops: LklHostOperations, kernel: LinuxKernel) {
    this.#ops = ops;
    this.#kernel = kernel;
    this.#key = ops.tls_alloc?.((thread) => {
      if (thread instanceof LklThread) this.#end(thread);
    });
  }

  /** Of the calling thread; undefined: `enter` has to make it, or to wait for it. */
  get current(): LklThread | undefined {
    if (this.#key === undefined) return this.#freeShared();
    const thread = this.#ops.tls_get?.(this.#key);
    return thread instanceof LklThread ? thread : undefined;
  }

  /** @returns -errno when there is no memory for another task */
  *enter(): Wait<LklThread | number> {
    for (;;) {
      const thread = this.current;
      if (thread !== undefined) return thread;
      if (this.#isOver) return -ESHUTDOWN;
      const { host0 } = this.#kernel;
      if (host0.isInCall) yield* this.#untilHost0IsFree();
      else if (this.#key === undefined) return this.#makeShared(host0);
      else return yield* this.#make();
    }
  }

  /** Sleeps until the call that the thread is in is over. @returns its result */
  *sleep(thread: LklThread): Wait {
    thread.isAsleep = true;
    const handle = this.#ops.sem_down(thread.sem);
    if (handle !== undefined) yield handle;
    thread.isAsleep = false;
    if (!this.#isOver) {
      thread.arguments.takeBack();
      return thread.task.result;
    }
    this.#ops.sem_free(thread.sem);
    return -ESHUTDOWN;
  }

  /** @returns whether the thread had a task */
  ended(id: number): boolean {
    const thread = this.#find(id);
    if (thread !== undefined) this.#end(thread);
    return thread !== undefined;
  }

  /** Ends the interruptible sleep of a thread. @returns whether it was in a call that sleeps */
  interrupt(id: number): boolean {
    const thread = this.#find(id);
    if (thread?.isAsleep !== true) return false;
    this.#kernel.interruptTask(thread.task);
    return true;
  }

  /** The kernel has stopped: who sleeps in it wakes. */
  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const thread of this.#threads) {
      if (thread.isAsleep) this.#ops.sem_up(thread.sem);
      else this.#ops.sem_free(thread.sem);
    }
    this.#threads.clear();
    for (const sem of this.#waiters.splice(0)) this.#ops.sem_up(sem);
    if (this.#key !== undefined) this.#ops.tls_free?.(this.#key);
  }

  *#make(): Wait<LklThread | number> {
    const kernel = this.#kernel;
    const sem = this.#ops.sem_alloc(0);
    if (sem === undefined) return -ENOMEM;
    kernel.host0.onDone = () => this.#host0IsFree();
    let task = this.#spares.pop() ?? kernel.newTask();
    if (task === BLOCKED) {
      yield* this.#untilHost0IsFree();
      if (this.#isOver) return -ESHUTDOWN;
      const { result } = kernel.host0;
      task =
        result < 0 && result > -ERRNO_MAX ? result : new HostTask(kernel.machine, result >>> 0);
    }
    if (typeof task === "number") {
      this.#ops.sem_free(sem);
      return task;
    }
    const thread = this.#add(
      new LklThread(this.#ops.thread_self(), task, this.#newArguments(), sem),
    );
    if (this.#key !== undefined) this.#ops.tls_set?.(this.#key, thread);
    return thread;
  }

  #makeShared(host0: HostTask): LklThread | number {
    const sem = this.#ops.sem_alloc(0);
    if (sem === undefined) return -ENOMEM;
    this.#shared = this.#add(new LklThread(0, host0, this.#newArguments(), sem));
    return this.#shared;
  }

  #add(thread: LklThread): LklThread {
    thread.task.onDone = () => {
      this.#ops.sem_up(thread.sem);
      if (thread === this.#shared) this.#host0IsFree();
    };
    this.#threads.add(thread);
    return thread;
  }

  #end(thread: LklThread): void {
    if (this.#isOver || thread === this.#shared || !this.#threads.delete(thread)) return;
    this.#ops.sem_free(thread.sem);
    this.#kernel.endTask(thread.task, (task) => {
      thread.arguments.free();
      this.#spares.push(task);
    });
  }

  #find(id: number): LklThread | undefined {
    for (const thread of this.#threads) if (thread.id === id) return thread;
    return undefined;
  }

  #freeShared(): LklThread | undefined {
    const shared = this.#shared;
    return shared?.task.isInCall === false && !shared.isAsleep ? shared : undefined;
  }

  *#untilHost0IsFree(): Wait<void> {
    const sem = this.#ops.sem_alloc(0);
    if (sem === undefined) return;
    this.#waiters.push(sem);
    const handle = this.#ops.sem_down(sem);
    if (handle !== undefined) yield handle;
    this.#ops.sem_free(sem);
  }

  #host0IsFree(): void {
    for (const sem of this.#waiters.splice(0)) this.#ops.sem_up(sem);
  }

  #newArguments(): CallArguments {
    return new CallArguments(this.#kernel.machine);
  }
}

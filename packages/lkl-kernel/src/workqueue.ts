import type { Wait } from "./blocked.ts";
import type { LklKernel } from "./kernel.ts";
import { kthread_stop } from "./kthread.ts";
import { WQ_DFL_ACTIVE } from "./limits.ts";
import { TASK_INTERRUPTIBLE } from "./task.ts";
import type { TaskStruct } from "./task.ts";
import { flushWork } from "./work.ts";
import type { DelayedWork, WorkStruct } from "./work.ts";
import { Worker, WorkerPool } from "./worker-pool.ts";

export interface WorkqueueOptions {
  /** Works of this queue that may run at once. 1: in order, one after the other. */
  readonly maxActive?: number;
  /** WQ_MEM_RECLAIM: a rescuer thread runs its works when no worker can be made. */
  readonly memReclaim?: boolean;
}

/** struct workqueue_struct. Made by {@link Workqueues.alloc}. */
export class Workqueue {
  readonly #kernel: LklKernel;
  readonly #pool: WorkerPool;
  readonly name: string;
  readonly maxActive: number;
  /** Works beyond maxActive, first come first. */
  readonly #inactive: WorkStruct[] = [];
  /** Queued and not settled, in the order of queueing. */
  readonly #works: Set<WorkStruct> = new Set();
  #active = 0;
  #rescuer: TaskStruct | undefined = undefined;
  #isMayday = false;

  /** @internal */
  constructor(kernel: LklKernel, pool: WorkerPool, name: string, options: WorkqueueOptions) {
    this.#kernel = kernel;
    this.#pool = pool;
    this.name = name;
    this.maxActive = options.maxActive ?? WQ_DFL_ACTIVE;
    if (options.memReclaim !== true) return;
    const worker = new Worker(pool, true);
    const rescuer = kernel.kthread_run(() => this.#rescuerThread(worker), `kworker/R-${name}`);
    worker.task = rescuer;
    rescuer.worker = worker;
    this.#rescuer = rescuer;
  }

  /** queue_work. @returns false if it is pending already, or being cancelled */
  queue(work: WorkStruct): boolean {
    if (work.isPending || work.disableCount > 0) return false;
    work.isPending = true;
    work.wq = this;
    this.insert(work);
    return true;
  }

  /** queue_delayed_work: after `delay` jiffies. @returns false if it is pending already */
  queueDelayed(work: DelayedWork, delay: number): boolean {
    if (delay <= 0) return this.queue(work);
    if (work.isPending || work.disableCount > 0) return false;
    work.isPending = true;
    work.wq = this;
    this.#kernel.mod_timer(work.timer, this.#kernel.jiffies + delay);
    return true;
  }

  /** Waits until everything that is on the queue now has run (flush_workqueue). */
  *flush(): Wait<void> {
    for (const work of Array.from(this.#works)) yield* flushWork(this.#kernel, work);
  }

  /** destroy_workqueue: runs what is on it and ends its rescuer. Delayed works must be cancelled before. */
  *destroy(): Wait<void> {
    while (this.#works.size > 0) yield* this.flush();
    if (this.#rescuer !== undefined) yield* kthread_stop(this.#kernel, this.#rescuer);
    this.#rescuer = undefined;
  }

  /** @internal The work is due: to the pool, or in line behind maxActive others. */
  insert(work: WorkStruct): void {
    work.queued++;
    this.#works.add(work);
    if (this.#active >= this.maxActive) {
      this.#inactive.push(work);
      return;
    }
    this.#active++;
    this.#pool.insert(work);
  }

  /** @internal Takes a work back that no worker has begun. @returns false if it is not there */
  take(work: WorkStruct): boolean {
    const inactive = this.#inactive.indexOf(work);
    if (inactive >= 0) {
      this.#inactive.splice(inactive, 1);
      work.settle();
      this.#forget(work);
      return true;
    }
    const { worklist } = this.#pool;
    const { runningOn } = work;
    const waiting = worklist.includes(work) ? worklist : runningOn?.scheduled;
    const index = waiting?.indexOf(work) ?? -1;
    if (waiting === undefined || index < 0) return false;
    waiting.splice(index, 1);
    work.settle();
    this.workDone(work);
    return true;
  }

  /** @internal One of the active works is over. */
  workDone(work: WorkStruct): void {
    this.#forget(work);
    this.#active--;
    const next = this.#inactive.shift();
    if (next === undefined) return;
    this.#active++;
    this.#pool.insert(next);
  }

  /** @internal */
  callRescuer(): void {
    if (this.#rescuer === undefined) return;
    this.#isMayday = true;
    this.#kernel.wake_up_process(this.#rescuer);
  }

  #forget(work: WorkStruct): void {
    if (work.settled >= work.queued || work.wq !== this) this.#works.delete(work);
  }

  /** rescuer_thread. */
  *#rescuerThread(worker: Worker): Wait<void> {
    const kernel = this.#kernel;
    const task = kernel.current;
    for (;;) {
      while (this.#isMayday) {
        this.#isMayday = false;
        const { worklist } = this.#pool;
        for (let i = worklist.length - 1; i >= 0; i--) {
          const work = worklist[i];
          if (work?.wq !== this) continue;
          worklist.splice(i, 1);
          worker.scheduled.unshift(work);
        }
        yield* this.#pool.processScheduled(worker);
      }
      if (task.kthread?.shouldStop === true) return;
      task.state = TASK_INTERRUPTIBLE;
      yield* kernel.schedule("rescuer_thread");
    }
  }
}

/** The queues of one kernel, and the pool that serves them. */
export class Workqueues {
  readonly #kernel: LklKernel;
  readonly pool: WorkerPool;
  /** "events": schedule_work goes here. */
  readonly system: Workqueue;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
    this.pool = new WorkerPool(kernel);
    this.system = new Workqueue(kernel, this.pool, "events", {});
  }

  /** workqueue_init: the first worker. */
  init(): void {
    if (!this.pool.createWorker()) this.#kernel.panic("workqueue: no host thread for kworker/0:0");
    this.pool.kick();
  }

  /** alloc_workqueue. */
  alloc(name: string, options: WorkqueueOptions = {}): Workqueue {
    return new Workqueue(this.#kernel, this.pool, name, options);
  }
}

import type { Wait } from "./blocked.ts";
import type { LklKernel } from "./kernel.ts";
import { CREATE_COOLDOWN_MS, IDLE_WORKERS_MAX, MAYDAY_INITIAL_TIMEOUT_MS } from "./limits.ts";
import { TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from "./task.ts";
import type { TaskStruct } from "./task.ts";
import { TimerList } from "./timer.ts";
import type { WorkStruct } from "./work.ts";

/** struct worker: a kernel thread that runs works, or the rescuer of one queue. */
export class Worker {
  readonly pool: WorkerPool;
  readonly isRescuer: boolean;
  /** Set as soon as the thread exists. */
  task: TaskStruct | undefined = undefined;
  current: WorkStruct | undefined = undefined;
  /** Works that must run here because this worker is running them already. */
  readonly scheduled: WorkStruct[] = [];
  #isAsleep = false;

  constructor(pool: WorkerPool, isRescuer: boolean) {
    this.pool = pool;
    this.isRescuer = isRescuer;
  }

  /** wq_worker_sleeping: the work blocks, so another worker may go on with the list. */
  sleeping(): void {
    if (this.current === undefined || this.isRescuer || this.task?.state === TASK_RUNNING) return;
    this.#isAsleep = true;
    this.pool.workerSleeps();
  }

  /** wq_worker_running. */
  running(): void {
    if (!this.#isAsleep) return;
    this.#isAsleep = false;
    this.pool.nrRunning++;
  }
}

/** The cpu's worker pool: kernel/workqueue.c. One worker runs at a time, others only while it sleeps. */
export class WorkerPool {
  readonly #kernel: LklKernel;
  /** What waits for a worker, first come first. */
  readonly worklist: WorkStruct[] = [];
  /** Workers that have no work, the last to become idle at the end. */
  readonly #idle: Worker[] = [];
  readonly #maydayTimer: TimerList;
  /** Workers whose work runs, that is, does not sleep. */
  nrRunning = 0;
  #isManaged = false;
  #nextId = 0;
  #nrWorkers = 0;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
    this.#maydayTimer = new TimerList(() => this.#mayday());
  }

  get workerCount(): number {
    return this.#nrWorkers;
  }

  /** @returns false when the host has no thread for it */
  createWorker(): boolean {
    const kernel = this.#kernel;
    const worker = new Worker(this, false);
    const task = kernel.threads.kernelThread(
      () => this.#workerThread(worker),
      `kworker/0:${this.#nextId}`,
      kernel.kthreadd,
    );
    if (task === undefined) return false;
    this.#nextId++;
    this.#nrWorkers++;
    worker.task = task;
    task.worker = worker;
    // Counted as idle from now on: it will be when it first runs.
    this.#idle.push(worker);
    return true;
  }

  insert(work: WorkStruct): void {
    this.worklist.push(work);
    this.kick();
  }

  /** Wakes an idle worker if there is work that nobody is about to do (kick_pool). */
  kick(): void {
    if (this.worklist.length === 0 || this.nrRunning > 0) return;
    const task = this.#idle.at(-1)?.task;
    if (task !== undefined) this.#kernel.wake_up_process(task);
  }

  workerSleeps(): void {
    this.nrRunning--;
    this.kick();
  }

  /** process_one_work. */
  *process(worker: Worker, work: WorkStruct): Wait<void> {
    const kernel = this.#kernel;
    // Never on two workers at once: it follows where it runs already.
    if (work.runningOn !== undefined && work.runningOn !== worker) {
      work.runningOn.scheduled.push(work);
      return;
    }
    const { wq } = work;
    worker.current = work;
    work.runningOn = worker;
    work.isPending = false;
    const tracepoint = kernel.tracepoints.workqueue_execute_start;
    if (tracepoint.isEnabled) tracepoint.emit(wq?.name ?? "", work.name);
    const running = work.fn(work);
    if (running !== undefined) yield* running;
    worker.current = undefined;
    work.runningOn = undefined;
    work.settle();
    wq?.workDone(work);
    yield* kernel.cond_resched();
  }

  /** process_scheduled_works. */
  *processScheduled(worker: Worker): Wait<void> {
    for (;;) {
      const work = worker.scheduled.shift();
      if (work === undefined) return;
      yield* this.process(worker, work);
    }
  }

  *#workerThread(worker: Worker): Wait<void> {
    const kernel = this.#kernel;
    const task = kernel.current;
    for (;;) {
      this.#idle.splice(this.#idle.indexOf(worker), 1);
      // Somebody must stay to take over should this worker's work sleep.
      if (this.worklist.length > 0 && this.#idle.length === 0) yield* this.#manage();
      this.nrRunning++;
      while (this.nrRunning <= 1) {
        const work = this.worklist.shift();
        if (work === undefined) break;
        yield* this.process(worker, work);
        yield* this.processScheduled(worker);
      }
      this.nrRunning--;
      if (this.#idle.length >= IDLE_WORKERS_MAX) {
        this.#nrWorkers--;
        return;
      }
      this.#idle.push(worker);
      // Work that came while we were counted as running has woken nobody.
      if (this.worklist.length > 0 && this.nrRunning === 0) continue;
      task.state = TASK_UNINTERRUPTIBLE;
      yield* kernel.schedule("worker_thread");
    }
  }

  /** maybe_create_worker: until there is an idle worker. The rescuers are called when that takes long. */
  *#manage(): Wait<void> {
    const kernel = this.#kernel;
    if (this.#isManaged) return;
    this.#isManaged = true;
    if (!this.createWorker()) {
      const mayday = kernel.msecs_to_jiffies(MAYDAY_INITIAL_TIMEOUT_MS);
      kernel.mod_timer(this.#maydayTimer, kernel.jiffies + mayday);
      for (;;) {
        kernel.current.state = TASK_INTERRUPTIBLE;
        yield* kernel.schedule_timeout(
          kernel.msecs_to_jiffies(CREATE_COOLDOWN_MS),
          "maybe_create_worker",
        );
        if (this.worklist.length === 0 || this.createWorker()) break;
      }
      kernel.del_timer(this.#maydayTimer);
    }
    this.#isManaged = false;
  }

  /** pool_mayday_timeout: calls the rescuer of every queue that has work here. */
  #mayday(): void {
    for (const work of this.worklist) work.wq?.callRescuer();
    const again = this.#kernel.msecs_to_jiffies(MAYDAY_INITIAL_TIMEOUT_MS);
    this.#kernel.mod_timer(this.#maydayTimer, this.#kernel.jiffies + again);
  }
}

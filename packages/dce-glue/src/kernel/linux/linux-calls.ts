import { nanoseconds, type Task, type TaskManager } from "@dcejs/core-sched";
import type { HostTask, LinuxKernel, OnDone } from "@dcejs/linux";
import { type Blocked, Errno } from "@dcejs/lkl-kernel";
import type { SimTask } from "../kernel-objects.ts";
import type { LinuxNamespace } from "./linux-namespace.ts";
import type { LinuxSocket } from "./linux-socket.ts";
import { NR } from "./linux-syscall-numbers.ts";
import { type Finish, LinuxTask } from "./linux-task.ts";

/** What LinuxCalls asks of its surroundings. */
export interface LinuxCallsOptions {
  /** Parks tasks; without it no call may sleep. */
  readonly manager: TaskManager | undefined;
  readonly kernel: LinuxKernel;
  /** @dcejs/linux's BLOCKED */
  readonly blocked: number;
  /** The current task as the kernel knows it; undefined in event context. */
  readonly currentTask: () => SimTask | undefined;
  /** Where the node is one of several in this kernel. */
  readonly namespace?: LinuxNamespace | undefined;
}

const MAKES_SOCKET: ReadonlySet<number> = new Set([NR.socket, NR.accept4]);

/**
 * System calls of the simulator's tasks. A call that sleeps parks the task that made it and nobody else. In event
 * context pid 1 makes the call, which then must not sleep.
 */
export class LinuxCalls {
  readonly kernel: LinuxKernel;
  readonly manager: TaskManager | undefined;
  readonly #options: LinuxCallsOptions;
  readonly #service: LinuxTask;
  /** That are open. */
  readonly sockets: Set<LinuxSocket> = new Set<LinuxSocket>();
  readonly #live = new Set<LinuxTask>();
  /** Those of threads that were there when a kernel before this one was halted. */
  readonly #revived = new Map<LinuxTask, LinuxTask>();
  /** Host tasks for calls that nobody waits for. */
  readonly #servants: HostTask[] = [];
  #isOver = false;
  /** Host tasks whose threads are over: the next threads get them. */
  readonly #spares: HostTask[] = [];

  constructor(options: LinuxCallsOptions) {
    this.#options = options;
    this.kernel = options.kernel;
    this.manager = options.manager;
    const service = options.namespace?.service ?? options.kernel.host0;
    this.#service = new LinuxTask(options.kernel, service, service, 1, undefined, this.sockets);
  }

  createTask(priv: object, pid: number, waiter: Task | undefined): LinuxTask {
    const { host } = this.#service;
    const task = new LinuxTask(this.kernel, host, priv, pid, waiter, this.sockets);
    task.lacksHost = true;
    this.#giveHost(task);
    this.#live.add(task);
    return task;
  }

  /** @returns false: the kernel has no memory for it; each call of the task tries again */
  #giveHost(task: LinuxTask): boolean {
    const host = this.#spares.pop() ?? this.#newHostTask();
    if (host === undefined) return false;
    task.host = host;
    task.lacksHost = false;
    return true;
  }

  destroyTask(stated: LinuxTask): void {
    const task = this.#revived.get(stated) ?? stated;
    this.#revived.delete(stated);
    if (!this.#live.delete(task)) return;
    task.forget();
    if (task.lacksHost) return;
    if (!task.host.isInCall) {
      task.free();
      this.#spares.push(task.host);
      return;
    }
    // What a sleeping call still uses of its room stays until then. The kernel runs when it tells of it.
    this.kernel.endTask(task.host, ({ result }) => {
      this.manager?.scheduleMain(nanoseconds(0), () => this.#bury(task, result));
    });
  }

  /** The call of a task that was stopped by force is over. */
  #bury(task: LinuxTask, result: number): void {
    if (this.kernel.isOver) return;
    task.free();
    if (this.#isOver) {
      this.kernel.exitTask(task.host);
      return;
    }
    this.#spares.push(task.host);
    // Nobody else knows of the socket that it has made at the last moment.
    if (result >= 0 && MAKES_SOCKET.has(task.host.lastCall)) this.serve(NR.close, result);
  }

  /** The node's kernel is halted: its tasks go, and calls that sleep are over. */
  shutDown(): void {
    for (const task of this.#live) {
      const { waiter } = task;
      const isInCall = !task.lacksHost && task.host.isInCall;
      this.destroyTask(task);
      if (isInCall && waiter !== undefined) this.manager?.wakeup(waiter, -Errno.ESHUTDOWN);
    }
    const open = [...this.sockets];
    this.sockets.clear();
    for (const socket of open) {
      // Where others use the kernel too, it is the node's namespace that ends.
      if (this.#options.namespace !== undefined) this.detach(NR.close, socket.fd);
      socket.fd = -1;
    }
    this.#isOver = true;
    const { namespace } = this.#options;
    if (namespace === undefined) return;
    const spares = [...this.#spares.splice(0), ...this.#servants.splice(0)];
    for (const spare of spares) this.kernel.exitTask(spare);
    namespace.end((action) => this.manager?.scheduleMain(nanoseconds(0), action));
  }

  #newHostTask(): HostTask | undefined {
    const { namespace } = this.#options;
    if (namespace !== undefined) return namespace.newTask();
    return this.#newServant();
  }

  interrupt(task: LinuxTask): void {
    if (!task.lacksHost && task.host.isInCall) this.kernel.interruptTask(task.host);
  }

  /** Whose the next call is: the current task, or pid 1 in event context. */
  caller(): LinuxTask {
    const task = this.#options.currentTask();
    if (task === undefined) return this.#service;
    if (!(task instanceof LinuxTask)) throw new TypeError("not a task of this kernel");
    return task.sockets === this.sockets ? task : this.#revive(task);
  }

  /** The thread has outlived the kernel before this one. */
  #revive(task: LinuxTask): LinuxTask {
    const known = this.#revived.get(task);
    if (known !== undefined) return known;
    const made = this.createTask(task.priv, task.pid, task.waiter);
    this.#revived.set(task, made);
    return made;
  }

  /** For calls that never wait for anything, whoever makes them: files of /proc, devices, addresses. */
  get service(): LinuxTask {
    return this.#service;
  }

  /** @param finish see LinuxTask; also called when the call does not sleep */
  call(
    task: LinuxTask,
    finish: Finish | undefined,
    nr: number,
    a = 0,
    b = 0,
    c = 0,
    d = 0,
    e = 0,
    f = 0,
  ): number | Blocked {
    if (task.lacksHost && !this.#giveHost(task)) return -Errno.ENOMEM;
    const { host } = task;
    // Pid 1 is still in a call that was not to sleep.
    if (host.isInCall) return -Errno.EAGAIN;
    if (this.kernel.isOver) return -Errno.ESHUTDOWN;
    if (host.euid !== task.euid || host.egid !== task.egid) this.#takeCredentials(task);
    const result = this.kernel.sys(host, nr, a, b, c, d, e, f);
    if (result !== this.#options.blocked) {
      const finished = finish === undefined ? result : finish(task, result);
      task.forget();
      return finished;
    }
    task.finish = finish;
    const { manager } = this;
    if (task.waiter === undefined || manager === undefined) {
      host.onDone = undefined;
      task.forget();
      return -Errno.EAGAIN;
    }
    host.onDone = this.#onDone(task);
    return manager.sleep("linux");
  }

  /**
   * The process has changed its user, or another process has got this host task. Real and saved ids stay root's, so
   * that the kernel lets the task change back.
   */
  #takeCredentials({ host, euid, egid }: LinuxTask): void {
    this.kernel.sys(host, NR.setresuid, -1, 0, -1);
    this.kernel.sys(host, NR.setresgid, -1, egid, -1);
    this.kernel.sys(host, NR.setresuid, -1, euid, -1);
    host.euid = euid;
    host.egid = egid;
  }

  /** A call of pid 1, from any context. @returns -EAGAIN if it would have to wait */
  serve(nr: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): number {
    const result = this.call(this.#service, undefined, nr, a, b, c, d, e, f);
    return typeof result === "number" ? result : -Errno.EAGAIN;
  }

  /** A call that nobody waits for, and that may take its time: on a host task of its own. */
  detach(nr: number, a: number): void {
    if (this.kernel.isOver) return;
    const host = this.#servants.pop() ?? this.#newServant();
    if (host === undefined) {
      // Pid 1 is in the middle of something, which it will have done at this instant.
      this.manager?.scheduleMain(nanoseconds(0), () => this.detach(nr, a));
      return;
    }
    host.onDone = this.#isFree;
    if (this.kernel.sys(host, nr, a) !== this.#options.blocked) this.#servants.push(host);
  }

  #newServant(): HostTask | undefined {
    if (this.kernel.isOver || this.kernel.host0.isInCall) return undefined;
    const host = this.kernel.newTask(false);
    return typeof host === "number" ? undefined : host;
  }

  /** From inside the kernel's run. */
  readonly #isFree = (_result: number, host: HostTask): void => {
    if (this.#isOver) this.manager?.scheduleMain(nanoseconds(0), () => this.kernel.exitTask(host));
    else this.#servants.push(host);
  };

  /** Made once for each task. */
  #onDone(task: LinuxTask): OnDone {
    task.onDone ??= (result) => {
      const { finish, waiter } = task;
      const finished = finish === undefined ? result : finish(task, result);
      task.forget();
      if (waiter !== undefined) this.manager?.wakeup(waiter, finished);
    };
    return task.onDone;
  }
}

import type { Wait } from "./blocked.ts";
import { LklCpu } from "./cpu.ts";
import { Errno } from "./errno.ts";
import { HostTasks } from "./host-tasks.ts";
import { validateHostOperations } from "./host-operations.ts";
import type { LklHostOperations } from "./host-operations.ts";
import { HrTimerBase } from "./hrtimer.ts";
import type { Initcall } from "./initcall.ts";
import { IrqController } from "./irq.ts";
import { KernelCalls } from "./kernel-calls.ts";
import { MAX_THREADS } from "./limits.ts";
import { NO_HOST } from "./no-host.ts";
import { KernelHaltedError } from "./panic.ts";
import { KERN_ERR, PrintkLog } from "./printk.ts";
import { Sched } from "./sched.ts";
import { Setup } from "./setup.ts";
import { Softirq } from "./softirq.ts";
import { SyscallNumber } from "./syscall-numbers.ts";
import { Syscalls } from "./syscalls.ts";
import type { SyscallFunction } from "./syscalls.ts";
import { TASK_RUNNING, TaskStruct } from "./task.ts";
import { TaskletLists } from "./tasklet.ts";
import { Threads } from "./threads.ts";
import { Tick } from "./time.ts";
import type { Hz } from "./time.ts";
import { TimerBase } from "./timer.ts";
import type { Tracepoint } from "./tracepoint.ts";
import { SILENT_TRACEPOINTS, makeTracepoints } from "./tracepoints.ts";
import type { KernelTracepoints } from "./tracepoints.ts";
import { Workqueues } from "./workqueue.ts";

export interface LklKernelOptions {
  /** uname's nodename, and the first part of its host threads' names. @default "lkl" */
  readonly name?: string;
  /** Jiffies in a second. @default 1000 */
  readonly hz?: Hz;
  readonly initcalls?: readonly Initcall[];
  /** Unsigned 32-bit random numbers. @default a fixed sequence, the same in every kernel */
  readonly random?: () => number;
  /** Wall clock at host time 0, nanoseconds since 1970. @default 0 */
  readonly wallClockBase?: number;
  /** Makes tracepoints of the host's tracer. @default none */
  readonly tracepoint?: (name: string) => Tracepoint;
}

/**
 * One Linux kernel as a library (LKL), as an object: nothing is shared between two of them.
 *
 * Its host hands in {@link LklHostOperations}; see the package's README for a whole example. The
 * members named lkl_* may be called from host threads; the others from kernel code only, that is
 * between host_task_enter and host_task_exit, in kernel threads, interrupts, softirqs and timers.
 */
export class LklKernel extends KernelCalls {
  readonly name: string;
  readonly HZ: number;
  /** What uname and /proc/version call it. */
  readonly release: string = "6.12.0-dcejs";
  readonly tracepoints: KernelTracepoints;
  readonly random_u32: () => number;
  readonly wallClockBase: number;
  readonly setup: Setup;
  readonly syscalls: Syscalls;
  /** The host, between lkl_init and lkl_cleanup; before and after, operations that all fail. */
  ops: LklHostOperations = NO_HOST;
  /** Everything after `lkl_start_kernel`'s and the host's part. */
  cmdline = "";
  /** Host time at which the kernel was started. */
  bootTime = 0;

  // What a boot begins with, made anew by lkl_init.
  cpu: LklCpu;
  softirq: Softirq;
  irq: IrqController;
  log: PrintkLog;
  sched: Sched;
  threads: Threads;
  hostTasks: HostTasks;
  timers: TimerBase;
  hrtimers: HrTimerBase;
  tick: Tick;
  tasklets: TaskletLists;
  workqueues: Workqueues;
  /** init_task, pid 0: swapper. */
  initTask: TaskStruct;
  /** Whose code runs; in interrupts, whose was interrupted. */
  current: TaskStruct;
  kthreadd: TaskStruct;

  constructor(options: LklKernelOptions = {}) {
    super();
    this.name = options.name ?? "lkl";
    this.HZ = options.hz ?? 1000;
    this.wallClockBase = options.wallClockBase ?? 0;
    this.random_u32 = options.random ?? fixedRandom();
    const { tracepoint } = options;
    this.tracepoints = tracepoint === undefined ? SILENT_TRACEPOINTS : makeTracepoints(tracepoint);
    this.setup = new Setup(this, options.initcalls ?? []);
    this.syscalls = new Syscalls(this);
    // The order matters where one registers with another.
    this.cpu = new LklCpu(this);
    this.softirq = new Softirq(this);
    this.irq = new IrqController(this);
    this.log = new PrintkLog(this);
    this.sched = new Sched(this);
    this.threads = new Threads(this);
    this.hostTasks = new HostTasks(this);
    this.timers = new TimerBase(this);
    this.hrtimers = new HrTimerBase(this);
    this.tick = new Tick(this);
    this.tasklets = new TaskletLists(this);
    this.workqueues = new Workqueues(this);
    this.initTask = makeInitTask(this);
    this.current = this.initTask;
    this.kthreadd = this.initTask;
  }

  // ---- Life cycle

  /**
   * First of all calls, and first again after lkl_cleanup.
   * @returns 0; -EINVAL: operations are missing, named in dmesg(); -EBUSY: initialized already
   */
  lkl_init(ops: LklHostOperations): number {
    if (this.setup.state !== "uninitialized") return -Errno.EBUSY;
    const missing = validateHostOperations(ops);
    this.log = new PrintkLog(this);
    if (missing.length > 0) {
      this.printk(KERN_ERR, `lkl_init: host operations are missing: ${missing.join(", ")}`);
      return -Errno.EINVAL;
    }
    this.ops = ops;
    this.hasTime = ops.time !== undefined;
    this.#reset();
    this.setup.state = "initialized";
    return 0;
  }

  /**
   * Boots. The calling host thread becomes host0, pid 1.
   * @returns 0; -EINVAL before lkl_init; -EBUSY when booted already; -ENOMEM
   */
  lkl_start_kernel(cmdline: string): Wait {
    const devices = this.ops.virtio_devices;
    this.cmdline = devices === undefined ? cmdline : `${cmdline} ${devices}`;
    this.bootTime = this.ktime_get();
    return this.setup.start(this.cmdline);
  }

  lkl_is_running(): boolean {
    return this.setup.state === "running";
  }

  /**
   * Stops the kernel: its threads end, its timers go, system calls that sleep return -ESHUTDOWN, and
   * from now on all others fail. @returns 0; -ESHUTDOWN when it does not run
   */
  lkl_sys_halt(): Wait {
    return this.setup.halt();
  }

  /** After lkl_sys_halt: forgets the host. dmesg() still answers. */
  lkl_cleanup(): void {
    if (this.setup.state === "running" || this.setup.state === "booting") {
      this.bug("lkl_cleanup: the kernel is running");
    }
    this.setup.state = "uninitialized";
    this.net = undefined;
    this.hasTime = false;
    this.ops = NO_HOST;
  }

  // ---- Entering from host threads

  /**
   * A system call in the task of the calling host thread. Structures are objects with Linux's field
   * names. @returns its result, a negative errno, or a negative number after the kernel was halted
   */
  lkl_syscall(no: number, params: readonly unknown[]): number | Wait {
    const entered =
      no === SyscallNumber.new_thread_group_leader
        ? this.hostTasks.enter(true)
        : this.host_task_enter();
    if (typeof entered !== "number") return this.#syscallSlowly(entered, no, params);
    if (entered < 0) return entered;
    const result = this.syscalls.run(no, params);
    if (typeof result !== "number") return this.#syscallBlocked(no, result);
    return this.#leaveSyscall(no, result);
  }

  /** Runs kernel code in the task of the calling host thread. `fn` may sleep. */
  lkl_run_as_host_task(fn: (arg: unknown) => number | Wait, arg: unknown): number | Wait {
    const entered = this.host_task_enter();
    if (typeof entered !== "number") return this.#runSlowly(entered, fn, arg);
    if (entered < 0) return entered;
    const result = fn(arg);
    if (typeof result !== "number") return this.#runBlocked(result);
    return this.host_task_exit(result);
  }

  /**
   * Enters the kernel as the task of the calling host thread, which is made at the first time.
   * Pairs with host_task_exit; pairs nest. Costs no memory when the cpu is free and was last used by
   * this thread.
   * @returns 0, negative when the kernel does not run, or a wait for the cpu
   */
  host_task_enter(): number | Wait {
    const self = this.ops.thread_self();
    const { cpu } = this;
    if (this.current.hostThread === self && cpu.shutdown_gate < MAX_THREADS) {
      if (cpu.owner === 0) {
        cpu.owner = self;
        cpu.count = 1;
        return 0;
      }
      if (cpu.owner === self) {
        cpu.count++;
        return 0;
      }
    }
    return this.hostTasks.enter(false);
  }

  /** Leaves: pending interrupts and softirqs run, the cpu is given away. Never waits. @returns `result` */
  host_task_exit(result: number): number {
    // An inner pair leaves them to the outer one: they never run in the middle of a system call.
    if (this.softirq.pending !== 0 && this.cpu.count === 1) this.softirq.runIfAllowed();
    this.cpu.put();
    return result;
  }

  /**
   * The host has ended a thread without running its TLS destructors: its task goes. From any other
   * thread and from the event loop. @returns true if the thread had a task
   */
  lkl_thread_ended(thread: number): boolean {
    return this.hostTasks.threadEnded(thread);
  }

  // ---- Interrupts

  /**
   * Raises an interrupt, from any host thread and from the host's event loop. Its handler and the
   * softirqs that follow run at once when the cpu is free, else when the owner lets go.
   * @returns 1 it ran, 0 it is pending, -EINVAL no such line, other negative: the kernel does not run
   */
  lkl_trigger_irq(irq: number): number {
    return this.irq.trigger(irq);
  }

  /** @returns a free line, at least 1, or -EBUSY. Possible before the boot. */
  lkl_get_free_irq(name: string): number {
    return this.irq.getFree(name);
  }

  lkl_put_irq(irq: number, name: string): void {
    this.irq.putFree(irq, name);
  }

  /**
   * Interrupts the call that a task sleeps in, from any host thread and from the event loop: what
   * signal_wake_up is inside of the kernel. @returns true if it was asleep and is no more
   */
  lkl_signal_task(task: TaskStruct, isFatal = false): boolean {
    const entered = this.cpu.tryGet(1);
    this.cpu.unget(1);
    if (entered < 0) return false;
    const isWoken = this.signal_wake_up(task, isFatal);
    // When the cpu is somebody else's, the task runs as soon as that one lets go.
    if (entered > 0) this.cpu.put();
    return isWoken;
  }

  // ---- System calls

  syscall_define(no: number, name: string, fn: SyscallFunction): void {
    this.syscalls.define(no, name, fn);
  }

  /** Calls so far, by name. */
  get syscallCounts(): ReadonlyMap<string, number> {
    return this.syscalls.counts;
  }

  *#syscallSlowly(entering: Wait, no: number, params: readonly unknown[]): Wait {
    try {
      const entered = yield* entering;
      if (entered < 0) return entered;
      const result = this.syscalls.run(no, params);
      return this.#leaveSyscall(no, typeof result === "number" ? result : yield* result);
    } catch (error) {
      return shutdownErrno(error);
    }
  }

  *#syscallBlocked(no: number, running: Wait): Wait {
    try {
      return this.#leaveSyscall(no, yield* running);
    } catch (error) {
      return shutdownErrno(error);
    }
  }

  #leaveSyscall(no: number, result: number): number {
    const { sys_exit: tracepoint } = this.tracepoints;
    if (tracepoint.isEnabled) tracepoint.emit(no, result);
    if (no !== SyscallNumber.reboot || result < 0) return this.host_task_exit(result);
    // The cpu is handed on, not put: nobody may enter from here on.
    this.threads.schedJb();
    return result;
  }

  *#runSlowly(entering: Wait, fn: (arg: unknown) => number | Wait, arg: unknown): Wait {
    try {
      const entered = yield* entering;
      if (entered < 0) return entered;
      const result = fn(arg);
      return this.host_task_exit(typeof result === "number" ? result : yield* result);
    } catch (error) {
      return shutdownErrno(error);
    }
  }

  *#runBlocked(running: Wait): Wait {
    try {
      return this.host_task_exit(yield* running);
    } catch (error) {
      return shutdownErrno(error);
    }
  }

  #reset(): void {
    this.cpu = new LklCpu(this);
    this.softirq = new Softirq(this);
    this.irq = new IrqController(this);
    this.sched = new Sched(this);
    this.threads = new Threads(this);
    this.hostTasks = new HostTasks(this);
    this.timers = new TimerBase(this);
    this.hrtimers = new HrTimerBase(this);
    this.tick = new Tick(this);
    this.tasklets = new TaskletLists(this);
    this.workqueues = new Workqueues(this);
    this.initTask = makeInitTask(this);
    this.current = this.initTask;
    this.kthreadd = this.initTask;
  }
}

/** What a call returns that slept when the kernel halted: it is outside of the kernel already. */
function shutdownErrno(error: unknown): number {
  if (error instanceof KernelHaltedError) return -Errno.ESHUTDOWN;
  throw error;
}

function makeInitTask(kernel: LklKernel): TaskStruct {
  const task = new TaskStruct(kernel, {
    pid: 0,
    tgid: 0,
    ppid: 0,
    comm: "swapper/0",
    fs: { umask: 0o022 },
    cred: { uid: 0, gid: 0, euid: 0, egid: 0 },
  });
  task.state = TASK_RUNNING;
  return task;
}

/** splitmix32 from 0: for kernels whose host gives them no random numbers. */
function fixedRandom(): () => number {
  let state = 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

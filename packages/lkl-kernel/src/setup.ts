import type { Wait } from "./blocked.ts";
import { parseCommandLine } from "./cmdline.ts";
import type { BootParameters } from "./cmdline.ts";
import { Errno } from "./errno.ts";
import type { LklSem } from "./host-operations.ts";
import { INITCALL_LEVELS } from "./initcall.ts";
import type { Initcall } from "./initcall.ts";
import type { LklKernel } from "./kernel.ts";
import { KERN_INFO, KERN_NOTICE, KERN_WARNING } from "./printk.ts";
import {
  LINUX_REBOOT_CMD_RESTART,
  LINUX_REBOOT_MAGIC1,
  LINUX_REBOOT_MAGIC2,
} from "./sys-reboot.ts";
import { SyscallNumber } from "./syscall-numbers.ts";
import { TASK_RUNNING, TASK_UNINTERRUPTIBLE } from "./task.ts";

/** From lkl_init to lkl_cleanup. */
export type KernelState = "uninitialized" | "initialized" | "booting" | "running" | "halted";

/** Boot and halt: arch/lkl/kernel/setup.c and the parts of init/main.c that are left. */
export class Setup {
  readonly #kernel: LklKernel;
  readonly #initcalls: readonly Initcall[];
  state: KernelState = "uninitialized";
  boot: BootParameters = parseCommandLine("");
  #bootThread = 0;
  #initSem: LklSem | undefined = undefined;
  /** Where swapper waits for an interrupt while there is no idle_host_task yet. */
  #bootIdleSem: LklSem | undefined = undefined;
  #isBootIdle = false;

  constructor(kernel: LklKernel, initcalls: readonly Initcall[]) {
    this.#kernel = kernel;
    this.#initcalls = initcalls;
  }

  /** lkl_start_kernel. */
  *start(cmdline: string): Wait {
    if (this.state !== "initialized") {
      return this.state === "uninitialized" ? -Errno.EINVAL : -Errno.EBUSY;
    }
    const kernel = this.#kernel;
    const { ops } = kernel;
    this.boot = parseCommandLine(cmdline);
    this.#initSem = ops.sem_alloc(0);
    this.#bootIdleSem = ops.sem_alloc(0);
    kernel.initTask.schedSem = ops.sem_alloc(0);
    const hasSems = this.#initSem !== undefined && this.#bootIdleSem !== undefined;
    if (!hasSems || kernel.initTask.schedSem === undefined || !kernel.cpu.init()) {
      return this.#bootFailed();
    }
    this.state = "booting";
    this.#bootThread = ops.thread_create(
      () => this.#runKernel(),
      undefined,
      `${kernel.name}:swapper/0`,
    );
    if (this.#bootThread === 0) return this.#bootFailed();
    const handle = this.#initSem === undefined ? undefined : ops.sem_down(this.#initSem);
    if (handle !== undefined) yield handle;
    this.#freeBootSems();
    // This host thread takes pid 1's place; the thread that ran it so far has ended with the cpu
    // still owned.
    const self = ops.thread_self();
    kernel.current.tid = self;
    kernel.cpu.changeOwner(self);
    this.state = "running";
    kernel.cpu.put();
    return 0;
  }

  /** lkl_sys_halt. */
  *halt(): Wait {
    const kernel = this.#kernel;
    if (this.state !== "running") return -Errno.ESHUTDOWN;
    // CMD_RESTART: CMD_HALT would end the calling task.
    const rebooted = kernel.lkl_syscall(SyscallNumber.reboot, [
      LINUX_REBOOT_MAGIC1,
      LINUX_REBOOT_MAGIC2,
      LINUX_REBOOT_CMD_RESTART,
    ]);
    const result = typeof rebooted === "number" ? rebooted : yield* rebooted;
    if (result < 0) return result;
    this.state = "halted";
    yield* kernel.cpu.waitShutdown();
    yield* kernel.hostTasks.cleanup();
    yield* this.#cleanupThreads();
    kernel.tick.shutdown();
    const joined = kernel.ops.thread_join(this.#bootThread);
    if (typeof joined !== "number") yield joined;
    const { initTask } = kernel;
    if (initTask.schedSem !== undefined) kernel.ops.sem_free(initTask.schedSem);
    initTask.schedSem = undefined;
    return 0;
  }

  /** An interrupt became pending: swapper must look, if it sleeps for want of idle_host_task. */
  wakeBootIdle(): void {
    if (!this.#isBootIdle || this.#bootIdleSem === undefined) return;
    this.#isBootIdle = false;
    this.#kernel.ops.sem_up(this.#bootIdleSem);
  }

  /** lkl_run_kernel: the boot thread, start_kernel, rest_init, and then swapper for ever. */
  *#runKernel(): Wait<void> {
    const kernel = this.#kernel;
    const { initTask } = kernel;
    initTask.tid = kernel.ops.thread_self();
    initTask.state = TASK_RUNNING;
    const got = kernel.cpu.get();
    if (typeof got !== "number") yield* got;
    kernel.log.setLoglevel(this.boot.loglevel, this.boot.isQuiet);
    kernel.printk(KERN_NOTICE, `Linux version ${kernel.release} (dcejs) #1`);
    kernel.printk(KERN_NOTICE, `Kernel command line: ${kernel.cmdline}`);
    kernel.printk(KERN_INFO, `Memory: ${this.boot.memBytes / 1024}K`);
    kernel.tick.init();
    kernel.spawn(() => this.#kernelInit(), "init", initTask);
    kernel.kthreadd = kernel.spawn(() => this.#kthreadd(), "kthreadd", initTask);
    yield* this.#idle();
  }

  /** do_idle. */
  *#idle(): Wait<void> {
    const kernel = this.#kernel;
    const { cpu, sched, initTask } = kernel;
    for (;;) {
      kernel.letInterruptsIn();
      if (sched.isSingleTaskRunning) {
        // arch_cpu_idle.
        if (cpu.isShuttingDown) {
          yield* cpu.finishShutdown();
          return;
        }
        const { idleHostTask } = kernel.hostTasks;
        if (idleHostTask === undefined) {
          yield* this.#waitForInterrupt();
          continue;
        }
        kernel.wake_up_process(idleHostTask);
      }
      const handle = sched.schedule();
      if (handle !== undefined) yield* sched.park(initTask, handle);
    }
  }

  *#waitForInterrupt(): Wait<void> {
    if (this.#bootIdleSem === undefined) return;
    this.#isBootIdle = true;
    const handle = this.#kernel.ops.sem_down(this.#bootIdleSem);
    if (handle !== undefined) yield handle;
    this.#isBootIdle = false;
  }

  /** kernel_init, pid 1: everything that may sleep while booting, then lkl_run_init. */
  *#kernelInit(): Wait<void> {
    const kernel = this.#kernel;
    kernel.softirq.spawnKsoftirqd();
    kernel.workqueues.init();
    for (const level of INITCALL_LEVELS) {
      for (const initcall of this.#initcalls) {
        if (initcall.level !== level) continue;
        if (this.boot.isInitcallDebug) kernel.printk(KERN_INFO, `calling  ${initcall.name}`);
        const running = initcall.run(kernel);
        if (running !== undefined) yield* running;
      }
    }
    kernel.printk(KERN_INFO, "Run /init as init process");
    kernel.hostTasks.init();
    if (this.#initSem !== undefined) kernel.ops.sem_up(this.#initSem);
    // The host thread ends here. pid 1 lives on as host0, and the cpu stays owned.
  }

  /** kthreadd, pid 2: the parent of kernel threads. They are made by whoever wants one. */
  *#kthreadd(): Wait<void> {
    const kernel = this.#kernel;
    for (;;) {
      kernel.current.state = TASK_UNINTERRUPTIBLE;
      yield* kernel.schedule("kthreadd");
    }
  }

  /** threads_cleanup: ends the kernel threads, and turns out host threads that sleep in a call. */
  *#cleanupThreads(): Wait<void> {
    const kernel = this.#kernel;
    const { threads, ops } = kernel;
    for (const task of threads.tasks.values()) {
      if (task === kernel.initTask) continue;
      if (!task.isHostTask) {
        yield* threads.kill(task);
        continue;
      }
      if (task.wchan !== "" && task.schedSem !== undefined) {
        kernel.printk(
          KERN_WARNING,
          `non kernel thread task ${task.comm}/${task.pid} sleeps in ${task.wchan}`,
        );
        task.isDead = true;
        const unwound = ops.sem_alloc(0);
        kernel.sched.unwound = unwound;
        ops.sem_up(task.schedSem);
        // It unwinds in one go: when this semaphore wakes us it has left the kernel.
        const handle = unwound === undefined ? undefined : ops.sem_down(unwound);
        if (handle !== undefined) yield handle;
        if (unwound !== undefined) ops.sem_free(unwound);
        kernel.sched.unwound = undefined;
      }
      threads.release(task);
    }
  }

  #bootFailed(): number {
    const kernel = this.#kernel;
    kernel.cpu.cleanup();
    this.#freeBootSems();
    if (kernel.initTask.schedSem !== undefined) kernel.ops.sem_free(kernel.initTask.schedSem);
    kernel.initTask.schedSem = undefined;
    this.state = "initialized";
    return -Errno.ENOMEM;
  }

  #freeBootSems(): void {
    const { ops } = this.#kernel;
    if (this.#initSem !== undefined) ops.sem_free(this.#initSem);
    if (this.#bootIdleSem !== undefined) ops.sem_free(this.#bootIdleSem);
    this.#initSem = undefined;
    this.#bootIdleSem = undefined;
  }
}

import type { Blocked, TaskManager, Wait, WaitDescription } from "@dcejs/core-sched";
import { Errno, KernelHaltedError, type LklKernel, type TaskStruct } from "@dcejs/lkl-kernel";
import type { SimTask } from "../kernel-objects.ts";

/** A task of the simulator as the emulated kernel knows it. */
export class EmulatedTask {
  readonly priv: object;
  readonly pid: number;
  /** The kernel task of the call that it is blocked in. */
  blockedIn: TaskStruct | undefined = undefined;

  constructor(priv: object, pid: number) {
    this.priv = priv;
    this.pid = pid;
  }
}

/** Kernel code behind a field of KernelHandle. Functions of the module, so that a call makes no closure. */
export type KernelFunction<A, B, C, D> = (a: A, b: B, c: C, d: D) => number | Wait;
export type PlainFunction<A, B, C, D> = (a: A, b: B, c: C, d: D) => number;

/** What the event loop asks of a kernel whose cpu may be free or not. */
interface EventCall {
  run(): void;
  isDone: boolean;
}

/**
 * DCE's forwarders: every call of KernelHandle enters the kernel as LKL's system calls do (the cpu
 * lock, the host task of the calling thread, jiffies up to date), and leaves it with pending
 * interrupts and softirqs run. A call that does not block costs no memory.
 */
export class Forwarders {
  readonly kernel: LklKernel;
  readonly #manager: TaskManager;
  readonly #currentSimTask: () => SimTask | undefined;
  #irq = 0;
  #eventCall: EventCall | undefined;

  constructor(kernel: LklKernel, manager: TaskManager, currentSimTask: () => SimTask | undefined) {
    this.kernel = kernel;
    this.#manager = manager;
    this.#currentSimTask = currentSimTask;
  }

  /** The interrupt by which the event loop gets in. To be called when the kernel has booted. */
  requestIrq(): number {
    this.#irq = this.kernel.lkl_get_free_irq("dce");
    if (this.#irq < 0) return this.#irq;
    return this.kernel.request_irq(this.#irq, "dce", () => this.#runEventCall());
  }

  /** A call that may sleep: in a task it may return the task's Blocked handle, elsewhere it fails with -EAGAIN instead. */
  forward<A, B, C, D>(fn: KernelFunction<A, B, C, D>, a: A, b: B, c: C, d: D): number | Blocked {
    const { kernel } = this;
    if (!kernel.lkl_is_running()) return this.#notRunning();
    if (this.#manager.currentTask() === undefined) {
      return this.inEventContext(() => neverWaits(fn(a, b, c, d)));
    }
    const entered = kernel.host_task_enter();
    if (entered === 0) {
      const result = fn(a, b, c, d);
      if (typeof result === "number") return kernel.host_task_exit(result);
      return this.#manager.enter(this.#running(result));
    }
    if (typeof entered === "number") return entered;
    return this.#manager.enter(this.#entering(entered, fn, a, b, c, d));
  }

  /**
   * A call that never sleeps, from any context: as the current task where that costs nothing, else
   * as an interrupt. While a kernel thread is about to run on the cpu, the call goes first: nothing
   * of that thread has run yet.
   */
  now<A, B, C, D>(fn: PlainFunction<A, B, C, D>, a: A, b: B, c: C, d: D): number {
    const { kernel } = this;
    if (!kernel.lkl_is_running()) return this.#notRunning();
    const self = kernel.ops.thread_self();
    const { cpu } = kernel;
    if (kernel.current.hostThread === self && (cpu.owner === 0 || cpu.owner === self)) {
      if (kernel.host_task_enter() === 0) return kernel.host_task_exit(fn(a, b, c, d));
    }
    return this.inEventContext(() => fn(a, b, c, d));
  }

  /** As {@link now}, for what is no number. The kernel must run. */
  inEventContext<T>(fn: () => T): T {
    let value: { readonly result: T } | undefined;
    const call: EventCall = {
      run: () => {
        value = { result: fn() };
      },
      isDone: false,
    };
    const outer = this.#eventCall;
    this.#eventCall = call;
    this.kernel.lkl_trigger_irq(this.#irq);
    // The cpu is taken: the interrupt stays pending, and runs the softirqs that this call raises.
    this.#runEventCall();
    this.#eventCall = outer;
    if (value === undefined) throw new Error("an event call has no result");
    return value.result;
  }

  /** KernelHandle.task_interrupt */
  interrupt(task: EmulatedTask): void {
    const struct = task.blockedIn;
    if (struct === undefined) return;
    this.inEventContext(() => this.kernel.signal_wake_up(struct));
  }

  /** KernelHandle.thread_ended */
  threadEnded(thread: number): void {
    if (this.kernel.lkl_is_running()) this.kernel.lkl_thread_ended(thread);
  }

  #runEventCall(): void {
    const call = this.#eventCall;
    if (call === undefined || call.isDone) return;
    call.isDone = true;
    call.run();
  }

  #notRunning(): number {
    return this.#irq === 0 ? -Errno.EAGAIN : -Errno.ESHUTDOWN;
  }

  /** A call that is in the kernel and sleeps. */
  *#running(running: Wait): Wait {
    const { kernel } = this;
    const task = this.#currentSimTask();
    const struct = kernel.current;
    if (task instanceof EmulatedTask) task.blockedIn = struct;
    const hostTask = this.#manager.currentTask();
    const describeWait = hostTask?.describeWait;
    if (hostTask !== undefined) hostTask.describeWait = () => describe(struct, describeWait?.());
    try {
      return kernel.host_task_exit(yield* running);
    } catch (error) {
      if (error instanceof KernelHaltedError) return -Errno.ESHUTDOWN;
      throw error;
    } finally {
      if (task instanceof EmulatedTask) task.blockedIn = undefined;
      if (hostTask !== undefined) hostTask.describeWait = describeWait;
      kernel.flush_signals(struct);
    }
  }

  /** A call that waits for the cpu first. */
  *#entering<A, B, C, D>(
    entering: Wait,
    fn: KernelFunction<A, B, C, D>,
    a: A,
    b: B,
    c: C,
    d: D,
  ): Wait {
    const { kernel } = this;
    try {
      const entered = yield* entering;
      if (entered < 0) return entered;
    } catch (error) {
      if (error instanceof KernelHaltedError) return -Errno.ESHUTDOWN;
      throw error;
    }
    const result = fn(a, b, c, d);
    if (typeof result === "number") return kernel.host_task_exit(result);
    return yield* this.#running(result);
  }
}

/** The host's channel is the semaphore of every sleep; the kernel knows what is slept for. */
function describe(struct: TaskStruct, outer: WaitDescription | undefined): WaitDescription {
  const { wchan } = struct;
  if (outer === undefined) return { waitChannel: wchan, wakers: "" };
  return { ...outer, waitChannel: outer.waitChannel.replace("sem_down", wchan) };
}

/** What would sleep gives up before it has begun. */
function neverWaits(result: number | Wait): number {
  if (typeof result === "number") return result;
  result.return(0);
  return -Errno.EAGAIN;
}

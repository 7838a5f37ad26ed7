import type { LklHostOperations, LklSem, LklTimer, Wait } from "@dcejs/lkl-kernel";
import { validateHostOperations } from "@dcejs/lkl-kernel";
import { BLOCKED } from "./cpu.ts";
import { LinuxStoppedError } from "./errors.ts";
import { DEFAULT_MEMORY, LinuxKernel, type NetworkHost } from "./linux-kernel.ts";
import { type LklThread, LklThreads } from "./lkl-threads.ts";
import { WASM_PAGE_SIZE } from "./machine.ts";
import { makeStacks, type StacksKind } from "./make-stacks.ts";

const EINVAL = 22;
const EBUSY = 16;
const ENOMEM = 12;
const ESHUTDOWN = 108;

const NR_REBOOT = 142;
const LINUX_REBOOT_MAGIC1 = 0xfee1_dead;
const LINUX_REBOOT_MAGIC2 = 672_274_793;
const LINUX_REBOOT_CMD_POWER_OFF = 0x4321_fedc;

export interface LklLinuxOptions {
  /** A {@link LinuxImage}'s. */
  readonly module: WebAssembly.Module;
  /** For messages. @default "lkl" */
  readonly name?: string;
  /** Octets of memory, unless the command line says mem=. @default 6 MB */
  readonly memory?: number;
  /** Unsigned 32-bit random numbers. @default a fixed sequence, the same in every kernel */
  readonly random?: () => number;
  /** Wall clock at host time 0, nanoseconds since 1970. @default 0 */
  readonly wallClockBase?: number;
  readonly network?: NetworkHost;
  /** @default what chooseStacks() was asked for */
  readonly stacks?: StacksKind;
}

type State = "uninitialized" | "initialized" | "booting" | "running" | "halted";

/**
 * Real Linux under LKL's names, for hosts that have {@link LklHostOperations}. A thread of the host that makes a call
 * which sleeps is parked in `sem_down`; time and timers are the host's, and whatever is to be run in the kernel runs
 * in a timer of 0 ns.
 */
export class LklLinux {
  readonly name: string;
  readonly #options: LklLinuxOptions;
  #state: State = "uninitialized";
  #ops: LklHostOperations | undefined = undefined;
  #kernel: LinuxKernel | undefined = undefined;
  #threads: LklThreads | undefined = undefined;
  #runTimer: LklTimer | undefined = undefined;
  #tick: LklTimer | undefined = undefined;
  #log = "";

  constructor(options: LklLinuxOptions) {
    this.#options = options;
    this.name = options.name ?? "lkl";
  }

  /** For what has no name in LKL: frames, devices, memory. @throws {Error} it has not booted */
  get kernel(): LinuxKernel {
    if (this.#kernel === undefined) throw new Error(`${this.name} has not booted`);
    return this.#kernel;
  }

  /**
   * First of all calls, and first again after lkl_cleanup.
   * @returns 0; -EINVAL: operations are missing, named in dmesg(); -EBUSY: initialized already
   */
  lkl_init(ops: LklHostOperations): number {
    if (this.#state !== "uninitialized") return -EBUSY;
    const missing = validateHostOperations(ops);
    if (ops.time === undefined) missing.push("time");
    if (missing.length > 0) {
      this.#log = `lkl_init: host operations are missing: ${missing.join(", ")}\n`;
      return -EINVAL;
    }
    this.#ops = ops;
    this.#state = "initialized";
    return 0;
  }

  /**
   * Boots. `mem=64M` in the command line is the size of memory.
   * @returns 0; -EINVAL before lkl_init or for a command line that is too long; -EBUSY when booted already; -ENOMEM
   * @throws {NoJspiError} this engine cannot park WebAssembly stacks
   */
  *lkl_start_kernel(cmdline: string): Wait {
    const ops = this.#ops;
    if (ops === undefined) return -EINVAL;
    if (this.#state !== "initialized") return -EBUSY;
    const made = this.#makeKernel(ops, cmdline);
    if (made < 0) return made;
    const booted = ops.sem_alloc(0);
    const starter = this.#timer(ops, () =>
      booted === undefined ? undefined : this.#boot(ops, cmdline, booted),
    );
    if (booted === undefined || starter === undefined) return -ENOMEM;
    this.#state = "booting";
    ops.timer_set_oneshot?.(starter, 0);
    const handle = ops.sem_down(booted);
    if (handle !== undefined) yield handle;
    ops.timer_free?.(starter);
    ops.sem_free(booted);
    return 0;
  }

  lkl_is_running(): boolean {
    return this.#state === "running";
  }

  /**
   * A system call in the task of the calling host thread, with a {@link CallArgument} for each parameter. Numbers are
   * those of asm-generic/unistd.h for 32 bits.
   * @returns its result, a negative errno, -ESHUTDOWN when the kernel does not run
   * @throws {LinuxStoppedError} the kernel had to stop
   */
  lkl_syscall(no: number, params: readonly unknown[]): number | Wait {
    const threads = this.#threads;
    if (threads === undefined) return -ESHUTDOWN;
    const thread = threads.current;
    return thread === undefined
      ? this.#enterAndCall(threads, no, params)
      : this.#call(threads, thread, no, params);
  }

  /**
   * Powers the machine off. Calls that sleep return -ESHUTDOWN, and from now on all others do.
   * @returns 0; -ESHUTDOWN when it does not run
   */
  *lkl_sys_halt(): Wait {
    if (this.#state !== "running") return -ESHUTDOWN;
    const call = this.lkl_syscall(NR_REBOOT, [
      LINUX_REBOOT_MAGIC1,
      LINUX_REBOOT_MAGIC2,
      LINUX_REBOOT_CMD_POWER_OFF,
    ]);
    const result = typeof call === "number" ? call : yield* call;
    return this.lkl_is_running() ? result : 0;
  }

  /** After lkl_sys_halt: forgets the host. dmesg() still answers. */
  lkl_cleanup(): void {
    if (this.#state === "running" || this.#state === "booting") {
      throw new Error(`${this.name}: lkl_cleanup while the kernel is running`);
    }
    this.#log = this.dmesg();
    this.#state = "uninitialized";
    this.#ops = undefined;
    this.#kernel = undefined;
  }

  /**
   * The host has ended a thread without running its TLS destructors: its task goes. From any other thread and from
   * the event loop. @returns true if the thread had a task
   */
  lkl_thread_ended(thread: number): boolean {
    return this.#threads?.ended(thread) ?? false;
  }

  /** Interrupts the call that a thread sleeps in: -EINTR, -ERESTARTSYS… @returns true if it was asleep */
  lkl_signal_thread(thread: number): boolean {
    return this.#threads?.interrupt(thread) ?? false;
  }

  dmesg(): string {
    return this.#kernel?.dmesg() ?? this.#log;
  }

  #makeKernel(ops: LklHostOperations, cmdline: string): number {
    const { random = fixedRandom(), stacks } = this.#options;
    this.#runTimer = this.#timer(ops, () => this.#kernel?.run());
    if (this.#runTimer === undefined) return -ENOMEM;
    try {
      this.#kernel = new LinuxKernel({
        ...this.#options,
        name: this.name,
        memory: memoryOf(cmdline) ?? this.#options.memory ?? DEFAULT_MEMORY,
        stacks: makeStacks(stacks),
        random,
        now: () => ops.time?.() ?? 0,
        print: (text) => ops.print?.(text, text.length),
        wantsRun: () => {
          if (this.#runTimer !== undefined) ops.timer_set_oneshot?.(this.#runTimer, 0);
        },
        wantsTimer: (at) => this.#setTick(ops, at),
      });
      this.kernel.machine.setCommandLine(withDevices(ops, cmdline));
      return 0;
    } catch (error) {
      this.#freeTimers(ops);
      if (!(error instanceof RangeError)) throw error;
      this.#log = `lkl_start_kernel: ${error.message}\n`;
      return -EINVAL;
    }
  }

  #boot(ops: LklHostOperations, cmdline: string, booted: LklSem): void | Promise<void> {
    const booting = this.kernel.boot(withDevices(ops, cmdline));
    const hasBooted = (): void => {
      this.#threads = new LklThreads(ops, this.kernel);
      this.#state = "running";
      ops.sem_up(booted);
    };
    if (booting !== undefined) return booting.then(hasBooted);
    hasBooted();
    return undefined;
  }

  *#enterAndCall(threads: LklThreads, no: number, params: readonly unknown[]): Wait {
    const thread = yield* threads.enter();
    if (typeof thread === "number") return thread;
    const call = this.#call(threads, thread, no, params);
    return typeof call === "number" ? call : yield* call;
  }

  #call(
    threads: LklThreads,
    thread: LklThread,
    no: number,
    params: readonly unknown[],
  ): number | Wait {
    const { arguments: args, task } = thread;
    const put = args.put(params);
    if (put < 0) return put;
    const [a, b, c, d, e, f] = args.slots;
    try {
      const result = this.kernel.sys(task, no, a, b, c, d, e, f);
      if (result === BLOCKED) return threads.sleep(thread);
      args.takeBack();
      return result;
    } catch (error) {
      if (error instanceof LinuxStoppedError) this.#hasStopped(error);
      throw error;
    }
  }

  #timer(ops: LklHostOperations, fn: () => void | Promise<void>): LklTimer | undefined {
    return ops.timer_alloc?.(() => {
      try {
        return fn()?.catch((error: unknown) => this.#hasStopped(error));
      } catch (error) {
        this.#hasStopped(error);
        return undefined;
      }
    });
  }

  /** @throws {unknown} the error, unless the machine was switched off */
  #hasStopped(error: unknown): void {
    const ops = this.#ops;
    this.#state = "halted";
    this.#threads?.destroy();
    this.#threads = undefined;
    this.#kernel?.destroy();
    if (ops !== undefined) this.#freeTimers(ops);
    if (error instanceof LinuxStoppedError && ["power off", "restart"].includes(error.reason)) {
      return;
    }
    ops?.panic();
    throw error;
  }

  #setTick(ops: LklHostOperations, at: number): void {
    // A timer can be set anew, but not disarmed.
    if (at === Infinity && this.#tick !== undefined) {
      ops.timer_free?.(this.#tick);
      this.#tick = undefined;
    }
    if (at === Infinity) return;
    this.#tick ??= this.#timer(ops, () => this.#kernel?.timer());
    const now = ops.time?.() ?? 0;
    if (this.#tick !== undefined) ops.timer_set_oneshot?.(this.#tick, Math.max(0, at - now));
  }

  #freeTimers(ops: LklHostOperations): void {
    for (const timer of [this.#runTimer, this.#tick]) {
      if (timer !== undefined) ops.timer_free?.(timer);
    }
    this.#runTimer = undefined;
    this.#tick = undefined;
  }
}

function withDevices(ops: LklHostOperations, cmdline: string): string {
  return `${cmdline} ${ops.virtio_devices ?? ""}`.trim();
}

const UNITS = ["", "K", "M", "G"];

/** mem= of the command line, octets. */
function memoryOf(cmdline: string): number | undefined {
  const found = /(?:^|\s)mem=(\d+)([KMG]?)(?:\s|$)/.exec(cmdline);
  if (found === null) return undefined;
  const octets = Number(found[1]) * 1024 ** UNITS.indexOf(found[2] ?? "");
  return Math.ceil(octets / WASM_PAGE_SIZE) * WASM_PAGE_SIZE;
}

/** Marsaglia's xorshift. */
function fixedRandom(): () => number {
  let state = 0x9e37_79b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

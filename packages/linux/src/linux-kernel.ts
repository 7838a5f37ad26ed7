import { BLOCKED, Cpu } from "./cpu.ts";
import { LinuxReentryError, LinuxStoppedError, STACK_DROPPED, type StopReason } from "./errors.ts";
import { HostTask, type OnDone } from "./host-task.ts";
import { KernelLog } from "./kernel-log.ts";
import { Machine, SEED_OCTETS, WASM_PAGE_SIZE } from "./machine.ts";
import { Snapshot } from "./snapshot.ts";
import type { Stacks } from "./stacks.ts";

/** At virtual time 0 a kernel has been up for so long, ns: time 0 is not a time for TCP. */
export const UPTIME_AT_START = 1_000_000_000;
/** Enough for a router or a host with some connections. */
export const DEFAULT_MEMORY: number = 6 * 1024 * 1024;
/** No less boots. */
const MEMORY_MIN = 4 * 1024 * 1024;

/** Calls of arch/wasm/kernel/host_task.c, above the numbers of Linux. */
const ARCH_NEW_TASK = 0x10000;
const ARCH_EXIT = 0x10001;
export const ARCH_NET_CREATE = 0x10002;
export const ARCH_NET_DESTROY = 0x10003;
const ARCH_LO_TAP = 0x10004;
const ARCH_MAKE_OWN = 0x10005;

const HALTS: readonly StopReason[] = ["power off", "restart", "panic"];
const NR_EXIT = 93;
const NR_EXIT_GROUP = 94;
const ENOSYS = 38;
const LOG_LINES_IN_ERROR = 12;
const FRAMES_IN_TRACE = 64;
const FRAMES_IN_ERROR = 12;
const MEGABYTE = 1_048_576;
const OUT_OF_MEMORY = /out of memory|deadlocked on memory|allocation failure/i;
const NODE_NAME_MAX = 64;
const ERRNO_MAX = 4096;

const encoder = new TextEncoder();

/** The network card side of the host; ring full: false. */
export interface NetworkHost {
  xmit(card: number, data: number, length: number, csumStart: number, csumOffset: number): boolean;
  /** A frame on a loopback device that `tapLoopback` watches. */
  loFrame(
    cookie: number,
    data: number,
    length: number,
    csumStart: number,
    csumOffset: number,
  ): void;
  /** @param what HOST_DEV_* bits; for an address `value` is where it lies */
  devChanged(card: number, what: number, value: number): void;
}

export interface LinuxKernelOptions {
  readonly module: WebAssembly.Module;
  readonly stacks: Stacks;
  /** For messages: "linux-6.12 of node a". */
  readonly name: string;
  /** Octets, a multiple of 64 KB. @default 6 MB */
  readonly memory?: number;
  /** Virtual time, ns. */
  readonly now: () => number;
  /** Nanoseconds since 1970 at virtual time 0. @default 0 */
  readonly wallClockBase?: number;
  /** Unsigned 32 bits each time: the kernel's only entropy. */
  readonly random: () => number;
  readonly print?: (text: string) => void;
  /** `run()` is wanted at this instant, behind what is due already. */
  readonly wantsRun: () => void;
  /** `timer()` is wanted at this virtual time; Infinity: not at all. */
  readonly wantsTimer: (at: number) => void;
  readonly network?: NetworkHost;
  /** The socket behind the cookie of `sockPoll` has changed: EPOLL* bits, 0: unknown. */
  readonly pollEvent?: (cookie: number, mask: number) => void;
}

/**
 * One real Linux: boots, or begins as a copy of one that has booted, and then does what its host calls.
 * All calls are synchronous; a system call that sleeps answers BLOCKED, and what it waits for happens in
 * `run()`.
 */
export class LinuxKernel {
  readonly name: string;
  readonly machine: Machine;
  readonly cpu: Cpu;
  readonly log: KernelLog;
  readonly #options: LinuxKernelOptions;
  #stopped: LinuxStoppedError | undefined = undefined;
  /** The machine was told to stop. Back ends with promises hear of what was thrown only later. */
  #halted: LinuxStoppedError | undefined = undefined;
  #host0: HostTask | undefined = undefined;

  /** @throws {RangeError} memory is too small or no multiple of 64 KB */
  constructor(options: LinuxKernelOptions, log?: KernelLog) {
    const octets = options.memory ?? DEFAULT_MEMORY;
    if (octets % WASM_PAGE_SIZE !== 0 || octets < MEMORY_MIN || octets > 2 ** 32) {
      throw new RangeError(
        `memory of a Linux kernel: ${octets} octets are no multiple of 64 KB between 4 MB and 4 GB`,
      );
    }
    this.#options = options;
    this.name = options.name;
    this.log = new KernelLog(log);
    this.machine = new Machine(options.module, octets, options.stacks, {
      print: (text, length) => this.#print(text, length),
      halt: (why) => this.#halt(why),
      trace: () => this.#trace(),
      xmit: (card, data, length, csumStart, csumOffset) =>
        options.network?.xmit(card, data, length, csumStart, csumOffset) === false ? 0 : 1,
      lo_frame: (cookie, data, length, csumStart, csumOffset) =>
        options.network?.loFrame(cookie, data, length, csumStart, csumOffset),
      dev_changed: (card, what, value) => options.network?.devChanged(card, what, value),
      poll_event: (cookie, mask) => options.pollEvent?.(cookie, mask),
    });
    this.cpu = new Cpu(this.machine, options.stacks, {
      now: () => UPTIME_AT_START + options.now(),
      wantsRun: options.wantsRun,
      wantsTimer: (deadline) => options.wantsTimer(deadline - UPTIME_AT_START),
      failed: (error) => this.#failed(error),
    });
    this.machine.setWallClock(Math.max(0, (options.wallClockBase ?? 0) - UPTIME_AT_START));
  }

  /** Begins as a copy of a kernel of the same module; then `makeOwn` is due. */
  static clone(snapshot: Snapshot, options: Omit<LinuxKernelOptions, "memory">): LinuxKernel {
    const kernel = new LinuxKernel({ ...options, memory: snapshot.octets }, snapshot.log);
    const { machine } = kernel;
    snapshot.copyInto(machine);
    machine.setWallClock(Math.max(0, (options.wallClockBase ?? 0) - UPTIME_AT_START));
    kernel.#host0 = new HostTask(machine, snapshot.host0);
    kernel.cpu.adopt();
    return kernel;
  }

  /** Boots until the kernel is idle. @param commandLine "loglevel=8" */
  boot(commandLine: string): void | Promise<void> {
    this.machine.setCommandLine(commandLine);
    this.machine.setSeed(this.#seed());
    const booting = this.cpu.boot();
    const booted = (): void => {
      this.#host0 = new HostTask(this.machine, this.machine.exports.wasm_host0());
    };
    if (booting !== undefined) return booting.then(booted);
    booted();
    return undefined;
  }

  /** Gives a clone its own randomness, name and clock. */
  makeOwn(nodeName: string): void {
    const { machine } = this;
    const room = this.room(SEED_OCTETS + NODE_NAME_MAX + 1);
    machine.u8.set(this.#seed(), room);
    machine.u8.fill(0, room + SEED_OCTETS, room + SEED_OCTETS + NODE_NAME_MAX + 1);
    machine.u8.set(encoder.encode(nodeName).subarray(0, NODE_NAME_MAX), room + SEED_OCTETS);
    const result = this.serve(ARCH_MAKE_OWN, room, SEED_OCTETS, room + SEED_OCTETS);
    this.free(room);
    if (result < 0) throw new Error(`${this.name}: a clone cannot begin: ${result}`);
  }

  /** The kernel must be idle: booted, and nothing of a program's in it. */
  snapshot(): Snapshot {
    if (!this.cpu.isIdle || this.cpu.sleepingCalls.length > 0) {
      throw new Error(`${this.name}: a snapshot is taken of a kernel that is idle`);
    }
    return Snapshot.of(this.machine, new KernelLog(this.log), this.host0.address);
  }

  /** The task of pid 1. */
  get host0(): HostTask {
    if (this.#host0 === undefined) throw new Error(`${this.name} has not booted`);
    return this.#host0;
  }

  get stopped(): LinuxStoppedError | undefined {
    return this.#stopped;
  }

  /** It has failed, was halted or is destroyed: no call of it can be made any more. */
  get isOver(): boolean {
    return this.cpu.isStopped;
  }

  /**
   * A task ends by `endTask` only: exit(2) is -ENOSYS, except for pid 1, whose end is a panic.
   * @returns the result, -errno, or BLOCKED
   */
  sys(task: HostTask, nr: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): number {
    if (task.isInCall) throw this.#isBusy();
    if ((nr === NR_EXIT || nr === NR_EXIT_GROUP) && task !== this.#host0) return -ENOSYS;
    return this.cpu.call(task, nr, a, b, c, d, e, f);
  }

  /**
   * A call in the name of pid 1 that does not sleep, from any context.
   * @returns the result, -errno, or BLOCKED: it is not over, and onDone of host0 will be told
   */
  serve(nr: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): number {
    return this.sys(this.host0, nr, a, b, c, d, e, f);
  }

  /**
   * A task for a thread of the host.
   * @param isUrgent its calls go before everybody else's, so that they can be made where nothing can wait
   * @param parent whose namespaces it shares
   * @returns -errno, BLOCKED
   */
  newTask(isUrgent = false, parent: HostTask = this.host0): HostTask | number {
    const address = this.sys(parent, ARCH_NEW_TASK, isUrgent ? 1 : 0);
    // A pointer may look negative; errnos are the last page.
    if (address === BLOCKED || (address < 0 && address > -ERRNO_MAX)) return address;
    return new HostTask(this.machine, address >>> 0);
  }

  /**
   * The thread of the host is over. Its task may serve another one, once it is in no call any more: a sleeping call
   * is interrupted.
   * @param isFree called then, now or from inside `run()`
   */
  endTask(task: HostTask, isFree: (task: HostTask) => void): void {
    task.onDone = undefined;
    if (!task.isInCall) {
      isFree(task);
      return;
    }
    this.interruptTask(task);
    task.onDone = (_result: number, ended: HostTask) => isFree(ended);
  }

  /** Ends a task that is in no call for good: what only it held (a namespace) goes with it. */
  exitTask(task: HostTask): void {
    task.onDone = undefined;
    this.sys(task, ARCH_EXIT);
  }

  /** Ends the interruptible sleep of a task; its call returns -EINTR, -ERESTARTSYS… */
  interruptTask(task: HostTask): void {
    if (this.isOver) return;
    this.#plain(() => this.machine.exports.wasm_host_task_interrupt(task.address));
  }

  /** Kernel memory for arguments, octets. @throws {LinuxStoppedError} there is none */
  room(size: number): number {
    const address = this.roomIfAny(size);
    if (address !== 0) return address;
    throw this.#failed(new Error(`out of memory: no ${size} octets for the arguments of a call`));
  }

  /** As `room`. @returns 0: there is none */
  roomIfAny(size: number): number {
    return this.isOver ? 0 : this.machine.exports.wasm_room(size) >>> 0;
  }

  free(room: number): void {
    if (this.isOver) return;
    this.machine.exports.wasm_free(room);
  }

  /**
   * What of `events` (EPOLL* bits) is true of a descriptor; EPOLLERR and EPOLLHUP are always told. With a cookie the
   * host's pollEvent is told of changes until `sockPollFree` with `machine.out`, which is 0 if nothing was registered.
   */
  sockPoll(fd: number, events: number, cookie: number): number {
    this.cpu.enter();
    try {
      const mask = this.machine.exports.wasm_sock_poll(fd, events, cookie);
      this.cpu.leave(this.machine.exports.wasm_idle_again() !== 0);
      return mask;
    } catch (error) {
      throw this.cpu.fail(error);
    }
  }

  sockPollFree(poll: number): void {
    if (this.isOver) return;
    this.#plain(() => this.machine.exports.wasm_sock_poll_free(poll));
  }

  /**
   * A frame has come in at a card. It is copied; one that the kernel has no room for is dropped and counted.
   * @param csumStart octets from the start of the frame; -1: the checksum is complete
   */
  netReceive(
    card: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    csumStart: number,
    csumOffset: number,
  ): void {
    const { exports, u8 } = this.machine;
    this.cpu.enter();
    try {
      const room = exports.wasm_net_room(card, length) >>> 0;
      if (room === 0) {
        this.cpu.leave(exports.wasm_cpu_is_busy() !== 0);
        return;
      }
      const isWhole = offset === 0 && length === bytes.length;
      u8.set(isWhole ? bytes : bytes.subarray(offset, offset + length), room);
      this.cpu.leave(exports.wasm_net_receive(card, csumStart, csumOffset) !== 0);
    } catch (error) {
      throw this.cpu.fail(error);
    }
  }

  /** From now on the network host is shown what the loopback device of the task's namespace carries. @returns 0 or -errno */
  tapLoopback(task: HostTask, cookie: number): number {
    return this.sys(task, ARCH_LO_TAP, cookie);
  }

  /** A card's ring has room again. */
  netWake(card: number): void {
    this.#plain(() => this.machine.exports.wasm_net_wake(card));
  }

  netCarrier(card: number, isOn: boolean): void {
    this.#plain(() => this.machine.exports.wasm_net_carrier(card, isOn ? 1 : 0));
  }

  run(): void | Promise<void> {
    return this.cpu.run();
  }

  timer(): void {
    this.cpu.timer();
  }

  dmesg(): string {
    return this.log.text;
  }

  /** Gives its memory back. */
  destroy(): void {
    this.cpu.stop();
  }

  #isBusy(): Error {
    const why = this.#stopped === undefined ? "a task makes one call at a time" : "has stopped";
    return new LinuxReentryError(`${this.name}: ${why}`);
  }

  #plain(call: () => void): void {
    this.cpu.enter();
    try {
      call();
      this.cpu.leave(this.machine.exports.wasm_idle_again() !== 0);
    } catch (error) {
      throw this.cpu.fail(error);
    }
  }

  #seed(): Uint8Array {
    const seed = new Uint8Array(SEED_OCTETS);
    const view = new DataView(seed.buffer);
    for (let at = 0; at < SEED_OCTETS; at += 4) view.setUint32(at, this.#options.random(), true);
    return seed;
  }

  #print(text: number, length: number): void {
    const line = this.machine.text(text, length);
    this.log.append(line, this.#options.now());
    this.#options.print?.(line);
  }

  #halt(why: number): never {
    const reason = HALTS[why] ?? "panic";
    this.#halted = new LinuxStoppedError(reason, `${this.name}: ${reason}`);
    throw this.#halted;
  }

  /** The frames of the kernel, innermost first, where a native kernel would print its call trace. */
  #trace(): void {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = FRAMES_IN_TRACE;
    const frames = framesOf(new Error());
    Error.stackTraceLimit = stackTraceLimit;
    for (const name of frames) {
      const line = ` ${name}\n`;
      this.log.append(line, this.#options.now());
      this.#options.print?.(line);
    }
  }

  #failed(error: unknown): unknown {
    if (error === STACK_DROPPED) return error;
    if (this.#halted !== undefined) {
      this.#stopped ??= this.#withLog(this.#halted.reason, this.#halted);
      return this.#stopped;
    }
    const reason = error instanceof WebAssembly.RuntimeError ? "trap" : "host error";
    this.#stopped = this.#withLog(reason, error);
    return this.#stopped;
  }

  #withLog(reason: StopReason, cause: unknown): LinuxStoppedError {
    const at = this.#options.now() / 1e9;
    const what = cause instanceof LinuxStoppedError ? reason : `${reason}: ${String(cause)}`;
    const log = this.log.tail(LOG_LINES_IN_ERROR);
    const lines = [`${this.name} at ${at} s: ${what}`];
    if (reason === "trap")
      lines.push(`  in ${framesOf(cause).slice(0, FRAMES_IN_ERROR).join(" < ")}`);
    if (OUT_OF_MEMORY.test(log))
      lines.push(`  it has ${this.machine.u8.length / MEGABYTE} MB of memory`);
    return new LinuxStoppedError(reason, [...lines, log].join("\n"), { cause });
  }
}

/** Names of the C functions in an error's stack, innermost first. */
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  return (error.stack ?? "")
    .split("\n")
    .filter((line) => line.includes("wasm"))
    .map((line) => /at (?:async )?(\S+)/.exec(line)?.[1] ?? "")
    .filter((name) => name !== "" && !name.startsWith("wasm://"))
    .map((name) => name.replace(/^.*\./, ""));
}

export type { OnDone };

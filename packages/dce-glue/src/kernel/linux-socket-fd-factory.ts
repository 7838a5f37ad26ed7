import {
  type Blocked,
  InvariantError,
  type Task,
  type TaskManager,
  type Tracepoint,
  type Wait,
} from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import type { UnixFd } from "../fd/unix-fd.ts";
import type { NodeContext, SocketFdFactory } from "../process/node-context.ts";
import { Thread } from "../process/thread.ts";
import type { DceHandle } from "./dce-handle.ts";
import { errorText } from "./error-text.ts";
import { assertKernelHandle, missingDceHandleFields } from "./handle-fields.ts";
import type { KernelHandle } from "./kernel-handle.ts";
import type { DceSocket, Out, SimTask } from "./kernel-objects.ts";
import type { KernelInstance, KernelProvider, KernelWarning } from "./kernel-provider.ts";
import {
  interruptThroughKernel,
  KernelSocketFd,
  type KernelSocketOwner,
} from "./kernel-socket-fd.ts";
import { KernelSysctl, type SysctlFailure } from "./kernel-sysctl.ts";
import { type SimDceHandle, simDceHandle } from "./sim-dce-handle.ts";
import { type SimHostOperations, simHostOps } from "./sim-host-ops.ts";
import type { SimNic } from "./sim-nic.ts";

export interface LinuxSocketFdFactoryOptions {
  readonly node: NodeContext;
  readonly provider: KernelProvider;
  /** Kernel parameters: "loglevel=8". @default "" */
  readonly commandLine?: string;
  /** See KernelHost. @default undefined */
  readonly memory?: number | undefined;
  /** See KernelHost. @default false */
  readonly sharesKernel?: boolean;
  /**
   * Makes the three settings that DCE's LinuxSocketFdFactory makes at boot: IPv4 forwarding on,
   * log_martians on, IPv6 forwarding off. A host of Linux's own defaults does not forward.
   * @default false
   */
  readonly setsDceSysctls?: boolean;
  /** Probability that an allocation of the kernel fails (DCE: ErrorRate), 0..1. @default 0 */
  readonly errorRate?: number;
  readonly env?: ReadonlyMap<string, string>;
}

/** The settings of DCE's `InitializeStack`, in its order. */
const DCE_BOOT_SYSCTLS: readonly (readonly [string, string])[] = [
  [".net.ipv4.conf.all.forwarding", "1"],
  [".net.ipv4.conf.all.log_martians", "1"],
  [".net.ipv6.conf.all.forwarding", "0"],
];

const NANOSECONDS_PER_SECOND = 1_000_000_000;

/** A kernel cannot go on: its boot failed, it panicked, or it found a bug of its own. */
export class KernelStoppedError extends Error {
  override readonly name = "KernelStoppedError";
}

/**
 * One node's kernel as the simulator holds it (DCE's LinuxSocketFdFactory): makes the kernel, boots
 * it, plugs its network cards in, sets its parameters, and makes sockets of it for the programs.
 */
export class LinuxSocketFdFactory implements SocketFdFactory, KernelSocketOwner {
  readonly node: NodeContext;
  readonly manager: TaskManager;
  /** `sim_init` has filled it; calls work once {@link initializeStack} is done. */
  readonly kernel: KernelHandle;
  readonly imported: DceHandle;
  readonly kernelName: string;
  readonly nics: SimNic[] = [];
  readonly sysctl: KernelSysctl;
  readonly #instance: KernelInstance;
  readonly #hostOps: SimHostOperations;
  readonly #dceHandle: SimDceHandle;
  readonly #setsDceSysctls: boolean;
  readonly #console: Tracepoint;
  #state: "made" | "running" | "halted" = "made";
  #lastInode = 0;
  #openSockets = 0;

  /** @throws {KernelHandleError} the kernel's handle is not complete */
  constructor(options: LinuxSocketFdFactoryOptions) {
    const { node, provider } = options;
    this.node = node;
    this.manager = node.taskManager;
    this.kernelName = provider.name;
    this.#setsDceSysctls = options.setsDceSysctls ?? false;
    this.#console = node.simulator.tracer.tracepoint("printk:console");
    const random = node.simulator.random(`kernel-${node.nodeId}`);
    const wallClockBase = node.wallClockBaseSeconds * NANOSECONDS_PER_SECOND;
    const print = (text: string): void => this.#print(text);
    const hostOps = simHostOps(this.manager, {
      context: node.nodeId,
      print,
      random: node.simulator.random(`host-memory-${node.nodeId}`),
      errorRate: options.errorRate ?? 0,
    });
    this.#hostOps = hostOps;
    const handle: Partial<KernelHandle> = {};
    this.#dceHandle = simDceHandle({
      manager: this.manager,
      context: node.nodeId,
      hostOps,
      kernel: () => this.kernel,
      random,
      wallClockBase,
      print,
      files: node.files,
      env: options.env ?? new Map<string, string>(),
      raiseSignal,
    });
    this.imported = this.#dceHandle.handle;
    const absent = missingDceHandleFields(this.imported);
    if (absent.length > 0) throw new InvariantError(`DceHandle lacks ${absent.join(", ")}`);
    this.#instance = provider.create({
      simulator: node.simulator,
      taskManager: this.manager,
      hostOps,
      nodeId: node.nodeId,
      nodeName: node.uts.nodename,
      random,
      wallClockBase,
      commandLine: options.commandLine ?? "",
      memory: options.memory,
      sharesKernel: options.sharesKernel ?? false,
    });
    this.#instance.sim_init(handle, this.imported, this);
    assertKernelHandle(handle, provider.name);
    this.kernel = handle;
    node.taskStopped = (task) => this.taskStopped(task);
    this.sysctl = new KernelSysctl(handle, () => this.isRunning);
  }

  /** A thread was stopped by force: nothing of it has told the kernel. Not for the task that runs. */
  taskStopped(task: Task): void {
    const simTask = task.extraContext;
    task.extraContext = undefined;
    if (typeof simTask === "object" && simTask !== null) this.kernel.task_destroy(simTask);
    this.kernel.thread_ended(task.id);
    this.#hostOps.taskStopped(task);
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** Sockets that programs have open. */
  get openSocketCount(): number {
    return this.#openSockets;
  }

  /** What the kernel still holds of its host: semaphores, threads, timers, allocations, events. */
  get liveHostObjects(): number {
    const { live } = this.#hostOps;
    const { semaphores, mutexes, threads, tlsKeys, timers, memory } = live;
    return (
      semaphores + mutexes + threads + tlsKeys + timers + memory + this.#dceHandle.pendingEvents
    );
  }

  get livePackets(): number {
    return this.#instance.livePackets;
  }

  get warnings(): readonly KernelWarning[] {
    return this.#instance.warnings ?? [];
  }

  /**
   * DCE's InitializeStack: boots, plugs the network cards in, then makes the settings that were
   * queued, in their order. Must run in a task of the node, so that the kernel has a current task.
   * @returns the settings that the kernel refused
   * @throws {KernelStoppedError} the boot failed
   */
  *initializeStack(): Wait<readonly SysctlFailure[]> {
    const booting = this.kernel.setup_kernel();
    const status = typeof booting === "number" ? booting : yield booting;
    if (status < 0) {
      throw new KernelStoppedError(
        `kernel "${this.kernelName}" of node ${this.node.uts.nodename} does not boot: ${errorText(status)}`,
      );
    }
    this.#state = "running";
    for (const nic of this.nics) nic.plugInto(this.kernel);
    if (this.#setsDceSysctls) {
      for (const [path, value] of DCE_BOOT_SYSCTLS) this.sysctl.set(path, value);
    }
    return this.sysctl.flushQueue();
  }

  /** Adds a network card: before the boot, or to a running kernel. */
  addNic(nic: SimNic): void {
    this.nics.push(nic);
    if (this.isRunning) nic.plugInto(this.kernel);
  }

  createSocket(
    domain: number,
    type: number,
    protocol: number,
    out: Out<DceSocket>,
  ): number | Blocked {
    if (!this.isRunning) return -Errno.EAFNOSUPPORT;
    const result = this.kernel.sock_socket(domain, type, protocol, out);
    if (typeof result !== "number") interruptThroughKernel(this, this.kernel);
    return result;
  }

  createdFile(out: Out<DceSocket>, flags: number): UnixFd | undefined {
    if (out.value === undefined) return undefined;
    return new KernelSocketFd(this, this.kernel, out.value, flags);
  }

  // DCE's names for the parameters

  /** Sets a parameter now. @returns 0 or -errno */
  Set(path: string, value: string): number {
    return this.sysctl.set(path, value);
  }

  /** @returns the value, or -errno */
  Get(path: string): string | number {
    return this.sysctl.get(path);
  }

  /** Sets a parameter now or, before the boot, when the kernel has booted. */
  SetTask(path: string, value: string): void {
    this.sysctl.setOrQueue(path, value);
  }

  /** Dotted paths of all parameters, sorted. */
  GetSysFileList(): string[] {
    return this.sysctl.list();
  }

  currentSimTask(): SimTask | undefined {
    return this.imported.task_current(this);
  }

  nextInode(): number {
    return ++this.#lastInode;
  }

  socketOpened(): void {
    this.#openSockets++;
  }

  socketClosed(): void {
    this.#openSockets--;
  }

  /** Halts the kernel in order, from a task of the node. Its cards are unplugged. */
  *halt(): Wait {
    if (this.#state !== "running") return 0;
    this.#state = "halted";
    const halting = this.kernel.halt_kernel();
    const status: number = typeof halting === "number" ? halting : yield halting;
    this.#unplug();
    return status;
  }

  /** The simulation is over: takes everything away, whatever state the kernel is in. From outside of tasks. */
  destroy(): void {
    this.#state = "halted";
    this.#unplug();
    this.#dceHandle.destroy();
    this.#instance.destroy();
    this.#hostOps.destroy();
  }

  #unplug(): void {
    for (const nic of this.nics) nic.unplug();
  }

  /** The console: each line is also in the kernel's log, which is /var/log/messages. */
  #print(text: string): void {
    if (this.#console.isEnabled) this.#console.emit(text);
  }
}

function raiseSignal(task: Task, signal: number): void {
  if (task.context instanceof Thread) task.context.raise(signal);
}

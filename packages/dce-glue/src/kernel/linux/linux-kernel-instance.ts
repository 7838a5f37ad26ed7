import { type EventId, NO_EVENT, nanoseconds } from "@dcejs/core-sched";
import type { LinuxKernel, Snapshot } from "@dcejs/linux";
import { Errno } from "@dcejs/lkl-kernel";
import type { DceHandle } from "../dce-handle.ts";
import { KERNEL_HANDLE_VERSION, type KernelHandle } from "../kernel-handle.ts";
import type { DceKernel, SimTask } from "../kernel-objects.ts";
import type { KernelHost, KernelInstance } from "../kernel-provider.ts";
import { LinuxCalls } from "./linux-calls.ts";
import { LinuxDevices } from "./linux-devices.ts";
import { LinuxFiles } from "./linux-files.ts";
import { linuxLkl } from "./linux-lkl.ts";
import type { LinuxPackage } from "./linux-package.ts";
import { LinuxSocketPolls } from "./linux-socket-polls.ts";
import { temporaryRtnl } from "./linux-rtnl-temporary.ts";
import { linuxSockets } from "./linux-sockets.ts";
import { LinuxTask } from "./linux-task.ts";

const SIGPIPE = 13;
/** A timer further away than the simulator's clock goes never fires. */
const TIME_MAX = Number.MAX_SAFE_INTEGER;

/** What one kind of real Linux brings to each of its kernels. */
export interface LinuxKind {
  readonly linux: LinuxPackage;
  readonly name: string;
  readonly module: WebAssembly.Module;
  readonly makeStacks: () => InstanceType<LinuxPackage["JspiStacks"]>;
  /** Taken of a kernel that has booted; known once the provider is prepared. */
  readonly snapshot: () => Snapshot;
}

/** One node's real Linux behind KernelHandle: a copy of the template, in the simulator's time. */
export class LinuxKernelInstance implements KernelInstance {
  readonly #kind: LinuxKind;
  readonly #host: KernelHost;
  #boot: LinuxBoot | undefined;

  constructor(kind: LinuxKind, host: KernelHost) {
    this.#kind = kind;
    this.#host = host;
  }

  get livePackets(): number {
    return this.#boot?.devices.liveFrames ?? 0;
  }

  readonly sim_init = (
    handle: Partial<KernelHandle>,
    imported: DceHandle,
    dce: DceKernel,
  ): void => {
    this.#boot?.destroy();
    const boot = new LinuxBoot(this.#kind, this.#host, imported, dce);
    this.#boot = boot;
    Object.assign(handle, boot.makeHandle());
  };

  destroy(): void {
    this.#boot?.destroy();
  }
}

/** From sim_init to the end of that kernel. */
class LinuxBoot {
  readonly devices: LinuxDevices;
  readonly #kind: LinuxKind;
  readonly #host: KernelHost;
  readonly #imported: DceHandle;
  readonly #dce: DceKernel;
  readonly #polls: LinuxSocketPolls;
  readonly #files: LinuxFiles;
  #kernel: LinuxKernel | undefined;
  #calls: LinuxCalls | undefined;
  #timer: EventId = NO_EVENT;
  #isOver = false;

  constructor(kind: LinuxKind, host: KernelHost, imported: DceHandle, dce: DceKernel) {
    this.#kind = kind;
    this.#host = host;
    this.#imported = imported;
    this.#dce = dce;
    const calls = (): LinuxCalls => this.calls;
    this.devices = new LinuxDevices(kind.linux, imported, dce, calls);
    this.#polls = new LinuxSocketPolls(() => this.calls.kernel, imported);
    this.#files = new LinuxFiles(calls);
  }

  /** @throws {Error} the kernel has not booted */
  get calls(): LinuxCalls {
    if (this.#calls === undefined) throw new Error(`${this.#name} has not booted`);
    return this.#calls;
  }

  get #name(): string {
    return `${this.#kind.name} of node ${this.#host.nodeName}`;
  }

  makeHandle(): KernelHandle {
    const sockets = linuxSockets(
      () => this.calls,
      this.#polls,
      (task) => this.#raisePipe(task),
    );
    const handle: KernelHandle = {
      version: KERNEL_HANDLE_VERSION,
      setup_kernel: () => this.#setUp(),
      halt_kernel: () => this.#halt(),
      task_create: (priv, pid) => this.#createTask(priv, pid),
      task_destroy: (task) => this.#calls?.destroyTask(linuxTask(task)),
      task_get_private: (task) => linuxTask(task).priv,
      task_interrupt: (task) => this.#calls?.interrupt(linuxTask(task)),
      // Its task goes by task_destroy.
      thread_ended: () => {},
      ...sockets,
      ...this.devices.handle,
      ...this.#files.handle,
      rtnl: temporaryRtnl(() => this.calls),
      ...linuxLkl(() => handle, this.#imported, this.#dce),
      dmesg: () => this.#kernel?.dmesg() ?? "",
    };
    return handle;
  }

  destroy(): void {
    this.#isOver = true;
    this.#cancelTimer();
    this.devices.clear();
    this.#polls.clear();
    this.#kernel?.destroy();
  }

  /** A copy of the template is there at once: nothing has to be waited for. */
  #setUp(): number {
    if (this.#isOver || this.#kernel !== undefined) return -Errno.EBUSY;
    const { linux, module, makeStacks, snapshot, name } = this.#kind;
    const { simulator, nodeId, random, wallClockBase } = this.#host;
    const run = (): void | Promise<void> => this.#kernel?.run();
    const kernel = linux.LinuxKernel.clone(snapshot(), {
      module,
      stacks: makeStacks(),
      name: `${name} of node ${this.#host.nodeName}`,
      now: () => simulator.now,
      wallClockBase,
      random: () => random.nextU32(),
      print: (text) => this.#host.hostOps.print(text, text.length),
      wantsRun: () => void simulator.scheduleWithContext(nodeId, nanoseconds(0), run),
      wantsTimer: (at) => this.#setTimer(at),
      network: this.devices,
      pollEvent: (cookie, mask) => this.#polls.event(cookie, mask),
    });
    this.#kernel = kernel;
    this.#calls = new LinuxCalls({
      kernel,
      manager: this.#host.taskManager,
      blocked: linux.BLOCKED,
      currentTask: () => this.#imported.task_current(this.#dce),
    });
    kernel.makeOwn(this.#host.nodeName);
    return 0;
  }

  #halt(): number {
    if (this.#kernel === undefined || this.#isOver) return -Errno.ESHUTDOWN;
    this.destroy();
    return 0;
  }

  #createTask(priv: object, pid: number): SimTask {
    const { taskManager } = this.#host;
    const waiter = taskManager.currentTask();
    return this.calls.createTask(priv, pid, waiter);
  }

  #raisePipe(task: LinuxTask): void {
    this.#imported.signal_raised(this.#dce, task, SIGPIPE);
  }

  #setTimer(at: number): void {
    const { simulator, nodeId } = this.#host;
    this.#cancelTimer();
    if (at > TIME_MAX) return;
    const delay = Math.max(0, at - simulator.now);
    this.#timer = simulator.scheduleWithContext(nodeId, nanoseconds(delay), this.#timerIsDue);
  }

  #cancelTimer(): void {
    this.#host.simulator.cancel(this.#timer);
    this.#timer = NO_EVENT;
  }

  readonly #timerIsDue = (): void => {
    this.#timer = NO_EVENT;
    this.#kernel?.timer();
  };
}

function linuxTask(task: SimTask): LinuxTask {
  if (task instanceof LinuxTask) return task;
  throw new TypeError("not a task of this kernel");
}

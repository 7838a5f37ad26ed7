import { type Blocked, Errno } from "@dcejs/lkl-kernel";
import type { DceHandle } from "../dce-handle.ts";
import { KERNEL_HANDLE_VERSION, type KernelHandle } from "../kernel-handle.ts";
import type { DceKernel, SimTask } from "../kernel-objects.ts";
import type { KernelHost, KernelInstance, KernelWarning } from "../kernel-provider.ts";
import { absentKernel } from "./linux-absent-kernel.ts";
import { LinuxCalls } from "./linux-calls.ts";
import { LinuxDevices } from "./linux-devices.ts";
import { LinuxFiles } from "./linux-files.ts";
import { linuxLkl } from "./linux-lkl.ts";
import { readKernelLog } from "./linux-kernel-log.ts";
import { LinuxNamespace } from "./linux-namespace.ts";
import { type LinuxKind, LinuxRuntime, type SharedLinux } from "./linux-runtime.ts";
import { linuxSockets } from "./linux-sockets.ts";
import { LinuxTask } from "./linux-task.ts";

const SIGPIPE = 13;

/** One node's real Linux behind KernelHandle: a copy of the template, or a namespace of the kernel that nodes share. */
export class LinuxKernelInstance implements KernelInstance {
  readonly #kind: LinuxKind;
  readonly #host: KernelHost;
  readonly #shared: SharedLinux | undefined;
  #boot: LinuxBoot | undefined;
  /** Of the boots before this one. */
  readonly #pastWarnings: KernelWarning[] = [];

  /** @param shared where the node's kernel is one that others use too */
  constructor(kind: LinuxKind, host: KernelHost, shared?: SharedLinux) {
    this.#kind = kind;
    this.#host = host;
    this.#shared = shared;
  }

  get livePackets(): number {
    return this.#boot?.livePackets ?? 0;
  }

  get warnings(): readonly KernelWarning[] {
    return [...this.#pastWarnings, ...(this.#boot?.warnings ?? [])];
  }

  readonly sim_init = (
    handle: Partial<KernelHandle>,
    imported: DceHandle,
    dce: DceKernel,
  ): void => {
    this.#pastWarnings.push(...(this.#boot?.warnings ?? []));
    this.#boot?.destroy();
    const boot = new LinuxBoot(this.#kind, this.#host, this.#shared, imported, dce);
    this.#boot = boot;
    // A kernel that was halted boots again.
    const reboot = (): number | Blocked => {
      this.sim_init(handle, imported, dce);
      return handle.setup_kernel?.() ?? -Errno.ESHUTDOWN;
    };
    boot.fill(handle, reboot);
  };

  destroy(): void {
    this.#boot?.destroy();
  }
}

/** From sim_init to the end of that kernel, as one node sees it. */
class LinuxBoot {
  readonly #kind: LinuxKind;
  readonly #host: KernelHost;
  readonly #shared: SharedLinux | undefined;
  readonly #imported: DceHandle;
  readonly #dce: DceKernel;
  readonly #devices: LinuxDevices;
  readonly #files: LinuxFiles;
  #runtime: LinuxRuntime | undefined;
  #calls: LinuxCalls | undefined;
  #isOver = false;

  constructor(
    kind: LinuxKind,
    host: KernelHost,
    shared: SharedLinux | undefined,
    imported: DceHandle,
    dce: DceKernel,
  ) {
    this.#kind = kind;
    this.#host = host;
    this.#shared = shared;
    this.#imported = imported;
    this.#dce = dce;
    const calls = (): LinuxCalls => this.#bootedCalls;
    this.#devices = new LinuxDevices(kind.linux, imported, dce, () => this.#bootedRuntime, calls);
    this.#files = new LinuxFiles(calls);
  }

  /** Frames on their way that are still this kernel's. */
  get livePackets(): number {
    return this.#devices.liveFrames;
  }

  /** A kernel that nodes share tells them by the node that has booted it. */
  get warnings(): readonly KernelWarning[] {
    const runtime = this.#runtime;
    return runtime?.nodeId === this.#host.nodeId ? runtime.kernel.log.warnings : [];
  }

  /** Until the kernel has booted, and when it is over, every call is refused. */
  fill(handle: Partial<KernelHandle>, reboot: KernelHandle["setup_kernel"]): void {
    const live = this.#makeHandle();
    const absent = absentKernel(-Errno.EAGAIN, this.#name);
    const isRunning = (): boolean => this.#runtime !== undefined && !this.#isOver;
    live.setup_kernel = () => {
      const status = this.#setUp();
      if (isRunning()) Object.assign(handle, live);
      return status;
    };
    live.halt_kernel = () => {
      const status = this.#halt();
      if (!isRunning()) {
        Object.assign(handle, absentKernel(-Errno.ESHUTDOWN, this.#name));
        handle.setup_kernel = reboot;
      }
      return status;
    };
    Object.assign(handle, live, absent);
  }

  #makeHandle(): KernelHandle {
    const handle: KernelHandle = {
      version: KERNEL_HANDLE_VERSION,
      // Both change what the handle answers: see fill().
      setup_kernel: () => this.#setUp(),
      halt_kernel: () => this.#halt(),
      task_create: (priv, pid) => this.#createTask(priv, pid),
      task_destroy: (task) => this.#calls?.destroyTask(linuxTask(task)),
      task_get_private: (task) => linuxTask(task).priv,
      task_interrupt: (task) => this.#calls?.interrupt(linuxTask(task)),
      // Its task goes by task_destroy.
      thread_ended: () => {},
      ...linuxSockets({
        calls: () => this.#bootedCalls,
        polls: () => this.#bootedRuntime.polls,
        imported: this.#imported,
        raisePipe: (task) => this.#raisePipe(task),
      }),
      ...this.#devices.handle,
      ...this.#files.handle,
      ...linuxLkl(
        () => handle,
        () => this.#bootedCalls,
        this.#host.taskManager,
        this.#imported,
        this.#dce,
      ),
      dmesg: () => this.#dmesg(),
    };
    return handle;
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#runtime === undefined) return;
    if (this.#shared === undefined) this.#runtime.destroy();
    else this.#shared.release(this.#host.simulator);
  }

  get #bootedRuntime(): LinuxRuntime {
    if (this.#runtime === undefined) throw new Error(`${this.#name} has not booted`);
    return this.#runtime;
  }

  get #bootedCalls(): LinuxCalls {
    if (this.#calls === undefined) throw new Error(`${this.#name} has not booted`);
    return this.#calls;
  }

  get #name(): string {
    return `${this.#kind.name} of node ${this.#host.nodeName}`;
  }

  #setUp(): number {
    if (this.#isOver || this.#runtime !== undefined) return -Errno.EBUSY;
    const kind = this.#kind;
    const host = this.#host;
    const runtime = this.#shared?.acquire(kind, host) ?? new LinuxRuntime(kind, host, this.#name);
    this.#runtime = runtime;
    const { kernel } = runtime;
    const namespace =
      this.#shared === undefined ? undefined : new LinuxNamespace(kernel, host.nodeName);
    this.#calls = new LinuxCalls({
      kernel,
      manager: host.taskManager,
      blocked: kind.linux.BLOCKED,
      currentTask: () => this.#imported.task_current(this.#dce),
      namespace,
    });
    return 0;
  }

  #halt(): number {
    if (this.#runtime === undefined || this.#isOver) return -Errno.ESHUTDOWN;
    if (this.#shared !== undefined) this.#devices.removeAll();
    this.#calls?.shutDown();
    this.destroy();
    return 0;
  }

  #raisePipe(task: LinuxTask): void {
    this.#imported.signal_raised(this.#dce, task, SIGPIPE);
  }

  /** Of a kernel that does not run what its console has shown. */
  #dmesg(): string {
    const log = this.#isOver ? -Errno.ESHUTDOWN : this.#calls && readKernelLog(this.#calls);
    return typeof log === "string" ? log : (this.#runtime?.kernel.dmesg() ?? "");
  }

  #createTask(priv: object, pid: number): SimTask {
    return this.#bootedCalls.createTask(priv, pid, this.#host.taskManager.currentTask());
  }
}

function linuxTask(task: SimTask): LinuxTask {
  if (task instanceof LinuxTask) return task;
  throw new TypeError("not a task of this kernel");
}

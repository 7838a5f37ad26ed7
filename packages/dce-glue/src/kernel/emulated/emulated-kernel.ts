import type { TaskManager, Wait } from "@dcejs/core-sched";
import { Errno, LklKernel } from "@dcejs/lkl-kernel";
import { type NetStack, netStackInitcall } from "@dcejs/net-stack";
import { createLinuxSysctlTree, type SysctlTree } from "@dcejs/sysctl";
import type { DceHandle } from "../dce-handle.ts";
import { KERNEL_HANDLE_VERSION, type KernelHandle } from "../kernel-handle.ts";
import type { DceKernel } from "../kernel-objects.ts";
import type { KernelHost, KernelInstance, KernelProvider } from "../kernel-provider.ts";
import { emulatedDevices } from "./emulated-devices.ts";
import { emulatedLkl } from "./emulated-lkl.ts";
import { EmulatedProgram } from "./emulated-program.ts";
import { emulatedSockets } from "./emulated-sockets.ts";
import { emulatedSysctl } from "./emulated-sysctl.ts";
import { EmulatedTask, Forwarders } from "./forwarders.ts";

/** Linux's ways in TypeScript: LklKernel, NetStack and SysctlTree behind KernelHandle. */
export const emulatedKernelProvider: KernelProvider = {
  name: "emulated",
  create: (host) => new EmulatedKernel(host),
};

/** One boot of the emulated kernel. */
interface Boot {
  readonly kernel: LklKernel;
  net: NetStack | undefined;
}

class EmulatedKernel implements KernelInstance {
  readonly #host: KernelHost;
  #boot: Boot | undefined;

  constructor(host: KernelHost) {
    this.#host = host;
  }

  get livePackets(): number {
    return this.#boot?.net?.skbPool.skbsLive ?? 0;
  }

  readonly sim_init = (
    handle: Partial<KernelHandle>,
    imported: DceHandle,
    dce: DceKernel,
  ): void => {
    const host = this.#host;
    const { tracer } = host.simulator;
    const tree = createLinuxSysctlTree();
    const boot: Boot = {
      kernel: new LklKernel({
        name: host.nodeName,
        random: () => imported.random(dce),
        wallClockBase: host.wallClockBase,
        tracepoint: (name) => tracer.tracepoint(name),
        initcalls: [
          netStackInitcall(
            tree,
            (ready) => {
              boot.net = ready;
            },
            (name) => tracer.tracepoint(name),
            new EmulatedProgram(host.taskManager, imported, dce),
          ),
        ],
      }),
      net: undefined,
    };
    this.#boot = boot;
    Object.assign(handle, makeHandle(host, boot, tree, imported, dce));
  };

  destroy(): void {
    this.#boot?.net?.shutdown();
  }
}

function makeHandle(
  host: KernelHost,
  boot: Boot,
  tree: SysctlTree,
  imported: DceHandle,
  dce: DceKernel,
): KernelHandle {
  const { kernel } = boot;
  const net = (): NetStack => {
    if (boot.net === undefined) throw new Error("the kernel has not booted");
    return boot.net;
  };
  const forwarders = new Forwarders(kernel, host.taskManager, () => imported.task_current(dce));
  return {
    version: KERNEL_HANDLE_VERSION,
    ...lifeCycle(host, boot, forwarders),
    ...tasks(forwarders),
    ...emulatedSockets(forwarders, net, imported),
    ...emulatedDevices(forwarders, net, imported, dce),
    ...emulatedSysctl(forwarders, tree, net),
    ...emulatedLkl(forwarders),
    dmesg: () => kernel.dmesg(),
  };
}

function lifeCycle(
  host: KernelHost,
  boot: Boot,
  forwarders: Forwarders,
): Pick<KernelHandle, "setup_kernel" | "halt_kernel"> {
  const { taskManager } = host;
  const { kernel } = boot;
  return {
    setup_kernel: () => enter(taskManager, boots(host, kernel, forwarders)),
    halt_kernel: () => enter(taskManager, halts(boot, forwarders)),
  };
}

/** `Wait` of both packages is the same type by structure. */
function enter(manager: TaskManager, wait: Wait): ReturnType<TaskManager["enter"]> {
  return manager.enter(wait);
}

function* boots(host: KernelHost, kernel: LklKernel, forwarders: Forwarders): Wait {
  const initialized = kernel.lkl_init(host.hostOps);
  if (initialized < 0) return initialized;
  const started = yield* kernel.lkl_start_kernel(host.commandLine);
  return started < 0 ? started : forwarders.requestIrq();
}

function* halts(boot: Boot, forwarders: Forwarders): Wait {
  const { kernel } = boot;
  if (!kernel.lkl_is_running()) return -Errno.ESHUTDOWN;
  forwarders.inEventContext(() => boot.net?.shutdown());
  const halted = yield* kernel.lkl_sys_halt();
  if (halted >= 0) kernel.lkl_cleanup();
  return halted;
}

type TaskCalls = Pick<
  KernelHandle,
  "task_create" | "task_destroy" | "task_get_private" | "task_interrupt" | "thread_ended"
>;

function tasks(forwarders: Forwarders): TaskCalls {
  return {
    task_create: (priv, pid) => new EmulatedTask(priv, pid),
    // Its kernel task is a host task, which the TLS destructor of the thread takes away.
    task_destroy: () => {},
    task_get_private: (task) => emulatedTask(task).priv,
    task_interrupt: (task) => forwarders.interrupt(emulatedTask(task)),
    thread_ended: (thread) => forwarders.threadEnded(thread),
  };
}

function emulatedTask(task: object): EmulatedTask {
  if (task instanceof EmulatedTask) return task;
  throw new TypeError("not a task of this kernel");
}

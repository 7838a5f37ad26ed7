import type { Blocked, TaskManager, Wait } from "@dcejs/core-sched";
import { nanoseconds } from "@dcejs/core-sched";
import { emulatedKernelProvider } from "../../src/kernel/emulated/emulated-kernel.ts";
import { assertKernelHandle } from "../../src/kernel/handle-fields.ts";
import type { KernelHandle } from "../../src/kernel/kernel-handle.ts";
import type { SimTask } from "../../src/kernel/kernel-objects.ts";
import {
  type KernelHost,
  type KernelInstance,
  type KernelProvider,
  type SimInit,
  registerKernelProvider,
} from "../../src/kernel/kernel-provider.ts";

const CALL_NS = nanoseconds(1000);

/** How many calls have waited, by their names: proof that a test went through here. */
export const slowCalls: Map<string, number> = new Map<string, number>();

/**
 * The emulated kernel as one that suspends its caller in every socket call: each waits for 1 us
 * before it is made, as a kernel of another instruction set might that cannot answer at once.
 */
class SlowKernel implements KernelInstance {
  readonly #manager: TaskManager;
  readonly #inner: KernelInstance;
  /** Where the emulated kernel wants to wait, caught so that it waits inside of this kernel's wait. */
  #caught: { wait: Wait | undefined } | undefined;
  /** Tasks that wait for their 1 us, and whether a signal has come meanwhile. */
  readonly #early = new Map<SimTask, boolean>();

  constructor(host: KernelHost) {
    this.#manager = host.taskManager;
    const enter = (wait: Wait): number | Blocked => this.#enter(wait);
    const taskManager = new Proxy(host.taskManager, {
      get(target, key): unknown {
        if (key === "enter") return enter;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    this.#inner = emulatedKernelProvider.create({ ...host, taskManager });
  }

  get livePackets(): number {
    return this.#inner.livePackets;
  }

  readonly sim_init: SimInit = (handle, imported, dce) => {
    this.#inner.sim_init(handle, imported, dce);
    assertKernelHandle(handle, "emulated");
    const real: KernelHandle = { ...handle };
    const slow = <A extends readonly unknown[]>(
      name: string,
      call: (...args: A) => number | Blocked,
    ): ((...args: A) => number | Blocked) => {
      return (...args) => {
        if (this.#manager.currentTask() === undefined) return call(...args);
        slowCalls.set(name, (slowCalls.get(name) ?? 0) + 1);
        const task = imported.task_current(dce);
        return this.#manager.enter(this.#waits(real, task, () => call(...args)));
      };
    };
    Object.assign(handle, slowSockets(real, slow), {
      task_interrupt: (task: SimTask): void => {
        if (this.#early.has(task)) this.#early.set(task, true);
        else real.task_interrupt(task);
      },
    });
  };

  destroy(): void {
    this.#inner.destroy();
  }

  #enter(wait: Wait): number | Blocked {
    if (this.#caught === undefined) return this.#manager.enter(wait);
    this.#caught.wait = wait;
    return 0;
  }

  *#waits(real: KernelHandle, task: SimTask | undefined, call: () => number | Blocked): Wait {
    if (task !== undefined) this.#early.set(task, false);
    yield this.#manager.sleepFor("slow_kernel", CALL_NS);
    const isInterrupted = task !== undefined && this.#early.get(task) === true;
    if (task !== undefined) this.#early.delete(task);
    const caught: { wait: Wait | undefined } = { wait: undefined };
    this.#caught = caught;
    const result = call();
    this.#caught = undefined;
    if (typeof result !== "number") throw new Error("a wait that was not caught");
    if (caught.wait === undefined) return result;
    return yield* goesOn(caught.wait, () => {
      if (isInterrupted) real.task_interrupt(task);
    });
  }
}

/** A signal of the time before reaches the call when it sleeps. */
function* goesOn(wait: Wait, asleep: () => void): Wait {
  try {
    let step = wait.next(0);
    if (step.done !== true) asleep();
    while (step.done !== true) step = wait.next(yield step.value);
    return step.value;
  } finally {
    wait.return(0);
  }
}

type Slow = <A extends readonly unknown[]>(
  name: string,
  call: (...args: A) => number | Blocked,
) => (...args: A) => number | Blocked;

function slowSockets(real: KernelHandle, slow: Slow): Partial<KernelHandle> {
  return {
    sock_socket: slow("socket", (...args: Parameters<KernelHandle["sock_socket"]>) =>
      real.sock_socket(...args),
    ),
    sock_close: slow("close", (...args: Parameters<KernelHandle["sock_close"]>) =>
      real.sock_close(...args),
    ),
    sock_recvmsg: slow("recvmsg", (...args: Parameters<KernelHandle["sock_recvmsg"]>) =>
      real.sock_recvmsg(...args),
    ),
    sock_sendmsg: slow("sendmsg", (...args: Parameters<KernelHandle["sock_sendmsg"]>) =>
      real.sock_sendmsg(...args),
    ),
    sock_getsockname: slow("getsockname", (...args: Parameters<KernelHandle["sock_getsockname"]>) =>
      real.sock_getsockname(...args),
    ),
    sock_getpeername: slow("getpeername", (...args: Parameters<KernelHandle["sock_getpeername"]>) =>
      real.sock_getpeername(...args),
    ),
    sock_bind: slow("bind", (...args: Parameters<KernelHandle["sock_bind"]>) =>
      real.sock_bind(...args),
    ),
    sock_connect: slow("connect", (...args: Parameters<KernelHandle["sock_connect"]>) =>
      real.sock_connect(...args),
    ),
    sock_listen: slow("listen", (...args: Parameters<KernelHandle["sock_listen"]>) =>
      real.sock_listen(...args),
    ),
    sock_shutdown: slow("shutdown", (...args: Parameters<KernelHandle["sock_shutdown"]>) =>
      real.sock_shutdown(...args),
    ),
    sock_accept: slow("accept", (...args: Parameters<KernelHandle["sock_accept"]>) =>
      real.sock_accept(...args),
    ),
    sock_ioctl: slow("ioctl", (...args: Parameters<KernelHandle["sock_ioctl"]>) =>
      real.sock_ioctl(...args),
    ),
    sock_setsockopt: slow("setsockopt", (...args: Parameters<KernelHandle["sock_setsockopt"]>) =>
      real.sock_setsockopt(...args),
    ),
    sock_getsockopt: slow("getsockopt", (...args: Parameters<KernelHandle["sock_getsockopt"]>) =>
      real.sock_getsockopt(...args),
    ),
  };
}

const provider: KernelProvider = {
  name: "slow",
  create: (host) => new SlowKernel(host),
};

/** @returns the name under which scenarios may ask for it. */
export function registerSlowKernel(): string {
  registerKernelProvider(provider);
  return provider.name;
}

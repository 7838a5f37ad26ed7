import { type Task, TaskManager } from "@dcejs/core-sched";
import { simulation } from "@dcejs/dce-glue";
import { LklKernel } from "@dcejs/lkl-kernel";
import { type HostFlavour, spoiledHostOps } from "./accept-deadlock/host-operations.ts";
import { type AcceptWait, Listener, SYS_ACCEPT, SYS_CONNECT } from "./accept-deadlock/listener.ts";
import { OneOsThread } from "./accept-deadlock/one-os-thread.ts";

const VARIANTS: Record<"a" | "b" | "c" | "d", HostFlavour & { readonly acceptWait: AcceptWait }> = {
  // Host operations of LKL's POSIX host, programs as fibers on one OS thread.
  a: { semDownBlocks: "os-thread", identity: "os-thread", acceptWait: "kernel" },
  // Fibers are switched inside accept's wait; all programs have the identity of their OS thread.
  b: { semDownBlocks: "task", identity: "os-thread", acceptWait: "simulator" },
  // The same with an identity for each fiber: the cpu stays with the one that waits.
  c: { semDownBlocks: "task", identity: "task", acceptWait: "simulator" },
  // Host operations that are simulator tasks, under an unpatched kernel.
  d: { semDownBlocks: "task", identity: "task", acceptWait: "kernel" },
};

/** Why a blocked accept stopped DCE on LKL, three times, and why it does not here: docs/ACCEPT_DEADLOCK.md. */
export default simulation(
  {
    description: "the deadlock of DCE on LKL in three variants (a, b, c), and the way out (d)",
    options: { variant: { type: "string", choices: ["a", "b", "c", "d"], default: "d" } },
  },
  (sim) => {
    const variant = VARIANTS[sim.options.variant];
    const osThread = new OneOsThread();
    const manager = new TaskManager(sim.simulator, { name: "host", scheduler: osThread });
    const kernel = new LklKernel({ name: "host" });
    const events: string[] = [];
    kernel.lkl_init(spoiledHostOps(manager, osThread, variant));
    new Listener(manager, variant.acceptWait).register(kernel);

    const boot = manager.start(() => kernel.lkl_start_kernel("loglevel=8"), { name: "boot" });
    osThread.add(boot);
    const server = program("server", SYS_ACCEPT, []);
    const client = program("client", SYS_CONNECT, ["client"]);
    sim.at("1ms", () => void manager.wakeup(server));
    sim.at("2ms", () => void manager.wakeup(client));
    return () => ({ events, cpu: { owner: kernel.cpu.owner, count: kernel.cpu.count } });

    /** A program that waits for its turn, makes one system call, and says what came of it. */
    function program(name: string, call: number, params: unknown[]): Task {
      const task = manager.start(
        function* () {
          yield manager.sleep("not started yet");
          const result = kernel.lkl_syscall(call, params);
          const value = typeof result === "number" ? result : yield* result;
          events.push(`${name}: ${value} at ${sim.now} ns`);
        },
        { name },
      );
      osThread.add(task);
      const { describeWait } = task;
      task.describeWait = () => {
        const { waitChannel, wakers } = describeWait?.() ?? { waitChannel: "", wakers: "" };
        return { waitChannel, wakers: wakers === "" ? cpuState() : wakers };
      };
      return task;
    }

    function cpuState(): string {
      const { owner, count, sleepers } = kernel.cpu;
      const name = [...manager.tasks].find(({ id }) => id === owner)?.name ?? String(owner);
      return `whoever has the cpu (owner=${owner === 0 ? "nobody" : name} count=${count} sleepers=${sleepers})`;
    }
  },
);

import { type Task, TaskManager } from "@dcejs/core-sched";
import { simulation } from "@dcejs/dce-glue";
import { LklBugError, LklKernel } from "@dcejs/lkl-kernel";
import { type HostFlavour, OS_THREAD, spoiledHostOps } from "./accept-deadlock/host-operations.ts";
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
    const server = program("server", "accept", SYS_ACCEPT, []);
    const client = program("client", "connect", SYS_CONNECT, ["client"]);
    sim.at("1ms", () => void manager.wakeup(server));
    sim.at("2ms", () => void manager.wakeup(client));
    return () => ({ events, cpu: { owner: kernel.cpu.owner, count: kernel.cpu.count } });

    /** A program that waits for its turn, makes one system call, and says what came of it. */
    function program(name: string, call: string, number: number, params: unknown[]): Task {
      const task = manager.start(
        function* () {
          yield manager.sleep("not started yet");
          try {
            const result = kernel.lkl_syscall(number, params);
            const value = typeof result === "number" ? result : yield* result;
            events.push(`${name}: ${value} at ${sim.now} ns`);
          } catch (error) {
            if (!(error instanceof LklBugError)) throw error;
            throw new Error(`${error.message} (${call} in a cpu held by ${cpuState()})`, {
              cause: error,
            });
          }
        },
        { name },
      );
      osThread.add(task);
      const { describeWait } = task;
      task.describeWait = () => {
        const { waitChannel, wakers } = describeWait?.() ?? { waitChannel: "", wakers: "" };
        return {
          waitChannel: task.state === "BLOCKED" ? `${call}: ${waitChannel}` : waitChannel,
          wakers: wakers === "" ? `whoever has the cpu: ${cpuState()}` : wakers,
        };
      };
      return task;
    }

    function cpuState(): string {
      const { owner, count, sleepers } = kernel.cpu;
      return `owner=${ownerName(owner)} count=${count} sleepers=${sleepers}`;
    }

    function ownerName(owner: number): string {
      if (owner === 0) return "nobody";
      if (owner === OS_THREAD) return "the OS thread of all programs";
      return [...manager.tasks].find(({ id }) => id === owner)?.name ?? String(owner);
    }
  },
);

import type { TaskManager } from "@dcejs/core-sched";
import { simHostOps } from "@dcejs/dce-glue";
import type { LklHostOperations } from "@dcejs/lkl-kernel";
import type { OneOsThread } from "./one-os-thread.ts";

/** The thread identity that all programs share when identity is the OS thread's. */
export const OS_THREAD = 0x7fff_ffff;

/**
 * What a host operation blocks, and whose identity it sees: the one OS thread of all programs, as in
 * LKL's POSIX host, or the simulator's task.
 */
export interface HostFlavour {
  readonly semDownBlocks: "os-thread" | "task";
  readonly identity: "os-thread" | "task";
}

/** The simulator's host operations, spoiled in the way that `flavour` says. */
export function spoiledHostOps(
  manager: TaskManager,
  osThread: OneOsThread,
  flavour: HostFlavour,
): LklHostOperations {
  const ops: LklHostOperations = simHostOps(manager, { context: manager.context });
  const isProgram = (): boolean => osThread.has(manager.currentTask());
  if (flavour.identity === "os-thread") {
    const taskSelf = ops.thread_self.bind(ops);
    ops.thread_self = () => (isProgram() ? OS_THREAD : taskSelf());
    shareThreadLocalStorage(ops, isProgram);
  }
  if (flavour.semDownBlocks === "os-thread") {
    const semDown = ops.sem_down.bind(ops);
    ops.sem_down = (sem) => {
      const handle = semDown(sem);
      const task = manager.currentTask();
      if (handle !== undefined && task !== undefined && osThread.has(task)) osThread.block(task);
      return handle;
    };
  }
  return ops;
}

/** pthread_setspecific knows OS threads only: all programs see one value. */
function shareThreadLocalStorage(ops: LklHostOperations, isProgram: () => boolean): void {
  const shared = new Map<object, unknown>();
  const set = ops.tls_set?.bind(ops);
  const get = ops.tls_get?.bind(ops);
  ops.tls_set = (key, value) => {
    if (!isProgram()) return set?.(key, value) ?? -1;
    shared.set(key, value);
    return 0;
  };
  ops.tls_get = (key) => (isProgram() ? shared.get(key) : get?.(key));
}

import type { Wait } from "./blocked.ts";
import { Completion } from "./completion.ts";
import type { LklKernel } from "./kernel.ts";
import type { TaskStruct } from "./task.ts";

/** What a kernel thread runs; the number that it returns is what kthread_stop gives. */
export type KthreadFunction = () => void | number | Wait<void | number>;

/** struct kthread: what a kernel thread's owner and the thread itself share. */
export class Kthread {
  readonly fn: KthreadFunction;
  /** Made by whoever waits for its end. */
  exited: Completion | undefined = undefined;
  shouldStop = false;
  hasExited = false;
  result = 0;

  constructor(fn: KthreadFunction) {
    this.fn = fn;
  }
}

/** kthread_should_stop, for the current thread. */
export function kthread_should_stop(kernel: LklKernel): boolean {
  return kernel.current.kthread?.shouldStop ?? false;
}

/** Asks a kernel thread to end and waits until it has. @returns what its function returned */
export function* kthread_stop(kernel: LklKernel, task: TaskStruct): Wait {
  const { kthread } = task;
  if (kthread === undefined) return 0;
  kthread.shouldStop = true;
  kernel.wake_up_process(task);
  if (!kthread.hasExited) {
    kthread.exited ??= new Completion(kernel);
    yield* kthread.exited.wait();
  }
  return kthread.result;
}

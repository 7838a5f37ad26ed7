import { LklKernel, SyscallNumber } from "@dcejs/lkl-kernel";
import type { LklKernelOptions, Wait } from "@dcejs/lkl-kernel";
import { GeneratorHost } from "@dcejs/lkl-kernel";

/** Boots a kernel on the host, in the calling thread. */
export function* boot(
  host: Pick<GeneratorHost, "ops">,
  options: LklKernelOptions = {},
  cmdline?: string,
): Wait<LklKernel> {
  const kernel = new LklKernel(options);
  yield* start(host, kernel, cmdline);
  return kernel;
}

export function* start(
  host: Pick<GeneratorHost, "ops">,
  kernel: LklKernel,
  cmdline = "mem=32M loglevel=8",
): Wait<void> {
  if (kernel.lkl_init(host.ops) !== 0) throw new Error(kernel.dmesg());
  const result = yield* kernel.lkl_start_kernel(cmdline);
  if (result !== 0) throw new Error(`lkl_start_kernel: ${result}`);
}

/** Boots a kernel, runs `body` in the thread that has booted it, and halts it. */
export function withKernel<T>(
  body: (kernel: LklKernel, host: GeneratorHost) => Wait<T>,
  options: LklKernelOptions = {},
): T {
  const host = new GeneratorHost();
  return host.runProgram(function* () {
    const kernel = yield* boot(host, options);
    const result = yield* body(kernel, host);
    yield* kernel.lkl_sys_halt();
    kernel.lkl_cleanup();
    return result;
  });
}

/** A system call of the calling thread, waited for. */
export function* syscall(
  kernel: LklKernel,
  name: keyof typeof SyscallNumber,
  ...params: unknown[]
): Wait {
  const result = kernel.lkl_syscall(SyscallNumber[name], params);
  return typeof result === "number" ? result : yield* result;
}

/** Kernel code in the task of the calling thread, waited for. */
export function* inKernel(kernel: LklKernel, fn: () => number | Wait): Wait {
  const result = kernel.lkl_run_as_host_task(fn, undefined);
  return typeof result === "number" ? result : yield* result;
}

/** Kernel code that gives back anything. */
export function* inKernelFor<T>(kernel: LklKernel, fn: () => T | Wait<T>): Wait<T> {
  let result: { value: T } | undefined;
  yield* inKernel(kernel, function* () {
    const value = fn();
    result = { value: isWait(value) ? yield* value : value };
    return 0;
  });
  if (result === undefined) throw new Error("the kernel does not run");
  return result.value;
}

function isWait<T>(value: T | Wait<T>): value is Wait<T> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

/** Waits for a host thread. */
export function* join(host: GeneratorHost, thread: number): Wait {
  const joined = host.ops.thread_join(thread);
  return typeof joined === "number" ? joined : yield joined;
}

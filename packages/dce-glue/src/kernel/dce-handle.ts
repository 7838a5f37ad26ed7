import type { Blocked, Frame } from "@dcejs/lkl-kernel";
import type { DceKernel, SimDevice, SimTask } from "./kernel-objects.ts";

/** A FILE of the libc part: only for kernels that write coverage files. */
export type SimFile = object;

/**
 * What the simulator gives to a kernel (DCE's `struct DceHandle`, classic name `SimImported`),
 * names verbatim; the first argument is the `kernel` that `sim_init` got, except for `poll_event`.
 * A kernel calls these from any context of its own. `Blocked | undefined`: undefined is "done",
 * a Blocked must be handed up (yielded) by the kernel code that called.
 */
export interface DceHandleClassic {
  // Memory and log
  /** One line or more for the node's /var/log/messages. */
  vprintf(kernel: DceKernel, text: string): number;
  /** undefined when the fault injection says so (`ErrorRate`). Zero-filled. */
  malloc(kernel: DceKernel, size: number): Uint8Array | undefined;
  free(kernel: DceKernel, memory: Uint8Array): void;
  memcpy(kernel: DceKernel, to: Uint8Array, from: Uint8Array, size: number): Uint8Array;
  memset(kernel: DceKernel, to: Uint8Array, value: number, size: number): Uint8Array;

  // libc for coverage data, on the node's own files; -errno for errors
  /** Called when the kernel is destroyed, in order of registration. */
  atexit(kernel: DceKernel, fn: () => void): number;
  access(kernel: DceKernel, path: string, mode: number): number;
  getenv(kernel: DceKernel, name: string): string | undefined;
  mkdir(kernel: DceKernel, path: string, mode: number): number;
  open(kernel: DceKernel, path: string, flags: number): number;
  /** Size of an open file, in `stat.size`. */
  __fxstat(kernel: DceKernel, version: number, fd: number, stat: { size: number }): number;
  fseek(kernel: DceKernel, file: SimFile, offset: number, whence: number): number;
  setbuf(kernel: DceKernel, file: SimFile, buffer: Uint8Array | undefined): void;
  fdopen(kernel: DceKernel, fd: number, mode: string): SimFile | undefined;
  ftell(kernel: DceKernel, file: SimFile): number;
  fclose(kernel: DceKernel, file: SimFile): number;
  /** @returns whole items read */
  fread(kernel: DceKernel, to: Uint8Array, size: number, count: number, file: SimFile): number;
  fwrite(kernel: DceKernel, from: Uint8Array, size: number, count: number, file: SimFile): number;

  // Entropy and time
  /** Unsigned 32 bits from the node's own stream. */
  random(kernel: DceKernel): number;
  /** Virtual nanoseconds since the start. */
  current_ns(kernel: DceKernel): number;
  /** Calls `preFn()` then `fn(context)` in event context after `ns`. The result is for event_cancel. */
  event_schedule_ns(
    kernel: DceKernel,
    ns: number,
    fn: (context: unknown) => void,
    context: unknown,
    preFn?: () => void,
  ): object;
  event_cancel(kernel: DceKernel, event: object): void;

  // Tasks
  /** A new task of the simulator that runs `callback(context)`. */
  task_start(
    kernel: DceKernel,
    callback: (context: unknown) => void | Generator<Blocked, unknown, number>,
    context: unknown,
  ): SimTask;
  /** Parks the current task until task_wakeup, or for `ns` (LKL). Completes with the ns left. */
  task_wait(kernel: DceKernel, ns?: number): Blocked;
  /** The current task's SimTask, made by `KernelHandle.task_create` at first; undefined in event context. */
  task_current(kernel: DceKernel): SimTask | undefined;
  /** @returns 1 if it was blocked, else 0 */
  task_wakeup(kernel: DceKernel, task: SimTask): number;
  /** To the tail of the run queue. */
  task_yield(kernel: DceKernel): Blocked;

  // Network
  /** A frame goes out, copied. @returns 0; 1 (NETDEV_TX_BUSY): not taken, `dev_wake_queue` follows */
  dev_xmit(kernel: DceKernel, device: SimDevice, data: Uint8Array, length: number): number;

  // The rest
  /** The kernel raises a signal for a task (SIGPIPE, SIGIO, SIGURG). */
  signal_raised(kernel: DceKernel, task: SimTask, signal: number): void;
  /** A polled socket's state has changed. @param flag events @param context `PollTableRef.opaque` of sock_poll */
  poll_event(flag: number, context: object): void;
}

/** What the LKL branch added: POSIX names over tasks of the simulator (never of the host's OS). */
export interface DceHandleLkl {
  sem_init(kernel: DceKernel, count: number): object | undefined;
  sem_destroy(kernel: DceKernel, sem: object): number;
  sem_post(kernel: DceKernel, sem: object): number;
  sem_wait(kernel: DceKernel, sem: object): Blocked | undefined;
  panic(kernel: DceKernel): void;
  pthread_mutexattr_init(kernel: DceKernel): { type: number };
  /** @param type PTHREAD_MUTEX_NORMAL 0, RECURSIVE 1, ERRORCHECK 2 */
  pthread_mutexattr_settype(kernel: DceKernel, attributes: { type: number }, type: number): number;
  pthread_mutex_init(kernel: DceKernel, attributes?: { type: number }): object | undefined;
  pthread_mutex_destroy(kernel: DceKernel, mutex: object): number;
  pthread_mutex_lock(kernel: DceKernel, mutex: object): Blocked | undefined;
  pthread_mutex_unlock(kernel: DceKernel, mutex: object): number;
  /** @returns the thread's id, 0 for failure */
  pthread_create(
    kernel: DceKernel,
    fn: (argument: unknown) => void | Generator<Blocked, unknown, number>,
    argument: unknown,
  ): number;
  pthread_detach(kernel: DceKernel): void;
  pthread_exit(kernel: DceKernel): void;
  pthread_join(kernel: DceKernel, thread: number): number | Blocked;
  pthread_self(kernel: DceKernel): number;
  pthread_key_create(
    kernel: DceKernel,
    destructor?: (value: unknown) => void | Generator<Blocked, unknown, number>,
  ): object | undefined;
  pthread_key_delete(kernel: DceKernel, key: object): number;
  pthread_setspecific(kernel: DceKernel, key: object, value: unknown): number;
  pthread_getspecific(kernel: DceKernel, key: object): unknown;
  /** @returns nanoseconds of the virtual clock; CLOCK_REALTIME 0 with the node's wall clock base */
  clock_gettime(kernel: DceKernel, clock: number): number;
  timer_create(kernel: DceKernel, fn: () => void): object | undefined;
  /** One shot after `ns`; 0 disarms. */
  timer_settime(kernel: DceKernel, timer: object, ns: number): number;
  /** Runs the simulator's scheduler: task_yield under the LKL branch's name. */
  task_schedule(kernel: DceKernel): Blocked;
}

/** What DCE lacks: frames by reference, back-pressure and changes of a device made inside the kernel. */
export interface DceHandleExtensions {
  /** A frame goes out by reference. @returns false: the ring is full, the frame is still the kernel's */
  dev_xmit_frame(kernel: DceKernel, device: SimDevice, frame: Frame): boolean;
  /** MTU, flags, address or name of a device were changed in the kernel. @param what DEV_CHANGED_* bits */
  dev_changed(kernel: DceKernel, device: SimDevice, what: number, value: number): void;
}

export interface DceHandle extends DceHandleClassic, DceHandleLkl, DceHandleExtensions {}

/** Name of the classic ABI (net-next-sim). */
export type SimImported = DceHandle;

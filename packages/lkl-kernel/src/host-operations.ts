import type { Blocked, Wait } from "./blocked.ts";

/** Opaque objects of the host. */
export type LklSem = object;
export type LklMutex = object;
export type LklTlsKey = object;
export type LklTimer = object;
/** A host thread's identity. 0 is no thread: the cpu's owner 0 means "free". */
export type LklThread = number;
/** struct lkl_jmp_buf: what jmp_buf_set saves. */
export type LklJmpBuf = object;

/**
 * struct lkl_host_operations of the newest LKL: 42 members in the order of its declaration, names
 * verbatim. The only thing that a kernel may ask of its host. Times are nanoseconds, integers below
 * 2^53. A "thread" is whatever the host can park by itself: a simulator's task, a fiber, a worker.
 *
 * Calls that may block return a {@link Blocked} handle, which kernel code hands up to its host, or
 * the result when there is nothing to wait for. The kernel calls everything else where it must not
 * block, and some of it (`sem_up`, `time`, `thread_self`, `timer_*`) with no thread at all, from the
 * host's event loop: there `thread_self()` is the loop's own constant identity.
 */
export interface LklHostOperations {
  /** Appended to the kernel's command line, in the syntax of virtio_mmio.device=. */
  virtio_devices?: string;
  /** Console output. Without it the kernel is silent. May be exchanged while the kernel runs. */
  print?(text: string, length: number): void;
  /** The kernel has panicked. It throws afterwards, so this may return. */
  panic(): void;

  /** A counting semaphore, undefined when there is no memory. Waiters are served in FIFO order. */
  sem_alloc(count: number): LklSem | undefined;
  sem_free(sem: LklSem): void;
  /** Never blocks; may come from any thread and from the event loop. */
  sem_up(sem: LklSem): void;
  /** Takes one, or blocks the calling thread until it has. @returns undefined when it was taken at once */
  sem_down(sem: LklSem): Blocked | undefined;
  /** @param recursive nonzero: the owner may lock again */
  mutex_alloc(recursive: number): LklMutex | undefined;
  mutex_free(mutex: LklMutex): void;
  mutex_lock(mutex: LklMutex): Blocked | undefined;
  mutex_unlock(mutex: LklMutex): void;

  /** A new thread that runs `f(arg)`. It must not begin before this call returns. @returns 0: failure */
  thread_create(f: (arg: unknown) => void | Wait<unknown>, arg: unknown, name?: string): LklThread;
  /** Gives up joining the calling thread. */
  thread_detach?(): void;
  /** Ends the calling thread; runs its TLS destructors. */
  thread_exit(): never;
  /** 0 once the thread has ended, at once or later; -1 for a thread that cannot be joined. */
  thread_join(thread: LklThread): number | Blocked;
  thread_self(): LklThread;
  thread_equal(a: LklThread, b: LklThread): boolean;
  /** Base and size of the calling thread's stack, in octets. */
  thread_stack?(): { base: number; size: number };

  /**
   * A key with one value for each thread. The destructor runs in the dying thread with its value,
   * and may block. Without tls_* all system calls run as one task, host0.
   */
  tls_alloc?(destructor?: (value: unknown) => void | Wait<unknown>): LklTlsKey | undefined;
  tls_free?(key: LklTlsKey): void;
  /** @returns 0, or -1 */
  tls_set?(key: LklTlsKey, value: unknown): number;
  /** @returns undefined when the thread has set none */
  tls_get?(key: LklTlsKey): unknown;

  mem_alloc(size: number): Uint8Array | undefined;
  mem_free(memory: Uint8Array): void;
  /** Page-aligned memory, for the kernel's RAM. */
  page_alloc?(size: number): Uint8Array | undefined;
  page_free?(memory: Uint8Array, size: number): void;

  /** Monotonic time, ns. Without time and timer_* the kernel runs, but nothing in it ever times out. */
  time?(): number;
  /**
   * A timer that calls `fn` from the event loop or any thread each time it fires. The host waits for a promise that it
   * returns: time stands still, and nothing else runs.
   */
  timer_alloc?(fn: () => void | Promise<void>): LklTimer | undefined;
  /** Fires once after `delta` ns, whatever was set before. @returns 0, or -1 */
  timer_set_oneshot?(timer: LklTimer, delta: number): number;
  /** Disarms and forgets it. */
  timer_free?(timer: LklTimer): void;

  /** The region at a bus address; undefined if there is none or it is too small. */
  ioremap?(address: number, size: number): object | undefined;
  /** Reads or writes a register of a region. @returns 0, nonzero for an error */
  iomem_access?(region: object, offset: number, value: Uint8Array, isWrite: boolean): number;

  /**
   * Runs `f` so that jmp_buf_longjmp(buf) inside it comes back here. This kernel keeps both for
   * compatibility: LKL's only long jump is "return from schedule() without parking", and here that
   * is a plain return.
   */
  jmp_buf_set(buf: LklJmpBuf, f: () => void): void;
  jmp_buf_longjmp(buf: LklJmpBuf, value: number): never;

  memcpy?(to: Uint8Array, from: Uint8Array, count: number): Uint8Array;
  memset?(to: Uint8Array, value: number, count: number): Uint8Array;
  memmove?(to: Uint8Array, from: Uint8Array, count: number): Uint8Array;

  /** An anonymous map; protection bits READ 1, WRITE 2, EXEC 4. */
  mmap?(address: number, size: number, protection: number): Uint8Array | undefined;
  munmap?(memory: Uint8Array, size: number): number;
  shmem_init?(size: number): void;
  shmem_mmap?(
    address: number,
    pageOffset: number,
    size: number,
    protection: number,
  ): Uint8Array | undefined;
  /** struct lkl_dev_pci_ops. */
  pci_ops?: object;
}

/** The members without which no kernel starts. */
const MANDATORY = [
  "panic",
  "sem_alloc",
  "sem_free",
  "sem_up",
  "sem_down",
  "mutex_alloc",
  "mutex_free",
  "mutex_lock",
  "mutex_unlock",
  "thread_create",
  "thread_exit",
  "thread_join",
  "thread_self",
  "thread_equal",
  "mem_alloc",
  "mem_free",
  "jmp_buf_set",
  "jmp_buf_longjmp",
] as const satisfies readonly (keyof LklHostOperations)[];

/** Members that only make sense together. */
const TOGETHER = [
  ["tls_alloc", "tls_free", "tls_set", "tls_get"],
  ["time", "timer_alloc", "timer_set_oneshot", "timer_free"],
] as const satisfies readonly (readonly (keyof LklHostOperations)[])[];

/**
 * Names of the operations that are missing: every mandatory one, and the rest of a group (tls_*,
 * time and timer_*) of which the host has only some. Empty when a kernel can run on `ops`.
 */
export function validateHostOperations(ops: Partial<LklHostOperations>): string[] {
  const isMissing = (name: keyof LklHostOperations): boolean => typeof ops[name] !== "function";
  const missing: string[] = MANDATORY.filter(isMissing);
  for (const group of TOGETHER) {
    const absent = group.filter(isMissing);
    if (absent.length < group.length) missing.push(...absent);
  }
  return missing;
}

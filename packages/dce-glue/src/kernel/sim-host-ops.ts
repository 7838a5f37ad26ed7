import type { Blocked, RandomStream, Task, TaskManager, Wait } from "@dcejs/core-sched";
import type { LklHostOperations } from "@dcejs/lkl-kernel";
import { HostMemory } from "./host-memory.ts";
import { HostMutex, HostSemaphore } from "./host-semaphore.ts";
import { HostThreads, HostTlsKey } from "./host-threads.ts";
import { HostTimer, HostTimers } from "./host-timers.ts";

export interface SimHostOpsOptions {
  /** Node id: context of the timers' events. */
  readonly context: number;
  /** Console; without it the kernel is silent. */
  readonly print?: (text: string) => void;
  readonly panic?: () => void;
  /** Probability that an allocation fails, 0..1. @default 0 */
  readonly errorRate?: number;
  /** Where the failures come from. */
  readonly random?: RandomStream;
  /** Devices in virtio-mmio command line syntax. @default "" */
  readonly virtioDevices?: string;
}

/** How many objects of each kind a kernel holds of its host now. */
export interface LiveHostObjects {
  readonly semaphores: number;
  readonly mutexes: number;
  readonly threads: number;
  readonly tlsKeys: number;
  readonly timers: number;
  readonly memory: number;
}

/** The long jump of jmp_buf_longjmp on its way to its jmp_buf_set. */
class LongJump extends Error {
  readonly buffer: object;
  readonly value: number;
  constructor(buffer: object, value: number) {
    super(`jmp_buf_longjmp(${value}) without its jmp_buf_set on the stack`);
    this.buffer = buffer;
    this.value = value;
  }
}

/** Handed out by `thread_stack`: tasks have no stack that a kernel could walk, only room for one. */
const STACK_SIZE = 8192;

/** `lkl_dev_pci_ops` of a host without PCI. */
const NO_PCI_DEVICES = {
  add: (): undefined => undefined,
  remove: (): void => {},
  irq_init: (): number => -1,
  read: (): number => -1,
  write: (): number => -1,
  resource_alloc: (): undefined => undefined,
  map_page: (): number => 0,
  unmap_page: (): void => {},
} as const;

/**
 * The host of a kernel, made of the simulator: a thread is a task, `sem_down` parks it, `time` is
 * the virtual clock, a timer is an event. A kernel that blocks therefore yields to the simulator
 * by construction, and blocking calls of many programs coexist (a thread that sleeps in `accept` stops nobody else).
 */
export class SimHostOperations implements Required<LklHostOperations> {
  readonly virtio_devices: string;
  readonly pci_ops: object = NO_PCI_DEVICES;
  readonly memory: HostMemory;
  readonly #manager: TaskManager;
  readonly #options: SimHostOpsOptions;
  readonly #threads: HostThreads;
  readonly #timers: HostTimers;
  readonly #semaphores = new Set<object>();
  readonly #mutexes = new Set<object>();
  readonly #threadSelf: () => number;

  constructor(manager: TaskManager, options: SimHostOpsOptions) {
    this.#manager = manager;
    this.#options = options;
    this.virtio_devices = options.virtioDevices ?? "";
    this.memory = new HostMemory(options.random, options.errorRate ?? 0);
    this.#threads = new HostThreads(manager);
    this.#timers = new HostTimers(manager.simulator, options.context);
    this.#threadSelf = () => this.#threads.self();
  }

  /** What the kernel holds now; all zero after `lkl_cleanup`. */
  get live(): LiveHostObjects {
    return {
      semaphores: this.#semaphores.size,
      mutexes: this.#mutexes.size,
      threads: this.#threads.liveCount,
      tlsKeys: this.#threads.keyCount,
      timers: this.#timers.liveCount,
      memory: this.memory.liveCount,
    };
  }

  /** Ends threads and timers and forgets everything, whatever the kernel still holds. */
  destroy(): void {
    this.#threads.destroy();
    this.#timers.destroy();
    this.memory.destroy();
    this.#semaphores.clear();
    this.#mutexes.clear();
  }

  /** A task of the host was stopped by force: what it had set for itself is forgotten. */
  taskStopped(task: Task): void {
    this.#threads.forget(task);
  }

  print(text: string, length: number): void {
    this.#options.print?.(length < text.length ? text.slice(0, length) : text);
  }

  panic(): void {
    this.#options.panic?.();
  }

  sem_alloc(count: number): object | undefined {
    const sem = new HostSemaphore(this.#manager, count);
    this.#semaphores.add(sem);
    return sem;
  }

  sem_free(sem: object): void {
    this.#semaphores.delete(sem);
  }

  sem_up(sem: object): void {
    semaphore(sem).up();
  }

  sem_down(sem: object): Blocked | undefined {
    return semaphore(sem).down("sem_down");
  }

  mutex_alloc(recursive: number): object | undefined {
    const mutex = new HostMutex(this.#manager, recursive !== 0, this.#threadSelf);
    this.#mutexes.add(mutex);
    return mutex;
  }

  mutex_free(mutex: object): void {
    this.#mutexes.delete(mutex);
  }

  mutex_lock(mutex: object): Blocked | undefined {
    return hostMutex(mutex).lock("mutex_lock");
  }

  mutex_unlock(mutex: object): void {
    hostMutex(mutex).unlock();
  }

  thread_create(
    f: (argument: unknown) => void | Wait<unknown>,
    argument: unknown,
    name = "lkl-thread",
  ): number {
    return this.#threads.create(f, argument, name);
  }

  /** A thread that has ended leaves nothing behind, joined or not. */
  thread_detach(): void {}

  thread_exit(): never {
    return this.#threads.exit();
  }

  thread_join(thread: number): number | Blocked {
    return this.#threads.join(thread);
  }

  thread_self(): number {
    return this.#threads.self();
  }

  thread_equal(a: number, b: number): boolean {
    return a === b;
  }

  thread_stack(): { base: number; size: number } {
    return { base: this.#threads.self() * STACK_SIZE, size: STACK_SIZE };
  }

  tls_alloc(destructor?: (value: unknown) => void | Wait<unknown>): object | undefined {
    return this.#threads.allocKey(destructor);
  }

  tls_free(key: object): void {
    this.#threads.freeKey(tlsKey(key));
  }

  tls_set(key: object, value: unknown): number {
    return this.#threads.set(tlsKey(key), value);
  }

  tls_get(key: object): unknown {
    return this.#threads.get(tlsKey(key));
  }

  mem_alloc(size: number): Uint8Array | undefined {
    return this.memory.alloc(size);
  }

  mem_free(memory: Uint8Array): void {
    this.memory.free(memory);
  }

  page_alloc(size: number): Uint8Array | undefined {
    return this.memory.allocPages(size);
  }

  page_free(memory: Uint8Array): void {
    this.memory.free(memory);
  }

  time(): number {
    return this.#manager.simulator.now;
  }

  timer_alloc(fn: () => void | Promise<void>): object | undefined {
    return this.#timers.alloc(fn);
  }

  timer_set_oneshot(timer: object, delta: number): number {
    return this.#timers.setOneshot(hostTimer(timer), delta);
  }

  /** POSIX's way to set a timer: 0 disarms it. */
  timer_settime(timer: object, ns: number): number {
    if (ns > 0) return this.timer_set_oneshot(timer, ns);
    this.#timers.disarm(hostTimer(timer));
    return 0;
  }

  timer_free(timer: object): void {
    this.#timers.free(hostTimer(timer));
  }

  ioremap(address: number, size: number): object | undefined {
    return this.memory.ioremap(address, size);
  }

  iomem_access(region: object, offset: number, value: Uint8Array, isWrite: boolean): number {
    return this.memory.access(region, offset, value, isWrite);
  }

  jmp_buf_set(buffer: object, f: () => void): void {
    try {
      f();
    } catch (error) {
      if (!(error instanceof LongJump) || error.buffer !== buffer) throw error;
    }
  }

  jmp_buf_longjmp(buffer: object, value: number): never {
    throw new LongJump(buffer, value);
  }

  memcpy(to: Uint8Array, from: Uint8Array, count: number): Uint8Array {
    to.set(from.subarray(0, count));
    return to;
  }

  memset(to: Uint8Array, value: number, count: number): Uint8Array {
    return to.fill(value, 0, count);
  }

  /** `set` of a typed array copies as memmove does, through a copy when the two overlap. */
  memmove(to: Uint8Array, from: Uint8Array, count: number): Uint8Array {
    return this.memcpy(to, from, count);
  }

  mmap(address: number, size: number): Uint8Array | undefined {
    return this.memory.map(address, size);
  }

  munmap(memory: Uint8Array, size: number): number {
    return this.memory.unmap(memory, size);
  }

  shmem_init(size: number): void {
    this.memory.initShared(size);
  }

  shmem_mmap(address: number, pageOffset: number, size: number): Uint8Array | undefined {
    return this.memory.mapShared(address, pageOffset, size);
  }
}

/** All 42 members of `lkl_host_operations` over a node's TaskManager. */
export function simHostOps(manager: TaskManager, options: SimHostOpsOptions): SimHostOperations {
  return new SimHostOperations(manager, options);
}

function semaphore(object: object): HostSemaphore {
  if (object instanceof HostSemaphore) return object;
  throw new TypeError("not a semaphore of this host");
}

function hostMutex(object: object): HostMutex {
  if (object instanceof HostMutex) return object;
  throw new TypeError("not a mutex of this host");
}

function tlsKey(object: object): HostTlsKey {
  if (object instanceof HostTlsKey) return object;
  throw new TypeError("not a TLS key of this host");
}

function hostTimer(object: object): HostTimer {
  if (object instanceof HostTimer) return object;
  throw new TypeError("not a timer of this host");
}

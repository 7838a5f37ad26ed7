import { InvariantError, nanoseconds, Simulator, TaskManager, type Wait } from "@dcejs/core-sched";
import { validateHostOperations } from "@dcejs/lkl-kernel";
import { describe, expect, test } from "vitest";
import { EVENT_CONTEXT_THREAD } from "../../src/kernel/host-threads.ts";
import { type SimHostOperations, simHostOps } from "../../src/kernel/sim-host-ops.ts";

interface World {
  readonly simulator: Simulator;
  readonly manager: TaskManager;
  readonly ops: SimHostOperations;
  readonly log: string[];
}

function world(options: { errorRate?: number } = {}): World {
  const simulator = new Simulator({ seed: 3 });
  const manager = new TaskManager(simulator, { context: 0 });
  const log: string[] = [];
  const ops = simHostOps(manager, {
    context: 0,
    print: (text) => log.push(text),
    panic: () => log.push("panic"),
    random: simulator.random("host-memory"),
    ...options,
  });
  return { simulator, manager, ops, log };
}

function* down(ops: SimHostOperations, sem: object): Wait<void> {
  const handle = ops.sem_down(sem);
  if (handle !== undefined) yield handle;
}

function* lock(ops: SimHostOperations, mutex: object): Wait<void> {
  const handle = ops.mutex_lock(mutex);
  if (handle !== undefined) yield handle;
}

/** Which of 32 allocations fail. */
function failures(): boolean[] {
  const { ops } = world({ errorRate: 0.5 });
  return Array.from({ length: 32 }, () => ops.mem_alloc(8) === undefined);
}

function made(object: object | undefined): object {
  if (object === undefined) throw new Error("allocation failed");
  return object;
}

/** lkl_host_operations in the order of its declaration. */
const MEMBERS =
  `virtio_devices print panic sem_alloc sem_free sem_up sem_down mutex_alloc mutex_free
  mutex_lock mutex_unlock thread_create thread_detach thread_exit thread_join thread_self thread_equal
  thread_stack tls_alloc tls_free tls_set tls_get mem_alloc mem_free page_alloc page_free time
  timer_alloc timer_set_oneshot timer_free ioremap iomem_access jmp_buf_set jmp_buf_longjmp memcpy
  memset memmove mmap munmap shmem_init shmem_mmap pci_ops`.split(/\s+/);

test("all 42 members are there", () => {
  const { ops } = world();
  expect(MEMBERS).toHaveLength(42);
  expect(MEMBERS.filter((name) => Reflect.get(ops, name) === undefined)).toEqual([]);
  expect(validateHostOperations(ops)).toEqual([]);
});

test("print passes on as much as it was told, and panic tells", () => {
  const { ops, log } = world();
  ops.print("hello, world", 5);
  ops.panic();
  expect(log).toEqual(["hello", "panic"]);
});

describe("semaphores", () => {
  test("a unit that is there is taken without waiting", () => {
    const { manager, ops, simulator, log } = world();
    const sem = made(ops.sem_alloc(1));
    manager.start(function* () {
      yield* down(ops, sem);
      log.push("got it");
    });
    simulator.runSync();
    expect(log).toEqual(["got it"]);
  });

  test("waiters are served in the order in which they came", () => {
    const { manager, ops, simulator, log } = world();
    const sem = made(ops.sem_alloc(0));
    for (const name of ["a", "b", "c"]) {
      manager.start(function* () {
        yield* down(ops, sem);
        log.push(name);
      });
    }
    simulator.schedule(nanoseconds(5), () => {
      ops.sem_up(sem);
      ops.sem_up(sem);
      ops.sem_up(sem);
    });
    simulator.runSync();
    expect(log).toEqual(["a", "b", "c"]);
  });

  test("a waiter that was stopped takes no unit", () => {
    const { manager, ops, simulator, log } = world();
    const sem = made(ops.sem_alloc(0));
    const doomed = manager.start(() => down(ops, sem));
    manager.start(function* () {
      yield* down(ops, sem);
      log.push("second");
    });
    simulator.schedule(nanoseconds(5), () => {
      manager.stop(doomed);
      ops.sem_up(sem);
    });
    simulator.runSync();
    expect(log).toEqual(["second"]);
  });

  test("event context never waits: sem_down there is our bug", () => {
    const { ops } = world();
    const sem = made(ops.sem_alloc(0));
    expect(() => ops.sem_down(sem)).toThrow(InvariantError);
  });
});

describe("mutexes", () => {
  test("the next owner is the first waiter", () => {
    const { manager, ops, simulator, log } = world();
    const mutex = made(ops.mutex_alloc(0));
    for (const name of ["a", "b", "c"]) {
      manager.start(function* () {
        yield* lock(ops, mutex);
        log.push(`${name} in`);
        yield manager.sleepFor("work", nanoseconds(10));
        log.push(`${name} out`);
        ops.mutex_unlock(mutex);
      });
    }
    simulator.runSync();
    expect(log).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
  });

  test("a recursive mutex is free after as many unlocks as locks", () => {
    const { manager, ops, simulator, log } = world();
    const mutex = made(ops.mutex_alloc(1));
    manager.start(function* () {
      yield* lock(ops, mutex);
      yield* lock(ops, mutex);
      ops.mutex_unlock(mutex);
      yield manager.sleepFor("work", nanoseconds(10));
      log.push("first out");
      ops.mutex_unlock(mutex);
    });
    manager.start(function* () {
      yield* lock(ops, mutex);
      log.push("second in");
    });
    simulator.runSync();
    expect(log).toEqual(["first out", "second in"]);
  });

  test("a plain mutex refuses its owner, and unlocking what one does not own fails", () => {
    const { ops } = world();
    const mutex = made(ops.mutex_alloc(0));
    ops.mutex_lock(mutex);
    expect(() => ops.mutex_lock(mutex)).toThrow(InvariantError);
    ops.mutex_unlock(mutex);
    expect(() => ops.mutex_unlock(mutex)).toThrow(InvariantError);
  });
});

describe("threads", () => {
  test("a thread is a task, begins later, and its id is the task's", () => {
    const { ops, simulator, log } = world();
    const id = ops.thread_create(() => {
      log.push(`running as ${ops.thread_self() === id}`);
    }, undefined);
    expect(log).toEqual([]);
    expect(id).toBeGreaterThan(0);
    simulator.runSync();
    expect(log).toEqual(["running as true"]);
  });

  test("outside of tasks thread_self is one constant", () => {
    const { ops } = world();
    expect(ops.thread_self()).toBe(EVENT_CONTEXT_THREAD);
    expect(ops.thread_equal(ops.thread_self(), EVENT_CONTEXT_THREAD)).toBe(true);
  });

  test("join waits for the end, also of a thread that ended before", () => {
    const { manager, ops, simulator, log } = world();
    const worker = ops.thread_create(function* () {
      yield manager.sleepFor("work", nanoseconds(10));
      log.push("worked");
    }, undefined);
    manager.start(function* () {
      for (const round of [1, 2]) {
        const joined = ops.thread_join(worker);
        const status: number = typeof joined === "number" ? joined : yield joined;
        log.push(`join ${round}: ${status} at ${simulator.now}`);
      }
    });
    simulator.runSync();
    expect(log).toEqual(["worked", "join 1: 0 at 10", "join 2: 0 at 10"]);
    expect(ops.live.threads).toBe(0);
  });

  test("join gives -1 for itself and for what never was a thread", () => {
    const { ops, simulator, log } = world();
    ops.thread_create(() => {
      const result = ops.thread_join(ops.thread_self());
      log.push(typeof result === "number" ? String(result) : "waits");
    }, undefined);
    simulator.runSync();
    expect(log).toEqual(["-1"]);
    expect(ops.thread_join(4711)).toBe(-1);
  });

  test("thread_exit ends the thread where it stands", () => {
    const { ops, simulator, log } = world();
    ops.thread_create(() => {
      log.push("before");
      ops.thread_exit();
    }, undefined);
    simulator.runSync();
    expect(log).toEqual(["before"]);
    expect(ops.live.threads).toBe(0);
  });

  test("stacks of two threads do not overlap", () => {
    const { ops } = world();
    const { base, size } = ops.thread_stack();
    expect(base % size).toBe(0);
  });
});

describe("thread-local storage", () => {
  test("each thread has its own value, and event context too", () => {
    const { ops, simulator, log } = world();
    const key = made(ops.tls_alloc());
    expect(ops.tls_set(key, "loop")).toBe(0);
    for (const name of ["a", "b"]) {
      ops.thread_create(() => {
        log.push(String(ops.tls_get(key)));
        ops.tls_set(key, name);
        log.push(String(ops.tls_get(key)));
      }, undefined);
    }
    simulator.runSync();
    expect(log).toEqual(["undefined", "a", "undefined", "b"]);
    expect(ops.tls_get(key)).toBe("loop");
  });

  test("destructors run in the dying thread, may block, and run again for what they set", () => {
    const { manager, ops, simulator, log } = world();
    let rounds = 0;
    const key = made(
      ops.tls_alloc(function* (value) {
        yield manager.sleepFor("destructor", nanoseconds(10));
        log.push(`${String(value)} at ${simulator.now} in ${ops.thread_self() === id}`);
        if (++rounds === 1) ops.tls_set(key, "set again");
      }),
    );
    const id = ops.thread_create(() => {
      ops.tls_set(key, "value");
    }, undefined);
    simulator.runSync();
    expect(log).toEqual(["value at 10 in true", "set again at 20 in true"]);
  });

  test("a task that is no thread of the host has destructors as well", () => {
    const { manager, ops, simulator, log } = world();
    const key = made(
      ops.tls_alloc((value) => {
        log.push(String(value));
      }),
    );
    manager.start(() => {
      ops.tls_set(key, "program");
    });
    simulator.runSync();
    expect(log).toEqual(["program"]);
  });

  test("a freed key takes no values", () => {
    const { ops } = world();
    const key = made(ops.tls_alloc());
    ops.tls_free(key);
    expect(ops.tls_set(key, 1)).toBe(-1);
    expect(ops.live.tlsKeys).toBe(0);
  });
});

describe("time", () => {
  test("time is the virtual clock, and a timer fires once, in the context of the node", () => {
    const { ops, simulator, log } = world();
    const timer = made(
      ops.timer_alloc(() => {
        log.push(`${ops.time()} in node ${simulator.context}`);
      }),
    );
    expect(ops.timer_set_oneshot(timer, 50)).toBe(0);
    expect(ops.timer_set_oneshot(timer, 70)).toBe(0);
    simulator.runSync();
    expect(log).toEqual(["70 in node 0"]);
    ops.timer_set_oneshot(timer, 5);
    ops.timer_free(timer);
    simulator.runSync();
    expect(log).toHaveLength(1);
    expect(ops.timer_set_oneshot(timer, 5)).toBe(-1);
  });

  test("a timer past the end of the clock never fires", () => {
    const { ops, simulator } = world();
    const timer = made(ops.timer_alloc(() => {}));
    expect(ops.timer_set_oneshot(timer, Number.MAX_SAFE_INTEGER * 2)).toBe(0);
    expect(simulator.pendingEvents).toBe(0);
  });
});

describe("memory", () => {
  test("blocks are counted, pages are rounded up, and double frees are found", () => {
    const { ops } = world();
    const block = ops.mem_alloc(10);
    const page = ops.page_alloc(5000);
    expect(block).toHaveLength(10);
    expect(page).toHaveLength(8192);
    expect(ops.live.memory).toBe(2);
    if (block !== undefined) ops.mem_free(block);
    if (page !== undefined) ops.page_free(page);
    expect(ops.live.memory).toBe(0);
    expect(() => ops.mem_free(new Uint8Array(1))).toThrow(InvariantError);
  });

  test("the error rate makes allocations fail, the same ones for the same seed", () => {
    expect(failures()).toEqual(failures());
    expect(failures()).toContain(true);
    expect(failures()).toContain(false);
  });

  test("memcpy, memset and memmove do what libc's do", () => {
    const { ops } = world();
    const bytes = Uint8Array.of(1, 2, 3, 4, 5);
    ops.memmove(bytes.subarray(1), bytes, 4);
    expect([...bytes]).toEqual([1, 1, 2, 3, 4]);
    ops.memset(bytes, 9, 2);
    expect([...bytes]).toEqual([9, 9, 2, 3, 4]);
    ops.memcpy(bytes, Uint8Array.of(7, 8), 1);
    expect([...bytes]).toEqual([7, 9, 2, 3, 4]);
  });

  test("registers are found by their bus address and dispatched to their device", () => {
    const { ops } = world();
    const written: number[] = [];
    const address = ops.memory.addRegion(16, {
      read: (offset, value) => {
        value[0] = offset;
        return 0;
      },
      write: (offset, value) => {
        written.push(offset, value[0] ?? -1);
        return 0;
      },
    });
    expect(ops.ioremap(address, 17)).toBeUndefined();
    expect(ops.ioremap(address + 1, 4)).toBeUndefined();
    const region = made(ops.ioremap(address, 16));
    const value = new Uint8Array(1);
    expect(ops.iomem_access(region, 12, value, false)).toBe(0);
    expect(value[0]).toBe(12);
    expect(ops.iomem_access(region, 4, Uint8Array.of(77), true)).toBe(0);
    expect(written).toEqual([4, 77]);
    expect(ops.iomem_access(region, 16, value, false)).toBe(-1);
    ops.memory.removeRegion(address);
    expect(ops.iomem_access(region, 0, value, false)).toBe(-1);
  });

  test("maps do not replace one another, and shared pages are the same memory", () => {
    const { ops } = world();
    const map = ops.mmap(0x1000, 4096);
    expect(ops.mmap(0x1800, 4096)).toBeUndefined();
    expect(map === undefined ? -1 : ops.munmap(map, 4096)).toBe(0);
    ops.shmem_init(8192);
    const first = ops.shmem_mmap(0x10000, 1, 4096);
    const second = ops.shmem_mmap(0x20000, 1, 4096);
    if (first !== undefined) first[3] = 42;
    expect(second?.[3]).toBe(42);
    expect(ops.shmem_mmap(0x30000, 2, 4096)).toBeUndefined();
  });
});

test("a long jump comes back to its own jmp_buf_set only", () => {
  const { ops, log } = world();
  const outer = {};
  const inner = {};
  ops.jmp_buf_set(outer, () => {
    ops.jmp_buf_set(inner, () => ops.jmp_buf_longjmp(outer, 1));
    log.push("never");
  });
  log.push("back");
  expect(log).toEqual(["back"]);
  expect(() => ops.jmp_buf_longjmp(inner, 1)).toThrow("jmp_buf_longjmp(1)");
});

test("destroy leaves nothing", () => {
  const { ops, simulator, manager } = world();
  made(ops.sem_alloc(1));
  made(ops.mutex_alloc(0));
  made(ops.tls_alloc());
  ops.mem_alloc(3);
  ops.timer_set_oneshot(made(ops.timer_alloc(() => {})), 1000);
  ops.thread_create(() => down(ops, made(ops.sem_alloc(0))), undefined);
  simulator.runUntilSync(simulator.now);
  ops.destroy();
  expect(ops.live).toEqual({
    semaphores: 0,
    mutexes: 0,
    threads: 0,
    tlsKeys: 0,
    timers: 0,
    memory: 0,
  });
  expect(manager.liveTaskCount).toBe(0);
  expect(simulator.pendingEvents).toBe(0);
});

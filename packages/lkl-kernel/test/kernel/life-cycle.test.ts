import { Errno, LklKernel, SyscallNumber, WaitQueueHead, wait_event } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { GeneratorHost } from "@dcejs/lkl-kernel";
import { boot, inKernel, join, start, syscall, withKernel } from "../host/kernel-fixture.ts";

const NOTHING = { threads: 0, sems: 0, mutexes: 0, timers: 0, tlsKeys: 0 };

test("100 restarts of one kernel leave no thread, semaphore, timer or key behind", () => {
  const host = new GeneratorHost();
  const kernel = new LklKernel();
  host.runProgram(function* () {
    for (let i = 0; i < 100; i++) {
      yield* start(host, kernel, "loglevel=1");
      expect(yield* syscall(kernel, "getpid")).toBe(1);
      yield* syscall(kernel, "nanosleep", { tv_sec: 0, tv_nsec: 10 });
      expect(yield* kernel.lkl_sys_halt()).toBe(0);
      kernel.lkl_cleanup();
      expect(host.counts).toEqual({ ...NOTHING, threads: 1 });
    }
  });
  expect(host.counts).toEqual(NOTHING);
  expect(host.run()).toEqual([]);
});

test("10,000 host threads that call and end leave no task", () => {
  withKernel(function* (kernel, host) {
    yield* syscall(kernel, "getpid");
    yield host.sleep(0);
    const tasks = [...kernel.tasks].length;
    const before = { ...host.counts };
    for (let i = 0; i < 10_000; i++) host.start(() => syscall(kernel, "gettid"));
    yield host.sleep(0);
    expect([...kernel.tasks].length).toBe(tasks);
    expect(host.counts).toEqual(before);
    expect(kernel.cpu.checkInvariants()).toEqual([]);
  });
});

test("1,000 kernels live on one host and keep apart", () => {
  const host = new GeneratorHost();
  host.runProgram(function* () {
    const kernels: LklKernel[] = [];
    for (let i = 0; i < 1000; i++) {
      kernels.push(yield* boot(host, { name: `node${i}` }, "loglevel=1"));
    }
    for (const [i, kernel] of kernels.entries()) yield* syscall(kernel, "umask", i & 0o777);
    for (const [i, kernel] of kernels.entries()) {
      expect(yield* syscall(kernel, "umask", 0)).toBe(i & 0o777);
    }
    for (const kernel of kernels) yield* kernel.lkl_sys_halt();
  });
  expect(host.counts).toEqual(NOTHING);
});

test("a call that sleeps when the kernel halts ends with -ESHUTDOWN", () => {
  const host = new GeneratorHost();
  const results: number[] = [];
  host.runProgram(function* () {
    const kernel = yield* boot(host);
    const wq = new WaitQueueHead();
    const asleep = host.start(function* () {
      results.push(yield* inKernel(kernel, () => wait_event(kernel, wq, () => false, "for_ever")));
    });
    const sleeping = host.start(function* () {
      results.push(yield* syscall(kernel, "nanosleep", { tv_sec: 1000, tv_nsec: 0 }));
    });
    yield host.sleep(0);
    expect(yield* kernel.lkl_sys_halt()).toBe(0);
    for (const thread of [asleep, sleeping]) yield* join(host, thread);
    expect(kernel.dmesg()).toMatch(/non kernel thread task host\d\/\d+ sleeps in for_ever\n/);
    expect(wq.hasWaiters).toBe(false);
  });
  expect(results).toEqual([-Errno.ESHUTDOWN, -Errno.ESHUTDOWN]);
  expect(host.counts).toEqual(NOTHING);
});

test("a host thread that outlives its kernel ends quietly", () => {
  const host = new GeneratorHost();
  host.runProgram(function* () {
    const kernel = yield* boot(host);
    const late = host.start(function* () {
      yield* syscall(kernel, "getpid");
      yield host.sleep(100);
    });
    yield host.sleep(0);
    yield* kernel.lkl_sys_halt();
    kernel.lkl_cleanup();
    yield* start(host, kernel);
    yield* join(host, late);
    expect(yield* syscall(kernel, "getpid")).toBe(1);
    yield* kernel.lkl_sys_halt();
  });
  expect(host.counts).toEqual(NOTHING);
});

test("lkl_init names the operations that are missing", () => {
  const { ops } = new GeneratorHost();
  // A host written in JavaScript can hand in anything.
  Object.assign(ops, { sem_up: undefined, timer_free: undefined });
  const kernel = new LklKernel();
  expect(kernel.lkl_init(ops)).toBe(-Errno.EINVAL);
  expect(kernel.dmesg()).toBe(
    "[    0.000000] lkl_init: host operations are missing: sem_up, timer_free\n",
  );
});

test("calls in the wrong order are refused", () => {
  const host = new GeneratorHost();
  host.runProgram(function* () {
    const kernel = new LklKernel();
    expect(yield* kernel.lkl_start_kernel("")).toBe(-Errno.EINVAL);
    expect(yield* kernel.lkl_sys_halt()).toBe(-Errno.ESHUTDOWN);
    expect(kernel.lkl_syscall(SyscallNumber.getpid, [])).toBeLessThan(0);
    expect(kernel.lkl_run_as_host_task(() => 0, undefined)).toBeLessThan(0);
    expect(kernel.lkl_init(host.ops)).toBe(0);
    expect(kernel.lkl_init(host.ops)).toBe(-Errno.EBUSY);
    expect(kernel.lkl_syscall(SyscallNumber.getpid, [])).toBeLessThan(0);
    expect(yield* kernel.lkl_start_kernel("")).toBe(0);
    expect(yield* kernel.lkl_start_kernel("")).toBe(-Errno.EBUSY);
    expect(() => kernel.lkl_cleanup()).toThrow("lkl_cleanup: the kernel is running");
    yield* kernel.lkl_sys_halt();
  });
});

test("without memory for semaphores or the boot thread the boot fails and gives all back", () => {
  for (let good = 0; good < 6; good++) {
    const host = new GeneratorHost();
    let left = good;
    const { ops } = host;
    const poorOps = {
      ...ops,
      sem_alloc: (n: number) => (left-- > 0 ? ops.sem_alloc(n) : undefined),
    };
    if (good === 5) host.refusesThread = (name) => name.includes("swapper");
    host.runProgram(function* () {
      const kernel = new LklKernel();
      kernel.lkl_init(poorOps);
      expect(yield* kernel.lkl_start_kernel("")).toBe(-Errno.ENOMEM);
    });
    expect(host.counts).toEqual(NOTHING);
  }
});

test("without TLS all host threads are one task, host0", () => {
  const host = new GeneratorHost();
  for (const name of ["tls_alloc", "tls_free", "tls_set", "tls_get"] as const)
    delete host.ops[name];
  host.runProgram(function* () {
    const kernel = yield* boot(host);
    expect(yield* syscall(kernel, "gettid")).toBe(1);
    const other = host.start(function* () {
      expect(yield* syscall(kernel, "gettid")).toBe(1);
    });
    yield* join(host, other);
    expect(yield* kernel.lkl_sys_halt()).toBe(0);
  });
  expect(host.counts).toEqual(NOTHING);
});

test("without time the kernel runs and says so", () => {
  const host = new GeneratorHost();
  for (const name of ["time", "timer_alloc", "timer_set_oneshot", "timer_free"] as const) {
    delete host.ops[name];
  }
  host.runProgram(function* () {
    const kernel = yield* boot(host);
    expect(kernel.dmesg()).toContain("lkl: no time or timer support provided by host\n");
    expect(yield* syscall(kernel, "getpid")).toBe(1);
    expect(kernel.jiffies).toBe(0);
    yield* kernel.lkl_sys_halt();
  });
});

test("initcalls run by level, may sleep while booting, and read the command line", () => {
  const host = new GeneratorHost();
  const order: string[] = [];
  const call = (level: "core" | "device" | "late", name: string) => ({
    level,
    name,
    *run(kernel: LklKernel): Wait<void> {
      yield* kernel.msleep(3);
      order.push(`${name} ${kernel.current.pid} ${host.now}`);
      expect(kernel.setup.boot.parameters.get("mine")).toBe("a b");
    },
  });
  host.runProgram(function* () {
    const initcalls = [
      call("late", "l"),
      call("core", "c1"),
      call("device", "d"),
      call("core", "c2"),
    ];
    const kernel = yield* boot(host, { initcalls }, 'initcall_debug quiet mine="a b" mem=16M');
    expect(kernel.dmesg()).toContain("calling  c1\n");
    expect(kernel.setup.boot.memBytes).toBe(16 * 1024 * 1024);
    yield* kernel.lkl_sys_halt();
  });
  expect(order).toEqual(["c1 1 4000000", "c2 1 8000000", "d 1 12000000", "l 1 16000000"]);
});

test("virtio_devices is appended to the command line", () => {
  const host = new GeneratorHost();
  host.ops.virtio_devices = "virtio_mmio.device=0x1000@0x0:1";
  host.runProgram(function* () {
    const kernel = yield* boot(host);
    expect(kernel.cmdline).toBe("mem=32M loglevel=8 virtio_mmio.device=0x1000@0x0:1");
  });
});

test("a kernel thread that throws takes the host's run down with it, unharmed by catch blocks", () => {
  const host = new GeneratorHost();
  host.start(function* () {
    const kernel = yield* boot(host);
    yield* inKernel(kernel, () => {
      kernel.kthread_run(() => {
        throw new TypeError("a bug of ours");
      }, "buggy");
      return 0;
    });
  });
  expect(() => host.run()).toThrow("a bug of ours");
});

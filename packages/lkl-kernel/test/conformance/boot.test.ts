import { LklKernel, SyscallNumber, WaitQueueHead, wait_event } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { GeneratorHost } from "@dcejs/lkl-kernel";
import { boot, join, syscall, withKernel } from "../host/kernel-fixture.ts";

// The applicable cases of tools/lkl/tests/boot.c, under their names.

test("mutex: the host's mutexes lock and unlock, recursive ones twice", () => {
  const host = new GeneratorHost();
  host.runProgram(function* () {
    const { ops } = host;
    for (const recursive of [0, 1]) {
      const mutex = ops.mutex_alloc(recursive);
      if (mutex === undefined) throw new Error("no mutex");
      for (let i = 0; i <= recursive; i++) expect(ops.mutex_lock(mutex)).toBeUndefined();
      for (let i = 0; i <= recursive; i++) ops.mutex_unlock(mutex);
      ops.mutex_free(mutex);
    }
    yield host.yieldThread();
  });
  expect(host.counts.mutexes).toBe(0);
});

test("semaphore: down takes what alloc put in, without waiting", () => {
  const host = new GeneratorHost();
  const sem = host.ops.sem_alloc(1);
  if (sem === undefined) throw new Error("no semaphore");
  expect(host.ops.sem_down(sem)).toBeUndefined();
  host.ops.sem_up(sem);
  host.ops.sem_free(sem);
  expect(host.counts.sems).toBe(0);
});

test("join: thread_join gives 0 when the thread has ended", () => {
  const host = new GeneratorHost();
  const joined = host.runProgram(() =>
    join(
      host,
      host.ops.thread_create(() => {}, undefined),
    ),
  );
  expect(joined).toBe(0);
});

test("start_kernel: returns 0 and prints the log", () => {
  const host = new GeneratorHost();
  host.runProgram(function* () {
    const kernel = yield* boot(host);
    expect(kernel.lkl_is_running()).toBe(true);
    expect(host.printed).toBe(kernel.dmesg());
    expect(host.printed).toContain("Kernel command line: mem=32M loglevel=8\n");
  });
});

test("getpid: the booting thread is process 1", () => {
  expect(withKernel((kernel) => syscall(kernel, "getpid"))).toBe(1);
});

test("umask: the first is 022, and each call gives the one before", () => {
  withKernel(function* (kernel) {
    expect(yield* syscall(kernel, "umask", 0o777)).toBe(0o022);
    expect(yield* syscall(kernel, "umask", 0)).toBe(0o777);
  });
});

test("nanosleep: takes exactly the time that was asked for", () => {
  withKernel(function* (kernel, host) {
    const before = host.now;
    const request = { tv_sec: 0, tv_nsec: 87_654_321 };
    expect(yield* syscall(kernel, "nanosleep", request)).toBe(0);
    expect(host.now - before).toBe(87_654_321);
  });
});

/** A pipe as small as LKL's test needs it: counts octets, blocks when full or empty. */
function definePipe(kernel: LklKernel, capacity: number): { write: number; read: number } {
  const readers = new WaitQueueHead();
  const writers = new WaitQueueHead();
  let fill = 0;
  kernel.syscall_define(900, "write", function* ([count]): Wait {
    let left = Number(count);
    while (left > 0) {
      yield* wait_event(kernel, writers, () => fill < capacity, "pipe_write");
      const n = Math.min(left, capacity - fill);
      fill += n;
      left -= n;
      readers.wakeUp();
    }
    return Number(count);
  });
  kernel.syscall_define(901, "read", function* ([count]): Wait {
    yield* wait_event(kernel, readers, () => fill > 0, "pipe_read");
    const n = Math.min(Number(count), fill);
    fill -= n;
    writers.wakeUp();
    return n;
  });
  return { write: 900, read: 901 };
}

test("syscall_thread: a thread blocks in write until another one reads", () => {
  withKernel(function* (kernel, host) {
    const pipe = definePipe(kernel, 4096);
    let got = 0;
    const reader = host.start(function* () {
      got = yield* host.finish(kernel.lkl_syscall(pipe.read, [4097]));
    }, "reader");
    expect(yield* host.finish(kernel.lkl_syscall(pipe.write, [4097]))).toBe(4097);
    expect(yield* join(host, reader)).toBe(0);
    expect(got).toBe(4096);
  });
});

test("many_syscall_threads: 64 threads call, end, and leave no task", () => {
  withKernel(function* (kernel, host) {
    yield* syscall(kernel, "getpid");
    const before = [...kernel.tasks].length;
    for (let i = 0; i < 64; i++) {
      const thread = host.start(function* () {
        expect(yield* syscall(kernel, "getpid")).toBe(1);
      });
      expect(yield* join(host, thread)).toBe(0);
    }
    expect([...kernel.tasks].length).toBe(before);
  });
});

test("new_tgid_threads: 64 threads become processes with pid 1 as their parent", () => {
  withKernel(function* (kernel, host) {
    const pids = new Set<number>();
    for (let i = 0; i < 64; i++) {
      const thread = host.start(function* () {
        expect(yield* syscall(kernel, "new_thread_group_leader")).toBe(0);
        expect(yield* syscall(kernel, "getppid")).toBe(1);
        pids.add(yield* syscall(kernel, "getpid"));
        expect(yield* syscall(kernel, "gettid")).toBe(yield* syscall(kernel, "getpid"));
      });
      yield* join(host, thread);
    }
    expect(pids.size).toBe(64);
    expect(pids.has(1)).toBe(false);
  });
});

test("new_thread_group_leader: is refused when it is not the first call", () => {
  withKernel(function* (kernel, host) {
    const thread = host.start(function* () {
      yield* syscall(kernel, "getpid");
      expect(yield* syscall(kernel, "new_thread_group_leader")).toBe(-1);
    });
    yield* join(host, thread);
  });
});

test("stop_kernel: lkl_sys_halt returns 0, and nobody enters afterwards", () => {
  const host = new GeneratorHost();
  host.runProgram(function* () {
    const kernel = yield* boot(host);
    yield* syscall(kernel, "getpid");
    expect(yield* kernel.lkl_sys_halt()).toBe(0);
    expect(kernel.lkl_is_running()).toBe(false);
    expect(kernel.cpu.get()).toBeLessThan(0);
    expect(kernel.lkl_syscall(SyscallNumber.getpid, [])).toBeLessThan(0);
    expect(kernel.lkl_trigger_irq(1)).toBeLessThan(0);
    expect(yield* kernel.lkl_sys_halt()).toBeLessThan(0);
    kernel.lkl_cleanup();
    expect(kernel.lkl_syscall(SyscallNumber.getpid, [])).toBeLessThan(0);
  });
  expect(host.counts).toEqual({ threads: 0, sems: 0, mutexes: 0, timers: 0, tlsKeys: 0 });
});

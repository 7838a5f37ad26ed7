import { LklBugError } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { GeneratorHost } from "@dcejs/lkl-kernel";
import { boot, inKernel, join, syscall, withKernel } from "../host/kernel-fixture.ts";

test("put without get is a bug that says so", () => {
  withKernel(function* (kernel) {
    yield* syscall(kernel, "getpid");
    expect(kernel.cpu.owner).toBe(0);
    expect(() => kernel.cpu.put()).toThrow("lkl_cpu_put: unbalanced put");
    expect(kernel.dmesg()).toContain("lkl_cpu_put: unbalanced put\n");
  });
});

test("put by a thread that does not own the cpu is a bug", () => {
  withKernel(function* (kernel, host) {
    expect(yield* host.finish(kernel.host_task_enter())).toBe(0);
    const other = host.start(function* () {
      expect(() => kernel.cpu.put()).toThrow("unbalanced put");
      yield host.yieldThread();
    });
    yield* join(host, other);
    kernel.host_task_exit(0);
  });
});

test("changing the owner of a cpu that was entered twice is a bug", () => {
  withKernel(function* (kernel, host) {
    yield* host.finish(kernel.host_task_enter());
    yield* host.finish(kernel.host_task_enter());
    expect(kernel.cpu.count).toBe(2);
    expect(() => kernel.cpu.changeOwner(99)).toThrow("bad count while changing owner");
    kernel.host_task_exit(0);
    expect(kernel.cpu.count).toBe(1);
    kernel.host_task_exit(0);
    expect(kernel.cpu.count).toBe(0);
  });
});

test("a released cpu goes to the first sleeper; newcomers cannot overtake", () => {
  withKernel(function* (kernel, host) {
    const order: string[] = [];
    yield* host.finish(kernel.host_task_enter());
    const enter = (name: string) =>
      host.start(function* () {
        yield* inKernel(kernel, () => {
          order.push(name);
          return 0;
        });
      }, name);
    const first = enter("first");
    const second = enter("second");
    yield host.yieldThread();
    expect(kernel.cpu.sleepers).toBe(2);
    kernel.host_task_exit(0);
    // It is the sleeper's already, before that thread has run.
    expect(kernel.cpu.owner).toBe(first);
    expect(kernel.cpu.count).toBe(1);
    yield* inKernel(kernel, () => {
      order.push("newcomer");
      return 0;
    });
    yield* join(host, second);
    expect(order).toEqual(["first", "second", "newcomer"]);
  });
});

test("shutting down turns sleepers away with a negative result", () => {
  const host = new GeneratorHost();
  const results: number[] = [];
  host.runProgram(function* () {
    const kernel = yield* boot(host);
    yield* host.finish(kernel.host_task_enter());
    const sleeper = host.start(function* () {
      results.push(yield* syscall(kernel, "getpid"));
    });
    yield host.yieldThread();
    kernel.cpu.shutdown();
    kernel.threads.schedJb();
    yield* join(host, sleeper);
  });
  expect(results).toEqual([-1]);
});

test("a thread that is ended while it waits for the cpu leaves the line", () => {
  withKernel(function* (kernel, host) {
    yield* host.finish(kernel.host_task_enter());
    const doomed = host.start(() => syscall(kernel, "getpid"), "doomed");
    const heir = host.start(() => syscall(kernel, "getpid"), "heir");
    yield host.yieldThread();
    host.kill(doomed);
    expect(kernel.cpu.sleepers).toBe(1);
    kernel.host_task_exit(0);
    expect(yield* join(host, heir)).toBe(0);
    yield host.sleep(0);
    expect(kernel.cpu.owner).toBe(0);
    expect(kernel.cpu.shutdown_gate).toBe(0);
  });
});

test("a thread that is ended just after it was given the cpu passes it on", () => {
  withKernel(function* (kernel, host) {
    yield* host.finish(kernel.host_task_enter());
    const doomed = host.start(() => syscall(kernel, "getpid"), "doomed");
    const heir = host.start(() => syscall(kernel, "getpid"), "heir");
    yield host.yieldThread();
    kernel.host_task_exit(0);
    expect(kernel.cpu.owner).toBe(doomed);
    host.kill(doomed);
    expect(kernel.cpu.owner).toBe(heir);
    expect(yield* join(host, heir)).toBe(0);
    expect(kernel.cpu.checkInvariants()).toEqual([]);
  });
});

/** accept() as the plan to bring LKL into DCE first patched it: gives the host's cpu away, not the kernel's. */
function* acceptThatYieldsTheHost(host: GeneratorHost, isDone: () => boolean): Wait {
  while (!isDone()) yield host.yieldThread();
  return 0;
}

test("deadlock variant B: one identity for all programs ends in bad count while changing owner", () => {
  const host = new GeneratorHost();
  let connected = false;
  host.start(function* () {
    host.programsShareIdentity = true;
    const kernel = yield* boot(host);
    yield host.sleep(0);
    host.start(
      () => inKernel(kernel, () => acceptThatYieldsTheHost(host, () => connected)),
      "server",
    );
    host.start(function* () {
      // The cpu seems to be ours already: the lock cannot tell the two programs apart.
      expect(kernel.cpu.count).toBe(1);
      yield* syscall(kernel, "nanosleep", { tv_sec: 0, tv_nsec: 1000 });
      connected = true;
    }, "client");
  });
  expect(() => host.run()).toThrow(LklBugError);
  expect(host.printed).toContain("bad count while changing owner");
  expect(host.panics).toBe(1);
});

test("deadlock variant C: a program that yields while it owns the cpu keeps all others out for ever", () => {
  const host = new GeneratorHost();
  let connected = false;
  let spins = 0;
  host.start(function* () {
    const kernel = yield* boot(host);
    yield host.sleep(0);
    host.start(() =>
      inKernel(kernel, () => acceptThatYieldsTheHost(host, () => connected || ++spins > 1000)),
    );
    host.start(function* () {
      yield* syscall(kernel, "getpid");
      connected = true;
    }, "client");
    yield host.yieldThread();
    yield host.yieldThread();
    expect(kernel.cpu.sleepers).toBe(1);
    expect(connected).toBe(false);
  });
  host.run();
  expect(spins).toBeGreaterThan(1000);
});

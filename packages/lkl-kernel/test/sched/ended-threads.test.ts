import { Errno, MAX_SCHEDULE_TIMEOUT, WaitQueueHead, wait_event } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { GeneratorHost } from "@dcejs/lkl-kernel";
import { boot, inKernel, join, syscall, withKernel } from "../host/kernel-fixture.ts";

test("without memory for a task a call gives -ENOMEM, and the cpu is free again", () => {
  const host = new GeneratorHost();
  const { ops } = host;
  let hasMemory = true;
  let hasTls = true;
  const poor = {
    ...ops,
    sem_alloc: (count: number) => (hasMemory ? ops.sem_alloc(count) : undefined),
    tls_set: (key: object, value: unknown) => (hasTls ? (ops.tls_set?.(key, value) ?? -1) : -1),
  };
  host.runProgram(function* () {
    const kernel = yield* boot({ ops: poor });
    yield host.sleep(0);
    hasMemory = false;
    expect(yield* syscall(kernel, "getpid")).toBe(-Errno.ENOMEM);
    hasMemory = true;
    hasTls = false;
    expect(yield* syscall(kernel, "getpid")).toBe(-Errno.ENOMEM);
    hasTls = true;
    expect(kernel.cpu.owner).toBe(0);
    expect(yield* syscall(kernel, "getpid")).toBe(1);
  });
});

test("woken threads that are ended before they run leave the runqueue in order", () => {
  withKernel(function* (kernel, host) {
    const wq = new WaitQueueHead();
    let isDone = false;
    const returned: string[] = [];
    const threads = ["a", "b", "c", "d"].map((name) =>
      host.start(function* () {
        yield* inKernel(kernel, () => wait_event(kernel, wq, () => isDone));
        returned.push(name);
      }, name),
    );
    const [a = 0, b = 0, c = 0, d = 0] = threads;
    yield host.sleep(0);
    yield* inKernel(kernel, () => {
      isDone = true;
      wq.wakeUpAll();
      // None of them has run: the cpu is still ours.
      for (const thread of [b, d]) host.kill(thread);
      return 0;
    });
    for (const thread of [a, c]) yield* join(host, thread);
    expect(returned.toSorted()).toEqual(["a", "c"]);
    yield host.sleep(0);
    expect(kernel.cpu.owner).toBe(0);
  });
});

test("schedule_timeout without an end lasts until the wake-up; a negative one is over at once", () => {
  withKernel(function* (kernel, host) {
    const thread = host.start(function* () {
      yield* inKernel(kernel, function* () {
        kernel.current.state = 1;
        expect(yield* kernel.schedule_timeout(MAX_SCHEDULE_TIMEOUT)).toBe(MAX_SCHEDULE_TIMEOUT);
        kernel.current.state = 1;
        expect(yield* kernel.schedule_hrtimeout(MAX_SCHEDULE_TIMEOUT)).toBe(MAX_SCHEDULE_TIMEOUT);
        expect(yield* kernel.schedule_timeout(-1)).toBe(0);
        expect(yield* kernel.schedule_hrtimeout(0)).toBe(0);
        expect(kernel.current.state).toBe(0);
        return 0;
      });
    });
    for (let i = 0; i < 2; i++) {
      yield host.sleep(1000);
      const task = [...kernel.tasks].find(({ wchan }) => wchan.startsWith("schedule_"));
      expect(task !== undefined && kernel.lkl_signal_task(task)).toBe(true);
      if (task !== undefined) kernel.flush_signals(task);
    }
    yield* join(host, thread);
    expect(kernel.dmesg()).toContain("schedule_timeout: wrong timeout value -1\n");
  });
});

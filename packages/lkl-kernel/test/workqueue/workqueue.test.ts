import { DelayedWork, WorkStruct } from "@dcejs/lkl-kernel";
import type { LklKernel } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { GeneratorHost } from "@dcejs/lkl-kernel";
import { boot, inKernel, inKernelFor, withKernel } from "../host/kernel-fixture.ts";

const MS = 1_000_000;

function workers(kernel: LklKernel): string[] {
  return kernel
    .describeTasks()
    .map((task) => task.comm)
    .filter((comm) => comm.startsWith("kworker/0"));
}

test("a work runs once for two queueings, in process context, in a kworker", () => {
  withKernel(function* (kernel, host) {
    const comms: string[] = [];
    const work = new WorkStruct(function* () {
      comms.push(kernel.current.comm);
      yield* kernel.msleep(1);
    });
    yield* inKernel(kernel, () => {
      expect(kernel.schedule_work(work)).toBe(true);
      expect(kernel.schedule_work(work)).toBe(false);
      return 0;
    });
    yield host.sleep(10 * MS);
    expect(comms).toEqual(["kworker/0:0"]);
  });
});

test("works that do not sleep run one after the other; when one sleeps another worker goes on", () => {
  withKernel(function* (kernel, host) {
    const log: string[] = [];
    const sleeper = new WorkStruct(function* () {
      log.push("sleeper begins");
      yield* kernel.msleep(5);
      log.push("sleeper ends");
    });
    const quick = ["a", "b"].map((name) => new WorkStruct(() => void log.push(name)));
    yield* inKernel(kernel, () => {
      for (const work of [sleeper, ...quick]) kernel.schedule_work(work);
      return 0;
    });
    yield host.sleep(20 * MS);
    expect(log).toEqual(["sleeper begins", "a", "b", "sleeper ends"]);
    expect(workers(kernel).length).toBeLessThanOrEqual(3);
  });
});

test("a hundred works that sleep are done at the same time, and the extra workers end", () => {
  withKernel(function* (kernel, host) {
    let done = 0;
    yield* inKernel(kernel, () => {
      for (let i = 0; i < 100; i++) {
        kernel.schedule_work(
          new WorkStruct(function* () {
            yield* kernel.msleep(5);
            done++;
          }),
        );
      }
      return 0;
    });
    yield host.sleep(10 * MS);
    expect(done).toBe(100);
    expect(workers(kernel).length).toBeLessThanOrEqual(3);
  });
});

test("a work never runs on two workers at once; queued while it runs, it runs again after", () => {
  withKernel(function* (kernel, host) {
    let inside = 0;
    let runs = 0;
    const work = new WorkStruct(function* () {
      expect(++inside).toBe(1);
      yield* kernel.msleep(3);
      inside--;
      runs++;
    });
    yield* inKernel(kernel, function* () {
      kernel.schedule_work(work);
      yield* kernel.msleep(1);
      expect(kernel.schedule_work(work)).toBe(true);
      return 0;
    });
    yield host.sleep(20 * MS);
    expect(runs).toBe(2);
  });
});

test("flush_work waits for the end, and gives false when there is nothing to wait for", () => {
  withKernel(function* (kernel) {
    let isDone = false;
    const work = new WorkStruct(function* () {
      yield* kernel.msleep(3);
      isDone = true;
    });
    yield* inKernel(kernel, function* () {
      expect(yield* kernel.flush_work(work)).toBe(false);
      kernel.schedule_work(work);
      expect(yield* kernel.flush_work(work)).toBe(true);
      expect(isDone).toBe(true);
      return 0;
    });
  });
});

test("cancel_work_sync on an idle work leaves it so that it can be queued", () => {
  withKernel(function* (kernel, host) {
    let runs = 0;
    const work = new WorkStruct(() => void runs++);
    const delayed = new DelayedWork(() => void runs++);
    yield* inKernel(kernel, function* () {
      for (const each of [work, delayed]) {
        expect(yield* kernel.cancel_work_sync(each)).toBe(false);
        expect(each.isPending).toBe(false);
        expect(kernel.schedule_work(each)).toBe(true);
      }
      return 0;
    });
    yield host.sleep(0);
    expect(runs).toBe(2);
  });
});

test("cancel_work_sync takes a pending work back", () => {
  withKernel(function* (kernel, host) {
    let runs = 0;
    const work = new WorkStruct(() => void runs++);
    yield* inKernel(kernel, function* () {
      kernel.schedule_work(work);
      expect(yield* kernel.cancel_work_sync(work)).toBe(true);
      return 0;
    });
    yield host.sleep(0);
    expect(runs).toBe(0);
  });
});

test("cancel_work_sync waits for a running work, which cannot queue itself meanwhile", () => {
  withKernel(function* (kernel, host) {
    let runs = 0;
    const work: WorkStruct = new WorkStruct(function* () {
      yield* kernel.msleep(3);
      runs++;
      kernel.schedule_work(work);
    });
    yield* inKernel(kernel, function* () {
      kernel.schedule_work(work);
      yield* kernel.msleep(1);
      expect(yield* kernel.cancel_work_sync(work)).toBe(false);
      expect(runs).toBe(1);
      return 0;
    });
    yield host.sleep(20 * MS);
    expect(runs).toBe(1);
  });
});

test("a delayed work runs after its delay; mod moves it, cancel takes it back", () => {
  withKernel(function* (kernel, host) {
    const runs: number[] = [];
    const work = new DelayedWork(() => void runs.push(host.now / MS));
    yield* inKernel(kernel, () => {
      expect(kernel.schedule_delayed_work(work, 10)).toBe(true);
      expect(kernel.schedule_delayed_work(work, 1)).toBe(false);
      expect(kernel.mod_delayed_work(kernel.system_wq, work, 20)).toBe(true);
      return 0;
    });
    yield host.sleep(30 * MS);
    expect(runs).toEqual([21]);
    yield* inKernel(kernel, () => {
      kernel.schedule_delayed_work(work, 10);
      expect(kernel.cancel_work(work)).toBe(true);
      expect(kernel.cancel_work(work)).toBe(false);
      return 0;
    });
    yield host.sleep(30 * MS);
    expect(runs).toHaveLength(1);
  });
});

test("an ordered queue runs its works in order, even when they sleep; flush waits for all", () => {
  withKernel(function* (kernel) {
    const log: number[] = [];
    yield* inKernel(kernel, function* () {
      const wq = kernel.alloc_workqueue("ordered", { maxActive: 1 });
      for (const i of [3, 1, 2]) {
        kernel.queue_work(
          wq,
          new WorkStruct(function* () {
            yield* kernel.msleep(i);
            log.push(i);
          }),
        );
      }
      yield* wq.flush();
      expect(log).toEqual([3, 1, 2]);
      yield* wq.destroy();
      return 0;
    });
  });
});

test("cancelling a work that waits in line for an ordered queue lets the others go on", () => {
  withKernel(function* (kernel) {
    const log: string[] = [];
    const work = (name: string) =>
      new WorkStruct(function* () {
        yield* kernel.msleep(1);
        log.push(name);
      });
    const [a, b, c] = [work("a"), work("b"), work("c")];
    yield* inKernel(kernel, function* () {
      const wq = kernel.alloc_workqueue("ordered", { maxActive: 1 });
      for (const each of [a, b, c]) wq.queue(each);
      expect(kernel.cancel_work(b)).toBe(true);
      yield* wq.flush();
      return 0;
    });
    expect(log).toEqual(["a", "c"]);
  });
});

test("when no worker can be made the rescuer does the works of its queue", () => {
  withKernel(function* (kernel, host) {
    const log: string[] = [];
    const rescued = new WorkStruct(() => void log.push(`${kernel.current.comm} ${host.now / MS}`));
    const wq = yield* inKernelFor(kernel, () =>
      kernel.alloc_workqueue("memory", { memReclaim: true }),
    );
    host.refusesThread = (name) => name.includes("kworker/0");
    // The only worker cannot leave the list alone without another one to take over.
    yield* inKernel(kernel, () => {
      kernel.queue_work(wq, rescued);
      return 0;
    });
    yield host.sleep(100 * MS);
    expect(log).toEqual(["kworker/R-memor 11"]);
    host.refusesThread = () => false;
    yield* inKernel(kernel, function* () {
      yield* wq.destroy();
      return 0;
    });
    expect(kernel.describeTasks().map((task) => task.comm)).not.toContain("kworker/R-memor");
  });
});

test("a queue without a rescuer waits until a worker can be made", () => {
  withKernel(function* (kernel, host) {
    const runs: number[] = [];
    host.refusesThread = (name) => name.includes("kworker/0");
    yield* inKernel(kernel, () => {
      kernel.schedule_work(new WorkStruct(() => void runs.push(host.now)));
      return 0;
    });
    yield host.sleep(500 * MS);
    expect(runs).toEqual([]);
    host.refusesThread = () => false;
    yield host.sleep(3000 * MS);
    expect(runs).toHaveLength(1);
  });
});

test("works queued by an initcall run once the kernel has workers", () => {
  const host = new GeneratorHost();
  let runs = 0;
  host.runProgram(() =>
    boot(host, {
      initcalls: [
        {
          level: "late",
          name: "queue_work",
          run: (kernel) => void kernel.schedule_work(new WorkStruct(() => void runs++)),
        },
      ],
    }),
  );
  host.run();
  expect(runs).toBe(1);
});

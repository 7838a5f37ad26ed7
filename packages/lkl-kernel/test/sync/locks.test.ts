import { Completion, Errno, Mutex, Semaphore } from "@dcejs/lkl-kernel";
import type { LklKernel, TaskStruct, Wait } from "@dcejs/lkl-kernel";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { GeneratorHost } from "@dcejs/lkl-kernel";
import { inKernel, inKernelFor, join, withKernel } from "../host/kernel-fixture.ts";

const MS = 1_000_000;

function spawn(kernel: LklKernel, host: GeneratorHost, fn: () => number | Wait): number {
  return host.start(() => inKernel(kernel, fn), "spawned");
}

test("a mutex lets one task in, and hands over to the first that waits", () => {
  withKernel(function* (kernel, host) {
    const mutex = new Mutex(kernel);
    const log: string[] = [];
    const threads = ["a", "b", "c"].map((name) =>
      spawn(kernel, host, function* () {
        yield* mutex.lock();
        log.push(`${name} in`);
        yield* kernel.msleep(2);
        log.push(`${name} out`);
        mutex.unlock();
        return 0;
      }),
    );
    for (const thread of threads) yield* join(host, thread);
    expect(log).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
    expect(mutex.isLocked).toBe(false);
  });
});

test("a mutex is unlocked by its owner only, and not locked twice", () => {
  withKernel(function* (kernel) {
    const mutex = new Mutex(kernel);
    yield* inKernel(kernel, function* () {
      expect(() => mutex.unlock()).toThrow("unlocks a mutex that nobody owns");
      expect(mutex.tryLock()).toBe(true);
      expect(mutex.tryLock()).toBe(false);
      expect(mutex.owner).toBe(kernel.current);
      expect(() => mutex.lock().next()).toThrow("owns the mutex already");
      mutex.unlock();
      expect(yield* mutex.lockInterruptible()).toBe(0);
      mutex.unlock();
      return 0;
    });
  });
});

test("a wait for a mutex is interrupted by a signal, and the mutex goes to the next", () => {
  withKernel(function* (kernel, host) {
    const mutex = new Mutex(kernel);
    const results: number[] = [];
    let waiter: TaskStruct | undefined;
    yield* inKernel(kernel, function* () {
      yield* mutex.lock();
      return 0;
    });
    spawn(kernel, host, function* () {
      waiter = kernel.current;
      results.push(yield* mutex.lockInterruptible());
      return 0;
    });
    const killable = spawn(kernel, host, function* () {
      results.push(yield* mutex.lockKillable());
      mutex.unlock();
      return 0;
    });
    yield host.sleep(0);
    if (waiter !== undefined) kernel.lkl_signal_task(waiter);
    yield host.sleep(0);
    yield* inKernel(kernel, () => {
      mutex.unlock();
      return 0;
    });
    yield* join(host, killable);
    expect(results).toEqual([-Errno.EINTR, 0]);
  });
});

test("a mutex that was handed to a thread which is then ended goes to the next", () => {
  withKernel(function* (kernel, host) {
    const mutex = new Mutex(kernel);
    yield* inKernel(kernel, () => (mutex.tryLock() ? 0 : -1));
    const lock = function* (): Wait {
      yield* mutex.lock();
      mutex.unlock();
      return 0;
    };
    const doomed = spawn(kernel, host, lock);
    const heir = spawn(kernel, host, lock);
    yield host.sleep(0);
    yield* inKernel(kernel, () => {
      mutex.unlock();
      return 0;
    });
    host.kill(doomed);
    yield* join(host, heir);
    expect(mutex.isLocked).toBe(false);
  });
});

test("a semaphore counts; down_timeout gives -ETIME, an interrupted down -EINTR", () => {
  withKernel(function* (kernel, host) {
    const sem = new Semaphore(kernel, 1);
    let waiter: TaskStruct | undefined;
    const results: number[] = [];
    spawn(kernel, host, function* () {
      waiter = kernel.current;
      results.push(yield* sem.downInterruptible());
      results.push(yield* sem.downInterruptible());
      return 0;
    });
    yield host.sleep(0);
    expect(sem.count).toBe(0);
    expect(yield* inKernel(kernel, () => sem.downTimeout(10))).toBe(-Errno.ETIME);
    if (waiter !== undefined) kernel.lkl_signal_task(waiter);
    yield host.sleep(0);
    expect(results).toEqual([0, -Errno.EINTR]);
    sem.up();
    expect(sem.tryDown()).toBe(true);
    expect(sem.tryDown()).toBe(false);
  });
});

test("a semaphore never lets more in than its count, whatever the order", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 12 }),
      (count, users) => {
        withKernel(function* (kernel, host) {
          const sem = new Semaphore(kernel, count);
          let inside = 0;
          const threads = users.map(([before, during]) =>
            spawn(kernel, host, function* () {
              yield* kernel.msleep(before);
              yield* sem.down();
              expect(++inside).toBeLessThanOrEqual(count);
              yield* kernel.msleep(during);
              inside--;
              sem.up();
              return 0;
            }),
          );
          for (const thread of threads) yield* join(host, thread);
          expect(sem.count).toBe(count);
        });
      },
    ),
    { numRuns: 50 },
  );
});

test("complete ends one wait, completeAll all of them and those to come", () => {
  withKernel(function* (kernel, host) {
    const done = new Completion(kernel);
    let ended = 0;
    for (let i = 0; i < 3; i++) {
      spawn(kernel, host, function* () {
        yield* done.wait();
        ended++;
        return 0;
      });
    }
    yield host.sleep(0);
    yield* inKernel(kernel, () => {
      done.complete();
      return 0;
    });
    yield host.sleep(0);
    expect(ended).toBe(1);
    yield* inKernel(kernel, function* () {
      done.completeAll();
      yield* done.wait();
      return 0;
    });
    yield host.sleep(0);
    expect(ended).toBe(3);
    expect(done.isDone).toBe(true);
    done.reinit();
    expect(done.tryWait()).toBe(false);
  });
});

test("a completion before the wait is kept", () => {
  withKernel(function* (kernel) {
    const done = new Completion(kernel);
    done.complete();
    done.complete();
    yield* inKernel(kernel, function* () {
      yield* done.wait();
      expect(yield* done.waitTimeout(5)).toBe(5);
      expect(yield* done.waitTimeout(5)).toBe(0);
      return 0;
    });
  });
});

test("a wait for a completion obeys signals when it is interruptible or killable", () => {
  withKernel(function* (kernel, host) {
    const done = new Completion(kernel);
    const tasks: TaskStruct[] = [];
    const results: number[] = [];
    const waits = [
      () => done.waitInterruptible(),
      () => done.waitInterruptibleTimeout(100),
      () => done.waitKillable(),
    ];
    for (const wait of waits) {
      spawn(kernel, host, function* () {
        tasks.push(kernel.current);
        results.push(yield* wait());
        return 0;
      });
    }
    yield host.sleep(10 * MS);
    for (const task of tasks) kernel.lkl_signal_task(task);
    yield host.sleep(0);
    expect(results).toEqual([-Errno.ERESTARTSYS, -Errno.ERESTARTSYS]);
    const last = tasks[2];
    if (last !== undefined) kernel.lkl_signal_task(last, true);
    yield host.sleep(0);
    expect(results).toHaveLength(3);
    expect(yield* inKernelFor(kernel, () => done.isDone)).toBe(false);
  });
});

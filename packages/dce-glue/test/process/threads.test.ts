import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { errorOf, inProgram, runProgram } from "./test-host.ts";

test("join waits for a thread and gives what it returned", async () => {
  await inProgram(async (posix) => {
    const thread = posix.createThread(async () => {
      await posix.nanosleep(10);
      return "result";
    }, "worker");
    expect(thread.name).toBe("worker");
    expect(await posix.join(thread)).toBe("result");
    expect(posix.now()).toBe(10);
    expect(await errorOf(() => posix.join(thread))).toBe("EINVAL");
    expect(await errorOf(() => posix.join(posix.self()))).toBe("EDEADLK");
    const other = posix.createThread(() => posix.threadExit(42));
    expect(await posix.join(other)).toBe(42);
    const detached = posix.createThread(() => undefined);
    posix.detach(detached);
    expect(await errorOf(() => posix.join(detached))).toBe("EINVAL");
  });
});

test("the main thread may leave before the others", async () => {
  const { status, host } = await runProgram((posix) => {
    posix.createThread(async () => {
      await posix.nanosleep(100);
      posix.exit(3);
    });
    return posix.threadExit();
  });
  expect(status).toBe(3 << 8);
  expect(host.simulator.now).toBe(100);
});

test("the return of main ends all threads", async () => {
  const { host } = await runProgram(async (posix) => {
    posix.createThread(() => posix.pause());
    await posix.nanosleep(5);
  });
  expect(host.simulator.now).toBe(5);
  expect(host.taskManager.liveTaskCount).toBe(0);
});

test("a mutex goes from one thread to the next in their order", async () => {
  await inProgram(async (posix) => {
    const mutex = posix.mutex();
    const order: number[] = [];
    await mutex.lock();
    const threads = [1, 2, 3].map((n) =>
      posix.createThread(async () => {
        await mutex.lock();
        order.push(n);
        await posix.nanosleep(10);
        mutex.unlock();
      }),
    );
    await posix.nanosleep(5);
    expect(mutex.tryLock()).toBe(false);
    mutex.unlock();
    for (const thread of threads) await posix.join(thread);
    expect(order).toEqual([1, 2, 3]);
    expect(posix.now()).toBe(35);
  });
});

test("the kinds of mutexes differ when one locks again", async () => {
  await inProgram(async (posix) => {
    const recursive = posix.mutex("RECURSIVE");
    await recursive.lock();
    await recursive.lock();
    recursive.unlock();
    expect(recursive.state.isLocked).toBe(true);
    recursive.unlock();
    expect(recursive.state.isLocked).toBe(false);
    const checked = posix.mutex("ERRORCHECK");
    await checked.lock();
    expect(await errorOf(() => checked.lock())).toBe("EDEADLK");
    checked.unlock();
    expect(await errorOf(() => checked.unlock())).toBe("EPERM");
  });
});

test("a condition variable wakes one, or all, with the mutex held", async () => {
  await inProgram(async (posix) => {
    const mutex = posix.mutex();
    const cond = posix.cond();
    const stock = { items: 0 };
    const taken: number[] = [];
    const threads = [1, 2, 3].map((n) =>
      posix.createThread(async () => {
        await mutex.lock();
        while (stock.items === 0) await cond.wait(mutex);
        stock.items--;
        taken.push(n);
        mutex.unlock();
      }),
    );
    await posix.nanosleep(10);
    await mutex.lock();
    stock.items = 1;
    cond.signal();
    mutex.unlock();
    await posix.nanosleep(10);
    expect(taken).toEqual([1]);
    await mutex.lock();
    stock.items = 2;
    cond.broadcast();
    mutex.unlock();
    for (const thread of threads) await posix.join(thread);
    expect(taken).toEqual([1, 2, 3]);
    await mutex.lock();
    expect(await cond.timedWait(mutex, 100)).toBe(false);
    expect(mutex.state.isLocked).toBe(true);
  });
});

test("a signal does not end the wait for a mutex or a condition", async () => {
  await inProgram(async (posix) => {
    let handled = 0;
    posix.sigaction(linux.SIGUSR1, () => void handled++);
    const mutex = posix.mutex();
    await mutex.lock();
    const thread = posix.createThread(async () => {
      await mutex.lock();
      return posix.now();
    });
    await posix.nanosleep(10);
    await posix.threadKill(thread, linux.SIGUSR1);
    await posix.nanosleep(10);
    expect(handled).toBe(1);
    mutex.unlock();
    expect(await posix.join(thread)).toBe(20);
  });
});

test("a semaphore counts, times out, and is ended by a signal", async () => {
  await inProgram(async (posix) => {
    const semaphore = posix.semaphore(1);
    await semaphore.wait();
    expect(semaphore.tryWait()).toBe(false);
    expect(await semaphore.timedWait(50)).toBe(false);
    expect(posix.now()).toBe(50);
    posix.createThread(async () => {
      await posix.nanosleep(10);
      semaphore.post();
    });
    expect(await semaphore.timedWait(50)).toBe(true);
    posix.sigaction(linux.SIGALRM, () => undefined);
    posix.alarm(1);
    expect(await errorOf(() => semaphore.wait())).toBe("EINTR");
    expect(semaphore.value).toBe(0);
  });
});

test("a read-write lock lets readers share and writers be alone", async () => {
  await inProgram(async (posix) => {
    const lock = posix.rwlock();
    await lock.readLock();
    const log: string[] = [];
    const run = (name: string, take: () => unknown) =>
      posix.createThread(async () => {
        await take();
        log.push(name);
        await posix.nanosleep(10);
        lock.unlock();
      });
    run("reader", () => lock.readLock());
    await posix.nanosleep(1);
    run("writer", () => lock.writeLock());
    await posix.nanosleep(1);
    expect(lock.tryReadLock()).toBe(true);
    lock.unlock();
    run("late reader", () => lock.readLock());
    await posix.nanosleep(20);
    expect(log).toEqual(["reader"]);
    lock.unlock();
    await posix.nanosleep(25);
    expect(log).toEqual(["reader", "writer", "late reader"]);
    expect(await errorOf(() => lock.unlock())).toBe("EPERM");
  });
});

test("a barrier lets all through when the last one has come", async () => {
  await inProgram(async (posix) => {
    const barrier = posix.barrier(3);
    const times: number[] = [];
    const threads = [10, 20].map((delay) =>
      posix.createThread(async () => {
        await posix.nanosleep(delay);
        await barrier.wait();
        times.push(posix.now());
      }),
    );
    await posix.nanosleep(30);
    expect(await barrier.wait()).toBe(true);
    for (const thread of threads) await posix.join(thread);
    expect(times).toEqual([30, 30]);
  });
});

test("threads have ids of their own and share descriptors", async () => {
  await inProgram(async (posix) => {
    expect(posix.gettid()).toBe(posix.getpid());
    const thread = posix.createThread(async () => {
      expect(posix.gettid()).not.toBe(posix.getpid());
      return posix.open("/dev/null");
    });
    const fd = await posix.join(thread);
    expect(posix.process.files.get(Number(fd))).toBeDefined();
  });
});

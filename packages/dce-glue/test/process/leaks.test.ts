import { instant } from "@dcejs/core-sched";
import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import type { Posix } from "../../src/posix/posix.ts";
import { TestHost } from "./test-host.ts";

const NOTHING = { processes: 0, pids: 0, descriptors: 0, tasks: 0, events: 0 };

function leftIn(host: TestHost): typeof NOTHING {
  return {
    processes: host.manager.getProcs().length,
    pids: host.manager.node.processes.pids.usedCount,
    descriptors: host.manager.openDescriptorCount,
    tasks: host.taskManager.liveTaskCount,
    events: host.simulator.pendingEvents,
  };
}

test("10,000 starts and exits leave no task, timer, pid or descriptor behind", async () => {
  const host = new TestHost();
  let left = 10_000;
  const startNext = (): void => {
    if (left-- === 0) return;
    const process = host.start(async (posix) => {
      await posix.pipe();
      await posix.nanosleep(1000);
    });
    host.manager.setFinishedCallback(process, startNext);
  };
  startNext();
  await host.simulator.run();
  expect(host.manager.exitprocs).toHaveLength(10_000);
  expect(leftIn(host)).toEqual(NOTHING);
});

test("a program that ends with work pending is cleared up", async () => {
  const host = new TestHost();
  const process = host.start(async (posix) => {
    const [reader, writer] = await posix.pipe();
    const epfd = await posix.epollCreate();
    await posix.epollCtl(epfd, linux.EPOLL_CTL_ADD, reader, { events: linux.EPOLLIN });
    const timer = await posix.timerfdCreate(linux.CLOCK_MONOTONIC);
    await posix.timerfdSettime(timer, 0, { valueNs: 1e12, intervalNs: 1e12 });
    posix.alarm(1000);
    const server = await posix.socket(linux.AF_UNIX, linux.SOCK_STREAM);
    await posix.bind(server, { path: "/tmp/server" });
    await posix.listen(server);
    posix.createThread(() => posix.accept(server));
    posix.createThread(() => posix.read(reader, new Uint8Array(1)));
    posix.createThread(() => posix.epollWait(epfd, 1, -1));
    posix.createThread(() => posix.nanosleep(1e15));
    posix.createThread(() => posix.pause());
    const mutex = posix.mutex();
    await mutex.lock();
    posix.createThread(() => mutex.lock());
    posix.spawn(async (child) => {
      await child.nanosleep(100);
      await child.write(writer, "to a pipe that still has a reader");
    });
    await posix.nanosleep(50);
    return 3;
  });
  await host.simulator.run();
  expect(process.exitStatus).toBe(3 << 8);
  expect(process.endTime).toBe(50);
  expect(host.simulator.now).toBe(100);
  expect(leftIn(host)).toEqual(NOTHING);
});

test("a call that was not awaited does not outlive its program", async () => {
  const host = new TestHost();
  const calls: ((posix: Posix) => unknown)[] = [
    (posix) => posix.nanosleep(1e6),
    (posix) => posix.sleep(1),
    (posix) => posix.poll([], 10),
    (posix) => posix.epollWait(3, 1, -1),
  ];
  const processes = calls.map((call) =>
    host.start(async (posix) => {
      await posix.epollCreate();
      await posix.nanosleep(10);
      void call(posix);
      return 2;
    }),
  );
  await host.simulator.run();
  expect(processes.map((process) => process.exitStatus)).toEqual([512, 512, 512, 512]);
  expect(leftIn(host)).toEqual(NOTHING);
});

test("dispose ends what still runs at the end of the simulation", async () => {
  const host = new TestHost();
  host.start(async (posix) => {
    posix.createThread(() => posix.pause());
    const [reader] = await posix.pipe();
    posix.setitimer({ valueNs: 10, intervalNs: 10 });
    posix.sigaction(linux.SIGALRM, { handler: () => undefined, flags: linux.SA_RESTART });
    await posix.read(reader, new Uint8Array(1));
  });
  await host.simulator.runUntil(instant(1000));
  host.manager.dispose();
  await host.simulator.runUntil(instant(2000));
  expect(leftIn(host)).toEqual(NOTHING);
});

import { describe, expect, test } from "vitest";
import { BLOCKED, type HostTask, LinuxReentryError } from "../../src/index.ts";
import { backEnds, whySkipped } from "../world/built.ts";
import { cable } from "../world/cable.ts";
import { bootedNode, SETTLED } from "../world/fixture.ts";
import type { Node } from "../world/node.ts";
import { AF_INET, CLOCK_MONOTONIC, Errno, NR, SOCK_DGRAM } from "../world/numbers.ts";

function* sleeper(node: Node, ns: number, results: number[]) {
  results.push(yield [NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, node.timespec(ns), 0]);
}

/** Lets kernel threads run that a new task has woken: until then a call of an ordinary task may have to wait. */
async function settle(node: Node): Promise<void> {
  await node.world.runTo(node.world.events.now + 1);
}

describe.skipIf(whySkipped !== undefined).each(backEnds)("tasks of the host on %s", (kind) => {
  test("each has a thread id of its own in the one process", async () => {
    const node = await bootedNode(kind);
    const tasks = [node.newTask(), node.newTask(), node.newTask()];
    await settle(node);
    const ids = tasks.map((task) => node.kernel.sys(task, NR.gettid));
    expect(new Set([1, ...ids]).size).toBe(4);
    expect(tasks.map((task) => node.kernel.sys(task, NR.getpid))).toEqual([1, 1, 1]);
  });

  test("a call that sleeps ends with -EINTR or a restart when its task is interrupted", async () => {
    const node = await bootedNode(kind);
    const results: number[] = [];
    const slept = node.start(sleeper(node, 60e9, results));
    const received = node.start(
      (function* () {
        const fd = yield [NR.socket, AF_INET, SOCK_DGRAM, 0];
        results.push(yield [NR.recvfrom, fd, node.bytes(16), 16, 0, 0, 0]);
      })(),
    );
    await node.world.runTo(1e9);
    expect(results).toEqual([]);
    node.kernel.interruptTask(slept);
    node.kernel.interruptTask(received);
    await node.world.runPrograms();
    expect(results).toEqual([-Errno.ERESTART_RESTARTBLOCK, -Errno.ERESTARTSYS]);
    expect(node.world.events.now).toBe(1e9);
  });

  test("an interrupt leaves nothing behind: the next sleep is whole", async () => {
    const node = await bootedNode(kind);
    const results: number[] = [];
    const task = node.start(sleeper(node, 60e9, results));
    await node.world.runTo(1e9);
    node.kernel.interruptTask(task);
    await node.world.runPrograms();
    const start = node.world.events.now;
    node.start(sleeper(node, 1_234_567_890, results), task);
    await node.world.runPrograms();
    expect(results).toEqual([-Errno.ERESTART_RESTARTBLOCK, 0]);
    expect(node.world.events.now - start).toBe(1_234_567_890 + 50_000);
  });

  test("one whose thread is over serves another thread once its sleep has ended", async () => {
    const node = await bootedNode(kind);
    const free: HostTask[] = [];
    const task = node.start(sleeper(node, 60e9, []));
    await node.world.runTo(1e9);
    node.kernel.endTask(task, (self) => free.push(self));
    expect(free).toEqual([]);
    await node.world.runTo(1e9 + 1);
    expect(free).toEqual([task]);
    expect(node.kernel.sys(task, NR.getpid)).toBe(1);
    expect(node.kernel.cpu.sleepingCalls).toEqual([]);
  });

  test("makes one call at a time", async () => {
    const node = await bootedNode(kind);
    const task = node.start(sleeper(node, 60e9, []));
    await node.world.runTo(1e9);
    expect(() => node.kernel.sys(task, NR.getpid)).toThrow("one call at a time");
  });

  test("two hundred that sleep at once all wake", async () => {
    const node = await bootedNode(kind, { memory: 32 * 1024 * 1024 });
    const results: number[] = [];
    for (let index = 0; index < 200; index++) node.start(sleeper(node, 1e9 + index, results));
    await node.world.runPrograms();
    expect(results).toHaveLength(200);
    expect(results.every((result) => result === 0)).toBe(true);
  });

  test("cannot end by itself: its host ends it", async () => {
    const node = await bootedNode(kind);
    const task = node.newTask();
    await settle(node);
    for (const exit of [93, 94]) expect(node.kernel.sys(task, exit, 0)).toBe(-38);
    expect(node.kernel.sys(task, NR.getpid)).toBe(1);
  });

  test("a system call that no kernel has is -ENOSYS", async () => {
    const node = await bootedNode(kind);
    expect(node.serve(9999)).toBe(-38);
    expect(node.serve(0x1_ffff)).toBe(-38);
  });

  test("the host may not call a kernel from inside a call of it", async () => {
    const node = await bootedNode(kind);
    const [port, other] = cable(node.world, { delay: 1000, rate: Infinity });
    const errors: unknown[] = [];
    other.receive = () => {};
    node.card(port, "eth0", "10.0.0.1");
    port.send = () => {
      for (const call of [
        () => node.serve(NR.getpid),
        () => node.kernel.timer(),
        () => void node.kernel.run(),
      ]) {
        try {
          call();
        } catch (error) {
          errors.push(error);
        }
      }
      return true;
    };
    const fd = node.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
    node.serve(NR.sendto, fd, node.bytes("x"), 1, 0, node.address("10.0.0.2", 7), 16);
    await node.world.runTo(SETTLED + 1000);
    expect(errors.length).toBeGreaterThanOrEqual(3);
    expect(errors.every((error) => error instanceof LinuxReentryError)).toBe(true);
    expect(node.serve(NR.getpid)).toBe(1);
  });

  test("pid 1 serves while other tasks wait for the processor", async () => {
    const node = await bootedNode(kind);
    const task = node.newTask();
    await settle(node);
    expect(node.kernel.sys(task, NR.gettid)).toBeGreaterThan(1);
    expect(node.serve(NR.getpid)).not.toBe(BLOCKED);
    expect(node.kernel.sys(task, NR.getpid)).toBe(1);
  });
});

import { describe, expect, test } from "vitest";
import { backEnds, whySkipped } from "../world/built.ts";
import { bootedNode, SETTLED } from "../world/fixture.ts";
import type { Node } from "../world/node.ts";
import { CLOCK_MONOTONIC, CLOCK_REALTIME, NR } from "../world/numbers.ts";
import { UPTIME_AT_START } from "../../src/index.ts";

/** prctl(PR_SET_TIMERSLACK)'s default for programs that are no real-time ones. */
const SLACK = 50_000;

async function sleepOf(node: Node, ns: number): Promise<number> {
  const start = node.world.events.now;
  node.start(
    (function* () {
      expect(yield [NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, node.timespec(ns), 0]).toBe(0);
    })(),
  );
  await node.world.runPrograms();
  return node.world.events.now - start;
}

function clock(node: Node, id: number): number {
  const room = node.bytes(16);
  node.must(NR.clock_gettime64, id, room);
  return node.u32(room) * 1e9 + node.u32(room + 8);
}

describe.skipIf(whySkipped !== undefined).each(backEnds)("time on %s", (kind) => {
  test("a sleep lasts as long as it shall plus the slack of timers, to the nanosecond", async () => {
    const node = await bootedNode(kind);
    for (const ns of [1_000_000, 123_456_789, 1_000_000_000, 3_600_000_000_000]) {
      expect(await sleepOf(node, ns)).toBe(ns + SLACK);
    }
  });

  test("a short sleep ends within its slack, when the processor is awake anyway", async () => {
    const node = await bootedNode(kind);
    const lasted = await sleepOf(node, 1000);
    expect(lasted).toBeGreaterThanOrEqual(1000);
    expect(lasted).toBeLessThanOrEqual(1000 + SLACK);
  });

  test("sleepers wake in the order of their ends", async () => {
    const node = await bootedNode(kind);
    const order: number[] = [];
    for (const ms of [30, 10, 20]) {
      node.start(
        (function* () {
          yield [NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, node.timespec(ms * 1e6), 0];
          order.push(ms);
        })(),
      );
    }
    await node.world.runPrograms();
    expect(order).toEqual([10, 20, 30]);
  });

  test("CLOCK_MONOTONIC is virtual time after a second of uptime", async () => {
    const node = await bootedNode(kind);
    expect(clock(node, CLOCK_MONOTONIC)).toBe(UPTIME_AT_START + SETTLED);
    await node.world.runTo(77_777_777_777);
    expect(clock(node, CLOCK_MONOTONIC)).toBe(UPTIME_AT_START + 77_777_777_777);
    await node.world.runTo(77_777_777_778);
    expect(clock(node, CLOCK_MONOTONIC)).toBe(UPTIME_AT_START + 77_777_777_778);
  });

  test("CLOCK_REALTIME goes as fast as CLOCK_MONOTONIC", async () => {
    const node = await bootedNode(kind);
    const before = clock(node, CLOCK_REALTIME) - clock(node, CLOCK_MONOTONIC);
    await node.world.runTo(1000e9);
    expect(clock(node, CLOCK_REALTIME) - clock(node, CLOCK_MONOTONIC)).toBe(before);
  });

  test("an idle hour costs few timer interrupts", async () => {
    const node = await bootedNode(kind);
    const before = node.timerCount;
    await node.world.runTo(3_600_000_000_000);
    expect(node.timerCount - before).toBeLessThan(3600);
    expect(node.kernel.log.warnings).toEqual([]);
  });
});

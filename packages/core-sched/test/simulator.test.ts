import { describe, expect, test } from "vitest";
import {
  instant,
  InvariantError,
  LivelockError,
  nanoseconds,
  NO_CONTEXT,
  Simulator,
  SyncRunError,
} from "../src/index.ts";
import { ms } from "./ms.ts";

const SOON = nanoseconds(0);

describe("events", () => {
  test("run at their time, in order of insertion when times are equal", async () => {
    const sim = new Simulator();
    const seen: [number, number][] = [];
    const note = (arg: number): void => void seen.push([sim.now, arg]);
    sim.schedule(ms(2), note, 1);
    sim.schedule(ms(1), note, 2);
    sim.schedule(ms(2), note, 3);
    sim.scheduleNow(note, 4);
    await sim.run();
    expect(seen).toEqual([
      [0, 4],
      [1_000_000, 2],
      [2_000_000, 1],
      [2_000_000, 3],
    ]);
    expect(sim.eventCount).toBe(4);
  });

  test("inherit the context of the event that schedules them", () => {
    const sim = new Simulator();
    const seen: number[] = [];
    const note = (): void => void seen.push(sim.context);
    sim.schedule(SOON, note);
    sim.scheduleWithContext(7, SOON, () => {
      note();
      sim.schedule(ms(1), note);
    });
    sim.runSync();
    expect(seen).toEqual([NO_CONTEXT, 7, 7]);
    expect(sim.context).toBe(NO_CONTEXT);
  });

  test("can be cancelled, and tell what time is left", () => {
    const sim = new Simulator();
    let ran = 0;
    const id = sim.schedule(ms(5), () => void ran++);
    sim.schedule(ms(2), () => {
      expect(sim.delayLeft(id)).toBe(3_000_000);
      expect([sim.cancel(id), sim.isPending(id), sim.delayLeft(id)]).toEqual([true, false, 0]);
      expect(sim.cancel(id)).toBe(false);
    });
    sim.runSync();
    expect(ran).toBe(0);
    expect(sim.now).toBe(2_000_000);
  });

  test("are past, not pending, while they run", () => {
    const sim = new Simulator();
    const id = sim.schedule(ms(1), () => {
      expect(sim.isPending(id)).toBe(false);
    });
    sim.runSync();
    expect(sim.eventCount).toBe(1);
  });

  test("are refused with a delay that is no duration", () => {
    const sim = new Simulator();
    const bad: number[] = [-1, 0.5, Number.NaN, 2 ** 53];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a JavaScript caller may pass
    const tryTo = (n: number) => () => sim.schedule(n as ReturnType<typeof ms>, () => {});
    for (const n of bad) expect(tryTo(n)).toThrow(InvariantError);
    expect(sim.pendingEvents).toBe(0);
  });
});

describe("runUntil", () => {
  test("runs events up to and including t and leaves the clock at t", async () => {
    const sim = new Simulator();
    const seen: number[] = [];
    for (const n of [1, 2, 3]) sim.schedule(ms(n), (arg) => void seen.push(arg), n);
    await sim.runUntil(instant(2_000_000));
    expect(seen).toEqual([1, 2]);
    sim.runUntilSync(instant(2_500_000));
    expect(sim.now).toBe(2_500_000);
    sim.schedule(nanoseconds(1), (arg) => void seen.push(arg), 9);
    sim.runSync();
    expect(seen).toEqual([1, 2, 9, 3]);
  });

  test("refuses to go back", () => {
    const sim = new Simulator();
    sim.runUntilSync(instant(10));
    expect(() => sim.runUntilSync(instant(9))).toThrow(RangeError);
  });
});

describe("promises of handlers", () => {
  test("hold virtual time until they settle, even through the host", async () => {
    const sim = new Simulator();
    const seen: string[] = [];
    sim.schedule(ms(1), async () => {
      seen.push(`begin ${sim.now}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push(`end ${sim.now}`);
    });
    sim.schedule(ms(1), () => void seen.push("next"));
    await sim.run();
    expect(seen).toEqual(["begin 1000000", "end 1000000", "next"]);
  });

  test("end the run when they reject; another run goes on behind them", async () => {
    const sim = new Simulator();
    let ran = false;
    sim.schedule(ms(1), async () => {
      throw new Error("no such file");
    });
    sim.schedule(ms(2), () => {
      ran = true;
    });
    await expect(sim.run()).rejects.toThrow("no such file");
    expect(ran).toBe(false);
    await sim.run();
    expect(ran).toBe(true);
  });

  test("are refused by runSync", () => {
    const sim = new Simulator();
    sim.schedule(ms(1), async () => {});
    expect(() => sim.runSync()).toThrow(SyncRunError);
  });
});

test("an error of a handler ends the run and keeps the rest of the queue", () => {
  const sim = new Simulator();
  sim.schedule(ms(1), () => {
    throw new Error("boo");
  });
  sim.schedule(ms(2), () => {});
  expect(() => sim.runSync()).toThrow("boo");
  expect(sim.pendingEvents).toBe(1);
  sim.runSync();
  expect(sim.now).toBe(2_000_000);
});

test("stop ends the run after the running event; the next run goes on from there", async () => {
  const sim = new Simulator();
  const seen: number[] = [];
  sim.schedule(ms(1), () => {
    sim.stop();
    seen.push(1);
  });
  sim.schedule(ms(1), () => void seen.push(2));
  await sim.runUntil(instant(9_000_000));
  expect([seen, sim.now]).toEqual([[1], 1_000_000]);
  await sim.run();
  expect(seen).toEqual([1, 2]);
});

test("a simulator does not run inside of its own events", () => {
  const sim = new Simulator();
  sim.schedule(SOON, () => sim.runSync());
  expect(() => sim.runSync()).toThrow(InvariantError);
});

test("onProgress is called every N events and may await the host", async () => {
  const sim = new Simulator();
  const seen: number[] = [];
  sim.progressEveryEvents = 10;
  sim.onProgress = async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    seen.push(sim.eventCount);
  };
  for (let i = 0; i < 35; i++) sim.schedule(ms(i), () => {});
  await sim.run();
  expect(seen).toEqual([10, 20, 30]);
});

test("events that schedule each other without delay are a livelock", () => {
  const sim = new Simulator();
  sim.eventsAtOneInstantMax = 1000;
  const again = (): void => void sim.scheduleNow(again);
  sim.schedule(ms(3), again);
  expect(() => sim.runSync()).toThrow(LivelockError);
  expect(sim.eventCount).toBeLessThanOrEqual(2001);
});

test("many events at few instants are no livelock", () => {
  const sim = new Simulator();
  sim.eventsAtOneInstantMax = 100;
  for (let i = 0; i < 5000; i++) sim.schedule(ms(Math.floor(i / 90)), () => {});
  sim.runSync();
  expect(sim.eventCount).toBe(5000);
});

test("destroy runs what scheduleDestroy collected, in its context, and empties the queue", () => {
  const sim = new Simulator();
  const seen: [number, number][] = [];
  const note = (arg: number): void => void seen.push([sim.context, arg]);
  sim.scheduleWithContext(4, SOON, () => sim.scheduleDestroy(note, 1));
  sim.scheduleDestroy(note, 2);
  sim.runSync();
  sim.schedule(ms(1), note, 3);
  sim.destroy();
  expect(seen).toEqual([
    [NO_CONTEXT, 2],
    [4, 1],
  ]);
  expect(sim.pendingEvents).toBe(0);
});

import { expect, test } from "vitest";
import {
  nanoseconds,
  RandomProcessDelayModel,
  Simulator,
  TaskManager,
  type Wait,
} from "../src/index.ts";

/** A busy world of generators, async programs, timers and cancellations; gives its trace hash. */
async function play(seed: number): Promise<string> {
  const sim = new Simulator({ seed });
  for (let node = 0; node < 4; node++) {
    const random = sim.random(`node ${node}`);
    const delayModel = new RandomProcessDelayModel(() => nanoseconds(random.integer(0, 50)));
    const tm = new TaskManager(sim, node % 2 === 0 ? {} : { delayModel });
    const record = (id: number, value: number): void => {
      sim.traceHash.add(sim.now);
      sim.traceHash.add(id);
      sim.traceHash.add(value);
    };
    for (let i = 0; i < 5; i++) {
      const timeout = (): ReturnType<typeof nanoseconds> => nanoseconds(random.integer(0, 2000));
      tm.start(function* (self): Wait<void> {
        for (let turn = 0; turn < 40; turn++) record(self.id, yield tm.sleepFor("gen", timeout()));
      });
      const sleeper = tm.start(async (self) => {
        for (let turn = 0; turn < 40; turn++) {
          record(self.id, await tm.promise(tm.sleepFor("async", timeout())));
          if (random.bernoulli(0.2)) await tm.promise(tm.yield());
        }
      });
      for (let wake = 0; wake < 10; wake++) {
        const id = sim.schedule(timeout(), () => void tm.wakeup(sleeper));
        if (random.bernoulli(0.3)) sim.cancel(id);
      }
    }
  }
  await sim.run();
  sim.traceHash.add(sim.eventCount);
  return sim.traceHash.digest();
}

test("the same seed gives the same trace hash, another seed another", async () => {
  const first = await play(1);
  expect(await play(1)).toBe(first);
  expect(await play(2)).not.toBe(first);
  expect(first).toMatchInlineSnapshot(`"2f709126fcab4fc0"`);
});

test("two simulations that run at the same time do not disturb each other", async () => {
  const alone = await play(3);
  expect(await Promise.all([play(3), play(4), play(3)])).toEqual([alone, await play(4), alone]);
});

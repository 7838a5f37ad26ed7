import { instant, Simulator } from "@dcejs/core-sched";
import { FramePool, type LinkOptions, PointToPointLink } from "@dcejs/links";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { record } from "./recording-client.ts";
import { Sender } from "./sender.ts";

const probability = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true }));
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const microseconds = fc.integer({ min: 0, max: 200 }).map((us) => us * 1000);

const linkOptions: fc.Arbitrary<LinkOptions> = fc.record({
  rate: fc.constantFrom(0, "10Mbit", "1Gbit", 7_777_777),
  delay: microseconds,
  jitter: optional(
    fc.record({
      amount: microseconds,
      distribution: fc.constantFrom("uniform" as const, "normal" as const),
      reorder: fc.boolean(),
    }),
  ),
  loss: fc.oneof(probability, fc.record({ p: probability, r: probability })),
  duplicate: probability,
  reorder: optional(
    fc.record({ probability, gap: fc.integer({ min: 1, max: 5 }), delay: microseconds }),
  ),
  corrupt: probability,
  ring: fc.integer({ min: 0, max: 8 }),
  mtu: fc.constantFrom(0, 50, 1500),
});

interface Scenario {
  readonly seed: number;
  readonly options: LinkOptions;
  readonly later: LinkOptions;
  readonly count: number;
  readonly cutAt: number | undefined;
  readonly changeAt: number;
}

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.nat(),
  options: linkOptions,
  later: linkOptions,
  count: fc.integer({ min: 1, max: 60 }),
  cutAt: optional(microseconds),
  changeAt: microseconds,
});

/** Sends, changes the options, cuts and mends the cable, sends again. */
function play({ seed, options, later, count, cutAt, changeAt }: Scenario) {
  const simulator = new Simulator({ seed });
  const cable = new PointToPointLink(simulator, "l", options);
  const pool = new FramePool();
  const sender = new Sender(cable.a, pool);
  const receiver = record(cable.b);
  sender.send(count);
  simulator.runUntilSync(instant(changeAt));
  cable.set(later);
  if (cutAt !== undefined) {
    simulator.runUntilSync(instant(Math.max(cutAt, changeAt)));
    cable.setUp(false);
    sender.send(3);
    cable.setUp(true);
  }
  sender.send(count);
  return { simulator, cable, pool, sender, receiver };
}

test("frames sent and duplicated are frames delivered and dropped, whatever the options", () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const { simulator, cable, pool, sender, receiver } = play(scenario);
      simulator.runSync();
      const { stats } = cable.a;
      expect(sender.accepted).toBe(scenario.count * 2 + (scenario.cutAt === undefined ? 0 : 3));
      expect(receiver.arrived.length + stats.dropped).toBe(sender.accepted + stats.duplicated);
      expect(cable.b.stats.rxPackets).toBe(receiver.arrived.length);
      expect(pool.live).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("no frame is left over when a simulation is destroyed in its middle", () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const { simulator, pool } = play(scenario);
      simulator.destroy();
      expect(pool.live).toBe(0);
    }),
  );
});

test("the same seed gives the same arrivals and the same trace hash", () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const [one, two] = [play(scenario), play(scenario)];
      one.simulator.runSync();
      two.simulator.runSync();
      expect(two.receiver.arrived).toEqual(one.receiver.arrived);
      expect(two.simulator.traceHash.digest()).toBe(one.simulator.traceHash.digest());
    }),
    { numRuns: 50 },
  );
});

/** The trace hash of 50 frames full of this octet, half of which are lost, sent at this instant. */
function digest(seed: number, octet: number, at: number): string {
  const simulator = new Simulator({ seed });
  const cable = new PointToPointLink(simulator, "l", { loss: 0.5, delay: "1us" });
  const pool = new FramePool();
  record(cable.b);
  simulator.runUntilSync(instant(at));
  for (let i = 0; i < 50; i++) cable.a.send(pool.from(new Uint8Array(60).fill(octet)));
  simulator.runSync();
  return simulator.traceHash.digest();
}

test("another seed, another octet or another instant gives another trace hash", () => {
  const digests = [digest(1, 0, 0), digest(2, 0, 0), digest(1, 1, 0), digest(1, 0, 1)];
  expect(new Set(digests).size).toBe(4);
  expect(digest(1, 0, 0)).toBe(digests[0]);
});

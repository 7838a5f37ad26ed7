import { instant, nanoseconds, Simulator } from "@dcejs/core-sched";
import { ETHERNET_OVERHEAD, FramePool, PointToPointLink } from "@dcejs/links";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { record } from "./recording-client.ts";
import { Sender } from "./sender.ts";

function arrivals(
  options: ConstructorParameters<typeof PointToPointLink>[2],
  count: number,
  length = 1000,
): number[] {
  const simulator = new Simulator({ seed: 1 });
  const cable = new PointToPointLink(simulator, "l", options);
  const pool = new FramePool();
  const receiver = record(cable.b);
  new Sender(cable.a, pool, length).send(count);
  simulator.runSync();
  expect(receiver.numbers).toEqual(Array.from({ length: count }, (_, i) => i));
  expect(pool.live).toBe(0);
  return receiver.arrived.map(({ at }) => at);
}

describe("a frame arrives", () => {
  test("after serialisation and propagation", () => {
    // 1000 octets at 10 Mbit/s are 800 us.
    expect(arrivals({ rate: "10Mbit", delay: "5ms" }, 3)).toEqual([
      5_800_000, 6_600_000, 7_400_000,
    ]);
  });

  test("after the delay alone when the rate has no limit", () => {
    expect(arrivals({ delay: "3us" }, 3)).toEqual([3000, 3000, 3000]);
  });

  test("later by what the overhead takes", () => {
    // 1024 octets at 1 Gbit/s.
    expect(arrivals({ rate: "1Gbit", overhead: ETHERNET_OVERHEAD }, 2)).toEqual([8192, 16_384]);
  });

  test("in both directions at the same time", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", {
      ab: { rate: "1Mbit" },
      ba: { rate: "2Mbit", delay: "1ms" },
    });
    const pool = new FramePool();
    const [a, b] = [new Sender(cable.a, pool, 125), new Sender(cable.b, pool, 125)];
    a.send(1);
    b.send(1);
    simulator.runSync();
    expect(b.arrived.map(({ at }) => at)).toEqual([1_000_000]);
    expect(a.arrived.map(({ at }) => at)).toEqual([1_500_000]);
    expect([cable.a.rate, cable.b.rate]).toEqual([1e6, 2e6]);
  });
});

describe("serialisation", () => {
  test("carries the part of a nanosecond, so that a long burst does not drift", () => {
    // 64 octets at 3 Gbit/s are 170 2/3 ns.
    const times = arrivals({ rate: 3e9 }, 30_000, 64);
    expect(times.slice(0, 4)).toEqual([170, 341, 512, 682]);
    expect(times.at(-1)).toBe(5_120_000);
  });

  test("ends n frames at exactly floor(bits * 10^9 / rate) for any rate and length", () => {
    const rates = fc.integer({ min: 1, max: 1e12 });
    const lengths = fc.integer({ min: 4, max: 2000 });
    fc.assert(
      fc.property(rates, lengths, (rate, length) => {
        const times = arrivals({ rate }, 20, length);
        const exact = times.map((_, i) =>
          Number((BigInt((i + 1) * length * 8) * 1_000_000_000n) / BigInt(rate)),
        );
        expect(times).toEqual(exact);
      }),
      { numRuns: 60 },
    );
  });

  test("forgets the remainder when the transmitter has been idle", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { rate: 3e9 });
    const receiver = record(cable.b);
    const sender = new Sender(cable.a, new FramePool(), 64);
    for (let i = 0; i < 3; i++) simulator.schedule(nanoseconds(i * 1000), () => sender.send(1));
    simulator.runSync();
    expect(receiver.arrived.map(({ at }) => at)).toEqual([170, 1170, 2170]);
  });
});

describe("back-pressure", () => {
  test("lets ring + 1 frames in and calls writable() when one has left", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { rate: "8Mbit", ring: 3 });
    const pool = new FramePool();
    const receiver = record(cable.b);
    const sender = new Sender(cable.a, pool, 1000);
    sender.send(10);
    expect(sender.accepted).toBe(4);
    simulator.runUntilSync(instant(999_999));
    expect([sender.accepted, sender.writableCalls]).toEqual([4, 0]);
    simulator.runUntilSync(instant(1_000_000));
    expect([sender.accepted, sender.writableCalls]).toEqual([5, 1]);
    simulator.runSync();
    expect(receiver.arrived.at(-1)?.at).toBe(10_000_000);
    expect(pool.live).toBe(0);
  });

  test("takes one frame at a time without a ring", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { rate: "8Mbit", ring: 0 });
    const sender = new Sender(cable.a, new FramePool(), 1000);
    sender.send(2);
    expect(sender.accepted).toBe(1);
    simulator.runSync();
    expect(sender.accepted).toBe(2);
  });

  test("makes no event for a frame that leaves when nobody waits", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { rate: "8Mbit", ring: 99 });
    record(cable.b);
    new Sender(cable.a, new FramePool(), 1000).send(100);
    expect(simulator.pendingEvents).toBe(1);
    simulator.runSync();
    expect(simulator.eventCount).toBe(100);
  });

  test("calls writable() once, however often send() was refused", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { rate: "8Mbit", ring: 0 });
    const client = record(cable.a);
    const pool = new FramePool();
    cable.a.send(pool.alloc(1000));
    for (let i = 0; i < 5; i++) {
      const refused = pool.alloc(1000);
      expect(cable.a.send(refused)).toBe(false);
      refused.release();
    }
    simulator.runSync();
    expect(client.writableCalls).toBe(1);
    expect(cable.a.stats.txPackets).toBe(1);
  });
});

describe("a port runs its client's calls", () => {
  test("in events of the client's node", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { rate: "8Mbit", ring: 0 });
    const pool = new FramePool();
    const seen: string[] = [];
    const noting = (name: string) => ({
      receive: (frame: { release(): void }) => {
        seen.push(`${name} receive ${simulator.context}`);
        frame.release();
      },
      writable: () => void seen.push(`${name} writable ${simulator.context}`),
      carrier: () => void seen.push(`${name} carrier ${simulator.context}`),
    });
    cable.a.attach(noting("a"), 7);
    cable.b.attach(noting("b"), 8);
    cable.a.send(pool.alloc(1000));
    const refused = pool.alloc(1000);
    cable.a.send(refused);
    refused.release();
    simulator.runSync();
    cable.setUp(false);
    simulator.runSync();
    expect(seen.toSorted()).toEqual(["a carrier 7", "a writable 7", "b carrier 8", "b receive 8"]);
  });
});

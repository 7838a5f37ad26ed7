import { Simulator } from "@dcejs/core-sched";
import { FramePool, type LinkOptions, onesComplementSum, PointToPointLink } from "@dcejs/links";
import { describe, expect, test } from "vitest";
import { record } from "./recording-client.ts";
import { Sender } from "./sender.ts";

interface Run {
  readonly cable: PointToPointLink;
  readonly numbers: readonly number[];
  readonly times: readonly number[];
}

/** Sends `count` frames of 100 octets, back to back, 1 us apart. */
function run(options: LinkOptions, count: number, seed = 1): Run {
  const simulator = new Simulator({ seed });
  const cable = new PointToPointLink(simulator, "l", { rate: "800Mbit", ...options });
  const pool = new FramePool();
  const receiver = record(cable.b);
  new Sender(cable.a, pool).send(count);
  simulator.runSync();
  expect(pool.live).toBe(0);
  const times = receiver.arrived.map(({ at }) => at);
  return { cable, numbers: receiver.numbers, times };
}

/** Lengths of the runs of consecutive numbers below `count` that did not arrive. */
function lossBursts(numbers: readonly number[], count: number): number[] {
  const bursts: number[] = [];
  let expected = 0;
  for (const number of [...numbers, count]) {
    if (number > expected) bursts.push(number - expected);
    expected = number + 1;
  }
  return bursts;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("independent loss", () => {
  test("loses the share that it is told, in bursts as long as chance makes them", () => {
    const { cable, numbers } = run({ loss: 0.2 }, 50_000);
    expect(cable.a.stats.drops.loss / 50_000).toBeCloseTo(0.2, 2);
    expect(numbers.length + cable.a.stats.drops.loss).toBe(50_000);
    expect(mean(lossBursts(numbers, 50_000))).toBeCloseTo(1 / 0.8, 1);
  });

  test("of 1 loses all and of 0 loses none", () => {
    expect(run({ loss: 1 }, 100).numbers).toEqual([]);
    expect(run({ loss: 0 }, 100).numbers).toHaveLength(100);
  });
});

describe("Gilbert-Elliott loss", () => {
  test("loses p / (p + r) of the frames in bursts of 1 / r", () => {
    const { cable, numbers } = run({ loss: { p: 0.02, r: 0.25 } }, 100_000);
    expect(cable.a.stats.drops.loss / 100_000).toBeCloseTo(0.02 / 0.27, 2);
    const bursts = mean(lossBursts(numbers, 100_000));
    expect(bursts).toBeGreaterThan(3.7);
    expect(bursts).toBeLessThan(4.3);
  });

  test("loses 1-h of the frames in the bad state and 1-k in the good one", () => {
    const loss = { p: 0.1, r: 0.1, "1-h": 0.6, "1-k": 0.2 };
    const { cable } = run({ loss }, 100_000);
    expect(cable.a.stats.drops.loss / 100_000).toBeCloseTo(0.4, 2);
  });

  test("takes 1 - p for r when it is not given: the state does not matter then", () => {
    const { numbers } = run({ loss: { p: 0.3 } }, 50_000);
    expect(mean(lossBursts(numbers, 50_000))).toBeCloseTo(1 / 0.7, 1);
  });
});

describe("duplication", () => {
  test("delivers the share that it is told twice, the second copy right behind the first", () => {
    const { cable, numbers, times } = run({ duplicate: 0.1 }, 20_000);
    const { duplicated } = cable.a.stats;
    expect(duplicated / 20_000).toBeCloseTo(0.1, 2);
    expect(numbers).toHaveLength(20_000 + duplicated);
    const second = numbers.findIndex((number, i) => number === numbers[i - 1]);
    expect(times[second]).toBe(times[second - 1]);
  });
});

describe("reordering", () => {
  test("with a gap of 5 lets a frame overtake after at least 4 others", () => {
    const { cable, numbers } = run({ delay: "10us", reorder: { probability: 1, gap: 5 } }, 20);
    expect(cable.a.stats.reordered).toBe(4);
    // Frame 4 needs no delay: it arrives 5 us after the start, with those before it still under way.
    expect(numbers.slice(0, 6)).toEqual([4, 9, 0, 1, 2, 3]);
    expect(numbers.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test("chooses the share that it is told and uses the delay that it is given", () => {
    const { cable, numbers, times } = run(
      { delay: "100us", reorder: { probability: 0.25, delay: "50us" } },
      20_000,
    );
    expect(cable.a.stats.reordered / 20_000).toBeCloseTo(0.25, 2);
    const travel = times.map((at, i) => at - ((numbers[i] ?? 0) + 1) * 1000);
    expect(new Set(travel)).toEqual(new Set([50_000, 100_000]));
  });
});

describe("jitter", () => {
  test("keeps the order unless it is told otherwise", () => {
    const { numbers } = run({ delay: "1ms", jitter: "500us" }, 2000);
    expect(numbers).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });

  test("with reorder lets frames overtake each other", () => {
    const jitter = { amount: "500us", reorder: true };
    const { numbers } = run({ delay: "1ms", jitter }, 2000);
    expect(numbers).toHaveLength(2000);
    expect(numbers).not.toEqual(numbers.toSorted((x, y) => x - y));
  });

  test("of the uniform kind stays within its bounds and has the delay as mean", () => {
    const jitter = { amount: "500us", reorder: true };
    const { numbers, times } = run({ delay: "1ms", jitter }, 20_000);
    const travel = times.map((at, i) => at - ((numbers[i] ?? 0) + 1) * 1000);
    expect(Math.min(...travel)).toBeGreaterThanOrEqual(500_000);
    expect(Math.max(...travel)).toBeLessThanOrEqual(1_500_000);
    expect(mean(travel) / 1e6).toBeCloseTo(1, 2);
  });

  test("of the normal kind has the amount as standard deviation", () => {
    const jitter = { amount: "100us", distribution: "normal", reorder: true } as const;
    const { numbers, times } = run({ delay: "1ms", jitter }, 20_000);
    const travel = times.map((at, i) => at - ((numbers[i] ?? 0) + 1) * 1000);
    const center = mean(travel);
    const deviation = Math.sqrt(mean(travel.map((t) => (t - center) ** 2)));
    expect(center / 1e6).toBeCloseTo(1, 2);
    expect(deviation / 1e5).toBeCloseTo(1, 1);
  });

  test("never delivers a frame before it has been sent", () => {
    const jitter = { amount: "1ms", distribution: "normal", reorder: true } as const;
    const { numbers, times } = run({ jitter }, 1000);
    expect(times.every((at, i) => at >= ((numbers[i] ?? 0) + 1) * 1000)).toBe(true);
  });
});

describe("corruption", () => {
  test("flips exactly one bit, anywhere in the frame, and leaves the sender's octets alone", () => {
    const simulator = new Simulator({ seed: 3 });
    const cable = new PointToPointLink(simulator, "l", { corrupt: 1 });
    const receiver = record(cable.b);
    const pool = new FramePool();
    const frame = pool.from(new Uint8Array(100));
    for (let i = 0; i < 2000; i++) cable.a.send(frame.clone());
    simulator.runSync();
    expect(frame.toBytes()).toEqual(new Uint8Array(100));
    const flippedOctets = new Set<number>();
    for (const { bytes } of receiver.arrived) {
      const changed = bytes.findIndex((octet) => octet !== 0);
      const octet = bytes[changed] ?? 0;
      expect(octet & (octet - 1)).toBe(0);
      expect(bytes.filter((other) => other !== 0)).toHaveLength(1);
      flippedOctets.add(changed);
    }
    expect(flippedOctets.size).toBe(100);
    expect(cable.a.stats.corrupted).toBe(2000);
    frame.release();
    expect(pool.live).toBe(0);
  });

  test("completes a missing checksum first, so that the receiver notices each flipped bit", () => {
    const simulator = new Simulator({ seed: 4 });
    const cable = new PointToPointLink(simulator, "l", { corrupt: 1 });
    const receiver = record(cable.b);
    const pool = new FramePool();
    for (let i = 0; i < 500; i++) {
      const frame = pool.from(new Uint8Array(101).fill(i));
      frame.view.setUint16(6, 0); // the pseudo-header's sum
      frame.csumStart = 0;
      frame.csumOffset = 6;
      cable.a.send(frame);
    }
    simulator.runSync();
    expect(receiver.arrived).toHaveLength(500);
    for (const { bytes, csumStart } of receiver.arrived) {
      expect(csumStart).toBe(-1);
      expect(onesComplementSum(bytes, 0, bytes.length)).not.toBe(0xffff);
    }
  });

  test("meets the share that it is told", () => {
    const { cable } = run({ corrupt: 0.1 }, 20_000);
    expect(cable.a.stats.corrupted / 20_000).toBeCloseTo(0.1, 2);
  });
});

/** The numbers of the frames that arrive when 30 % are lost, whatever else happens to them. */
function survivors(options: LinkOptions): number[] {
  const { numbers } = run({ loss: 0.3, ...options }, 500);
  return [...new Set(numbers)].toSorted((x, y) => x - y);
}

describe("the models", () => {
  test("draw from streams of their own: one that is turned on changes nothing for the others", () => {
    const alone = survivors({});
    expect(survivors({ jitter: "5us" })).toEqual(alone);
    expect(survivors({ duplicate: 0.5, reorder: 0.5, delay: "9us" })).toEqual(alone);
  });

  test.each([
    [{ loss: 1.5 }, "loss"],
    [{ loss: { p: -1 } }, "loss.p"],
    [{ duplicate: Number.NaN }, "duplicate"],
    [{ corrupt: 2 }, "corrupt"],
    [{ reorder: { probability: 0.5, gap: 0 } }, "reorder.gap"],
    [{ ring: 1e9 }, "ring"],
    [{ mtu: -1 }, "mtu"],
    [{ overhead: 0.5 }, "overhead"],
    [{ rate: "quick" }, "quick"],
    [{ delay: "soon" }, "soon"],
    [Object.assign({ delay: 0 }, { dealy: 1 }), '"dealy"'],
  ] satisfies [LinkOptions, string][])("refuse %o by name", (options, name) => {
    const simulator = new Simulator();
    expect(() => new PointToPointLink(simulator, "l", options)).toThrow(RangeError);
    expect(() => new PointToPointLink(simulator, "l", options)).toThrow(name);
  });
});

import { assert, integer, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { RandomStream, Simulator } from "../src/index.ts";

const DRAWS = 20_000;

function mean(draw: () => number): number {
  let sum = 0;
  for (let i = 0; i < DRAWS; i++) sum += draw();
  return sum / DRAWS;
}

function first(stream: RandomStream): number[] {
  return Array.from({ length: 8 }, () => stream.nextU32());
}

describe("streams", () => {
  test("of one simulation and name are one object", () => {
    const sim = new Simulator({ seed: 3 });
    expect(sim.random("loss")).toBe(sim.random("loss"));
  });

  test("depend on seed and name only, not on what others draw or when they are made", () => {
    assert(
      property(integer(), integer({ min: 0, max: 50 }), (seed, others) => {
        const a = new Simulator({ seed });
        const b = new Simulator({ seed });
        for (let i = 0; i < others; i++) b.random(`other ${i}`).next();
        expect(first(b.random("loss"))).toEqual(first(a.random("loss")));
      }),
    );
  });

  test("differ by name and by seed, also when these are alike", () => {
    const seen = new Set<string>();
    for (let seed = -20; seed < 20; seed++) {
      for (const name of ["", "a", "b", "aa", "ab", "ba", "link0", "link1"]) {
        seen.add(first(new RandomStream(seed, name)).join());
      }
    }
    expect(seen.size).toBe(40 * 8);
  });

  test("of neighbouring seeds are not correlated", () => {
    const a = new RandomStream(1, "x");
    const b = new RandomStream(2, "x");
    const covariance = mean(() => (a.next() - 0.5) * (b.next() - 0.5));
    expect(Math.abs(covariance)).toBeLessThan(0.003);
  });

  test("are the same on every machine", () => {
    expect(first(new RandomStream(1, "golden"))).toMatchInlineSnapshot(`
      [
        2678290482,
        1596217263,
        2747599248,
        778487900,
        62978738,
        3415054940,
        3383445401,
        3550676909,
      ]
    `);
    expect(new RandomStream(1, "golden").normal(0, 1)).toMatchInlineSnapshot(`1.4875213321692948`);
  });
});

describe("distributions have the right mean:", () => {
  const stream = new RandomStream(42, "means");
  test.each<[string, () => number, number, number]>([
    ["next", () => stream.next(), 0.5, 0.01],
    ["uniform", () => stream.uniform(10, 20), 15, 0.1],
    ["integer", () => stream.integer(1, 6), 3.5, 0.05],
    ["bernoulli", () => Number(stream.bernoulli(0.2)), 0.2, 0.01],
    ["exponential", () => stream.exponential(4), 4, 0.1],
    ["normal", () => stream.normal(3, 2), 3, 0.05],
    ["lognormal", () => stream.lognormal(0, 0.5), Math.exp(0.125), 0.03],
    ["pareto", () => stream.pareto(3, 2), 3, 0.1],
    ["weibull", () => stream.weibull(2, 1), 0.886, 0.02],
    ["gamma", () => stream.gamma(2.5, 2), 5, 0.1],
    ["gamma below shape 1", () => stream.gamma(0.5, 2), 1, 0.05],
    ["triangular", () => stream.triangular(0, 1, 5), 2, 0.05],
    ["zipf", () => stream.zipf(3, 1), 18 / 11, 0.03],
    ["zipf with alpha 0", () => stream.zipf(9, 0), 5, 0.1],
    ["empirical", () => stream.empirical([1, 10, 100], [1, 1, 0]), 5.5, 0.15],
  ])("%s", (_name, draw, expected, tolerance) => {
    const actual = mean(draw);
    expect(Math.abs(actual - expected)).toBeLessThan(tolerance);
  });

  test("normal has the right standard deviation", () => {
    const variance = mean(() => stream.normal(0, 3) ** 2);
    expect(Math.abs(variance - 9)).toBeLessThan(0.3);
  });

  test("zipf has the right share of each value", () => {
    const alpha = 1.2;
    const n = 5;
    const counts = Array.from({ length: n + 1 }, () => 0);
    for (let i = 0; i < DRAWS; i++) {
      const k = stream.zipf(n, alpha);
      counts[k] = (counts[k] ?? 0) + 1;
    }
    let sum = 0;
    for (let k = 1; k <= n; k++) sum += k ** -alpha;
    for (let k = 1; k <= n; k++) {
      expect(Math.abs((counts[k] ?? 0) / DRAWS - k ** -alpha / sum)).toBeLessThan(0.015);
    }
  });
});

describe("ranges", () => {
  test("integer is within its bounds, also over 32 bits", () => {
    const stream = new RandomStream(5, "ranges");
    assert(
      property(
        integer({ min: -(2 ** 40), max: 2 ** 40 }),
        integer({ min: 0, max: 2 ** 40 }),
        (a, d) => {
          const x = stream.integer(a, a + d);
          expect(Number.isSafeInteger(x) && x >= a && x <= a + d).toBe(true);
        },
      ),
    );
    expect(() => stream.integer(2, 1)).toThrow(RangeError);
  });

  test("pareto, triangular and zipf stay inside theirs", () => {
    const stream = new RandomStream(6, "ranges");
    for (let i = 0; i < 2000; i++) {
      expect(stream.pareto(1.5, 7)).toBeGreaterThanOrEqual(7);
      const t = stream.triangular(2, 2, 3);
      expect(t >= 2 && t <= 3).toBe(true);
      const k = stream.zipf(1000, 0.8);
      expect(Number.isInteger(k) && k >= 1 && k <= 1000).toBe(true);
    }
  });
});

test("shuffle keeps the elements; pick takes one of them", () => {
  const stream = new RandomStream(7, "arrays");
  const cards = Array.from({ length: 52 }, (_, i) => i);
  const mixed = [...cards];
  stream.shuffle(mixed);
  expect(mixed).not.toEqual(cards);
  expect(mixed.toSorted((a, b) => a - b)).toEqual(cards);
  expect(cards).toContain(stream.pick(cards));
  expect(() => stream.pick([])).toThrow(RangeError);
});

test("bytes fills the array and is the stream's words, least significant byte first", () => {
  const bytes = new Uint8Array(7);
  new RandomStream(8, "bytes").bytes(bytes);
  const word = new RandomStream(8, "bytes").nextU32();
  expect([...bytes.subarray(0, 4)]).toEqual([
    word & 255,
    (word >>> 8) & 255,
    (word >>> 16) & 255,
    word >>> 24,
  ]);
});

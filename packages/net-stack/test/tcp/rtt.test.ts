import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RttEstimator } from "../../src/tcp/rtt.ts";
import { seqNum } from "../../src/tcp/seq.ts";
import { WindowedMin } from "../../src/tcp/windowed-min.ts";

const RTO_MIN_US = 200_000;

function feed(rtt: RttEstimator, samples: number[]): void {
  let seq = 0;
  for (const sample of samples) {
    seq += 1000;
    rtt.tcp_rtt_estimator(sample, seqNum(seq), seqNum(seq + 10_000), RTO_MIN_US);
  }
}

test("the first sample gives SRTT = R and an RTO of R + max(2R, 200 ms)", () => {
  const rtt = new RttEstimator();
  feed(rtt, [40_000]);
  expect([rtt.srtt_us >> 3, rtt.rto_us()]).toEqual([40_000, 240_000]);
  const slow = new RttEstimator();
  feed(slow, [300_000]);
  expect(slow.rto_us()).toBe(900_000);
});

test("a steady round trip ends with an RTO of RTT + 200 ms", () => {
  const rtt = new RttEstimator();
  feed(
    rtt,
    Array.from({ length: 200 }, () => 100_000),
  );
  expect(rtt.rto_us()).toBe(300_000);
});

test("the smoothed RTT moves an eighth of the way with each sample", () => {
  const rtt = new RttEstimator();
  feed(rtt, [80_000, 160_000]);
  expect(rtt.srtt_us).toBe(80_000 * 8 + 80_000);
});

test("the RTO stays between SRTT + 200 ms and 120 s", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30_000_000 }), { minLength: 1 }), (samples) => {
      const rtt = new RttEstimator();
      feed(rtt, samples);
      expect(rtt.rto_us()).toBeGreaterThanOrEqual(
        Math.min((rtt.srtt_us >> 3) + RTO_MIN_US, 120_000_000),
      );
      expect(rtt.rto_us()).toBeLessThanOrEqual(120_000_000);
    }),
  );
});

test("the windowed minimum is never above the newest sample, nor below the window's minimum", () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 99 })),
  );
  fc.assert(
    fc.property(steps, (samples) => {
      const min = new WindowedMin();
      const seen: [number, number][] = [];
      let t = 0;
      for (const [dt, value] of samples) {
        t += dt;
        seen.push([t, value]);
        const got = min.running(100, t, value);
        const inWindow = seen.filter(([at]) => t - at <= 100).map(([, v]) => v);
        expect(got).toBeLessThanOrEqual(value);
        expect(got).toBeGreaterThanOrEqual(Math.min(...inWindow));
      }
    }),
  );
});

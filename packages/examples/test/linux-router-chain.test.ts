import { runScenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/linux-router-chain.ts";
import { isMissing } from "./kernels.ts";

const isSkipped = isMissing("linux-6.12");

test.skipIf(isSkipped)("each router is seen at its distance, and each forwards all", async () => {
  const run = await runScenario(scenario, { options: { hops: 3, octets: 300_000 } });
  expect(run.ok).toBe(true);
  expect(run.result.isIntact).toBe(true);
  expect(run.result.goodputMbps).toBeGreaterThan(20);
  expect(run.result.route).toMatchInlineSnapshot(`
    "1 10.0.0.2 4.017 ms, its own TTL 64
    2 10.0.1.2 6.027 ms, its own TTL 63
    3 10.0.2.2 8.037 ms, its own TTL 62
    4 10.0.3.2 10.048 ms, its own TTL 61
    "
  `);
  const [first = 0] = run.result.forwarded;
  // 208 segments of 1448 octets at least, and what acknowledges them.
  expect(first).toBeGreaterThan(208);
  expect(run.result.forwarded).toEqual([first, first, first]);
});

test.skipIf(isSkipped)("twenty routers are seen, and the server behind them", async () => {
  const run = await runScenario(scenario, { options: { hops: 20, octets: 50_000 } });
  expect(run.ok).toBe(true);
  expect(run.result.isIntact).toBe(true);
  expect(run.result.route.trim().split("\n")).toHaveLength(21);
  expect(run.result.route).toMatch(/^20 10\.0\.19\.2 .* its own TTL 45\n21 10\.0\.20\.2 /m);
});

test.skipIf(isSkipped)(
  "a chain may be longer than the 64 hops that Linux gives a packet",
  async () => {
    const run = await runScenario(scenario, { options: { hops: 70, octets: 20_000 } });
    expect(run.ok).toBe(true);
    expect(run.result.isIntact).toBe(true);
    expect(run.result.route).toMatch(/^71 10\.0\.70\.2 .* its own TTL 185$/m);
  },
);

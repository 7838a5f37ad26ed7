import { runScenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/dce-udp-perf.ts";

test("every datagram crosses four hops", async () => {
  const run = await runScenario(scenario);
  expect(run.ok).toBe(true);
  expect(run.result).toEqual({ delivered: 1000, dropped: 0, packetHops: 4000 });
});

test("a chain of one hop has no router", async () => {
  const run = await runScenario(scenario, { options: { hops: 1, packets: 10 } });
  expect(run.result).toEqual({ delivered: 10, dropped: 0, packetHops: 10 });
});

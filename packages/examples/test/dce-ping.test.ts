import { runScenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/dce-ping.ts";

test("a router's other side answers, and nobody answers for an address that nobody has", async () => {
  const run = await runScenario(scenario);
  expect(run.ok).toBe(true);
  expect(run.result.answered).toMatchInlineSnapshot(`
    "PING 10.0.1.1 56 data bytes
    64 bytes from 10.0.1.1: icmp_seq=1 ttl=63 time=24.246 ms
    64 bytes from 10.0.1.1: icmp_seq=2 ttl=63 time=12.172 ms
    64 bytes from 10.0.1.1: icmp_seq=3 ttl=63 time=12.172 ms
    3 packets transmitted, 3 received
    "
  `);
  expect(run.result.unanswered).toMatchInlineSnapshot(`
    "PING 10.0.1.9 56 data bytes
    3 packets transmitted, 0 received
    "
  `);
});

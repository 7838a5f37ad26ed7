import { runScenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/linux-mptcp.ts";
import { FULL_KERNEL, isMissing } from "./kernels.ts";

const isSkipped = isMissing(FULL_KERNEL);

test.skipIf(isSkipped)(
  "a connection goes on over the second path when the first fails",
  async () => {
    const run = await runScenario(scenario);
    expect(run.ok).toBe(true);
    const { isIntact, octetsBefore, octetsAfter, client, server, endpoints } = run.result;
    expect(isIntact).toBe(true);
    // Both paths carry until the first fails; then only the second does, but for what is tried in vain.
    for (const octets of octetsBefore) expect(octets).toBeGreaterThan(300_000);
    expect(octetsAfter[0]).toBeLessThan(100_000);
    expect(octetsAfter[1]).toBeGreaterThan(1_500_000);
    expect(client).toMatchObject({ MPCapableSYNTX: 1, MPCapableSYNACKRX: 1, MPJoinSynAckRx: 1 });
    expect(client["MPTCPRetrans"]).toBeGreaterThan(0);
    expect(server).toMatchObject({ MPCapableSYNRX: 1, MPJoinSynRx: 1, MPJoinAckRx: 1 });
    expect(endpoints).toBe("10.0.2.1 id 1 subflow dev sim1 \n");
    expect(run.traceHash).toMatchInlineSnapshot(`"f8e65293eb999f6e"`);
  },
);

test.skipIf(isSkipped)("two paths together are faster than one can be", async () => {
  const run = await runScenario(scenario, { options: { failAt: "60s" } });
  expect(run.result.isIntact).toBe(true);
  expect(run.result.goodputMbps).toBeGreaterThan(11);
});

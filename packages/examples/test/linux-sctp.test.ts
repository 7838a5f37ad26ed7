import { runScenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/linux-sctp.ts";
import { FULL_KERNEL, isMissing } from "./kernels.ts";

test.skipIf(isMissing(FULL_KERNEL))(
  "an association of two addresses each goes on over the second when the primary path fails",
  async () => {
    const run = await runScenario(scenario);
    expect(run.ok).toBe(true);
    const { isIntact, octetsBefore, octetsAfter, association, counters } = run.result;
    expect(isIntact).toBe(true);
    expect(association).toMatch(
      / 5000 {3}5000 {2}10\.0\.1\.1 10\.0\.2\.1 <-> \*10\.0\.1\.2 10\.0\.2\.2 /,
    );
    // The primary path carries until it fails, and the other one after that.
    expect(octetsBefore[0]).toBeGreaterThan(300_000);
    expect(octetsBefore[1]).toBeLessThan(2000);
    expect(octetsAfter[0]).toBeLessThan(100_000);
    expect(octetsAfter[1]).toBeGreaterThan(1_000_000);
    // SCTP_ACTIVE is 2, SCTP_PF (potentially failed) is 1.
    expect(run.result.pathsBefore).toMatch(/^10\.0\.1\.2 .* 2$/m);
    expect(run.result.pathsAfter).toMatch(/^10\.0\.1\.2 .* 1$/m);
    expect(run.result.pathsAfter).toMatch(/^10\.0\.2\.2 .* 2$/m);
    expect(counters["SctpT3RtxExpireds"]).toBeGreaterThan(0);
    expect(run.traceHash).toMatchInlineSnapshot(`"92c558abd293e88f"`);
  },
);

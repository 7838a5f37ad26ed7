import { runScenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/linux-bbr-vs-cubic.ts";
import { isMissing } from "./kernels.ts";

test.skipIf(isMissing("linux-6.12"))(
  "BBR takes most of a shallow buffer's bottleneck, CUBIC most of a deep one's",
  async () => {
    const run = await runScenario(scenario);
    expect(run.ok).toBe(true);
    expect(run.result.bbrShare.shallow).toBeGreaterThan(0.6);
    expect(run.result.bbrShare.deep).toBeLessThan(0.4);
    expect(run.result.bufferOctets).toEqual({ shallow: 25_000, deep: 800_000 });
    expect(run.result.overTime).toMatchInlineSnapshot(`
      "
             seconds   shallow bbr shallow cubic      deep bbr    deep cubic
                 0-5          8.07          1.45          2.18          7.35
                5-10          8.26          1.20          0.65          8.91
               10-15          7.86          1.45          0.45          9.12
               15-20          8.50          1.06          0.54          9.02
               20-25          8.00          1.23          0.33          9.23
               25-30          8.43          1.13          0.63          8.94
               30-35          0.63          0.18          0.72          0.86
      "
    `);
    expect(run.traceHash).toMatchInlineSnapshot(`"0d40dc88ecc72206"`);
  },
);

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
                 0-5          8.18          1.33          2.17          7.36
                5-10          8.57          0.99          0.64          8.93
               10-15          8.16          1.05          0.43          9.13
               15-20          8.56          0.98          0.44          9.13
               20-25          8.14          1.08          0.30          9.26
               25-30          8.30          1.25          0.26          9.30
               30-35          0.78          0.13          0.63          1.37
      "
    `);
    expect(run.traceHash).toMatchInlineSnapshot(`"3ae746e0981a4b6c"`);
  },
);

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
                 0-5          7.56          1.95          2.16          7.37
                5-10          8.50          1.06          0.66          8.90
               10-15          8.08          1.12          0.38          9.18
               15-20          8.35          1.21          0.32          9.25
               20-25          7.97          1.23          0.18          9.38
               25-30          8.77          0.79          0.17          9.39
               30-35          0.82          0.18          0.68          1.22
      "
    `);
    expect(run.traceHash).toMatchInlineSnapshot(`"9659cf30abf4dcb2"`);
  },
);

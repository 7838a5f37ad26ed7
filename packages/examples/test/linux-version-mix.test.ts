import { runScenario, ScenarioError } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/linux-version-mix.ts";
import { isMissing, KERNELS } from "./kernels.ts";

test.skipIf(isMissing(...KERNELS))(
  "a file arrives as it was, from each kernel to each other",
  async () => {
    const run = await runScenario(scenario);
    expect(run.ok).toBe(true);
    expect(run.result).toMatchObject({ transfers: 12, intact: 12 });
    expect(run.result.table).toMatchInlineSnapshot(`
      "
      from        to          file      Mbit/s  retransmitted
      linux-6.1   linux-6.12  intact      1.31              3
      linux-6.1   linux-7.3   intact      6.97              0
      linux-6.1   emulated    intact      5.19              3
      linux-6.12  linux-6.1   intact      2.98              7
      linux-6.12  linux-7.3   intact      6.94              1
      linux-6.12  emulated    intact      6.94              1
      linux-7.3   linux-6.1   intact      6.23              3
      linux-7.3   linux-6.12  intact      6.11              5
      linux-7.3   emulated    intact      4.75              2
      emulated    linux-6.1   intact      6.85              4
      emulated    linux-6.12  intact      7.65              0
      emulated    linux-7.3   intact      7.60              1
      "
    `);
    expect(run.nodes.map(({ kernel }) => kernel)).toEqual([
      "linux-6.1",
      "linux-6.12",
      "linux-7.3",
      "emulated",
    ]);
    expect(run.counters.framesDropped).toBeGreaterThan(0);
    expect(run.traceHash).toMatchInlineSnapshot(`"0a001d02b238de3f"`);
  },
);

test("one kernel is no mix", async () => {
  const run = runScenario(scenario, { options: { kernels: "emulated" } });
  await expect(run).rejects.toThrow(ScenarioError);
});

import { runScenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/dce-ping.ts";

test("a router's other side answers, and nobody answers for an address that nobody has", async () => {
  const run = await runScenario(scenario);
  expect(run.ok).toBe(true);
  expect(run.result.answered).toMatchInlineSnapshot();
  expect(run.result.unanswered).toMatchInlineSnapshot();
  expect(run.traceHash).toMatchInlineSnapshot();
});

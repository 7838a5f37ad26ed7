import { runScenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/dce-linux-simple.ts";

test("a client and a server talk over lo", async () => {
  const run = await runScenario(scenario);
  expect(run.ok).toBe(true);
  expect(run.result.echoed).toBe("hello over lo");
});

import { expect, expectTypeOf, test } from "vitest";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { isScenario, type Scenario, simulation } from "../../src/scenario/simulation.ts";

const plain = simulation({ name: "plain" }, (sim) => void sim.node("a"));

const reporting = simulation({ name: "reporting" }, (sim) => {
  sim.node("a");
  return () => sim.now;
});

const configured = simulation(
  {
    name: "configured",
    options: {
      rate: { type: "string", choices: ["1Mbps", "1Gbps"], default: "1Mbps" },
      count: { type: "number", default: 3 },
      note: { type: "string" },
      fast: { type: "boolean" },
    },
  },
  async (sim) => {
    expectTypeOf(sim.options.rate).toEqualTypeOf<"1Mbps" | "1Gbps">();
    expectTypeOf(sim.options.count).toEqualTypeOf<number>();
    expectTypeOf(sim.options.note).toEqualTypeOf<string | undefined>();
    expectTypeOf(sim.options.fast).toEqualTypeOf<boolean>();
    return Promise.resolve(`${sim.options.count}`);
  },
);

test("scenarios with and without options and results go into one list", async () => {
  const list: readonly Scenario[] = [plain, reporting, configured];
  const named = new Map<string, Scenario>([["configured", configured]]);
  const results: unknown[] = [];
  for (const scenario of list) results.push((await runScenario(scenario)).result);
  expect(results).toEqual([undefined, expect.any(Number), "3"]);
  const again = named.get("configured");
  expect(isScenario(again)).toBe(true);
  if (again === undefined) return;
  // What is known only as a scenario still takes its own options.
  expect((await runScenario(again, { options: { count: 5 } })).result).toBe("5");
});

test("a scenario that is named itself keeps the type of its result", async () => {
  const { result } = await runScenario(configured, { options: { count: 4 } });
  expectTypeOf(result).toEqualTypeOf<string>();
  expect(result).toBe("4");
  expectTypeOf((await runScenario(reporting)).result).toExtend<number>();
});

import { thrownText } from "../process/thrown-text.ts";
import { ScenarioError } from "./scenario-error.ts";

/** What code of scenarios has thrown. Weak: a fault is remembered as long as somebody holds it. */
const faults = new WeakSet<object>();

/**
 * Whether code of a scenario has thrown this: its function, an action of `sim.at`, or what makes its
 * result. The error itself is what was thrown: `runScenario` rejects with it as it is.
 */
export function isScenarioFault(error: unknown): boolean {
  return typeof error === "object" && error !== null && faults.has(error);
}

/** Remembers what code of the scenario threw. A value that is no object becomes a ScenarioError. */
export function scenarioFault(thrown: unknown): object {
  const error =
    typeof thrown === "object" && thrown !== null
      ? thrown
      : new ScenarioError(`the scenario threw ${thrownText(thrown)}`);
  faults.add(error);
  return error;
}

/** Runs code of the scenario, which may answer later. */
export async function scenarioCode<T>(code: () => T): Promise<Awaited<T>> {
  try {
    return await code();
  } catch (error) {
    throw scenarioFault(error);
  }
}

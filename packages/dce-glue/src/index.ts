/**
 * Direct code execution: processes, files, sockets and the scenario API over simulated Linux hosts.
 *
 * @packageDocumentation
 */
export type {
  SimInterface,
  SimLink,
  SimLinkOptions,
  SimSwitch,
} from "./scenario/link.ts";
export type {
  NodeFiles,
  NodeOptions,
  NodeSysctl,
  Program,
  SimNode,
  SimProcess,
  StartOptions,
} from "./scenario/node.ts";
export type {
  InterfaceResult,
  LeakReport,
  NodeResult,
  ProcessResult,
  RunCounters,
  RunResult,
} from "./scenario/run-result.ts";
export { type RunOverrides, runScenario } from "./scenario/run-scenario.ts";
export { ScenarioError } from "./scenario/scenario-error.ts";
export {
  type OptionDeclaration,
  type OptionDeclarations,
  type OptionInputs,
  type OptionValues,
  optionUsage,
  parseOptionArguments,
  resolveOptions,
} from "./scenario/scenario-options.ts";
export {
  isScenario,
  type Scenario,
  type ScenarioConfig,
  type ScenarioSetup,
  type Simulation,
  simulation,
  type SwitchOptions,
} from "./scenario/simulation.ts";

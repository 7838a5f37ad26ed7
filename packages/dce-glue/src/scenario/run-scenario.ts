import type { Simulator, TraceRecord } from "@dcejs/core-sched";
import type { RunResult } from "./run-result.ts";
import type { OptionDeclarations, OptionInputs } from "./scenario-options.ts";
import type { Scenario } from "./simulation.ts";

/** What is decided outside a scenario and wins over what it says. */
export interface RunOverrides {
  /** Name in the result, when the scenario has none of its own. */
  readonly name?: string;
  readonly seed?: number;
  readonly kernel?: string;
  readonly until?: string | number;
  /** Folder for captures; made if it is not there. */
  readonly pcap?: string;
  /** Folder under which each node's files are kept as `files-N` on disk. @default in memory only */
  readonly files?: string;
  /** Tracepoints: "tcp:*,sched:*". */
  readonly trace?: string;
  readonly onTrace?: (record: TraceRecord) => void;
  /** Values of the scenario's options, or their command line. */
  readonly options?: OptionInputs | readonly string[];
  /** Called every 10,000 events. */
  readonly onProgress?: (simulator: Simulator) => void | Promise<void>;
}

/**
 * Runs a scenario from the first event to the last.
 * @throws {ScenarioError} the scenario is wrong; {DeadlockError} nothing can run and a process waits.
 */
export function runScenario<D extends OptionDeclarations, R>(
  _scenario: Scenario<D, R>,
  _overrides: RunOverrides = {},
): Promise<RunResult<R>> {
  return Promise.reject(new Error("runScenario is being written"));
}

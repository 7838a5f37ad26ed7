import type { RunResult } from "@dcejs/dce-glue";
import { UsageError } from "./usage-error.ts";

/**
 * The run as one line of JSON. Everything but wallMs is a function of scenario, options and seed.
 * @throws {UsageError} the scenario's result has no form in JSON.
 */
export function jsonReport(run: RunResult): string {
  const {
    scenario,
    seed,
    kernel,
    virtualNs,
    wallMs,
    events,
    traceHash,
    nodes,
    processes,
    counters,
    warnings,
    result,
  } = run;
  return `${JSON.stringify({
    scenario,
    seed,
    kernel,
    virtualNs,
    wallMs,
    events,
    traceHash,
    nodes,
    // null where a process has no exit code: killed by a signal, or still running.
    processes: processes.map((process) => ({
      ...process,
      exit: process.exit ?? null,
      signal: process.signal ?? null,
    })),
    counters,
    warnings,
    result: jsonOf(result),
  })}\n`;
}

/** @throws {UsageError} the scenario's result holds what JSON has no form for: a BigInt, a cycle. */
function jsonOf(result: unknown): unknown {
  try {
    JSON.stringify(result);
  } catch (error) {
    const [reason] = String(error).split("\n", 1);
    throw new UsageError(`the scenario's result has no form in JSON: ${reason}`, { cause: error });
  }
  return result ?? null;
}

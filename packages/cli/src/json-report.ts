import type { RunResult } from "@dcejs/dce-glue";

/** The run as one line of JSON. Everything but wallMs is a function of scenario, options and seed. */
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
    result: result ?? null,
  })}\n`;
}

import { inspect, styleText } from "node:util";
import { formatDuration } from "@dcejs/core-sched";
import type { ProcessResult, RunResult, WarningResult } from "@dcejs/dce-glue";
import type { RunFlags } from "./run-command.ts";
import { createTable } from "./table.ts";

/** What a person reads after a run. */
export function summary(run: RunResult, flags: RunFlags): string {
  const { counters } = run;
  const speed = run.virtualNs / 1e6 / Math.max(run.wallMs, 1);
  const lines = [
    styleText("bold", `${run.scenario}  seed ${run.seed}  kernel ${run.kernel}`),
    `${formatDuration(run.virtualNs)} of virtual time in ${(run.wallMs / 1000).toFixed(2)} s (${speed.toFixed(1)}× real time), ${run.events} events`,
    "",
    processTable(run.processes),
    "",
    `frames   ${counters.framesDelivered} delivered (${counters.bytes} octets), ${counters.framesDropped} lost on links, ${counters.queueDrops} dropped by queues`,
    `tcp      ${counters.tcpRetransSegs} segments retransmitted`,
    `trace    ${run.traceHash}`,
  ];
  lines.push(...run.warnings.map(warningLine));
  if (flags.pcap !== undefined) lines.push(`captures ${flags.pcap}`);
  if (flags.files !== undefined) lines.push(`files    ${flags.files}`);
  lines.push(...resultLines(run.result));
  return `${lines.join("\n")}\n`;
}

/** The kernel's own finding: seldom the scenario's fault, and always worth a look. */
function warningLine({ node, kernel, atNs, what }: WarningResult): string {
  const when = atNs < 0 ? "at boot" : `at ${formatDuration(atNs)}`;
  return styleText("yellow", `WARNING  ${kernel} of node ${node} ${when}: ${what}`);
}

function processTable(processes: readonly ProcessResult[]): string {
  if (processes.length === 0) return "no processes";
  const table = createTable(["node", "pid", "program", "ended", "at"]);
  for (const process of processes) {
    const ended = process.asExpected
      ? styleText("green", endOf(process))
      : styleText("red", `${endOf(process)}, expected ${process.expected}`);
    const at = process.endNs === undefined ? "-" : formatDuration(process.endNs);
    table.push([process.node, String(process.pid), process.argv.join(" "), ended, at]);
  }
  return table.toString();
}

function endOf({ exit, signal, pid }: ProcessResult): string {
  if (exit !== undefined) return `exit ${exit}`;
  if (signal !== undefined) return signal;
  return pid < 0 ? "never started" : "running";
}

function resultLines(result: unknown): string[] {
  if (result === undefined || result === null) return [];
  if (typeof result !== "object") return ["", `result   ${format(result)}`];
  const entries = Object.entries(result);
  const width = Math.max(...entries.map(([key]) => key.length));
  return ["", ...entries.map(([key, value]) => `${key.padEnd(width)}  ${format(value)}`)];
}

function format(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    // undefined where JSON has no word for it: a function, a symbol.
    return JSON.stringify(value) ?? inspect(value);
  } catch {
    return inspect(value, { breakLength: Infinity });
  }
}

import {
  optionUsage,
  parseOptionArguments,
  type RunOverrides,
  type RunResult,
  runScenario,
} from "@dcejs/dce-glue";
import type { CommandOutput } from "./command-output.ts";
import { EXIT_OK, EXIT_UNEXPECTED } from "./exit-codes.ts";
import { jsonReport } from "./json-report.ts";
import { ProgressLine } from "./progress.ts";
import { type LoadedScenario, loadScenario } from "./scenario-loader.ts";
import { summary } from "./summary.ts";
import { traceLine } from "./trace-line.ts";
import { wallClockMs } from "./wall-clock.ts";

/** Flags of `dce run`, as commander gives them. */
export interface RunFlags {
  readonly seed?: number;
  readonly kernel?: string;
  readonly stacks?: "jspi" | "wasmfx";
  readonly until?: string;
  readonly pcap?: string;
  readonly files?: string;
  readonly json?: boolean;
  readonly trace?: string;
  readonly help?: boolean;
}

/**
 * Runs a scenario and reports it.
 * @param rest The scenario's own options, as words.
 * @returns 0 when every process ended as expected, else 1.
 * @throws what the run throws: {@link exitCodeOf} knows the code for it.
 */
export async function runCommand(
  nameOrPath: string,
  rest: readonly string[],
  flags: RunFlags,
  output: CommandOutput,
): Promise<number> {
  const loaded = await loadScenario(nameOrPath);
  const words = rest[0] === "--" ? rest.slice(1) : rest.filter((word) => word !== "--");
  const progress =
    output.isTerminal && flags.json !== true && flags.trace === undefined
      ? new ProgressLine(loaded.name)
      : undefined;
  const startedMs = wallClockMs();
  let result: RunResult;
  try {
    result = await runScenario(loaded.scenario, overrides(loaded, words, flags, output, progress));
  } finally {
    progress?.stop();
  }
  const timed: RunResult = { ...result, wallMs: wallClockMs() - startedMs };
  output.out(flags.json === true ? jsonReport(timed) : summary(timed, flags));
  return timed.ok ? EXIT_OK : EXIT_UNEXPECTED;
}

function overrides(
  loaded: LoadedScenario,
  words: readonly string[],
  flags: RunFlags,
  output: CommandOutput,
  progress: ProgressLine | undefined,
): RunOverrides {
  const { seed, kernel, stacks, until, pcap, files, trace } = flags;
  return {
    name: loaded.name,
    options: parseOptionArguments(loaded.scenario.config.options ?? {}, words),
    ...(seed !== undefined && { seed }),
    ...(kernel !== undefined && { kernel }),
    ...(stacks !== undefined && { stacks }),
    ...(until !== undefined && { until }),
    ...(pcap !== undefined && { pcap }),
    ...(files !== undefined && { files }),
    ...(trace !== undefined && {
      trace,
      onTrace: (record) => output.err(`${traceLine(record)}\n`),
    }),
    ...(progress !== undefined && { onProgress: progress.update }),
  };
}

/** What a scenario says of itself and its options, to stand below the command's own help. */
export async function scenarioHelp(nameOrPath: string): Promise<string> {
  const { name, scenario } = await loadScenario(nameOrPath);
  const { description = "", options = {} } = scenario.config;
  return `\n${name}: ${description}\n  ${optionUsage(options)}\n`;
}

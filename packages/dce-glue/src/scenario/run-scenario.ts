import type { Simulator, TraceRecord } from "@dcejs/core-sched";
import { exportTo } from "../fs/host-folder.ts";
import { kernelProvider, loadKernelProviders } from "../kernel/kernel-provider.ts";
import { chooseLinuxStacks, type StacksKind } from "../kernel/linux/linux-package.ts";
import { reportCounters, reportNode, reportWarnings } from "./run-report.ts";
import type { LeakReport, RunResult } from "./run-result.ts";
import { prepareOutputFolder, writingTo } from "./output-folder.ts";
import { ScenarioError } from "./scenario-error.ts";
import { scenarioCode } from "./scenario-fault.ts";
import {
  type OptionDeclarations,
  type OptionInputs,
  type OptionValues,
  parseOptionArguments,
  resolveOptions,
} from "./scenario-options.ts";
import type { Scenario } from "./simulation.ts";
import { SimulationRun } from "./simulation-run.ts";

/** What is decided outside a scenario and wins over what it says. */
export interface RunOverrides {
  /** Name in the result, when the scenario has none of its own. */
  readonly name?: string;
  readonly seed?: number;
  readonly kernel?: string;
  /**
   * How real Linux parks the stacks of what sleeps in it: what it does is the same either way. WasmFX is faster, and an
   * experiment of V8's. @default "jspi"
   */
  readonly stacks?: StacksKind;
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

const SEED_DEFAULT = 1;
const KERNEL_DEFAULT = "emulated";
const PROGRESS_EVENTS = 10_000;

/**
 * Runs a scenario from the first event to the last.
 *
 * The run ends at `until`, or else one virtual second after the last process that it waits for has
 * ended and the last `sim.at` has run.
 * @throws {ScenarioError} the scenario is wrong; {IpCommandError} a command of it;
 * {DeadlockError} nothing can run and a process waits; {KernelStoppedError} a kernel does not boot
 */
export async function runScenario<D extends OptionDeclarations, R>(
  scenario: Scenario<D, R>,
  overrides: RunOverrides = {},
): Promise<RunResult<R>> {
  await loadKernelProviders();
  await chooseLinuxStacks(overrides.stacks);
  const run = makeRun(scenario, overrides);
  try {
    trace(run.simulator, overrides);
    const { files } = overrides;
    if (files !== undefined) prepareOutputFolder("files", files);
    const result = await runKeepingFiles(scenario, run, files);
    const report = reportRun(scenario, run, overrides, result);
    await run.destroy();
    return { ...report, leaks: leaksOf(run) };
  } catch (error) {
    await run.destroy();
    throw error;
  }
}

function makeRun<D extends OptionDeclarations, R>(
  scenario: Scenario<D, R>,
  overrides: RunOverrides,
): SimulationRun<OptionValues<D>> {
  const { config } = scenario;
  const { options: given = {}, until, pcap } = overrides;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a scenario without declarations has no options
  const declarations = config.options ?? ({} as D);
  const inputs = isWords(given) ? parseOptionArguments(declarations, given) : given;
  const seed = overrides.seed ?? config.seed ?? SEED_DEFAULT;
  if (!Number.isSafeInteger(seed)) throw new ScenarioError(`the seed is an integer, not ${seed}`);
  const kernel = overrides.kernel ?? config.kernel ?? KERNEL_DEFAULT;
  kernelProvider(kernel);
  const run = new SimulationRun({
    seed,
    kernel,
    options: resolveOptions(declarations, inputs),
    until,
    pcap,
    forcesKernel: overrides.kernel !== undefined,
  });
  if (config.until !== undefined) run.until(config.until);
  return run;
}

function isWords(options: OptionInputs | readonly string[]): options is readonly string[] {
  return Array.isArray(options);
}

function isReporter<R>(returned: R | (() => R | Promise<R>)): returned is () => R | Promise<R> {
  return typeof returned === "function";
}

/** The nodes' files are kept whatever stops the run: they tell what happened until then. */
async function runKeepingFiles<D extends OptionDeclarations, R>(
  scenario: Scenario<D, R>,
  run: SimulationRun<OptionValues<D>>,
  folder: string | undefined,
): Promise<R> {
  const returned = await scenarioCode(() => scenario.setup(run));
  try {
    await run.run();
    return isReporter(returned) ? await scenarioCode(returned) : returned;
  } finally {
    if (folder !== undefined) writingTo("files", folder, () => exportFiles(run, folder));
  }
}

function trace(simulator: Simulator, overrides: RunOverrides): void {
  const { onProgress, onTrace } = overrides;
  if (onProgress !== undefined) {
    simulator.progressEveryEvents = PROGRESS_EVENTS;
    simulator.onProgress = onProgress;
  }
  if (overrides.trace !== undefined) {
    for (const pattern of overrides.trace.split(",")) simulator.tracer.enable(pattern.trim());
  }
  if (onTrace !== undefined) simulator.tracer.onRecord(onTrace);
}

function reportRun<D extends OptionDeclarations, R, O>(
  scenario: Scenario<D, R>,
  run: SimulationRun<O>,
  overrides: RunOverrides,
  result: R,
): Omit<RunResult<R>, "leaks"> {
  const nodes = run.nodes.map((node) => reportNode(node));
  const processes = run.nodes.flatMap((node) => node.processes.map((one) => one.result()));
  return {
    scenario: scenario.config.name ?? overrides.name ?? "scenario",
    seed: run.seed,
    kernel: run.kernel,
    virtualNs: run.simulator.now,
    wallMs: 0,
    events: run.simulator.eventCount,
    traceHash: run.simulator.traceHash.digest(),
    nodes,
    processes,
    counters: reportCounters(
      nodes,
      run.links.flatMap((link) => link.ports),
    ),
    result,
    warnings: reportWarnings(run.nodes),
    ok: processes.every((process) => process.asExpected),
  };
}

function exportFiles<O>(run: SimulationRun<O>, folder: string): void {
  for (const node of run.nodes) {
    node.fs.write("/var/log/messages", node.dmesg());
    exportTo(node.dce.node.fs, folder, node.id);
  }
}

function leaksOf<O>(run: SimulationRun<O>): LeakReport {
  const { nodes, simulator } = run;
  const total = (of: (node: SimulationRun<O>["nodes"][number]) => number): number =>
    nodes.reduce((sum, node) => sum + of(node), 0);
  return {
    tasks: total((node) => node.manager.liveTaskCount),
    events: simulator.pendingEvents,
    fileDescriptors: total((node) => node.dce.openDescriptorCount + node.factory.openSocketCount),
    packets: total((node) => node.factory.livePackets),
    hostObjects: total((node) => node.factory.liveHostObjects),
  };
}

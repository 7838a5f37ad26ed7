import { rmSync } from "node:fs";
import { join } from "node:path";
// One turn of the host's event loop, after the run: the microtasks of killed programs are done by then.
import { setImmediate as hostTurn } from "node:timers/promises";
import {
  DeadlockError,
  formatDuration,
  type Instant,
  instant,
  NO_CONTEXT,
  nanoseconds,
  parseDuration,
  type RandomStream,
  Simulator,
} from "@dcejs/core-sched";
import { captureToFiles, type NamedPort, type Port } from "@dcejs/links";
import { kernelProvider } from "../kernel/kernel-provider.ts";
import { programImage } from "../posix/posix.ts";
import { SyscallError } from "../posix/syscall-error.ts";
import type { DceManager } from "../process/dce-manager.ts";
import type { SimInterface, SimLink, SimLinkOptions, SimSwitch } from "./link.ts";
import type { NodeOptions, SimNode } from "./node.ts";
import { reportWarnings } from "./run-report.ts";
import { RunProgress } from "./run-progress.ts";
import { prepareOutputFolder, writingTo } from "./output-folder.ts";
import { ScenarioError } from "./scenario-error.ts";
import { scenarioFault } from "./scenario-fault.ts";
import { SimulatedLink, SimulatedSwitch } from "./simulated-link.ts";
import { type NodeOwner, SimulatedNode } from "./simulated-node.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { Simulation, SwitchOptions } from "./simulation.ts";

/** What is settled before the scenario's function runs. */
export interface SimulationSettings<O> {
  readonly seed: number;
  readonly kernel: string;
  readonly options: O;
  /** From outside: wins over the scenario. */
  readonly until: string | number | undefined;
  readonly pcap: string | undefined;
  /** The kernel comes from outside: it is that of every node, whatever the node says. */
  readonly forcesKernel: boolean;
}

/** One run of a scenario: the network that it builds, and the events of its life. */
export class SimulationRun<O> implements Simulation<O>, NodeOwner {
  readonly seed: number;
  readonly options: O;
  readonly simulator: Simulator;
  readonly nodes: SimulatedNode[] = [];
  readonly links: SimulatedLink[] = [];
  readonly #settings: SimulationSettings<O>;
  readonly #progress: RunProgress;
  readonly #names = new Set<string>();
  readonly #linkNames = new Set<string>();
  readonly #ports: NamedPort[] = [];
  #until: number | undefined;
  #capture: string | undefined;
  #lastAddress = 0;

  constructor(settings: SimulationSettings<O>) {
    this.#settings = settings;
    this.seed = settings.seed;
    this.options = settings.options;
    this.simulator = new Simulator({ seed: settings.seed });
    this.#progress = new RunProgress(this.simulator);
  }

  /** Name of the kernel that nodes have which name none. */
  get kernel(): string {
    return this.#settings.kernel;
  }

  get now(): Instant {
    return this.simulator.now;
  }

  node(name: string, options: NodeOptions = {}): SimNode {
    this.#claim(name);
    const { kernel: common, forcesKernel } = this.#settings;
    const kernel = forcesKernel ? common : (options.kernel ?? common);
    const node = new SimulatedNode(this, this.nodes.length, name, kernel, options);
    this.nodes.push(node);
    return node;
  }

  router(name: string, options: NodeOptions = {}): SimNode {
    return this.node(name, { ...options, forwarding: true });
  }

  switch(name: string, options: SwitchOptions = {}): SimSwitch {
    this.#claim(name);
    return new SimulatedSwitch(this.simulator, name, options);
  }

  link(a: SimNode | SimSwitch, b: SimNode | SimSwitch, options: SimLinkOptions = {}): SimLink {
    if (a === b) throw new ScenarioError(`link: ${a.name} cannot be linked to itself`);
    this.#assertSetup("link");
    const name = options.name ?? this.#linkName(`${a.name}-${b.name}`);
    if (this.#linkNames.has(name)) {
      throw new ScenarioError(`link ${name}: there is a link of that name`);
    }
    const link = new SimulatedLink(this.simulator, name, options);
    this.links.push(link);
    this.#linkNames.add(name);
    for (const [index, end] of [a, b].entries()) {
      const port = link.ports[index === 0 ? 0 : 1];
      const made = this.#plug(end, port, link);
      if (made !== undefined) link.interfaces.push(made);
    }
    return link;
  }

  at(time: string | number, action: () => unknown): void {
    const delay = this.#delayTo(time, "at");
    this.#progress.begin();
    this.simulator.scheduleWithContext(NO_CONTEXT, nanoseconds(delay), () => {
      const result = actNow(action);
      if (result instanceof Promise) return result.then(() => this.#progress.end(), rethrowFault);
      this.#progress.end();
      return undefined;
    });
  }

  until(time: string | number): void {
    this.#until = timeOf(time, "until");
  }

  capture(folder: string): void {
    this.#capture = folder;
  }

  random(name: string): RandomStream {
    return this.simulator.random(`scenario:${name}`);
  }

  startProcess(process: SimulatedProcess): void {
    const delay = this.#delayTo(process.options.at ?? this.simulator.now, "start");
    if (process.keepsRunAlive) this.#progress.begin();
    this.simulator.scheduleWithContext(process.node.id, nanoseconds(delay), () =>
      this.#progress.whenReady(() => this.#startNow(process)),
    );
  }

  stopProcess(process: SimulatedProcess, at: string | number | undefined): void {
    this.at(at ?? this.simulator.now, () => {
      if (process.state !== "running" || process.pid === undefined) return;
      process.wasStopped = true;
      process.node.dce.stop(process.pid);
    });
  }

  /** Boots every node at t=0, runs until the end, and gives the first error that stopped it. */
  async run(): Promise<void> {
    const folder = this.#settings.pcap ?? this.#capture;
    if (folder !== undefined) this.#startCapture(folder);
    await this.#prepareKernels();
    this.#progress.bootAll(this.nodes);
    const { until } = this.#settings;
    const end = until === undefined ? this.#until : timeOf(until, "until");
    try {
      await this.#progress.run(end === undefined ? undefined : instant(end));
    } catch (error) {
      if (error instanceof DeadlockError) {
        error.message += this.#endedBefore() + this.#warnedBefore();
      }
      throw error;
    }
  }

  /** One kind after the other, so that they are prepared in the order in which the scenario names them. */
  async #prepareKernels(): Promise<void> {
    for (const name of new Set(this.nodes.map(({ kernel }) => kernel))) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- see above
      await kernelProvider(name).prepare?.();
    }
  }

  /** For the report of a deadlock: who ended not as expected is often why the others wait. */
  #endedBefore(): string {
    const ended = this.nodes.flatMap(({ processes }) => processes.filter((one) => one.hasFailed));
    return ended.map((one) => `\n  ${one.describeEnd()}`).join("");
  }

  /** What kernels have warned of may be why. */
  #warnedBefore(): string {
    return reportWarnings(this.nodes)
      .map(({ node, kernel, what }) => `\n  ${kernel} of node ${node} warned: ${what}`)
      .join("");
  }

  #startCapture(folder: string): void {
    const loopbacks = this.nodes.map(({ loopback }) => loopback);
    const ports = [...this.#ports, ...loopbacks];
    if (ports.length === 0) return;
    prepareOutputFolder("captures", folder);
    writingTo("captures", folder, () => captureToFiles(folder, ports));
    // The capture has closed its files by then: the end runs what waits for it in order.
    this.simulator.scheduleDestroy(() => {
      for (const { isUsed, port } of loopbacks) {
        if (!isUsed) rmSync(join(folder, `${port.name}.pcapng`), { force: true });
      }
    });
  }

  /** Takes everything away: processes first, then, when their finally blocks have run, the kernels. */
  async destroy(): Promise<void> {
    for (const node of this.nodes) node.dce.dispose();
    await hostTurn();
    for (const node of this.nodes) node.factory.destroy();
    this.simulator.destroy();
    await hostTurn();
  }

  #startNow(process: SimulatedProcess): void {
    const { node, program, options, argv } = process;
    // A function runs under the name that its argv has, which reports of deadlocks show.
    const image = typeof program === "string" ? program : programImage(program, argv[0]);
    const started = startIn(node, argv, image, {
      argv,
      isDaemon: !process.keepsRunAlive,
      ...(options.env !== undefined && { env: options.env }),
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.uid !== undefined && { uid: options.uid }),
      ...(options.stdin !== undefined && { stdin: options.stdin }),
    });
    process.started(started);
    node.dce.setFinishedCallback(started, (record) => {
      process.ended(record);
      if (process.keepsRunAlive) this.#progress.end();
    });
  }

  #plug(end: SimNode | SimSwitch, port: Port, link: SimulatedLink): SimInterface | undefined {
    if (end instanceof SimulatedSwitch) {
      end.connect(port);
      return undefined;
    }
    if (!(end instanceof SimulatedNode) || this.nodes[end.id] !== end) {
      throw new ScenarioError(`link ${link.name}: ${end.name} is not of this simulation`);
    }
    const made = end.addInterface(port, this.#nextAddress(), link.settings);
    this.#ports.push({ port, name: `${end.name}-${made.name}` });
    return made;
  }

  /** 00:00:00:00:00:01 upward, as ns-3's Mac48Address::Allocate. */
  #nextAddress(): Uint8Array {
    const number = ++this.#lastAddress;
    return Uint8Array.of(0, 0, number >>> 24, number >>> 16, number >>> 8, number);
  }

  #claim(name: string): void {
    this.#assertSetup(`node ${name}`);
    if (!/^[\w.-]+$/.test(name)) {
      throw new ScenarioError(`"${name}" is no name: letters, digits, "-", "_" and "." make one`);
    }
    if (this.#names.has(name)) throw new ScenarioError(`two nodes are named "${name}"`);
    this.#names.add(name);
  }

  #linkName(base: string): string {
    if (!this.#linkNames.has(base)) return base;
    let number = 2;
    while (this.#linkNames.has(`${base}-${number}`)) number++;
    return `${base}-${number}`;
  }

  #assertSetup(what: string): void {
    if (this.#progress.hasBegun) throw new ScenarioError(`${what}: the run has begun`);
  }

  #delayTo(time: string | number, what: string): number {
    const at = timeOf(time, what);
    if (at < this.simulator.now) {
      throw new ScenarioError(
        `${what}: ${formatDuration(at)} is past; it is ${formatDuration(this.simulator.now)}`,
      );
    }
    return at - this.simulator.now;
  }
}

/** @throws {ScenarioError} no such program, no such folder to start in. */
function startIn(
  node: SimulatedNode,
  [name = ""]: readonly string[],
  image: Parameters<DceManager["start"]>[0],
  options: Parameters<DceManager["start"]>[1],
): ReturnType<DceManager["start"]> {
  try {
    return node.dce.start(image, options);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new ScenarioError(`${node.name}: ${name}: ${error.message}`, { cause: error });
  }
}

function actNow(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    throw scenarioFault(error);
  }
}

function rethrowFault(error: unknown): never {
  throw scenarioFault(error);
}

function timeOf(time: string | number, what: string): number {
  try {
    return parseDuration(time);
  } catch (error) {
    if (error instanceof RangeError) throw new ScenarioError(`${what}: ${error.message}`);
    throw error;
  }
}

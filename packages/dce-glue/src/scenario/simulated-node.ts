import { type Simulator, TaskManager } from "@dcejs/core-sched";
import type { Port } from "@dcejs/links";
import type { FileAccess } from "../fs/file-access.ts";
import { kernelFiles } from "../kernel/kernel-files.ts";
import { kernelProvider } from "../kernel/kernel-provider.ts";
import { LinuxSocketFdFactory } from "../kernel/linux-socket-fd-factory.ts";
import { SimNic } from "../kernel/sim-nic.ts";
import { DceManager } from "../process/dce-manager.ts";
import { nftProgram } from "../nft/nft-program.ts";
import { ipProgram } from "../ip/ip-program.ts";
import { tcProgram } from "../tc/tc-program.ts";
import { lladdrToText } from "../ip/ip-values.ts";
import type { SimInterface } from "./link.ts";
import { LoopbackPort } from "./loopback-port.ts";
import { NodeConfiguration } from "./node-configuration.ts";
import type {
  NodeOptions,
  NodeSysctl,
  Program,
  SimNode,
  SimProcess,
  StartOptions,
} from "./node.ts";
import { ScenarioError } from "./scenario-error.ts";
import { parseSize } from "./size.ts";
import type { InterfaceSettings } from "./simulated-link.ts";
import { SimulatedProcess } from "./simulated-process.ts";

/** What a node asks of the run that it is part of. */
export interface NodeOwner {
  readonly simulator: Simulator;
  startProcess(process: SimulatedProcess): void;
  stopProcess(process: SimulatedProcess, at: string | number | undefined): void;
}

export class SimulatedNode implements SimNode {
  readonly kind = "node";
  readonly id: number;
  readonly name: string;
  readonly kernel: string;
  readonly interfaces: SimInterface[] = [];
  readonly processes: SimulatedProcess[] = [];
  readonly hosts: Map<string, string> = new Map<string, string>();
  readonly manager: TaskManager;
  readonly dce: DceManager;
  readonly factory: LinuxSocketFdFactory;
  readonly nics: SimNic[] = [];
  readonly configuration: NodeConfiguration;
  readonly loopback: LoopbackPort;
  readonly #owner: NodeOwner;
  readonly #settings = new Map<string, InterfaceSettings>();

  /** @throws {ScenarioError} no such kernel */
  constructor(owner: NodeOwner, id: number, name: string, kernel: string, options: NodeOptions) {
    const provider = kernelProvider(kernel);
    this.#owner = owner;
    this.id = id;
    this.name = name;
    this.kernel = kernel;
    this.manager = new TaskManager(owner.simulator, { context: id, name });
    this.dce = new DceManager({ taskManager: this.manager, nodeId: id, hostname: name });
    const { node } = this.dce;
    this.factory = new LinuxSocketFdFactory({
      node,
      provider,
      memory: options.memory === undefined ? undefined : parseSize(options.memory),
      sharesKernel: options.share === "kernel",
    });
    this.loopback = new LoopbackPort(owner.simulator, `${name}-lo`);
    this.dce.programs.register(ipProgram(this.factory.kernel));
    this.dce.programs.register(tcProgram(this.factory.kernel));
    this.dce.programs.register(nftProgram(this.factory.kernel));
    node.sockets = this.factory;
    node.kernelFiles = kernelFiles(this.factory);
    this.configuration = new NodeConfiguration(name, this.factory);
    if (options.forwarding === true) this.sysctl.set("net.ipv4.ip_forward", 1);
    for (const [path, value] of Object.entries(options.sysctl ?? {})) this.sysctl.set(path, value);
  }

  get sysctl(): NodeSysctl {
    return this.configuration;
  }

  get fs(): FileAccess {
    return this.dce.node.files;
  }

  ip(command: string): string {
    return this.configuration.ip(command);
  }

  tc(command: string): string {
    return this.configuration.tc(command);
  }

  nft(commands: string): string {
    return this.configuration.nft(commands);
  }

  start(program: Program | string, options: StartOptions = {}): SimProcess {
    const process = new SimulatedProcess(this, program, options);
    this.processes.push(process);
    this.#owner.startProcess(process);
    return process;
  }

  stopProcess(process: SimProcess, at?: string | number): void {
    if (!(process instanceof SimulatedProcess) || process.node !== this) {
      throw new ScenarioError(`${this.name}: stopProcess: ${process.argv[0]} is no process of it`);
    }
    this.#owner.stopProcess(process, at);
  }

  dmesg(): string {
    return this.factory.kernel.dmesg();
  }

  proc(path: string): string {
    const text = this.factory.kernel.proc_read(path);
    if (typeof text === "string") return text;
    throw new ScenarioError(`${this.name}: ${path}: no such file`);
  }

  /** Plugs a cable's end in: the next interface, sim0, sim1… */
  addInterface(port: Port, address: Uint8Array, settings: InterfaceSettings): SimInterface {
    const name = `sim${this.interfaces.length}`;
    const nic = new SimNic(port, name, address, settings.mtu, this.id);
    this.nics.push(nic);
    this.factory.addNic(nic);
    this.#settings.set(name, settings);
    const made: SimInterface = { node: this, name, address: lladdrToText(address) };
    this.interfaces.push(made);
    return made;
  }

  /**
   * Starts the task that boots and configures.
   * Exactly one of the callbacks is called, in that task.
   */
  boot(ready: () => void, failed: (error: unknown) => void): void {
    this.#writeHosts();
    const { configuration, loopback } = this;
    const settings = this.#settings;
    this.dce.startInternalTask("boot", function* bootTask() {
      try {
        yield* configuration.bootAndConfigure(settings, loopback);
      } catch (error) {
        failed(error);
        return;
      }
      ready();
    });
  }

  #writeHosts(): void {
    const lines = ["127.0.0.1 localhost"];
    for (const [name, address] of this.hosts) lines.push(`${address} ${name}`);
    this.fs.write("/etc/hosts", `${lines.join("\n")}\n`);
    this.fs.write("/etc/hostname", `${this.name}\n`);
  }
}

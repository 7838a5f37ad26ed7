import { nanoseconds, parseDuration, TaskManager, type Wait } from "@dcejs/core-sched";
import {
  type DceHandle,
  DceManager,
  exitText,
  ipProgram,
  type KernelHandle,
  kernelProvider,
  LinuxSocketFdFactory,
  type Main,
  parseIpCommand,
  programImage,
  runIpCommand,
  SimNic,
} from "@dcejs/dce-glue";
import type { Port } from "@dcejs/links";
import { Mismatch } from "../verdict.ts";
import { macOctets } from "./craft.ts";
import type { Testbed } from "./testbed.ts";

export interface HostOptions {
  /** Kernel parameters: "loglevel=1". */
  readonly commandLine?: string;
  /** Sets net.ipv4.ip_forward. */
  readonly forwarding?: boolean;
}

export interface ProgramOptions {
  /** After all hosts have booted: "100ms", or nanoseconds. @default 0 */
  readonly at?: string | number;
  /** Does not keep the run alive, and may run until its end. */
  readonly isDaemon?: boolean;
  readonly uid?: number;
  /** How it ends, as exitText says it: "killed by SIGPIPE". @default "exit 0" */
  readonly expect?: string;
}

/** A host with the kernel under test. Everything is asked of its KernelHandle or of a program's Posix. */
export class Host {
  readonly id: number;
  readonly name: string;
  readonly manager: TaskManager;
  readonly dce: DceManager;
  readonly factory: LinuxSocketFdFactory;
  readonly nics: SimNic[] = [];
  /** What the kernel has printed on its console. */
  console = "";
  /** Runs in the task that boots, before it does. */
  beforeBoot: (() => Wait<unknown>) | undefined;
  readonly #bed: Testbed;
  readonly #commands: string[] = [];
  readonly #optional = new Set<string>();

  constructor(bed: Testbed, id: number, name: string, kernel: string, options: HostOptions) {
    this.#bed = bed;
    this.id = id;
    this.name = name;
    this.manager = new TaskManager(bed.simulator, { context: id, name });
    this.dce = new DceManager({ taskManager: this.manager, nodeId: id, hostname: name });
    const { node } = this.dce;
    this.factory = new LinuxSocketFdFactory({
      node,
      provider: kernelProvider(kernel),
      commandLine: options.commandLine ?? "",
    });
    node.sockets = this.factory;
    this.dce.programs.register(ipProgram(this.factory.kernel));
    if (options.forwarding === true) this.sysctl("net.ipv4.ip_forward", 1);
  }

  get kernel(): KernelHandle {
    return this.factory.kernel;
  }

  get dceHandle(): DceHandle {
    return this.factory.imported;
  }

  /** Link-layer address of sim0, or of another card. */
  mac(card = 0): string {
    const { address } = this.#nic(card);
    return [...address].map((octet) => octet.toString(16).padStart(2, "0")).join(":");
  }

  /** The kernel's index of sim0, or of another card. */
  ifindex(card = 0): number {
    const { device } = this.#nic(card);
    if (device === undefined) throw new Mismatch(`${this.name} has no device sim${card}`);
    return this.kernel.dev_ifindex(device);
  }

  /** A command of iproute2, run when the host has booted: "addr add 10.0.0.1/24 dev sim0". */
  ip(command: string): void {
    this.#commands.push(command);
  }

  /** Sets a parameter: when the host has booted, or now. */
  sysctl(path: string, value: string | number): void {
    if (!this.factory.isRunning) {
      this.factory.SetTask(path, String(value));
      return;
    }
    const status = this.factory.Set(path, String(value));
    if (status < 0) throw new Mismatch(`sysctl ${path} = ${value} gives ${status}`);
  }

  /** As sysctl, for a parameter that not all releases of Linux have. */
  optionalSysctl(path: string, value: string | number): void {
    this.#optional.add(path);
    this.sysctl(path, value);
  }

  /** Starts a program when all hosts have booted, or after that. */
  start(main: Main, options: ProgramOptions = {}): void {
    const keepsAlive = options.isDaemon !== true;
    if (keepsAlive) this.#bed.programBegins(main.name);
    this.#bed.whenReady(() => {
      const delay = nanoseconds(parseDuration(options.at ?? 0));
      this.#bed.simulator.scheduleWithContext(this.id, delay, () =>
        this.#startNow(main, options, keepsAlive),
      );
    });
  }

  /** Kernel-mode code in a task of the host, when all have booted. */
  kernelTask(name: string, body: () => Wait<unknown>, at: string | number = 0): void {
    this.#bed.programBegins(name);
    this.#bed.whenReady(() => {
      this.#bed.simulator.scheduleWithContext(this.id, nanoseconds(parseDuration(at)), () => {
        this.dce.startInternalTask(name, () => this.#guarded(name, body));
      });
    });
  }

  /** A card at the end of a cable: sim0, sim1… */
  plug(port: Port, mac: string, mtu: number): SimNic {
    const nic = new SimNic(port, `sim${this.nics.length}`, macOctets(mac), mtu, this.id);
    this.nics.push(nic);
    this.factory.addNic(nic);
    return nic;
  }

  /** Boots and configures: devices up, parameters, then the commands. Calls `ready` at the end. */
  boot(ready: () => void): void {
    this.dce.startInternalTask("boot", () => this.#boot(ready));
  }

  /** What is left of the host when it is gone. */
  get leaks(): Readonly<Record<string, number>> {
    return {
      tasks: this.manager.liveTaskCount,
      descriptors: this.dce.openDescriptorCount + this.factory.openSocketCount,
      packets: this.factory.livePackets,
      "host objects": this.factory.liveHostObjects,
    };
  }

  *#boot(ready: () => void): Wait<void> {
    try {
      if (this.beforeBoot !== undefined) yield* this.beforeBoot();
      const refused = yield* this.factory.initializeStack();
      const wrong = refused.find(({ path }) => !this.#optional.has(path));
      if (wrong !== undefined) {
        throw new Mismatch(`sysctl ${wrong.path} = ${wrong.value} gives ${wrong.errno}`);
      }
      const cards = this.nics.map((nic) => `link set ${nic.name} up`);
      for (const command of ["link set lo up", ...cards, ...this.#commands]) {
        yield* runIpCommand(parseIpCommand(command), this.kernel);
      }
    } catch (error) {
      this.#bed.fail(error);
      return;
    }
    ready();
  }

  *#guarded(name: string, body: () => Wait<unknown>): Wait<void> {
    try {
      yield* body();
    } catch (error) {
      this.#bed.fail(error);
      return;
    }
    this.#bed.programEnds(name);
  }

  #startNow(main: Main, options: ProgramOptions, keepsAlive: boolean): void {
    const { uid, expect = "exit 0" } = options;
    const process = this.dce.start(programImage(main), {
      isDaemon: !keepsAlive,
      ...(uid !== undefined && { uid }),
    });
    this.dce.setFinishedCallback(process, ({ status, error }) => {
      if (error !== undefined) this.#bed.fail(error);
      else if (exitText(status) !== expect) {
        this.#bed.fail(new Mismatch(`${main.name} of ${this.name} ended: ${exitText(status)}`));
      }
      if (keepsAlive) this.#bed.programEnds(main.name);
    });
  }

  #nic(card: number): SimNic {
    const nic = this.nics[card];
    if (nic === undefined) throw new TypeError(`${this.name} has no card sim${card}`);
    return nic;
  }
}

/** Runs one of iproute2's commands in a task of the host. @returns what it prints. */
export function* ipNow(host: Host, command: string): Wait<string> {
  return yield* runIpCommand(parseIpCommand(command), host.kernel);
}

import type { Wait } from "@dcejs/core-sched";
import { parseIpCommand, runIpCommand } from "../ip/ip-language.ts";
import { parseNftCommand, runNftCommand } from "../nft/nft-language.ts";
import { errorText } from "../kernel/error-text.ts";
import type { LinuxSocketFdFactory } from "../kernel/linux-socket-fd-factory.ts";
import type { LoopbackPort } from "./loopback-port.ts";
import { parseTcCommand, runTcCommand } from "../tc/tc-language.ts";
import type { NodeSysctl } from "./node.ts";
import { CommandError } from "../process/command-program.ts";
import { ScenarioError } from "./scenario-error.ts";
import type { InterfaceSettings } from "./simulated-link.ts";

const EAGAIN = 11;
const EINVAL = 22;

/** A command that waits for the kernel to boot. */
interface Queued {
  readonly program: "ip" | "tc" | "nft";
  readonly text: string;
  readonly run: () => Wait<string>;
}

/** What a node's kernel is told: before the start it is queued, afterwards it acts at once. */
export class NodeConfiguration implements NodeSysctl {
  readonly #node: string;
  readonly #factory: LinuxSocketFdFactory;
  readonly #commands: Queued[] = [];

  constructor(node: string, factory: LinuxSocketFdFactory) {
    this.#node = node;
    this.#factory = factory;
  }

  set(path: string, value: string | number): void {
    const { sysctl, isRunning } = this.#factory;
    if (!isRunning) {
      sysctl.setOrQueue(path, String(value));
      return;
    }
    const errno = sysctl.set(path, String(value));
    if (errno < 0) throw this.#sysctlError(path, String(value), errno);
  }

  get(path: string): string {
    this.#assertRunning(`sysctl ${path}`);
    const value = this.#factory.sysctl.get(path);
    if (typeof value === "number") throw this.#sysctlError(path, undefined, value);
    return value;
  }

  list(prefix?: string): string[] {
    this.#assertRunning("sysctl -a");
    return this.#factory.sysctl.list(prefix);
  }

  /** @throws {IpCommandError} */
  ip(text: string): string {
    return this.#runOrQueue(this.#ip(text));
  }

  /** @throws {IpCommandError} */
  tc(text: string): string {
    const command = parseTcCommand(text);
    const { kernel } = this.#factory;
    return this.#runOrQueue({ program: "tc", text, run: () => runTcCommand(command, kernel) });
  }

  /** @throws {NftCommandError} */
  nft(text: string): string {
    const command = parseNftCommand(text);
    const { kernel } = this.#factory;
    return this.#runOrQueue({ program: "nft", text, run: () => runNftCommand(command, kernel) });
  }

  #ip(text: string): Queued {
    const command = parseIpCommand(text);
    const { kernel } = this.#factory;
    return { program: "ip", text, run: () => runIpCommand(command, kernel) };
  }

  #runOrQueue(command: Queued): string {
    if (!this.#factory.isRunning) {
      this.#commands.push(command);
      return "";
    }
    const running = command.run();
    const step = stepOf(running);
    if (step?.done === true) return step.value;
    running.return("");
    const { program, text } = command;
    throw new ScenarioError(
      `${this.#node}: ${program} ${text}: this kernel cannot answer here; ` +
        `start the program "${program}" instead`,
    );
  }

  /**
   * Boots the kernel and brings it to the state that the scenario has asked for, in this order:
   * sysctl, interfaces up, ip commands. Runs in a task of the node.
   * @throws {ScenarioError} the kernel refused a setting
   */
  *bootAndConfigure(
    interfaces: ReadonlyMap<string, InterfaceSettings>,
    loopback: LoopbackPort,
  ): Wait<void> {
    const [refused] = yield* this.#factory.initializeStack();
    if (refused !== undefined) throw this.#sysctlError(refused.path, refused.value, refused.errno);
    this.#factory.kernel.lo_tap(loopback.see);
    const commands = ["link set lo up"];
    for (const [name, settings] of interfaces) {
      commands.push(`link set ${name} up txqueuelen ${settings.txQueueLength}`);
    }
    for (const text of commands) yield* this.#run(this.#ip(text));
    for (const command of this.#commands.splice(0)) yield* this.#run(command);
  }

  *#run({ program, text, run }: Queued): Wait<void> {
    try {
      yield* run();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw new ScenarioError(`${this.#node}: ${program} ${text}: ${error.message}`, {
        cause: error,
      });
    }
  }

  #assertRunning(what: string): void {
    if (this.#factory.isRunning) return;
    throw new ScenarioError(`${this.#node}: ${what}: the kernel runs from the start of the run on`);
  }

  #sysctlError(path: string, value: string | undefined, errno: number): ScenarioError {
    const setting = value === undefined ? path : `${path} = ${value}`;
    const reason = errno === -EINVAL ? "value is out of range" : errorText(errno);
    return new ScenarioError(`${this.#node}: sysctl ${setting}: ${reason}`);
  }
}

/** The first step; undefined: the kernel would have had to wait, and says so. */
function stepOf(running: Wait<string>): ReturnType<typeof running.next> | undefined {
  try {
    return running.next(0);
  } catch (error) {
    if (error instanceof CommandError && error.errno === -EAGAIN) return undefined;
    throw error;
  }
}

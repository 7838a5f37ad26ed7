import { formatDuration } from "@dcejs/core-sched";
import type { Process } from "../process/process.ts";
import type { ExitRecord } from "../process/process-table.ts";
import { WEXITSTATUS, WIFEXITED, WTERMSIG } from "../process/exit-status.ts";
import { logFolder } from "../process/process-log.ts";
import { signalName, signalNumber } from "../process/signals.ts";
import { thrownText } from "../process/thrown-text.ts";
import type { Program, SimProcess, StartOptions } from "./node.ts";
import type { ProcessResult } from "./run-result.ts";
import { ScenarioError } from "./scenario-error.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** How a process has to end. */
type Expectation =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "signal"; readonly name: string }
  | { readonly kind: "running" }
  | { readonly kind: "any" };

export class SimulatedProcess implements SimProcess {
  readonly node: SimulatedNode;
  readonly program: Program | string;
  readonly options: StartOptions;
  readonly argv: readonly string[];
  readonly isDaemon: boolean;
  readonly #expectation: Expectation;
  /** The scenario has ended it. */
  wasStopped = false;
  #process: Process | undefined;
  #record: ExitRecord | undefined;

  /** @throws {ScenarioError} `expect` is none of what it may be, or the program is none */
  constructor(node: SimulatedNode, program: Program | string, options: StartOptions) {
    if (typeof program !== "function" && typeof program !== "string") {
      throw new ScenarioError(`${node.name}: start: a program is a function or a name`);
    }
    this.node = node;
    this.program = program;
    this.options = options;
    const name = options.name ?? nameOf(program);
    this.argv = [name, ...(options.args ?? []).map(String)];
    this.#expectation = expectationOf(options, node, name);
    this.isDaemon = options.daemon === true;
  }

  /** Whether the run goes on until it has ended. */
  get keepsRunAlive(): boolean {
    return !this.isDaemon && this.#expectation.kind !== "running";
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get state(): "waiting" | "running" | "ended" {
    if (this.#record !== undefined) return "ended";
    return this.#process === undefined ? "waiting" : "running";
  }

  get exit(): number | undefined {
    const status = this.#record?.status;
    return status !== undefined && WIFEXITED(status) ? WEXITSTATUS(status) : undefined;
  }

  get signal(): string | undefined {
    const status = this.#record?.status;
    return status !== undefined && !WIFEXITED(status) ? signalName(WTERMSIG(status)) : undefined;
  }

  get startNs(): number | undefined {
    return this.#process?.startTime;
  }

  get endNs(): number | undefined {
    return this.#record?.endNs;
  }

  get stdout(): string {
    return this.#log("stdout");
  }

  get stderr(): string {
    return this.#log("stderr");
  }

  started(process: Process): void {
    this.#process = process;
  }

  ended(record: ExitRecord): void {
    this.#record = record;
  }

  result(): ProcessResult {
    return {
      node: this.node.name,
      pid: this.pid ?? -1,
      argv: this.argv,
      exit: this.exit,
      signal: this.signal,
      startNs: this.startNs,
      endNs: this.endNs,
      isDaemon: this.isDaemon,
      asExpected: this.#isAsExpected(),
      expected: describe(this.#expectation, this.isDaemon),
      error: thrownBy(this.#record?.error),
    };
  }

  /** It has ended, and not as expected. */
  get hasFailed(): boolean {
    return this.state === "ended" && !this.#isAsExpected();
  }

  /** "client: connect ended with exit 1 at 3s, expected exit 0: SyscallError: connect ECONNREFUSED" */
  describeEnd(): string {
    const { exit, signal, endNs = 0, error, expected } = this.result();
    const how = exit === undefined ? signal : `exit ${exit}`;
    const [reason = ""] = (error ?? "").split("\n", 1);
    const end = `${this.node.name}: ${this.argv[0]} ended with ${how} at ${formatDuration(endNs)}`;
    return `${end}, expected ${expected}${reason === "" ? "" : `: ${reason}`}`;
  }

  #isAsExpected(): boolean {
    if (this.wasStopped) return true;
    const expected = this.#expectation;
    if (this.isDaemon && this.state === "running") return true;
    switch (expected.kind) {
      case "any":
        return true;
      case "running":
        return this.state === "running";
      case "exit":
        return this.exit === expected.code;
      case "signal":
        return this.signal === expected.name;
      default:
        return expected satisfies never;
    }
  }

  #log(name: "stdout" | "stderr"): string {
    if (this.pid === undefined) return "";
    const path = `${logFolder(this.pid)}/${name}`;
    return this.node.fs.exists(path) ? this.node.fs.readText(path) : "";
  }
}

function nameOf(program: Program | string): string {
  if (typeof program === "string") return program.slice(program.lastIndexOf("/") + 1);
  return program.name === "" ? "program" : program.name;
}

function expectationOf(options: StartOptions, node: SimulatedNode, name: string): Expectation {
  const { expect = 0 } = options;
  if (typeof expect === "number") {
    if (Number.isInteger(expect) && expect >= 0 && expect <= 255) {
      return { kind: "exit", code: expect };
    }
  } else if (expect === "running" || expect === "any") return { kind: expect };
  else if (signalNumber(expect) !== undefined) return { kind: "signal", name: expect };
  throw new ScenarioError(
    `${node.name}: ${name}: expect: ${JSON.stringify(expect)} is no exit code 0..255, no signal name, "running" or "any"`,
  );
}

function describe(expected: Expectation, isDaemon: boolean): string {
  const daemon = isDaemon ? " or running" : "";
  switch (expected.kind) {
    case "exit":
      return `exit ${expected.code}${daemon}`;
    case "signal":
      return `${expected.name}${daemon}`;
    case "running":
    case "any":
      return expected.kind;
    default:
      return expected satisfies never;
  }
}

function thrownBy(error: unknown): string | undefined {
  return error === undefined ? undefined : thrownText(error);
}

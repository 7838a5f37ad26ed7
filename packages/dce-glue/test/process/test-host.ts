import { Simulator, TaskManager } from "@dcejs/core-sched";
import { DceManager, type StartProcessOptions } from "../../src/process/dce-manager.ts";
import type { Process } from "../../src/process/process.ts";
import type { Main } from "../../src/posix/posix.ts";

/** One node without a network. */
export class TestHost {
  readonly simulator: Simulator;
  readonly taskManager: TaskManager;
  readonly manager: DceManager;

  constructor(seed: number = 1) {
    this.simulator = new Simulator({ seed });
    this.taskManager = new TaskManager(this.simulator, { context: 0, name: "node-0" });
    this.manager = new DceManager({ taskManager: this.taskManager, nodeId: 0 });
  }

  start(main: Main, options: StartProcessOptions = {}): Process {
    return this.manager.start(main, options);
  }

  stdout(process: Process): string {
    return this.manager.node.files.readText(`/var/log/${process.pid}/stdout`);
  }

  stderr(process: Process): string {
    return this.manager.node.files.readText(`/var/log/${process.pid}/stderr`);
  }
}

export interface Ended {
  readonly host: TestHost;
  readonly process: Process;
  /** As waitpid() encodes it. */
  readonly status: number | undefined;
}

/** Runs one program to the end of the simulation. */
export async function runProgram(main: Main, options: StartProcessOptions = {}): Promise<Ended> {
  const host = new TestHost();
  const process = host.start(main, options);
  await host.simulator.run();
  return { host, process, status: process.exitStatus };
}

/**
 * Runs one program and gives what it returned through `result`; an assertion that fails inside of it
 * fails the test.
 */
export async function inProgram(main: Main, options: StartProcessOptions = {}): Promise<Ended> {
  const ended = await runProgram(main, options);
  if (ended.process.error !== undefined) throw ended.process.error;
  return ended;
}

/** The errno name of a call that must fail; "" when it did not. */
export async function errorOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
  return "";
}

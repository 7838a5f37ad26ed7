import type { Blocked, TaskBody } from "@dcejs/core-sched";
import type { Posix } from "../posix/posix.ts";
import { NodeContext, type NodeContextOptions } from "./node-context.ts";
import type { Process } from "./process.ts";
import type { ProgramImage } from "./program-image.ts";
import type { Thread } from "./thread.ts";

/** A TypeScript program. What it returns is its exit code (nothing = 0). */
export type Main = (posix: Posix) => number | void | Promise<number | void>;

export interface StartProcessOptions {
  /** argv, the program's name first. @default [name of the program] */
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** @default "/" */
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly euid?: number;
  readonly egid?: number;
  /** Content of descriptor 0, or the path of a file of the node. @default empty */
  readonly stdin?: string | Uint8Array | { readonly path: string };
}

/** One line of `exitprocs`. */
export interface ExitRecord {
  readonly node: number;
  readonly pid: number;
  /** As waitpid() encodes it. */
  readonly status: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly cmdline: string;
  /** What the program threw, when that ended it. */
  readonly error: unknown;
}

/** Processes of one node: DCE's DceManager. */
export class DceManager {
  readonly node: NodeContext;

  constructor(options: NodeContextOptions) {
    this.node = new NodeContext(options);
  }

  /** Starts a program now. @throws {SyscallError} ENOENT: no program of that name. */
  start(_program: ProgramImage | Main | string, _options: StartProcessOptions = {}): Process {
    throw new Error("DceManager is being written");
  }

  /** Starts a task that runs in kernel mode, as pid 0 (DCE: StartInternalTask). */
  startInternalTask(_name: string, _body: TaskBody): Thread {
    throw new Error("DceManager is being written");
  }

  /** Sends SIGKILL. @returns 0 or -ESRCH. */
  stop(_pid: number): number {
    throw new Error("DceManager is being written");
  }

  /** Waits, on the current task, until the process is gone. @returns its exit status or -ESRCH. */
  wait(_pid: number): number | Blocked {
    throw new Error("DceManager is being written");
  }

  /** Called once when the process is gone. */
  setFinishedCallback(_pid: number, _callback: (record: ExitRecord) => void): void {
    throw new Error("DceManager is being written");
  }

  /** Thread of the task that runs now on this node. */
  get currentThread(): Thread | undefined {
    return undefined;
  }

  /** Live processes and zombies, by pid. */
  getProcs(): readonly Process[] {
    return [];
  }

  get exitprocs(): readonly ExitRecord[] {
    return [];
  }

  /** End of the simulation: kills what still runs, closes every file, at once. */
  dispose(): void {
    throw new Error("DceManager is being written");
  }
}

import { PidAllocator } from "./pid-allocator.ts";
import type { Process } from "./process.ts";

/** One line of `exitprocs`. */
export interface ExitRecord {
  readonly node: number;
  readonly pid: number;
  readonly ppid: number;
  /** As waitpid() encodes it. */
  readonly status: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly cmdline: string;
  /** What the program threw, when that ended it. */
  readonly error: unknown;
}

/** Parents of this pid do not wait: their children vanish when they end. */
const INIT_PID = 1;

/** The processes of one node. */
export class ProcessTable {
  readonly pids: PidAllocator;
  readonly #processes = new Map<number, Process>();
  readonly #exited: ExitRecord[] = [];

  constructor(firstPid: number) {
    this.pids = new PidAllocator(firstPid);
  }

  get(pid: number): Process | undefined {
    return this.#processes.get(pid);
  }

  /** Live processes and zombies in the order of their start. */
  get all(): readonly Process[] {
    return [...this.#processes.values()];
  }

  get size(): number {
    return this.#processes.size;
  }

  /** Every process that has ended, in the order of their ends. */
  get exited(): readonly ExitRecord[] {
    return this.#exited;
  }

  add(process: Process): void {
    this.#processes.set(process.pid, process);
    this.parentOf(process)?.children.add(process);
  }

  parentOf(process: Process): Process | undefined {
    return this.#processes.get(process.ppid);
  }

  inGroup(pgid: number): Process[] {
    return this.all.filter((process) => process.pgid === pgid);
  }

  /** Children of a process that ends go to init; those that have ended already vanish. */
  orphanChildren(process: Process): void {
    for (const child of process.children) {
      child.ppid = INIT_PID;
      if (child.isZombie) this.reap(child);
    }
    process.children.clear();
  }

  recordExit(process: Process): ExitRecord {
    const record: ExitRecord = {
      node: process.node.nodeId,
      pid: process.pid,
      ppid: process.ppid,
      status: process.exitStatus ?? 0,
      startNs: process.startTime,
      endNs: process.endTime ?? process.startTime,
      cmdline: process.cmdline,
      error: process.error,
    };
    this.#exited.push(record);
    return record;
  }

  /** Nobody will ask for it any more: its pid is free. */
  reap(process: Process): void {
    this.parentOf(process)?.children.delete(process);
    this.#processes.delete(process.pid);
    this.pids.release(process.pid);
  }
}

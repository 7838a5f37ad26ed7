import type { Instant } from "@dcejs/core-sched";
import type { FdTable } from "../fd/fd-table.ts";
import type { NodeContext } from "./node-context.ts";
import type { Thread } from "./thread.ts";

/** A process: DCE's Process. */
export class Process {
  readonly node: NodeContext;
  readonly pid: number;
  readonly name: string;
  readonly files: FdTable;
  readonly threads: Set<Thread> = new Set<Thread>();
  ppid: number;
  uid = 0;
  gid = 0;
  startTime: Instant;
  endTime: Instant | undefined;
  /** As waitpid() encodes it; undefined while it runs. */
  exitStatus: number | undefined;

  constructor(node: NodeContext, pid: number, name: string, files: FdTable) {
    this.node = node;
    this.pid = pid;
    this.ppid = 0;
    this.name = name;
    this.files = files;
    this.startTime = node.simulator.now;
  }
}

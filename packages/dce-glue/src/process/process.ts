import type { Instant, Wait } from "@dcejs/core-sched";
import type { FdTable } from "../fd/fd-table.ts";
import { WaitPoint } from "../fd/wait-point.ts";
import type { DirectoryInode } from "../fs/inode.ts";
import type { FsCaller } from "../fs/permission.ts";
import type { NodeContext } from "./node-context.ts";
import { ItimerReal } from "./itimer.ts";
import { PendingSignals } from "./pending-signals.ts";
import { Rlimits } from "./rlimits.ts";
import { DEFAULT_SIGNAL_ACTION, type SignalAction } from "./signals.ts";
import type { Thread } from "./thread.ts";

export interface ProcessIdentity {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: DirectoryInode;
  readonly files: FdTable;
}

/** A process: DCE's Process. Its threads share all of this. */
export class Process implements FsCaller {
  readonly node: NodeContext;
  readonly pid: number;
  ppid: number;
  pgid: number;
  sid: number;
  /** Real, effective and saved ids. */
  uid = 0;
  euid = 0;
  suid = 0;
  gid = 0;
  egid = 0;
  sgid = 0;
  groups: readonly number[] = [];
  cwd: DirectoryInode;
  umask = 0o022;
  /** The name of the program, as `ps` shows it (comm). */
  name: string;
  argv: readonly string[];
  readonly env: Map<string, string>;
  readonly files: FdTable;
  readonly limits: Rlimits;
  readonly threads: Set<Thread> = new Set<Thread>();
  readonly children: Set<Process> = new Set<Process>();
  /** What is not here is SIG_DFL. */
  readonly signalActions: Map<number, SignalAction> = new Map<number, SignalAction>();
  /** Signals sent to the process, for any of its threads. */
  readonly pending: PendingSignals = new PendingSignals();
  /** ITIMER_REAL and alarm(). */
  readonly realTimer: ItimerReal;
  /** Woken when a child changes its state. */
  readonly childPoint: WaitPoint = new WaitPoint();
  /** Woken when the process is over, and when it goes on after a stop. */
  readonly statePoint: WaitPoint = new WaitPoint();
  /** Functions of atexit(), the last one first. */
  readonly exitHandlers: (() => void | Promise<void>)[] = [];
  readonly startTime: Instant;
  endTime: Instant | undefined;
  /** Status of the exit that has begun: the threads are on their way out. */
  groupExit: number | undefined;
  /** As waitpid() encodes it; undefined until all threads are gone and all files closed. */
  exitStatus: number | undefined;
  /** What the program threw, when that ended it. */
  error: unknown;
  /** The signal that stopped it; 0 while it runs. */
  stopSignal = 0;
  /** A stop or continuation that wait4() has not reported yet. */
  unreportedChange: "STOPPED" | "CONTINUED" | undefined;
  /** Nanoseconds that threads were charged that are gone. */
  endedThreadsCpuNs = 0;
  isDaemon = false;

  constructor(node: NodeContext, identity: ProcessIdentity) {
    this.node = node;
    this.pid = identity.pid;
    this.ppid = identity.ppid;
    this.pgid = identity.pid;
    this.sid = identity.pid;
    this.name = identity.name;
    this.argv = identity.argv;
    this.env = new Map(identity.env);
    this.cwd = identity.cwd;
    this.files = identity.files;
    this.limits = new Rlimits(this.files);
    this.realTimer = new ItimerReal(this);
    this.startTime = node.simulator.now;
  }

  get mainThread(): Thread | undefined {
    for (const thread of this.threads) if (thread.tid === this.pid) return thread;
    return undefined;
  }

  get isExiting(): boolean {
    return this.groupExit !== undefined;
  }

  get isStopped(): boolean {
    return this.stopSignal !== 0;
  }

  get isZombie(): boolean {
    return this.exitStatus !== undefined;
  }

  /** As /proc/<pid>/cmdline would show it, with spaces. */
  get cmdline(): string {
    return this.argv.join(" ");
  }

  get cpuTimeNs(): number {
    let sum = this.endedThreadsCpuNs;
    for (const thread of this.threads) sum += thread.cpuTimeNs;
    return sum;
  }

  /** Letter of `ps`. */
  get stateLetter(): "R" | "S" | "T" | "Z" {
    if (this.isZombie) return "Z";
    if (this.isStopped) return "T";
    for (const thread of this.threads) if (thread.task.state !== "BLOCKED") return "R";
    return "S";
  }

  actionOf(signo: number): SignalAction {
    return this.signalActions.get(signo) ?? DEFAULT_SIGNAL_ACTION;
  }

  updateWork(): void {
    for (const thread of this.threads) thread.updateWork();
  }

  /**
   * do_group_exit: every thread leaves at the boundary of its call. The first status counts.
   * @param status as waitpid() encodes it.
   */
  beginExit(status: number): void {
    if (this.groupExit !== undefined) return;
    this.groupExit = status;
    this.stopSignal = 0;
    this.updateWork();
    this.statePoint.wakeUpAll();
    const current = this.node.taskManager.currentTask();
    for (const thread of this.threads) if (thread.task !== current) thread.interrupt();
  }

  /** Closes every file; a socket may take its time (SO_LINGER). */
  *closeFiles(): Wait<void> {
    for (const file of this.files.removeAll()) {
      const result = file.release();
      if (typeof result !== "number") yield result;
    }
  }
}

import type { Blocked, TaskBody, Wait } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { FdTable } from "../fd/fd-table.ts";
import { O_APPEND, O_RDONLY, O_WRONLY } from "../fd/open-flags.ts";
import type { UnixFd } from "../fd/unix-fd.ts";
import { currentThread } from "../fd/waiter.ts";
import { RegularFd } from "../fs/file-fds.ts";
import { RegularInode } from "../fs/inode.ts";
import { type Main, programImage } from "../posix/posix.ts";
import { SyscallError } from "../posix/syscall-error.ts";
import { endProcess } from "./process-end.ts";
import { killedStatus } from "./exit-status.ts";
import { NodeContext, type NodeContextOptions } from "./node-context.ts";
import { mountProc } from "./proc-fs.ts";
import { logFolder, writeStartFiles } from "./process-log.ts";
import { hashStart } from "./process-trace.ts";
import type { ExitRecord } from "./process-table.ts";
import { Process } from "./process.ts";
import { type ProgramImage, ProgramRegistry } from "./program-image.ts";
import { sendToProcess } from "./signal-send.ts";
import { SIGKILL } from "./signal-numbers.ts";
import { kernelSignal } from "./signals.ts";
import { ThreadRunner } from "./thread-runner.ts";
import { Thread } from "./thread.ts";

export interface StartProcessOptions {
  /** argv, the program's name first. @default [name of the program] */
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** @default "/" */
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** @default uid */
  readonly euid?: number;
  /** @default gid */
  readonly egid?: number;
  /** Content of descriptor 0, or the path of a file of the node. @default empty */
  readonly stdin?: string | Uint8Array | { readonly path: string };
  /** Accepted as DCE does, and without meaning here. */
  readonly stackSize?: number;
  /** May wait for ever without counting as a deadlock. @default false */
  readonly isDaemon?: boolean;
}

/** Processes of one node: DCE's DceManager. */
export class DceManager {
  readonly node: NodeContext;
  /** What start() and execve() find by name. */
  readonly programs: ProgramRegistry = new ProgramRegistry();
  readonly #runner: ThreadRunner;
  readonly #finished = new Map<Process, (record: ExitRecord) => void>();
  /** pid 0: the kernel's own tasks. */
  #kernelProcess: Process | undefined;

  constructor(options: NodeContextOptions) {
    this.node = new NodeContext(options);
    this.#runner = new ThreadRunner(this.node, (process) => this.#end(process));
    this.node.runner = this.#runner;
    this.node.programs = this.programs;
    mountProc(this.node);
  }

  /**
   * Starts a program now.
   * @throws {SyscallError} ENOENT: no program of that name, or no such cwd or stdin; EAGAIN: no pid left.
   */
  start(program: ProgramImage | Main | string, options: StartProcessOptions = {}): Process {
    const image = this.#imageOf(program);
    const pid = this.node.processes.pids.allocate();
    if (pid === undefined) throw SyscallError.of(-Errno.EAGAIN, "start");
    let process: Process;
    try {
      process = this.#newProcess(pid, image, options);
    } catch (error) {
      this.node.processes.pids.release(pid);
      throw error;
    }
    this.node.processes.add(process);
    hashStart(process);
    this.#runner.start(process, pid, (thread) => image.run(thread), {
      name: process.name,
      isMain: true,
    });
    return process;
  }

  /** Starts a task that runs in kernel mode, as a thread of pid 0 (DCE: StartInternalTask). */
  startInternalTask(name: string, body: TaskBody): Thread {
    this.#kernelProcess ??= new Process(this.node, {
      pid: 0,
      ppid: 0,
      name: "kernel",
      argv: ["kernel"],
      env: new Map(),
      cwd: this.node.fs.root,
      files: new FdTable(),
    });
    const thread = new Thread(this.#kernelProcess, 0, name);
    const task = this.node.taskManager.start(body, { name, context: thread, isDaemon: true });
    thread.attach(task);
    return thread;
  }

  /** Sends SIGKILL. @returns 0 or -ESRCH. */
  stop(pid: number): number {
    const process = this.node.processes.get(pid);
    if (process === undefined) return -Errno.ESRCH;
    sendToProcess(process, kernelSignal(SIGKILL));
    return 0;
  }

  /** Waits, on the current task, until the process is over. @returns its status or -ESRCH. */
  wait(pid: number): number | Blocked {
    const process = this.node.processes.get(pid);
    if (process === undefined) return -Errno.ESRCH;
    if (process.exitStatus !== undefined) return process.exitStatus;
    return this.node.taskManager.enter(this.#waitFor(process));
  }

  /** Called once when the process is over; at once when it is a zombie already. */
  setFinishedCallback(process: Process, callback: (record: ExitRecord) => void): void {
    this.#finished.set(process, callback);
  }

  /** Thread of the task that runs now on this node. */
  get currentThread(): Thread | undefined {
    const context = this.node.taskManager.currentTask()?.context;
    return context instanceof Thread ? context : undefined;
  }

  /** Live processes and zombies, in the order of their start. */
  getProcs(): readonly Process[] {
    return this.node.processes.all;
  }

  getProcess(pid: number): Process | undefined {
    return this.node.processes.get(pid);
  }

  /** Every process that has ended. */
  get exitprocs(): readonly ExitRecord[] {
    return this.node.processes.exited;
  }

  /** Open descriptors of all processes of the node. */
  get openDescriptorCount(): number {
    return this.getProcs().reduce((sum, process) => sum + process.files.openCount, 0);
  }

  /**
   * End of the simulation: kills at once what still runs, closes its files and disarms its timers.
   * Call it from outside of any task.
   */
  dispose(): void {
    for (const process of this.getProcs()) {
      process.groupExit ??= killedStatus(SIGKILL);
      for (const thread of process.threads) {
        this.node.taskManager.stop(thread.task);
        this.node.taskStopped?.(thread.task);
        if (thread.tid !== process.pid) this.node.processes.pids.release(thread.tid);
      }
      process.threads.clear();
      process.realTimer.set(0, 0);
      for (const file of process.files.removeAll()) file.release();
      this.node.processes.reap(process);
    }
  }

  #imageOf(program: ProgramImage | Main | string): ProgramImage {
    if (typeof program === "function") return programImage(program);
    if (typeof program !== "string") return program;
    const image = this.programs.find(program);
    if (image === undefined) throw SyscallError.of(-Errno.ENOENT, "start", program);
    return image;
  }

  #newProcess(pid: number, image: ProgramImage, options: StartProcessOptions): Process {
    const { fs } = this.node;
    const cwd = fs.resolveFolder(fs.superuser, options.cwd ?? "/");
    if (typeof cwd === "number") throw SyscallError.of(cwd, "chdir", options.cwd);
    const process = new Process(this.node, {
      pid,
      ppid: 0,
      name: image.name,
      argv: options.argv ?? [image.name],
      env: new Map(Object.entries(options.env ?? {})),
      cwd,
      files: new FdTable(),
    });
    process.uid = options.uid ?? 0;
    process.euid = options.euid ?? process.uid;
    process.suid = process.euid;
    process.gid = options.gid ?? 0;
    process.egid = options.egid ?? process.gid;
    process.sgid = process.egid;
    process.isDaemon = options.isDaemon ?? false;
    writeStartFiles(this.node.files, process);
    process.files.allocate(this.#stdin(options.stdin));
    for (const name of ["stdout", "stderr"]) {
      process.files.allocate(this.#open(`${logFolder(pid)}/${name}`, O_WRONLY | O_APPEND));
    }
    return process;
  }

  #stdin(stdin: StartProcessOptions["stdin"]): UnixFd {
    if (stdin === undefined) return this.#open("/dev/null", O_RDONLY);
    if (typeof stdin === "object" && "path" in stdin) return this.#open(stdin.path, O_RDONLY);
    const inode = new RegularInode(this.node.fs, 0o400);
    inode.nlink = 0;
    inode.borrow(typeof stdin === "string" ? encoder.encode(stdin) : stdin);
    return new RegularFd(inode, "stdin", O_RDONLY);
  }

  #open(path: string, flags: number): UnixFd {
    const { fs } = this.node;
    const file = fs.open(fs.superuser, path, flags, 0);
    if (typeof file === "number") throw SyscallError.of(file, "open", path);
    return file;
  }

  *#waitFor(process: Process): Wait {
    const { waiter } = currentThread(this.node.taskManager);
    while (process.exitStatus === undefined) {
      const ended = yield* waiter.waitAt(process.statePoint, `exit of ${process.name}`);
      if (ended === "INTERRUPTED") return -Errno.EINTR;
    }
    return process.exitStatus;
  }

  *#end(process: Process): Wait<void> {
    const record = yield* endProcess(process);
    const callback = this.#finished.get(process);
    this.#finished.delete(process);
    callback?.(record);
  }
}

const encoder = new TextEncoder();

import type {
  Blocked,
  RandomStream,
  Simulator,
  Task,
  TaskManager,
  Tracepoint,
} from "@dcejs/core-sched";
import type { AcceptedSocket, UnixFd } from "../fd/unix-fd.ts";
import { FileAccess } from "../fs/file-access.ts";
import { FileSystem } from "../fs/file-system.ts";
import { ProcessTable } from "./process-table.ts";
import type { ProgramRegistry } from "./program-image.ts";
import type { ThreadRunner } from "./thread-runner.ts";
import { NodeUnixNamespace } from "./unix-namespace.ts";

/** Makes sockets of the node's kernel (DCE's SocketFdFactory). AF_UNIX is not asked of it. */
export interface SocketFdFactory {
  /**
   * Makes a socket and puts it into `out`; `createdFile(out)` then makes the file, which the caller
   * does when the call has completed with 0.
   * @param type SOCK_* without SOCK_NONBLOCK and SOCK_CLOEXEC.
   */
  createSocket(
    domain: number,
    type: number,
    protocol: number,
    out: AcceptedSocket,
  ): number | Blocked;
  /**
   * The file has no holder yet; the caller retains it.
   * @param flags O_RDWR, maybe with O_NONBLOCK.
   */
  createdFile(out: AcceptedSocket, flags: number): UnixFd | undefined;
}

/** One address of one interface, as getifaddrs() lists it. */
export interface InterfaceAddress {
  readonly name: string;
  readonly index: number;
  /** IFF_* bits. */
  readonly flags: number;
  readonly mtu: number;
  /** Link-layer address, `02:00:00:00:00:01`. */
  readonly hardwareAddress: string;
  readonly family: "AF_INET" | "AF_INET6" | "AF_PACKET";
  /** Printable; the link-layer address for AF_PACKET. */
  readonly address: string;
  readonly prefixLength: number;
  readonly broadcast: string | undefined;
}

/** What of a node's kernel shows in its files and in getifaddrs(). Filled in by the kernel side. */
export interface KernelFilesProvider {
  interfaces(): readonly InterfaceAddress[];
  /** Names under /proc/net. */
  procNetNames(): readonly string[];
  procNet(name: string): string | undefined;
  /** Slashed paths of all parameters: `net/ipv4/ip_forward`. */
  sysctlPaths(): readonly string[];
  /** Text with its newline, or -errno. @param path slashed. */
  sysctlRead(path: string): string | number;
  sysctlWrite(path: string, value: string): number;
  /** Permission bits of the parameter's file. */
  sysctlMode(path: string): number;
  /** Kernel log, for /dev/kmsg and /var/log/messages. */
  dmesg(): string;
}

/** uname(2). */
export interface UtsName {
  sysname: string;
  nodename: string;
  release: string;
  version: string;
  machine: string;
  domainname: string;
}

export interface NodeContextOptions {
  readonly taskManager: TaskManager;
  readonly nodeId: number;
  readonly hostname?: string;
  /** CLOCK_REALTIME at virtual time 0, in seconds since 1970. @default 2010-01-01, as DCE's SimulationTimeBase */
  readonly wallClockBaseSeconds?: number;
}

/** 2010-01-01T00:00:00Z (DCE: SimulationTimeBase). */
export const DEFAULT_WALL_CLOCK_BASE_SECONDS = 1_262_304_000;

/** The world of one node that its processes share (DCE: DceNodeContext and what is aggregated to a Node). */
export class NodeContext {
  readonly taskManager: TaskManager;
  readonly simulator: Simulator;
  readonly nodeId: number;
  /** The node's own stream: pids, getrandom(), /dev/urandom. */
  readonly random: RandomStream;
  readonly wallClockBaseSeconds: number;
  readonly fs: FileSystem;
  /** The same files for those who stand outside of the simulation. */
  readonly files: FileAccess;
  readonly processes: ProcessTable;
  readonly uts: UtsName;
  readonly syscallEnter: Tracepoint;
  readonly syscallExit: Tracepoint;
  /** Sockets of the node's kernel; undefined: only AF_UNIX. */
  sockets: SocketFdFactory | undefined;
  kernelFiles: KernelFilesProvider | undefined;
  readonly unixNamespace: NodeUnixNamespace = new NodeUnixNamespace(this);
  /** Told of a task that was stopped by force: its exit hooks have not run. Set by the kernel side. */
  taskStopped: ((task: Task) => void) | undefined;
  /** Set by the DceManager of the node. */
  runner: ThreadRunner | undefined;
  programs: ProgramRegistry | undefined;

  constructor(options: NodeContextOptions) {
    this.taskManager = options.taskManager;
    this.simulator = options.taskManager.simulator;
    this.nodeId = options.nodeId;
    this.random = this.simulator.random(`node-${options.nodeId}`);
    this.wallClockBaseSeconds = options.wallClockBaseSeconds ?? DEFAULT_WALL_CLOCK_BASE_SECONDS;
    this.fs = new FileSystem({
      now: () => this.simulator.now,
      random: (into) => this.random.bytes(into),
    });
    this.files = new FileAccess(this.fs);
    this.processes = new ProcessTable(this.random.integer(0, 65_535));
    this.uts = {
      sysname: "Linux",
      nodename: options.hostname ?? `node-${options.nodeId}`,
      release: "6.12.0-dcejs",
      version: "#1 dcejs",
      machine: "wasm32",
      domainname: "(none)",
    };
    this.syscallEnter = this.simulator.tracer.tracepoint("raw_syscalls:sys_enter");
    this.syscallExit = this.simulator.tracer.tracepoint("raw_syscalls:sys_exit");
  }
}

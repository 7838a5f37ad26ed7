import type { Posix } from "../posix/posix.ts";
import type { SimInterface } from "./link.ts";

/** A TypeScript program: runs as a process in virtual time; what it returns is its exit status. */
export type Program = (posix: Posix) => void | number | Promise<void | number>;

export interface NodeOptions {
  /** Kernel of this node. @default the simulation's */
  readonly kernel?: string;
  /**
   * "kernel": nodes that say so and name the same real Linux are network namespaces of one kernel: less memory for
   * each, one dmesg and one clock for all. The emulated kernel is light enough, and does not look at it.
   * @default a kernel of its own
   */
  readonly share?: "kernel";
  /** Memory of a real Linux kernel: "32MB", or octets. Nodes that share one have the first one's. @default "16MB", shared "256MB" */
  readonly memory?: string | number;
  /** Sets net.ipv4.ip_forward. @default false */
  readonly forwarding?: boolean;
  /** Values set before the first command, as `node.sysctl.set`. */
  readonly sysctl?: Readonly<Record<string, string | number>>;
}

export interface StartOptions {
  /** argv[1]… */
  readonly args?: readonly (string | number)[];
  /** Virtual time of the start: "100ms", "5s", or nanoseconds. @default "0s" */
  readonly at?: string | number;
  /** argv[0]. @default the program's name */
  readonly name?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** @default "/" */
  readonly cwd?: string;
  /** @default 0 */
  readonly uid?: number;
  /** What the program reads from descriptor 0. @default nothing: end of file at once */
  readonly stdin?: string | Uint8Array;
  /** How it has to end: an exit code, a signal ("SIGTERM"), "running" at the end of the run, or "any". @default 0 */
  readonly expect?: number | string;
  /** A server that may run until the end: it does not keep the run alive, and may end or not. @default false */
  readonly daemon?: boolean;
}

/** A process that a scenario has asked for. */
export interface SimProcess {
  readonly node: SimNode;
  /** undefined until it is started. */
  readonly pid: number | undefined;
  readonly argv: readonly string[];
  readonly state: "waiting" | "running" | "ended";
  readonly exit: number | undefined;
  readonly signal: string | undefined;
  readonly startNs: number | undefined;
  readonly endNs: number | undefined;
  /** What it has written so far, as UTF-8 text. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Kernel parameters of one node. */
export interface NodeSysctl {
  /**
   * Sets a parameter: before the start it is queued (and set at t=0, before the queued `ip`
   * commands), during the run it acts at once.
   * @throws {ScenarioError} unknown path, value out of range; during the run at once, before the
   * start when the run starts.
   */
  set(path: string, value: string | number): void;
  /** Reads a parameter during or after the run. @throws {ScenarioError} unknown path, or not booted yet */
  get(path: string): string;
  /** Paths that start with `prefix`, sorted, dotted. */
  list(prefix?: string): string[];
}

/** Files of one node (its `files-N` tree). */
export interface NodeFiles {
  /** Text as UTF-8. Folders on the way are made. */
  write(path: string, content: string | Uint8Array): void;
  read(path: string): Uint8Array;
  readText(path: string): string;
  exists(path: string): boolean;
  list(path: string): string[];
}

/** A simulated host. */
export interface SimNode {
  readonly kind: "node";
  readonly id: number;
  readonly name: string;
  /** Name of its kernel's provider. */
  readonly kernel: string;
  readonly interfaces: readonly SimInterface[];
  readonly processes: readonly SimProcess[];
  readonly sysctl: NodeSysctl;
  readonly fs: NodeFiles;
  /** The node's /etc/hosts: name → address. */
  readonly hosts: Map<string, string>;
  /**
   * Configures addresses, links, routes and neighbours with the commands of iproute2:
   * `node.ip("addr add 10.0.0.1/24 dev sim0")`. Before the start a command is queued (its syntax is
   * checked at once) and gives ""; queued commands run in order at t=0, before any program. During
   * and after the run it acts at once and gives what `ip` prints.
   * @throws {IpCommandError} in iproute2's words
   */
  ip(command: string): string;
  /**
   * Queueing disciplines and classes with the commands of iproute2's `tc`, queued and run as those
   * of `ip`: `node.tc("qdisc add dev sim0 root netem delay 50ms loss 1%")`.
   * @throws {IpCommandError} in iproute2's words
   */
  tc(command: string): string;
  /**
   * Filters and translates packets with the commands of nftables: `node.nft("add table ip filter")`,
   * several with newlines between them, or a ruleset as `nft list ruleset` prints it. Queued and run
   * as those of `ip`. Needs a kernel with nf_tables: real Linux of profile full.
   * @throws {NftCommandError} in nft's words
   */
  nft(commands: string): string;
  /** Starts a program: a function, or the name under which one was registered. */
  start(program: Program | string, options?: StartOptions): SimProcess;
  /** Kills a process (SIGKILL) at `at`, or now. It then counts as ended as expected. */
  stopProcess(process: SimProcess, at?: string | number): void;
  /** Kernel log. */
  dmesg(): string;
  /** A file of the kernel's /proc: "/proc/net/snmp". @throws {ScenarioError} no such file */
  proc(path: string): string;
}

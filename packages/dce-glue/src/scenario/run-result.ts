/** One interface of a node when the run ended. */
export interface InterfaceResult {
  readonly name: string;
  readonly index: number;
  /** `00:00:00:00:00:01` */
  readonly address: string;
  readonly mtu: number;
  readonly isUp: boolean;
  /** `10.0.0.1/24` */
  readonly ipv4: readonly string[];
  readonly rxPackets: number;
  readonly rxBytes: number;
  readonly rxDropped: number;
  readonly txPackets: number;
  readonly txBytes: number;
  readonly txDropped: number;
}

export interface NodeResult {
  readonly id: number;
  readonly name: string;
  /** Name of the kernel provider: "emulated", "linux-6.12"… */
  readonly kernel: string;
  readonly interfaces: readonly InterfaceResult[];
  /** SNMP counters under Linux's names, as `/proc/net/snmp` and `/proc/net/netstat` group them: `{ Tcp: { RetransSegs: 3 } }`. */
  readonly mib: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface ProcessResult {
  /** Name of the node. */
  readonly node: string;
  /** -1 when the run ended before the process was started. */
  readonly pid: number;
  readonly argv: readonly string[];
  /** Exit code 0..255; undefined: killed by a signal, or still running. */
  readonly exit: number | undefined;
  /** `SIGKILL`… when a signal ended it. */
  readonly signal: string | undefined;
  readonly startNs: number | undefined;
  readonly endNs: number | undefined;
  readonly isDaemon: boolean;
  /** Whether it ended the way the scenario says (see `StartOptions.expect`). */
  readonly asExpected: boolean;
  /** What was expected, in words: "exit 0", "SIGTERM", "running". */
  readonly expected: string;
  /** What the program threw, when that ended it. */
  readonly error: string | undefined;
}

/** A kernel's warning. Its whole text is in the node's `dmesg()`. */
export interface WarningResult {
  readonly node: string;
  /** Name of the kernel provider. */
  readonly kernel: string;
  /** Virtual time; below 0: when the kernel booted. */
  readonly atNs: number;
  /** Place in the kernel's source: "net/ipv4/tcp_input.c:3362"; or the kernel's words. */
  readonly what: string;
}

export interface RunCounters {
  /** Frames that reached the other end of a link. */
  readonly framesDelivered: number;
  /** Frames lost on links and in link queues. */
  readonly framesDropped: number;
  /** Octets of the delivered frames. */
  readonly bytes: number;
  /** Sum of TcpRetransSegs of all nodes. */
  readonly tcpRetransSegs: number;
  /** Packets that interface queues of kernels dropped. */
  readonly queueDrops: number;
}

/** What a run leaves behind: all of it is a function of scenario, seed and options, except wallMs. */
export interface RunResult<R = unknown> {
  readonly scenario: string;
  readonly seed: number;
  readonly kernel: string;
  readonly virtualNs: number;
  /** Filled in by whoever has a clock (the CLI); 0 otherwise. */
  readonly wallMs: number;
  readonly events: number;
  /**
   * 16 hexadecimal digits over every frame that a link or a lo delivered or dropped, and over the start
   * (time, node, pid, argv) and the end (time, node, pid, status) of every process.
   */
  readonly traceHash: string;
  readonly nodes: readonly NodeResult[];
  readonly processes: readonly ProcessResult[];
  readonly counters: RunCounters;
  /** What the scenario's function returned (or what the function that it returned gave). */
  readonly result: R;
  /** What kernels have found wrong with themselves and survived: real Linux's WARN_ON() and the like. */
  readonly warnings: readonly WarningResult[];
  /** Whether every process ended as expected. */
  readonly ok: boolean;
  /** What is still there after everything was destroyed: all zero, or a bug of ours. */
  readonly leaks: LeakReport;
}

/** Objects left behind by a run, by kind. */
export interface LeakReport {
  readonly tasks: number;
  readonly events: number;
  readonly fileDescriptors: number;
  readonly packets: number;
  /** Semaphores, mutexes, timers and TLS keys that kernels asked of their host. */
  readonly hostObjects: number;
}

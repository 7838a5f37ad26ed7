import { Errno } from "@dcejs/lkl-kernel";
import { type Inode, SymlinkInode } from "../fs/inode.ts";
import { SyntheticDirectory, SyntheticInode } from "../fs/synthetic.ts";
import type { NodeContext } from "./node-context.ts";
import { ProcessDirectory } from "./proc-process.ts";
import { Thread } from "./thread.ts";

/** Octets of memory that a node says it has: the simulator bounds none. */
const MEMORY_TOTAL_KB = 8_388_608;

/** Puts /proc in place: processes, /proc/net and /proc/sys of the node's kernel. */
export function mountProc(node: NodeContext): void {
  node.fs.mount("/proc", new ProcDirectory(node));
}

class ProcDirectory extends SyntheticDirectory {
  readonly #node: NodeContext;
  readonly #fixed: ReadonlyMap<string, Inode>;

  constructor(node: NodeContext) {
    super(node.fs, node.fs.root, "proc");
    this.#node = node;
    const file = (content: () => string): Inode => new SyntheticInode(node.fs, 0o444, content);
    this.#fixed = new Map<string, Inode>([
      ["uptime", file(() => `${uptime(node)} ${uptime(node)}\n`)],
      ["version", file(() => versionLine(node))],
      ["meminfo", file(() => memoryLines())],
      ["loadavg", file(() => loadLine(node))],
      [
        "stat",
        file(() => `btime ${node.wallClockBaseSeconds}\nprocesses ${node.processes.size}\n`),
      ],
      ["net", new ProcNetDirectory(node, this)],
      ["sys", new ProcSysDirectory(node, this, "sys", "")],
    ]);
  }

  override lookup(name: string): Inode | undefined {
    if (name === "self") return this.#self();
    const fixed = this.#fixed.get(name);
    if (fixed !== undefined) return fixed;
    const process = /^[1-9]\d*$/.test(name) ? this.#node.processes.get(Number(name)) : undefined;
    return process === undefined ? undefined : new ProcessDirectory(process, this);
  }

  override names(): readonly string[] {
    const pids = this.#node.processes.all.map((process) => process.pid);
    const sorted = pids.toSorted((a, b) => a - b).map(String);
    return [...sorted, "self", ...this.#fixed.keys()];
  }

  #self(): Inode | undefined {
    const context = this.#node.taskManager.currentTask()?.context;
    if (!(context instanceof Thread)) return undefined;
    return new SymlinkInode(this.#node.fs, String(context.process.pid));
  }
}

class ProcNetDirectory extends SyntheticDirectory {
  readonly #node: NodeContext;

  constructor(node: NodeContext, parent: SyntheticDirectory) {
    super(node.fs, parent, "net");
    this.#node = node;
  }

  override lookup(name: string): Inode | undefined {
    if (!this.names().includes(name)) return undefined;
    const content = (): string | number => this.#node.kernelFiles?.procNet(name) ?? -Errno.ENOENT;
    return new SyntheticInode(this.owner, 0o444, content);
  }

  override names(): readonly string[] {
    return this.#node.kernelFiles?.procNetNames() ?? [];
  }
}

/** One folder of /proc/sys: the parameters whose path begins with its own. */
class ProcSysDirectory extends SyntheticDirectory {
  readonly #node: NodeContext;
  /** "" or a path with its slash: `net/ipv4/`. */
  readonly #prefix: string;

  constructor(node: NodeContext, parent: SyntheticDirectory, name: string, prefix: string) {
    super(node.fs, parent, name);
    this.#node = node;
    this.#prefix = prefix;
  }

  override lookup(name: string): Inode | undefined {
    const kernel = this.#node.kernelFiles;
    if (kernel === undefined) return undefined;
    const path = this.#prefix + name;
    let isFolder = false;
    for (const known of kernel.sysctlPaths()) {
      if (known === path) {
        return new SyntheticInode(
          this.owner,
          kernel.sysctlMode(path),
          () => kernel.sysctlRead(path),
          (text) => kernel.sysctlWrite(path, text),
        );
      }
      if (known.startsWith(`${path}/`)) isFolder = true;
    }
    return isFolder ? new ProcSysDirectory(this.#node, this, name, `${path}/`) : undefined;
  }

  override names(): readonly string[] {
    const names = new Set<string>();
    for (const known of this.#node.kernelFiles?.sysctlPaths() ?? []) {
      if (!known.startsWith(this.#prefix)) continue;
      const rest = known.slice(this.#prefix.length);
      const slash = rest.indexOf("/");
      names.add(slash < 0 ? rest : rest.slice(0, slash));
    }
    return [...names];
  }
}

function uptime(node: NodeContext): string {
  return (Math.floor(node.simulator.now / 10_000_000) / 100).toFixed(2);
}

function versionLine(node: NodeContext): string {
  const { sysname, release, version } = node.uts;
  return `${sysname} version ${release} ${version}\n`;
}

function memoryLines(): string {
  return ["MemTotal", "MemFree", "MemAvailable"].map(memoryLine).join("");
}

function memoryLine(name: string): string {
  return `${`${name}:`.padEnd(16)}${String(MEMORY_TOTAL_KB).padStart(8)} kB\n`;
}

function loadLine(node: NodeContext): string {
  const running = node.processes.all.filter((process) => process.stateLetter === "R").length;
  return `0.00 0.00 0.00 ${running}/${node.processes.size} 0\n`;
}

import { Errno } from "@dcejs/lkl-kernel";
import { type Inode, SymlinkInode } from "../fs/inode.ts";
import { SyntheticDirectory, SyntheticInode } from "../fs/synthetic.ts";
import type { Process } from "./process.ts";
import { SignalSet } from "./signals.ts";

const FILES: Readonly<Record<string, (process: Process) => string>> = {
  cmdline: (process) => process.argv.map((argument) => `${argument}\0`).join(""),
  comm: (process) => `${process.name}\n`,
  environ: (process) => [...process.env].map(([name, value]) => `${name}=${value}\0`).join(""),
  limits: limitLines,
  stat: statLine,
  status: statusLines,
};

/** /proc/<pid>. */
export class ProcessDirectory extends SyntheticDirectory {
  readonly #process: Process;

  constructor(process: Process, parent: SyntheticDirectory) {
    super(process.node.fs, parent, String(process.pid));
    this.#process = process;
    this.uid = process.euid;
    this.gid = process.egid;
  }

  override lookup(name: string): Inode | undefined {
    const process = this.#process;
    const content = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (content !== undefined) {
      return new SyntheticInode(this.owner, 0o444, () =>
        process.isZombie && name === "environ" ? -Errno.EACCES : content(process),
      );
    }
    if (name === "fd") return new DescriptorDirectory(process, this);
    if (name !== "cwd") return undefined;
    const path = process.node.fs.pathOf(process.cwd);
    return typeof path === "number" ? undefined : new SymlinkInode(this.owner, path);
  }

  override names(): readonly string[] {
    return [...Object.keys(FILES), "cwd", "fd"];
  }
}

/** /proc/<pid>/fd: one link for each descriptor. */
class DescriptorDirectory extends SyntheticDirectory {
  readonly #process: Process;

  constructor(process: Process, parent: SyntheticDirectory) {
    super(process.node.fs, parent, "fd");
    this.#process = process;
  }

  override lookup(name: string): Inode | undefined {
    const file = /^\d+$/.test(name) ? this.#process.files.get(Number(name)) : undefined;
    return file === undefined ? undefined : new SymlinkInode(this.owner, file.describe());
  }

  override names(): readonly string[] {
    return [...this.#process.files.descriptors()].map(String);
  }
}

const STATE_WORDS = { R: "running", S: "sleeping", T: "stopped", Z: "zombie" } as const;

function statusLines(process: Process): string {
  const ignored = new SignalSet();
  const caught = new SignalSet();
  for (const [signo, { handler }] of process.signalActions) {
    if (handler === "SIG_IGN") ignored.add(signo);
    else if (handler !== "SIG_DFL") caught.add(signo);
  }
  const main = process.mainThread;
  return [
    `Name:\t${process.name}`,
    `Umask:\t${process.umask.toString(8).padStart(4, "0")}`,
    `State:\t${process.stateLetter} (${STATE_WORDS[process.stateLetter]})`,
    `Tgid:\t${process.pid}`,
    `Pid:\t${process.pid}`,
    `PPid:\t${process.ppid}`,
    `Uid:\t${ids(process.uid, process.euid, process.suid)}`,
    `Gid:\t${ids(process.gid, process.egid, process.sgid)}`,
    `FDSize:\t${process.files.openCount}`,
    `Groups:\t${process.groups.join(" ")}`,
    `Threads:\t${process.threads.size}`,
    `SigPnd:\t${main?.pending.set.toString() ?? "0".repeat(16)}`,
    `ShdPnd:\t${process.pending.set.toString()}`,
    `SigBlk:\t${main?.blocked.toString() ?? "0".repeat(16)}`,
    `SigIgn:\t${ignored.toString()}`,
    `SigCgt:\t${caught.toString()}`,
    "",
  ].join("\n");
}

/** The first 22 fields of proc(5), with the times in clock ticks of 10 ms; the rest is 0. */
function statLine(process: Process): string {
  const ticks = Math.floor(process.cpuTimeNs / 10_000_000);
  const start = Math.floor(process.startTime / 10_000_000);
  const { pid, name, stateLetter, ppid, pgid, sid, threads } = process;
  const head = `${pid} (${name}) ${stateLetter} ${ppid} ${pgid} ${sid} 0 -1 0 0 0 0 0`;
  return `${head} ${ticks} 0 0 0 20 0 ${threads.size} 0 ${start} ${"0 ".repeat(30).trimEnd()}\n`;
}

function limitLines(process: Process): string {
  const limit = process.limits.get(7);
  const [soft, hard] = typeof limit === "number" ? [0, 0] : [limit.soft, limit.hard];
  return `Limit                     Soft Limit           Hard Limit           Units     \n${"Max open files".padEnd(26)}${String(soft).padEnd(21)}${String(hard).padEnd(21)}files     \n`;
}

function ids(real: number, effective: number, saved: number): string {
  return `${real}\t${effective}\t${saved}\t${effective}`;
}

import { Errno } from "@dcejs/lkl-kernel";
import type { FdTable } from "../fd/fd-table.ts";
import type { UnixFd } from "../fd/unix-fd.ts";
import { logFolder } from "./process-log.ts";
import { hashStart } from "./process-trace.ts";
import { Process } from "./process.ts";
import type { ProgramImage } from "./program-image.ts";
import { SignalSet } from "./signals.ts";

/** One step of posix_spawn_file_actions, done in the child in order. */
export type SpawnFileAction =
  | { readonly action: "close"; readonly fd: number }
  | { readonly action: "dup2"; readonly fd: number; readonly newFd: number }
  | {
      readonly action: "open";
      readonly fd: number;
      readonly path: string;
      readonly flags: number;
      readonly mode?: number;
    };

export interface SpawnOptions {
  /** @default [name of the program] */
  readonly argv?: readonly string[];
  /** @default the parent's */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the parent's */
  readonly cwd?: string;
  readonly fileActions?: readonly SpawnFileAction[];
  /** POSIX_SPAWN_SETPGROUP; 0: a group of its own. */
  readonly pgid?: number;
  /** POSIX_SPAWN_SETSIGMASK. @default none is blocked */
  readonly signalMask?: Iterable<number>;
}

/**
 * fork() and execve() in one: the child has the parent's descriptors, ids, limits, folder and
 * ignored signals. @returns the child, or -errno.
 */
export function spawnProcess(
  parent: Process,
  image: ProgramImage,
  options: SpawnOptions,
): Process | number {
  const { node } = parent;
  const cwd = options.cwd === undefined ? parent.cwd : node.fs.resolveFolder(parent, options.cwd);
  if (typeof cwd === "number") return cwd;
  const pid = node.processes.pids.allocate();
  if (pid === undefined || node.runner === undefined) return -Errno.EAGAIN;
  const child = new Process(node, {
    pid,
    ppid: parent.pid,
    name: image.name,
    argv: options.argv ?? [image.name],
    env: options.env === undefined ? parent.env : new Map(Object.entries(options.env)),
    cwd,
    files: parent.files.copy(),
  });
  inherit(child, parent, options);
  const failure = doFileActions(child, options.fileActions ?? []);
  if (failure < 0) {
    for (const file of child.files.removeAll()) file.release();
    node.processes.pids.release(pid);
    return failure;
  }
  for (const file of child.files.removeCloseOnExec()) file.release();
  node.files.write(`${logFolder(pid)}/cmdline`, `${child.cmdline}\n`);
  node.processes.add(child);
  hashStart(child);
  const thread = node.runner.start(child, pid, (self) => image.run(self), {
    name: image.name,
    isMain: true,
  });
  if (options.signalMask !== undefined) thread.setMask(new SignalSet(options.signalMask));
  return child;
}

function inherit(child: Process, parent: Process, options: SpawnOptions): void {
  const { uid, euid, suid, gid, egid, sgid, groups, umask, sid, pgid, isDaemon } = parent;
  Object.assign(child, { uid, euid, suid, gid, egid, sgid, groups, umask, sid, pgid, isDaemon });
  if (options.pgid !== undefined) child.pgid = options.pgid === 0 ? child.pid : options.pgid;
  parent.limits.copyTo(child.limits);
  for (const [signo, action] of parent.signalActions) {
    if (action.handler === "SIG_IGN") child.signalActions.set(signo, action);
  }
}

function doFileActions(child: Process, actions: readonly SpawnFileAction[]): number {
  for (const step of actions) {
    const result = doFileAction(child, step);
    if (result < 0) return result;
  }
  return 0;
}

function doFileAction(child: Process, step: SpawnFileAction): number {
  const { files, node } = child;
  if (step.action === "close") {
    files.remove(step.fd)?.release();
    return 0;
  }
  if (step.action === "dup2") return dup2InChild(files, step.fd, step.newFd);
  const file = node.fs.open(child, step.path, step.flags, step.mode ?? 0o666);
  if (typeof file === "number") return file;
  files.remove(step.fd)?.release();
  const fd = files.allocate(file, false, step.fd);
  return fd === step.fd ? 0 : -Errno.EBADF;
}

function dup2InChild(files: FdTable, fd: number, newFd: number): number {
  if (fd === newFd) {
    // posix_spawn: the same number only loses its FD_CLOEXEC.
    if (files.get(fd) === undefined) return -Errno.EBADF;
    files.setCloseOnExec(fd, false);
    return 0;
  }
  const replaced: { value: UnixFd | undefined } = { value: undefined };
  const result = files.dup3(fd, newFd, 0, replaced);
  replaced.value?.release();
  return result;
}

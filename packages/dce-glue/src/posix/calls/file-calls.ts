/** System calls on paths. */
import { Errno } from "@dcejs/lkl-kernel";
import type { FileStat } from "../../fd/file-stat.ts";
import { O_CLOEXEC } from "../../fd/open-flags.ts";
import { DirectoryFd, NamedFd } from "../../fs/file-fds.ts";
import type { UtimeValue } from "../../fs/file-system.ts";
import type { Inode } from "../../fs/inode.ts";
import { isPermitted, X_OK } from "../../fs/permission.ts";
import type { Thread } from "../../process/thread.ts";
import { fileOf } from "./descriptor-calls.ts";

export function sysOpen(thread: Thread, path: string, flags: number, mode: number): number {
  const { process } = thread;
  const file = process.node.fs.open(process, path, flags, mode);
  if (typeof file === "number") return file;
  return process.files.allocate(file, (flags & O_CLOEXEC) !== 0);
}

export function sysStat(thread: Thread, path: string, out: FileStat, followLast: boolean): number {
  return thread.process.node.fs.stat(thread.process, path, out, followLast);
}

/** access(2) asks with the real ids. */
export function sysAccess(thread: Thread, path: string, mode: number): number {
  const { process } = thread;
  const { uid, gid, groups, umask, cwd } = process;
  return process.node.fs.access({ euid: uid, egid: gid, groups, umask, cwd }, path, mode);
}

export function sysMkdir(thread: Thread, path: string, mode: number): number {
  return thread.process.node.fs.mkdir(thread.process, path, mode);
}

export function sysRmdir(thread: Thread, path: string): number {
  return thread.process.node.fs.rmdir(thread.process, path);
}

export function sysUnlink(thread: Thread, path: string): number {
  return thread.process.node.fs.unlink(thread.process, path);
}

export function sysLink(thread: Thread, from: string, to: string): number {
  return thread.process.node.fs.link(thread.process, from, to);
}

export function sysSymlink(thread: Thread, target: string, path: string): number {
  return thread.process.node.fs.symlink(thread.process, target, path);
}

export function sysRename(thread: Thread, from: string, to: string): number {
  return thread.process.node.fs.rename(thread.process, from, to);
}

export function sysTruncate(thread: Thread, path: string, length: number): number {
  return thread.process.node.fs.truncate(thread.process, path, length);
}

export function sysChmod(thread: Thread, path: string, mode: number): number {
  const { node } = thread.process;
  return withPath(thread, path, true, (inode) => node.fs.chmod(thread.process, inode, mode));
}

export function sysFchmod(thread: Thread, fd: number, mode: number): number {
  const file = fileOf(thread, fd);
  if (file === undefined) return -Errno.EBADF;
  if (!(file instanceof NamedFd)) return -Errno.EINVAL;
  return thread.process.node.fs.chmod(thread.process, file.inode, mode);
}

export function sysChown(thread: Thread, path: string, uid: number, gid: number): number {
  const { node } = thread.process;
  return withPath(thread, path, true, (inode) => node.fs.chown(thread.process, inode, uid, gid));
}

export function sysLchown(thread: Thread, path: string, uid: number, gid: number): number {
  const { node } = thread.process;
  return withPath(thread, path, false, (inode) => node.fs.chown(thread.process, inode, uid, gid));
}

export function sysUtimens(
  thread: Thread,
  path: string,
  atime: UtimeValue,
  mtime: UtimeValue,
): number {
  const { node } = thread.process;
  return withPath(thread, path, true, (inode) =>
    node.fs.utimens(thread.process, inode, atime, mtime),
  );
}

export function sysChdir(thread: Thread, path: string): number {
  const { process } = thread;
  const folder = process.node.fs.resolveFolder(process, path);
  if (typeof folder === "number") return folder;
  if (!isPermitted(process, folder, X_OK)) return -Errno.EACCES;
  process.cwd = folder;
  return 0;
}

export function sysFchdir(thread: Thread, fd: number): number {
  const file = fileOf(thread, fd);
  if (file === undefined) return -Errno.EBADF;
  if (!(file instanceof DirectoryFd)) return -Errno.ENOTDIR;
  if (!isPermitted(thread.process, file.inode, X_OK)) return -Errno.EACCES;
  thread.process.cwd = file.inode;
  return 0;
}

function withPath(
  thread: Thread,
  path: string,
  followLast: boolean,
  action: (inode: Inode) => number,
): number {
  const inode = thread.process.node.fs.resolve(thread.process, path, followLast);
  return typeof inode === "number" ? inode : action(inode);
}

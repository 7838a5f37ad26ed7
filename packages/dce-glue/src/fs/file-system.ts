import { Errno } from "@dcejs/lkl-kernel";
import { type FileStat, S_ISVTX } from "../fd/file-stat.ts";
import type { UnixFd } from "../fd/unix-fd.ts";
import { DeviceInode, type RandomBytes, standardDevices } from "./device.ts";
import type { DirectoryEntry } from "./file-fds.ts";
import {
  DirectoryInode,
  Inode,
  type InodeOwner,
  RegularInode,
  SocketInode,
  SymlinkInode,
} from "./inode.ts";
import { linkFile, renameFile, unlinkFile, removeDirectory } from "./name-operations.ts";
import { openFile } from "./open-file.ts";
import { type LastName, type PathEnd, walkPath } from "./path-walk.ts";
import { type FsCaller, isInGroup, isOwner, isPermitted, W_OK, X_OK } from "./permission.ts";

/** The current time, for utimens. */
export const UTIME_NOW = "now";
/** Leave that time as it is. */
export const UTIME_OMIT = "omit";
/** Nanoseconds of virtual time, or one of the two words of utimensat(2). */
export type UtimeValue = number | typeof UTIME_NOW | typeof UTIME_OMIT;

export interface FileSystemOptions {
  /** Virtual time in nanoseconds. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

/**
 * The files of one node, in memory: Linux's rules of names, links, permissions and open files.
 * Calls take the caller first and give 0 or more, or -errno.
 */
export class FileSystem implements InodeOwner {
  readonly root: DirectoryInode;
  readonly now: () => number;
  #lastInode = 0;

  constructor(options: FileSystemOptions) {
    this.now = options.now;
    this.root = new DirectoryInode(this, 0o755);
    this.root.isMountPoint = true;
    const dev = this.#makeFolder(this.root, "dev", 0o755);
    for (const [name, device] of Object.entries(standardDevices(options.random))) {
      dev.link(name, new DeviceInode(this, 0o666, device));
    }
    this.#makeFolder(this.root, "etc", 0o755);
    this.#makeFolder(this.root, "tmp", S_ISVTX | 0o777);
    const variable = this.#makeFolder(this.root, "var", 0o755);
    this.#makeFolder(variable, "log", 0o755);
  }

  nextInode(): number {
    return ++this.#lastInode;
  }

  /** Someone who may do everything, at the root. */
  get superuser(): FsCaller {
    return { euid: 0, egid: 0, groups: [], umask: 0o022, cwd: this.root };
  }

  /** Where a path leads, or -errno. */
  walk(caller: FsCaller, path: string, last: LastName): PathEnd | number {
    return walkPath(this.root, caller, path, last);
  }

  /**
   * Where a new name goes (filename_create): a walk that has ended in a folder without that name.
   * @returns -EEXIST when the name is there; -ENOENT for a slash behind the name of no folder.
   */
  walkToNew(caller: FsCaller, path: string, isFolder: boolean): PathEnd | number {
    const end = this.walk(caller, path, "PARENT");
    if (typeof end === "number") return end;
    if (end.inode !== undefined) return -Errno.EEXIST;
    return end.mustBeFolder && !isFolder ? -Errno.ENOENT : end;
  }

  /** What a path names, or -errno. */
  resolve(caller: FsCaller, path: string, followLast: boolean = true): Inode | number {
    const end = this.walk(caller, path, followLast ? "FOLLOW" : "KEEP");
    if (typeof end === "number") return end;
    return end.inode ?? -Errno.ENOENT;
  }

  resolveFolder(caller: FsCaller, path: string): DirectoryInode | number {
    const inode = this.resolve(caller, path);
    if (typeof inode === "number") return inode;
    return inode instanceof DirectoryInode ? inode : -Errno.ENOTDIR;
  }

  /** open(2). @returns the file, not held by anyone yet, or -errno. */
  open(caller: FsCaller, path: string, flags: number, mode: number): UnixFd | number {
    return openFile(this, caller, path, flags, mode);
  }

  stat(caller: FsCaller, path: string, out: FileStat, followLast: boolean = true): number {
    const inode = this.resolve(caller, path, followLast);
    return typeof inode === "number" ? inode : inode.stat(out);
  }

  /** access(2) with effective ids. */
  access(caller: FsCaller, path: string, mode: number): number {
    const inode = this.resolve(caller, path);
    if (typeof inode === "number") return inode;
    return isPermitted(caller, inode, mode) ? 0 : -Errno.EACCES;
  }

  mkdir(caller: FsCaller, path: string, mode: number): number {
    const end = this.walkToNew(caller, path, true);
    if (typeof end === "number") return end;
    return this.create(caller, end, new DirectoryInode(this, mode & 0o1777 & ~caller.umask));
  }

  symlink(caller: FsCaller, target: string, path: string): number {
    if (target === "") return -Errno.ENOENT;
    const end = this.walkToNew(caller, path, false);
    if (typeof end === "number") return end;
    return this.create(caller, end, new SymlinkInode(this, target));
  }

  /** Gives a bound socket its name. @returns 0 or -errno; -EADDRINUSE: the name is there. */
  bindSocket(caller: FsCaller, path: string, socket: object): number {
    const end = this.walkToNew(caller, path, false);
    if (typeof end === "number") return end === -Errno.EEXIST ? -Errno.EADDRINUSE : end;
    return this.create(caller, end, new SocketInode(this, 0o777 & ~caller.umask, socket));
  }

  /** Puts a new inode, owned by the caller, where a walk has ended without one. */
  create(caller: FsCaller, end: PathEnd, inode: Inode): number {
    const { folder } = end;
    if (folder.isRemoved) return -Errno.ENOENT;
    if (folder.isSynthetic) return -Errno.EACCES;
    if (!isPermitted(caller, folder, W_OK | X_OK)) return -Errno.EACCES;
    inode.uid = caller.euid;
    inode.gid = caller.egid;
    folder.link(end.name, inode);
    return 0;
  }

  readlink(caller: FsCaller, path: string): string | number {
    const inode = this.resolve(caller, path, false);
    if (typeof inode === "number") return inode;
    return inode instanceof SymlinkInode ? inode.target : -Errno.EINVAL;
  }

  link(caller: FsCaller, from: string, to: string): number {
    return linkFile(this, caller, from, to);
  }

  unlink(caller: FsCaller, path: string): number {
    return unlinkFile(this, caller, path);
  }

  rmdir(caller: FsCaller, path: string): number {
    return removeDirectory(this, caller, path);
  }

  rename(caller: FsCaller, from: string, to: string): number {
    return renameFile(this, caller, from, to);
  }

  truncate(caller: FsCaller, path: string, length: number): number {
    const inode = this.resolve(caller, path);
    if (typeof inode === "number") return inode;
    if (inode instanceof DirectoryInode) return -Errno.EISDIR;
    if (!(inode instanceof RegularInode)) return -Errno.EINVAL;
    return isPermitted(caller, inode, W_OK) ? inode.truncate(length) : -Errno.EACCES;
  }

  chmod(caller: FsCaller, inode: Inode, mode: number): number {
    if (!isOwner(caller, inode)) return -Errno.EPERM;
    // Set-group-id is not for files of groups that one is not in (setattr_prepare).
    const kept = caller.euid !== 0 && !isInGroup(caller, inode.gid) ? 0o5777 : 0o7777;
    inode.mode = inode.type | (mode & kept);
    inode.touchChanged();
    return 0;
  }

  /** @param uid -1 leaves it; likewise `gid`. */
  chown(caller: FsCaller, inode: Inode, uid: number, gid: number): number {
    const changesOwner = uid !== -1 && (caller.euid !== inode.uid || uid !== inode.uid);
    const changesGroup = gid !== -1 && !(isOwner(caller, inode) && isInGroup(caller, gid));
    if (caller.euid !== 0 && (changesOwner || changesGroup)) return -Errno.EPERM;
    if (uid !== -1) inode.uid = uid;
    if (gid !== -1) inode.gid = gid;
    if (caller.euid !== 0 && !(inode instanceof DirectoryInode)) inode.mode &= ~0o6000;
    inode.touchChanged();
    return 0;
  }

  utimens(caller: FsCaller, inode: Inode, atime: UtimeValue, mtime: UtimeValue): number {
    const isNow = atime === UTIME_NOW && mtime === UTIME_NOW;
    const isPlainTouch = isNow && isPermitted(caller, inode, W_OK);
    if (!isPlainTouch && !isOwner(caller, inode)) return isNow ? -Errno.EACCES : -Errno.EPERM;
    if (atime !== UTIME_OMIT) inode.atimeNs = atime === UTIME_NOW ? this.now() : atime;
    if (mtime !== UTIME_OMIT) inode.mtimeNs = mtime === UTIME_NOW ? this.now() : mtime;
    inode.touchChanged();
    return 0;
  }

  /** Names of a folder without `.` and `..`, in the order in which they were made. */
  readdir(caller: FsCaller, path: string): readonly DirectoryEntry[] | number {
    const folder = this.resolveFolder(caller, path);
    if (typeof folder === "number") return folder;
    if (!isPermitted(caller, folder, 4)) return -Errno.EACCES;
    return folder.names().flatMap((name) => {
      const inode = folder.lookup(name);
      return inode === undefined ? [] : [{ name, ino: inode.ino, type: inode.type }];
    });
  }

  /** Absolute path of a folder, or -ENOENT when it was removed (getcwd). */
  pathOf(folder: DirectoryInode): string | number {
    const names: string[] = [];
    for (let at = folder; at !== this.root; at = at.parent) {
      if (at.isRemoved) return -Errno.ENOENT;
      names.push(at.name);
    }
    return `/${names.toReversed().join("/")}`;
  }

  /** Puts a tree in place of `path`, whose folder is made when it is missing. */
  mount(path: string, tree: DirectoryInode): void {
    const folder = this.makeFolders(path.slice(0, path.lastIndexOf("/")));
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (folder.lookup(name) !== undefined) folder.unlink(name);
    tree.isMountPoint = true;
    folder.link(name, tree);
  }

  /** mkdir -p, as the superuser. Existing folders are kept. */
  makeFolders(path: string): DirectoryInode {
    let folder = this.root;
    for (const name of path.split("/").filter((part) => part !== "")) {
      const inode = folder.lookup(name);
      if (inode === undefined) folder = this.#makeFolder(folder, name, 0o755);
      else if (inode instanceof DirectoryInode) folder = inode;
      else throw new Error(`${path}: ${name} is not a folder`);
    }
    return folder;
  }

  #makeFolder(parent: DirectoryInode, name: string, mode: number): DirectoryInode {
    const folder = new DirectoryInode(this, mode, parent);
    parent.link(name, folder);
    return folder;
  }
}

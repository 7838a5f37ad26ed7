import { Errno } from "@dcejs/lkl-kernel";
import {
  O_ACCMODE,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
} from "../fd/open-flags.ts";
import type { UnixFd } from "../fd/unix-fd.ts";
import { DeviceFd, DeviceInode } from "./device.ts";
import { DirectoryFd, RegularFd } from "./file-fds.ts";
import type { FileSystem } from "./file-system.ts";
import { DirectoryInode, type Inode, RegularInode, SymlinkInode } from "./inode.ts";
import type { PathEnd } from "./path-walk.ts";
import { type FsCaller, isPermitted, R_OK, W_OK } from "./permission.ts";
import { SyntheticInode } from "./synthetic.ts";

/** What of the open flags stays with the description. */
const STATUS_FLAGS = O_ACCMODE | O_APPEND | O_NONBLOCK | O_PATH;

/** open(2), after do_open and may_open. */
export function openFile(
  fs: FileSystem,
  caller: FsCaller,
  path: string,
  flags: number,
  mode: number,
): UnixFd | number {
  const isCreating = (flags & O_CREAT) !== 0;
  const isExclusive = isCreating && (flags & O_EXCL) !== 0;
  if (isCreating && path.endsWith("/")) return slashAfterNew(fs, caller, path, isExclusive);
  const isFollowed = !isExclusive && (flags & O_NOFOLLOW) === 0;
  const end = fs.walk(caller, path, isFollowed ? "FOLLOW" : "KEEP");
  if (typeof end === "number") return end;
  const found = end.inode ?? create(fs, caller, end, flags, mode);
  if (typeof found === "number") return found;
  if (end.inode !== undefined && isExclusive) return -Errno.EEXIST;
  const refusal = mayOpen(caller, found, flags, end.inode === undefined);
  if (refusal < 0) return refusal;
  if ((flags & O_TRUNC) !== 0 && found instanceof RegularInode && end.inode !== undefined) {
    found.truncate(0);
  }
  return fileOf(found, absolutePath(fs, end), flags & STATUS_FLAGS);
}

/** A slash asks for a folder, and open() makes none: EISDIR, if the folders on the way are there. */
function slashAfterNew(
  fs: FileSystem,
  caller: FsCaller,
  path: string,
  isExclusive: boolean,
): number {
  const end = fs.walk(caller, path, "PARENT");
  if (typeof end === "number") return end;
  return end.name === "" && isExclusive ? -Errno.EEXIST : -Errno.EISDIR;
}

function create(
  fs: FileSystem,
  caller: FsCaller,
  end: PathEnd,
  flags: number,
  mode: number,
): Inode | number {
  if ((flags & O_CREAT) === 0) return -Errno.ENOENT;
  if (end.mustBeFolder) return -Errno.EISDIR;
  const inode = new RegularInode(fs, mode & 0o7777 & ~caller.umask);
  const result = fs.create(caller, end, inode);
  return result < 0 ? result : inode;
}

function mayOpen(caller: FsCaller, inode: Inode, flags: number, isNew: boolean): number {
  const access = flags & O_ACCMODE;
  if (inode instanceof SymlinkInode) return (flags & O_PATH) === 0 ? -Errno.ELOOP : 0;
  if (inode instanceof DirectoryInode) {
    if (access !== O_RDONLY || (flags & (O_CREAT | O_TRUNC)) !== 0) return -Errno.EISDIR;
  } else if ((flags & O_DIRECTORY) !== 0) return -Errno.ENOTDIR;
  // A file that this call made may be opened whatever its mode says.
  if (isNew || (flags & O_PATH) !== 0) return 0;
  let wanted = access === O_WRONLY ? W_OK : access === O_RDONLY ? R_OK : R_OK | W_OK;
  if ((flags & O_TRUNC) !== 0) wanted |= W_OK;
  return isPermitted(caller, inode, wanted) ? 0 : -Errno.EACCES;
}

function fileOf(inode: Inode, path: string, flags: number): UnixFd | number {
  if (inode instanceof RegularInode) return new RegularFd(inode, path, flags);
  if (inode instanceof DirectoryInode) return new DirectoryFd(inode, path, flags);
  if (inode instanceof DeviceInode) return new DeviceFd(inode, path, flags);
  if (inode instanceof SyntheticInode) return inode.open(path, flags);
  // A bound socket is connected to, not opened.
  return -Errno.ENXIO;
}

function absolutePath(fs: FileSystem, end: PathEnd): string {
  const folder = fs.pathOf(end.folder);
  if (typeof folder === "number") return end.name;
  if (end.name === "") return folder;
  return folder === "/" ? `/${end.name}` : `${folder}/${end.name}`;
}

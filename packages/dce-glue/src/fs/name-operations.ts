import { Errno } from "@dcejs/lkl-kernel";
import type { FileSystem } from "./file-system.ts";
import { DirectoryInode, type Inode } from "./inode.ts";
import type { PathEnd } from "./path-walk.ts";
import { type FsCaller, isPermitted, isStickyProtected, W_OK, X_OK } from "./permission.ts";

/** link(2): a second name. */
export function linkFile(fs: FileSystem, caller: FsCaller, from: string, to: string): number {
  const inode = fs.resolve(caller, from, false);
  if (typeof inode === "number") return inode;
  const end = fs.walkToNew(caller, to, false);
  if (typeof end === "number") return end;
  if (inode instanceof DirectoryInode) return -Errno.EPERM;
  const { uid, gid } = inode;
  const result = fs.create(caller, end, inode);
  if (result < 0) return result;
  inode.uid = uid;
  inode.gid = gid;
  inode.nlink++;
  inode.touchChanged();
  return 0;
}

/** unlink(2): the file lives on while it has other names or is open. */
export function unlinkFile(fs: FileSystem, caller: FsCaller, path: string): number {
  const end = fs.walk(caller, path, "PARENT");
  if (typeof end === "number") return end;
  if (end.inode === undefined) return -Errno.ENOENT;
  if (end.inode instanceof DirectoryInode) return -Errno.EISDIR;
  if (end.mustBeFolder) return -Errno.ENOTDIR;
  const refusal = mayDelete(caller, end, end.inode);
  if (refusal < 0) return refusal;
  end.folder.unlink(end.name);
  end.inode.nlink--;
  end.inode.touchChanged();
  return 0;
}

export function removeDirectory(fs: FileSystem, caller: FsCaller, path: string): number {
  const end = fs.walk(caller, path, "PARENT");
  if (typeof end === "number") return end;
  if (/(^|\/)\.\/*$/.test(path)) return -Errno.EINVAL;
  if (/(^|\/)\.\.\/*$/.test(path)) return -Errno.ENOTEMPTY;
  if (end.inode === undefined) return -Errno.ENOENT;
  if (!(end.inode instanceof DirectoryInode)) return -Errno.ENOTDIR;
  if (end.inode.isMountPoint) return -Errno.EBUSY;
  const refusal = mayDelete(caller, end, end.inode);
  if (refusal < 0) return refusal;
  if (!end.inode.isEmpty) return -Errno.ENOTEMPTY;
  end.folder.unlink(end.name);
  end.inode.nlink = 0;
  return 0;
}

/** rename(2), which replaces what `to` names in one step. */
export function renameFile(fs: FileSystem, caller: FsCaller, from: string, to: string): number {
  const source = fs.walk(caller, from, "PARENT");
  if (typeof source === "number") return source;
  const target = fs.walk(caller, to, "PARENT");
  if (typeof target === "number") return target;
  if (source.name === "" || target.name === "") return -Errno.EBUSY;
  const moved = source.inode;
  if (moved === undefined) return -Errno.ENOENT;
  const isFolder = moved instanceof DirectoryInode;
  if (!isFolder && (source.mustBeFolder || target.mustBeFolder)) return -Errno.ENOTDIR;
  if (isFolder && isInside(target.folder, moved)) return -Errno.EINVAL;
  const replaced = target.inode;
  if (replaced instanceof DirectoryInode && isInside(source.folder, replaced)) {
    return -Errno.ENOTEMPTY;
  }
  const refusal = mayDelete(caller, source, moved) || mayReplace(caller, moved, target);
  if (refusal < 0) return refusal;
  if (moved === replaced) return 0;
  if (isFolder && moved.isMountPoint) return -Errno.EBUSY;
  source.folder.unlink(source.name);
  if (replaced !== undefined) {
    target.folder.unlink(target.name);
    replaced.nlink = replaced instanceof DirectoryInode ? 0 : replaced.nlink - 1;
  }
  target.folder.link(target.name, moved);
  moved.touchChanged();
  return 0;
}

/** may_delete: write permission on the folder, and the sticky bit. */
function mayDelete(caller: FsCaller, end: PathEnd, inode: Inode): number {
  if (end.folder.isSynthetic) return -Errno.EPERM;
  if (!isPermitted(caller, end.folder, W_OK | X_OK)) return -Errno.EACCES;
  return isStickyProtected(caller, end.folder, inode) ? -Errno.EPERM : 0;
}

function mayReplace(caller: FsCaller, moved: Inode, target: PathEnd): number {
  const { inode } = target;
  if (inode === undefined) {
    if (target.folder.isSynthetic) return -Errno.EPERM;
    return isPermitted(caller, target.folder, W_OK | X_OK) ? 0 : -Errno.EACCES;
  }
  const refusal = mayDelete(caller, target, inode);
  if (refusal < 0) return refusal;
  if (inode instanceof DirectoryInode) {
    if (!(moved instanceof DirectoryInode)) return -Errno.EISDIR;
    if (inode.isMountPoint) return -Errno.EBUSY;
    return inode.isEmpty || inode === moved ? 0 : -Errno.ENOTEMPTY;
  }
  return moved instanceof DirectoryInode ? -Errno.ENOTDIR : 0;
}

function isInside(folder: DirectoryInode, ancestor: DirectoryInode): boolean {
  for (let at = folder; ; at = at.parent) {
    if (at === ancestor) return true;
    if (at === at.parent) return false;
  }
}

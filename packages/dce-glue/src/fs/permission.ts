import { S_ISVTX } from "../fd/file-stat.ts";
import { DirectoryInode, type Inode } from "./inode.ts";

/** access(2) modes. */
export const R_OK = 4;
export const W_OK = 2;
export const X_OK = 1;
export const F_OK = 0;

/** Who touches files: a process' effective ids, umask and folders. */
export interface FsCaller {
  readonly euid: number;
  readonly egid: number;
  readonly groups: readonly number[];
  readonly umask: number;
  readonly cwd: DirectoryInode;
}

/** Whether the caller may read (4), write (2), execute or search (1) (generic_permission). */
export function isPermitted(caller: FsCaller, inode: Inode, wanted: number): boolean {
  if (caller.euid === 0) {
    // Root may do all but execute what nobody may execute.
    const needsAnyExecute = (wanted & X_OK) !== 0 && !(inode instanceof DirectoryInode);
    return !needsAnyExecute || (inode.mode & 0o111) !== 0;
  }
  let granted = inode.mode & 7;
  if (inode.uid === caller.euid) granted = (inode.mode >> 6) & 7;
  else if (isInGroup(caller, inode.gid)) granted = (inode.mode >> 3) & 7;
  return (wanted & ~granted) === 0;
}

/** In a sticky folder only the owners of file and folder, and root, take names away. */
export function isStickyProtected(caller: FsCaller, folder: DirectoryInode, inode: Inode): boolean {
  if ((folder.mode & S_ISVTX) === 0 || caller.euid === 0) return false;
  return inode.uid !== caller.euid && folder.uid !== caller.euid;
}

export function isOwner(caller: FsCaller, inode: Inode): boolean {
  return caller.euid === 0 || caller.euid === inode.uid;
}

export function isInGroup(caller: FsCaller, gid: number): boolean {
  return caller.egid === gid || caller.groups.includes(gid);
}

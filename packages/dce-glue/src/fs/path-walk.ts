import { Errno } from "@dcejs/lkl-kernel";
import { DirectoryInode, type Inode, SymlinkInode } from "./inode.ts";
import { type FsCaller, isPermitted, X_OK } from "./permission.ts";

/** Octets of one name. */
const NAME_MAX = 255;
/** Octets of a path with its NUL. */
const PATH_MAX = 4096;
/** Symbolic links in one walk (MAXSYMLINKS). */
const SYMLINKS_MAX = 40;

/** Where a path leads: the folder that holds its last name, and what that name points at. */
export interface PathEnd {
  readonly folder: DirectoryInode;
  /** "" when the path is a folder itself: `/`, `.`, `..`. */
  readonly name: string;
  readonly inode: Inode | undefined;
  /** The path ends in a slash: what it names must be a folder. */
  readonly mustBeFolder: boolean;
}

/**
 * A symbolic link at the end is followed; or kept, unless a slash stands behind it; or kept in any
 * case (LOOKUP_PARENT), for calls that make, remove and rename names.
 */
export type LastName = "FOLLOW" | "KEEP" | "PARENT";

/**
 * Walks a path as link_path_walk does, with search permission on each folder on the way.
 * @param last what becomes of a symbolic link at the end.
 * @returns where it leads, the last name maybe without inode, or -ENOENT, -ENOTDIR, -ELOOP,
 * -ENAMETOOLONG, -EACCES.
 */
export function walkPath(
  root: DirectoryInode,
  caller: FsCaller,
  path: string,
  last: LastName,
  start: DirectoryInode = caller.cwd,
): PathEnd | number {
  if (path.length === 0) return -Errno.ENOENT;
  if (utf8Length(path) >= PATH_MAX) return -Errno.ENAMETOOLONG;
  let folder = path.startsWith("/") ? root : start;
  if (folder.isRemoved) return -Errno.ENOENT;
  let mustBeFolder = path.endsWith("/");
  // Names still to walk, the next one last, so that a link's names are pushed on top.
  const names = splitPath(path).toReversed();
  let links = 0;
  for (;;) {
    const name = names.pop();
    if (name === undefined) return { folder, name: "", inode: folder, mustBeFolder };
    if (utf8Length(name) > NAME_MAX) return -Errno.ENAMETOOLONG;
    if (!isPermitted(caller, folder, X_OK)) return -Errno.EACCES;
    if (name === ".") continue;
    if (name === "..") {
      folder = folder === root ? root : folder.parent;
      continue;
    }
    const inode = folder.lookup(name);
    const isLast = names.length === 0;
    const isFollowed = !isLast || last === "FOLLOW" || (last === "KEEP" && mustBeFolder);
    if (inode instanceof SymlinkInode && isFollowed) {
      if (++links > SYMLINKS_MAX) return -Errno.ELOOP;
      if (inode.target.startsWith("/")) folder = root;
      mustBeFolder ||= isLast && inode.target.endsWith("/");
      names.push(...splitPath(inode.target).toReversed());
      continue;
    }
    if (isLast) {
      const isFile = inode !== undefined && !(inode instanceof DirectoryInode);
      if (mustBeFolder && isFile && last !== "PARENT") return -Errno.ENOTDIR;
      return { folder, name, inode, mustBeFolder };
    }
    if (inode === undefined) return -Errno.ENOENT;
    if (!(inode instanceof DirectoryInode)) return -Errno.ENOTDIR;
    folder = inode;
  }
}

function splitPath(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

/** Octets of the text in UTF-8. */
function utf8Length(text: string): number {
  // A UTF-16 unit is at most three octets, so short texts need no count.
  if (text.length * 3 <= NAME_MAX) return text.length;
  let octets = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) octets += 1;
    else if (code < 0x800) octets += 2;
    else octets += code < 0x10000 ? 3 : 4;
  }
  return octets;
}

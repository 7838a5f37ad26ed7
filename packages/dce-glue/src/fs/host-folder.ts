/** The one place where files of a node and files of the real host meet. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FileAccess } from "./file-access.ts";
import type { FileSystem } from "./file-system.ts";
import { DirectoryInode, RegularInode, SymlinkInode } from "./inode.ts";

/** Trees that are made on demand and have no content to keep. */
const NOT_EXPORTED: ReadonlySet<string> = new Set(["dev", "proc", "sys"]);

/** Copies a file of the host into the node, at the start of a run. */
export function importHostFile(fs: FileSystem, hostPath: string, path: string): void {
  new FileAccess(fs).writeBorrowed(path, readFileSync(hostPath));
}

/** Copies a folder of the host, with all below it, into the node. */
export function importHostFolder(fs: FileSystem, hostPath: string, path: string): void {
  fs.makeFolders(path);
  const entries = readdirSync(hostPath, { withFileTypes: true });
  // Sorted: the order of names must not depend on the host's file system.
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const from = join(hostPath, entry.name);
    const to = `${path === "/" ? "" : path}/${entry.name}`;
    if (entry.isDirectory()) importHostFolder(fs, from, to);
    else if (entry.isFile()) importHostFile(fs, from, to);
  }
}

/**
 * Writes the node's files below `folder/files-<nodeId>`, DCE's layout. What an earlier run left
 * there is removed first.
 * @returns the folder that was written.
 */
export function exportTo(fs: FileSystem, folder: string, nodeId: number): string {
  const target = join(folder, `files-${nodeId}`);
  rmSync(target, { recursive: true, force: true });
  exportFolder(fs.root, target, true);
  return target;
}

function exportFolder(from: DirectoryInode, to: string, isRoot: boolean): void {
  mkdirSync(to, { recursive: true });
  for (const name of from.names()) {
    if (isRoot && NOT_EXPORTED.has(name)) continue;
    const inode = from.lookup(name);
    const path = join(to, name);
    if (inode instanceof DirectoryInode) exportFolder(inode, path, false);
    else if (inode instanceof RegularInode) writeFileSync(path, inode.bytes);
    else if (inode instanceof SymlinkInode) exportSymlink(inode, path);
  }
}

/** A link that leads out of the node's tree would lead to the host's own files: it becomes text. */
function exportSymlink(inode: SymlinkInode, path: string): void {
  if (inode.target.startsWith("/") || inode.target.split("/").includes("..")) {
    writeFileSync(path, `symbolic link to ${inode.target}\n`);
  } else symlinkSync(inode.target, path);
}

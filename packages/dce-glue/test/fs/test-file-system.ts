import { FileSystem } from "../../src/fs/file-system.ts";
import type { FsCaller } from "../../src/fs/permission.ts";

/** A file system whose clock the test moves. */
export function testFileSystem(): { fs: FileSystem; root: FsCaller; clock: { now: number } } {
  const clock = { now: 0 };
  const fs = new FileSystem({ now: () => clock.now, random: (into) => into.fill(0x5a) });
  return { fs, root: fs.superuser, clock };
}

export function user(fs: FileSystem, uid: number, groups: readonly number[] = []): FsCaller {
  return { euid: uid, egid: uid, groups, umask: 0o022, cwd: fs.root };
}

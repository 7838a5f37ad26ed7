import { expect, test } from "vitest";
import { emptyStat } from "../../src/fd/file-stat.ts";
import { O_CREAT, O_EXCL, O_RDWR } from "../../src/fd/open-flags.ts";
import { FileAccess } from "../../src/fs/file-access.ts";
import type { FileSystem } from "../../src/fs/file-system.ts";
import { testFileSystem, user } from "./test-file-system.ts";

const EPERM = -1;
const ENOENT = -2;
const EACCES = -13;
const EBUSY = -16;
const EEXIST = -17;
const ENOTDIR = -20;
const EISDIR = -21;
const EINVAL = -22;
const ENOTEMPTY = -39;

function linksOf(fs: FileSystem, path: string): number {
  const out = emptyStat();
  fs.stat(fs.superuser, path, out, false);
  return out.nlink;
}

test("a hard link is another name of the same file", () => {
  const { fs, root } = testFileSystem();
  const files = new FileAccess(fs);
  files.write("/a", "content");
  expect(fs.link(root, "/a", "/b")).toBe(0);
  expect(linksOf(fs, "/a")).toBe(2);
  expect(fs.unlink(root, "/a")).toBe(0);
  expect(files.readText("/b")).toBe("content");
  expect(linksOf(fs, "/b")).toBe(1);
  expect(fs.link(root, "/etc", "/c")).toBe(EPERM);
  expect(fs.link(root, "/b", "/etc")).toBe(EEXIST);
});

test("an unlinked file lives on while it is open", () => {
  const { fs, root } = testFileSystem();
  const file = fs.open(root, "/tmp/f", O_CREAT | O_RDWR, 0o600);
  if (typeof file === "number") throw new Error(`open gave ${file}`);
  fs.unlink(root, "/tmp/f");
  expect(file.write(Uint8Array.of(1, 2, 3))).toBe(3);
  const stat = emptyStat();
  file.fstat(stat);
  expect(stat).toMatchObject({ nlink: 0, size: 3 });
  expect(file.describe()).toBe("/tmp/f (deleted)");
  expect(fs.open(root, "/tmp/f", O_RDWR, 0)).toBe(ENOENT);
});

test("rename replaces files, and folders only when they are empty", () => {
  const { fs, root } = testFileSystem();
  const files = new FileAccess(fs);
  files.write("/x/a", "new");
  files.write("/x/b", "old");
  expect(fs.rename(root, "/x/a", "/x/b")).toBe(0);
  expect(files.readText("/x/b")).toBe("new");
  expect(files.list("/x")).toEqual(["b"]);
  fs.makeFolders("/d/full/inside");
  fs.makeFolders("/d/empty");
  expect(fs.rename(root, "/d/empty", "/d/full")).toBe(ENOTEMPTY);
  expect(fs.rename(root, "/d/full", "/d/empty")).toBe(0);
  expect(fs.pathOf(fs.makeFolders("/d/empty/inside"))).toBe("/d/empty/inside");
  expect(fs.rename(root, "/x/b", "/d")).toBe(EISDIR);
  expect(fs.rename(root, "/d", "/x/b")).toBe(ENOTDIR);
  expect(fs.rename(root, "/d", "/d/empty/deeper")).toBe(EINVAL);
  expect(fs.rename(root, "/none", "/y")).toBe(ENOENT);
  expect(fs.rename(root, "/", "/y")).toBe(EBUSY);
  expect(linksOf(fs, "/d")).toBe(3);
});

test("renaming a file to another of its own names does nothing", () => {
  const { fs, root } = testFileSystem();
  new FileAccess(fs).write("/a", "x");
  fs.link(root, "/a", "/b");
  expect(fs.rename(root, "/a", "/b")).toBe(0);
  expect(linksOf(fs, "/a")).toBe(2);
});

test("rmdir takes empty folders, unlink takes no folders", () => {
  const { fs, root } = testFileSystem();
  fs.makeFolders("/a/b");
  expect(fs.rmdir(root, "/a")).toBe(ENOTEMPTY);
  expect(fs.unlink(root, "/a/b")).toBe(EISDIR);
  expect(fs.rmdir(root, "/a/b/.")).toBe(EINVAL);
  const inside = { ...root, cwd: fs.makeFolders("/a/b") };
  expect(fs.rmdir(root, "/a/b")).toBe(0);
  expect(fs.pathOf(inside.cwd)).toBe(ENOENT);
  expect(fs.open(inside, "new", O_CREAT | O_RDWR, 0o644)).toBe(ENOENT);
  expect(fs.rmdir(root, "/")).toBe(EBUSY);
});

test("O_EXCL makes a file or fails, also at a dangling link", () => {
  const { fs, root } = testFileSystem();
  fs.symlink(root, "nowhere", "/link");
  expect(fs.open(root, "/link", O_CREAT | O_EXCL | O_RDWR, 0o644)).toBe(EEXIST);
  expect(typeof fs.open(root, "/link", O_CREAT | O_RDWR, 0o644)).toBe("object");
  expect(new FileAccess(fs).exists("/nowhere")).toBe(true);
});

test("umask, owner, group and others decide", () => {
  const { fs, root } = testFileSystem();
  const [alice, bob, friend] = [user(fs, 1), user(fs, 2), user(fs, 3, [1])];
  const out = emptyStat();
  fs.open({ ...alice, umask: 0o027 }, "/tmp/f", O_CREAT | O_RDWR, 0o666);
  fs.stat(root, "/tmp/f", out);
  expect(out.mode & 0o777).toBe(0o640);
  expect(out).toMatchObject({ uid: 1, gid: 1 });
  expect(fs.access(friend, "/tmp/f", 4)).toBe(0);
  expect(fs.access(friend, "/tmp/f", 2)).toBe(EACCES);
  expect(fs.access(bob, "/tmp/f", 4)).toBe(EACCES);
  expect(fs.access(root, "/tmp/f", 6)).toBe(0);
  expect(fs.access(root, "/tmp/f", 1)).toBe(EACCES);
  expect(fs.open(bob, "/etc/new", O_CREAT | O_RDWR, 0o644)).toBe(EACCES);
});

test("in a sticky folder one removes only one's own", () => {
  const { fs } = testFileSystem();
  const [alice, bob] = [user(fs, 1), user(fs, 2)];
  fs.open(alice, "/tmp/f", O_CREAT | O_RDWR, 0o666);
  expect(fs.unlink(bob, "/tmp/f")).toBe(EPERM);
  expect(fs.rename(bob, "/tmp/f", "/tmp/g")).toBe(EPERM);
  expect(fs.unlink(alice, "/tmp/f")).toBe(0);
});

test("only owners change modes and only root gives files away", () => {
  const { fs, root } = testFileSystem();
  const [alice, bob] = [user(fs, 1), user(fs, 2)];
  fs.open(alice, "/tmp/f", O_CREAT | O_RDWR, 0o666);
  const inode = fs.resolve(root, "/tmp/f");
  if (typeof inode === "number") throw new Error("not there");
  expect(fs.chmod(bob, inode, 0o777)).toBe(EPERM);
  expect(fs.chmod(alice, inode, 0o4755)).toBe(0);
  expect(fs.chown(alice, inode, 2, -1)).toBe(EPERM);
  expect(fs.chown(root, inode, 2, 2)).toBe(0);
  expect(inode).toMatchObject({ uid: 2, gid: 2 });
});

test("times are virtual times, and utimens sets them", () => {
  const { fs, root, clock } = testFileSystem();
  clock.now = 5;
  const file = fs.open(root, "/f", O_CREAT | O_RDWR, 0o644);
  if (typeof file === "number") throw new Error("not made");
  clock.now = 9;
  file.write(Uint8Array.of(1));
  const out = emptyStat();
  fs.stat(root, "/f", out);
  expect(out).toMatchObject({ atimeNs: 5, mtimeNs: 9, ctimeNs: 9 });
  const inode = fs.resolve(root, "/f");
  if (typeof inode === "number") throw new Error("not there");
  clock.now = 12;
  expect(fs.utimens(root, inode, 1, "now")).toBe(0);
  fs.stat(root, "/f", out);
  expect(out).toMatchObject({ atimeNs: 1, mtimeNs: 12, ctimeNs: 12 });
  expect(fs.utimens(user(fs, 7), inode, 1, 1)).toBe(EPERM);
});

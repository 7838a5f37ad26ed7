import { expect, test } from "vitest";
import { testFileSystem, user } from "./test-file-system.ts";

const ENOENT = -2;
const EACCES = -13;
const ENOTDIR = -20;
const EINVAL = -22;
const ENAMETOOLONG = -36;
const ELOOP = -40;

test("paths lead through folders, dots and links", () => {
  const { fs, root } = testFileSystem();
  fs.makeFolders("/a/b/c");
  expect(fs.symlink(root, "../b/c", "/a/link")).toBe(0);
  expect(fs.symlink(root, "b", "/a/to-b")).toBe(0);
  const c = fs.resolve(root, "/a/b/c");
  expect(fs.resolve(root, "//a/./b/../to-b/c/")).toBe(c);
  expect(fs.resolve(root, "/../../a/b/c")).toBe(c);
  expect(fs.resolve({ ...root, cwd: fs.makeFolders("/a/b") }, "c")).toBe(c);
});

test("what is not there is ENOENT, what is no folder ENOTDIR, and an empty path ENOENT", () => {
  const { fs, root } = testFileSystem();
  fs.open(root, "/file", 0o102, 0o644);
  expect(fs.resolve(root, "")).toBe(ENOENT);
  expect(fs.resolve(root, "/none")).toBe(ENOENT);
  expect(fs.resolve(root, "/none/x")).toBe(ENOENT);
  expect(fs.resolve(root, "/file/x")).toBe(ENOTDIR);
  expect(fs.resolve(root, "/file/")).toBe(ENOTDIR);
});

test("forty links are followed, a circle is ELOOP", () => {
  const { fs, root } = testFileSystem();
  fs.symlink(root, "b", "/a");
  fs.symlink(root, "a", "/b");
  expect(fs.resolve(root, "/a")).toBe(ELOOP);
  fs.makeFolders("/l0");
  for (let i = 1; i <= 41; i++) fs.symlink(root, `l${i - 1}`, `/l${i}`);
  expect(fs.resolve(root, "/l40")).toBe(fs.resolve(root, "/l0"));
  expect(fs.resolve(root, "/l41")).toBe(ELOOP);
});

test("names of 255 octets and paths of 4095 are the longest", () => {
  const { fs, root } = testFileSystem();
  expect(fs.mkdir(root, `/${"n".repeat(255)}`, 0o755)).toBe(0);
  expect(fs.mkdir(root, `/${"n".repeat(256)}`, 0o755)).toBe(ENAMETOOLONG);
  expect(fs.mkdir(root, `/${"é".repeat(128)}`, 0o755)).toBe(ENAMETOOLONG);
  expect(fs.resolve(root, "/".repeat(4095))).toBe(fs.root);
  expect(fs.resolve(root, "/".repeat(4096))).toBe(ENAMETOOLONG);
});

test("a folder without search permission lets nobody but root through", () => {
  const { fs, root } = testFileSystem();
  const folder = fs.makeFolders("/secret/inside");
  folder.parent.mode &= ~0o077;
  expect(fs.resolve(user(fs, 1000), "/secret/inside")).toBe(EACCES);
  expect(fs.resolve(root, "/secret/inside")).toBe(folder);
});

test("readlink reads links only", () => {
  const { fs, root } = testFileSystem();
  fs.symlink(root, "/etc", "/link");
  expect(fs.readlink(root, "/link")).toBe("/etc");
  expect(fs.readlink(root, "/etc")).toBe(EINVAL);
});

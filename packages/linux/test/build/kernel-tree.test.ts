import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { copyPort, readPatches } from "../../build/kernel-tree.ts";
import { removeAbandoned, temporaryName, withTreeLock } from "../../build/tree-lock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dcejs-linux-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): string {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

const copy = (): Promise<void> =>
  copyPort({ folder: join(folder, "tree"), logFile: "" }, join(folder, "arch"));

test("what did not change in the port is not touched, so that it is not compiled again", async () => {
  write("arch/wasm/kernel/a.c", "a\n");
  write("arch/wasm/kernel/b.c", "b\n");
  await copy();
  const [a, b] = ["a", "b"].map((name) => join(folder, `tree/arch/wasm/kernel/${name}.c`));
  if (a === undefined || b === undefined) throw new Error("no files");
  for (const path of [a, b]) utimesSync(path, 1000, 1000);
  write("arch/wasm/kernel/b.c", "changed\n");
  await copy();
  expect(statSync(a).mtimeMs).toBe(1_000_000);
  expect(readFileSync(b, "utf8")).toBe("changed\n");
});

test("a source that left the port leaves the tree; what kbuild made stays", async () => {
  write("arch/wasm/Kconfig", "config WASM\n");
  const old = write("tree/arch/wasm/kernel/old.c", "old\n");
  const object = write("tree/arch/wasm/kernel/setup.o", "object\n");
  const header = write("tree/arch/wasm/include/generated/asm/preempt.h", "made\n");
  await copy();
  expect([old, object, header].map((path) => existsSync(path))).toEqual([false, true, true]);
});

function names(profile: "net" | "full"): string[] {
  return readPatches("6.12", profile).map((patch) => patch.fileName);
}

test("the patches of profile net are among those of full", () => {
  expect(names("full")).toEqual(expect.arrayContaining(names("net")));
  expect(names("full").length).toBeGreaterThan(names("net").length);
});

test("a kept tree is used by one build at a time", async () => {
  const tree = join(folder, "kept");
  await withTreeLock(tree, async () => {
    await expect(withTreeLock(tree, async () => 2)).rejects.toThrow(`process ${process.pid}`);
  });
  expect(await withTreeLock(tree, async () => 3)).toBe(3);
});

test("the lock of a build that died is taken over", async () => {
  const tree = join(folder, "kept");
  write("kept.lock", "4194305");
  expect(await withTreeLock(tree, async () => 1)).toBe(1);
  expect(existsSync(`${tree}.lock`)).toBe(false);
});

test("trees of builds that were killed are removed, others not", async () => {
  const own = temporaryName("linux-6.12-net");
  for (const name of [own, "linux-6.12-net-4194305", "linux-6.12-net-kept"]) {
    write(`trees/${name}/Makefile`, "");
  }
  write("trees/linux-6.12-net-4194305.log", "");
  const trees = join(folder, "trees");
  await removeAbandoned(trees, Date.now());
  expect(readdirSync(trees)).toHaveLength(4);
  await removeAbandoned(trees, Date.now() + 7 * 3600 * 1000);
  expect(readdirSync(trees).toSorted()).toEqual([own, "linux-6.12-net-kept"].toSorted());
});

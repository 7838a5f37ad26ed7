import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readTree } from "./file-tree.ts";
import { packageFolder } from "./folders.ts";
import type { KernelTree } from "./kbuild.ts";
import { type KernelSource, unpackSource } from "./kernel-source.ts";
import { applyHunks, isFor, type Patch, parsePatch } from "./patch.ts";
import type { Profile } from "./release.ts";

/** The patches of a kernel, in order. */
export function readPatches(release: string, profile: Profile): Patch[] {
  return readTree(packageFolder("patches"))
    .filter((name) => name.endsWith(".patch"))
    .map((name) => parsePatch(name, readFileSync(packageFolder("patches", name), "utf8")))
    .filter((patch) => isFor(patch, release, profile));
}

/** Unpacks Linux, patches it, and puts our port into it. */
export async function assembleTree(
  tree: KernelTree,
  source: KernelSource,
  patches: readonly Patch[],
  archFolder: string,
): Promise<void> {
  await unpackSource(source, tree.folder, tree.logFile);
  for (const patch of patches) {
    for (const file of patch.files) {
      const path = join(tree.folder, file.path);
      await writeFile(path, applyHunks(patch, file, await readFile(path, "utf8")));
    }
  }
  await copyPort(tree, archFolder);
}

/**
 * Brings arch/wasm of a tree up to date. Files that did not change are not touched, so that make compiles no more than
 * it must; sources that went away are removed.
 */
export async function copyPort(tree: KernelTree, archFolder: string): Promise<void> {
  const from = join(archFolder, "wasm");
  const to = join(tree.folder, "arch", "wasm");
  const wanted = new Set(readTree(from));
  for (const path of wanted) {
    const target = join(to, path);
    const content = await readFile(join(from, path));
    if (existsSync(target) && content.equals(await readFile(target))) continue;
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
  for (const path of readTree(to)) {
    const isSource = /\.[chS]$/.test(path) && !path.includes("/generated/");
    if (isSource && !wanted.has(path)) await rm(join(to, path));
  }
}

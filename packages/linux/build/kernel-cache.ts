import { createHash, type Hash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fragmentNames } from "./config.ts";
import { readTree } from "./file-tree.ts";
import { packageFolder } from "./folders.ts";
import type { Kernel, KernelManifest } from "./kernel.ts";
import { readPatches } from "./kernel-tree.ts";
import type { Profile } from "./release.ts";

/** How many kernels the cache holds; those that were not used for the longest time go first. */
const KERNELS_MAX = 40;

/** What a kernel is made of. The compiler and the source are undefined when this machine has none. */
export interface KernelInputs {
  /** Hash of our own files. */
  readonly ours: string;
  readonly sourceSha256: string | undefined;
  readonly compiler: string | undefined;
}

/**
 * Hash of our own files that make a kernel: the port, its patches and fragments, and this build. It depends on names
 * and contents, not on where the files are nor when they were written.
 */
export function hashOwnFiles(release: string, profile: Profile, archFolder: string): string {
  const hash = createHash("sha256").update(`${release}\0${profile}\0${BUILD_HASH}`);
  addFiles(hash, archFolder, readTree(archFolder));
  const patches = readPatches(release, profile).map((patch) => patch.fileName);
  addFiles(hash, packageFolder("patches"), patches);
  addFiles(hash, packageFolder("config"), fragmentNames(release, profile));
  return hash.digest("hex");
}

/** What of this build has no say in what comes out. */
const WITHOUT_EFFECT = new Set([
  "apt-archive.ts",
  "command-line.ts",
  "main.ts",
  "progress.ts",
  "tree-lock.ts",
]);

/** Of the build that runs, though its files may change while it does. */
const BUILD_HASH = hashBuild();

function hashBuild(): string {
  const hash = createHash("sha256");
  const folder = packageFolder("build");
  addFiles(
    hash,
    folder,
    readTree(folder).filter((file) => !WITHOUT_EFFECT.has(file)),
  );
  return hash.digest("hex");
}

function addFiles(hash: Hash, folder: string, files: readonly string[]): void {
  for (const file of files) {
    if (file.endsWith(".md")) continue;
    const content = readFileSync(join(folder, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
}

/** The kernels that were built on this machine, by what they are made of: a .wasm and a .json each. */
export class KernelCache {
  readonly #folder: string;

  constructor(cacheFolder: string) {
    this.#folder = join(cacheFolder, "kernels");
  }

  /**
   * Finds a kernel made of these inputs. A machine without compiler or source gets the newest kernel that agrees in
   * what is known.
   */
  async find(inputs: KernelInputs): Promise<Kernel | undefined> {
    for (const name of await this.#names()) {
      if (!name.startsWith(`${inputs.ours}-`)) continue;
      const kernel = await readKernel(join(this.#folder, name));
      if (kernel === undefined) continue;
      const { compiler, source } = kernel.manifest;
      if ((inputs.compiler ?? compiler) !== compiler) continue;
      if ((inputs.sourceSha256 ?? source.sha256) !== source.sha256) continue;
      const now = new Date();
      await utimes(join(this.#folder, `${name}.json`), now, now);
      return kernel;
    }
    return undefined;
  }

  /** Adds a finished kernel. Another build that adds the same at the same time does no harm. */
  async add(kernel: Kernel): Promise<void> {
    const { manifest } = kernel;
    const others = sha256(Buffer.from(`${manifest.source.sha256} ${manifest.compiler}`));
    await writeKernel(kernel, this.#folder, `${manifest.inputs}-${others.slice(0, 16)}`);
    for (const name of (await this.#names()).slice(KERNELS_MAX)) {
      for (const extension of ["json", "wasm"]) {
        await rm(join(this.#folder, `${name}.${extension}`), { force: true });
      }
    }
  }

  /** Names without extension, the last used first. */
  async #names(): Promise<string[]> {
    if (!existsSync(this.#folder)) return [];
    const found: { name: string; usedMs: number }[] = [];
    for (const file of await readdir(this.#folder)) {
      if (!file.endsWith(".json")) continue;
      // Another build may have dropped it in the meantime.
      const status = await stat(join(this.#folder, file)).catch(() => undefined);
      if (status !== undefined) found.push({ name: file.slice(0, -5), usedMs: status.mtimeMs });
    }
    return found.toSorted((a, b) => b.usedMs - a.usedMs).map(({ name }) => name);
  }
}

/** Undefined when the kernel is damaged, or just dropped by another build. */
async function readKernel(path: string): Promise<Kernel | undefined> {
  try {
    const manifest: KernelManifest = JSON.parse(await readFile(`${path}.json`, "utf8"));
    const wasm = await readFile(`${path}.wasm`);
    return sha256(wasm) === manifest.sha256 ? { wasm, manifest } : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a kernel as `<name>.wasm` and `<name>.json`; nobody ever sees half a file. */
export async function writeKernel(kernel: Kernel, folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files: [extension: string, content: Uint8Array | string][] = [
    ["wasm", kernel.wasm],
    ["json", `${JSON.stringify(kernel.manifest, null, 2)}\n`],
  ];
  for (const [extension, content] of files) {
    const temporary = join(folder, `.${name}.${randomUUID()}`);
    await writeFile(temporary, content);
    await rename(temporary, join(folder, `${name}.${extension}`));
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

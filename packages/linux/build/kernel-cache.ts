import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { readTree } from "./file-tree.ts";
import { packageFolder } from "./folders.ts";
import type { Kernel, KernelManifest } from "./kernel.ts";
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
 * Hash of our own files that make a kernel: the port, patches, fragments, and this build. It depends on names and
 * contents, not on where the files are nor when they were written.
 */
export function hashOwnFiles(release: string, profile: Profile, archFolder: string): string {
  const parts: [label: string, folder: string][] = [
    ["arch", archFolder],
    ["patches", packageFolder("patches")],
    ["config", packageFolder("config")],
    ["build", packageFolder("build")],
  ];
  const hash = createHash("sha256").update(`${release}\0${profile}\0`);
  for (const [label, folder] of parts) {
    for (const file of readTree(folder).filter((path) => !path.endsWith(".md"))) {
      const content = readFileSync(file);
      hash.update(`${label}/${relative(folder, file)}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest("hex");
}

/** The kernels that were built on this machine, by what they are made of. */
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
    if (!existsSync(this.#folder)) return undefined;
    const fitting: { folder: string; manifest: KernelManifest; usedMs: number }[] = [];
    for (const entry of await readdir(this.#folder)) {
      if (!entry.startsWith(`${inputs.ours}-`)) continue;
      const folder = join(this.#folder, entry);
      const manifest = await readManifest(folder);
      if (manifest === undefined) continue;
      if ((inputs.compiler ?? manifest.compiler) !== manifest.compiler) continue;
      if ((inputs.sourceSha256 ?? manifest.source.sha256) !== manifest.source.sha256) continue;
      fitting.push({ folder, manifest, usedMs: (await stat(folder)).mtimeMs });
    }
    for (const { folder, manifest } of fitting.toSorted((a, b) => b.usedMs - a.usedMs)) {
      const wasm = await readFile(join(folder, "kernel.wasm"));
      if (sha256(wasm) !== manifest.sha256) continue;
      const now = new Date();
      await utimes(folder, now, now);
      return { wasm, manifest };
    }
    return undefined;
  }

  /** Adds a finished kernel. Another build that adds the same at the same time does no harm. */
  async add(kernel: Kernel): Promise<void> {
    const { manifest } = kernel;
    const source = sha256(Buffer.from(`${manifest.source.sha256} ${manifest.compiler}`));
    const folder = join(this.#folder, `${manifest.inputs}-${source.slice(0, 16)}`);
    const temporary = `${folder}.${process.pid}.tmp`;
    await mkdir(temporary, { recursive: true });
    await writeFile(join(temporary, "kernel.wasm"), kernel.wasm);
    await writeFile(join(temporary, "kernel.json"), formatManifest(manifest));
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder).catch(async (error: unknown) => {
      await rm(temporary, { recursive: true, force: true });
      // Another build was faster by a moment.
      if (!existsSync(folder)) throw error;
    });
    await this.#prune();
  }

  async #prune(): Promise<void> {
    const entries = await Promise.all(
      (await readdir(this.#folder)).map(async (entry) => {
        const path = join(this.#folder, entry);
        const usedMs = await stat(path).then(
          (status) => status.mtimeMs,
          () => 0,
        );
        return { path, usedMs };
      }),
    );
    const old = entries.toSorted((a, b) => b.usedMs - a.usedMs).slice(KERNELS_MAX);
    for (const { path } of old) await rm(path, { recursive: true, force: true });
  }
}

async function readManifest(folder: string): Promise<KernelManifest | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, "kernel.json"), "utf8"));
  } catch {
    // Somebody else is removing it: as good as not there.
    return undefined;
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function formatManifest(manifest: KernelManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Puts a kernel where the package looks for it; nobody ever sees half a file. */
export async function installKernel(
  kernel: Kernel,
  outputFolder: string,
  name: string,
): Promise<void> {
  await mkdir(outputFolder, { recursive: true });
  const files: [extension: string, content: Uint8Array | string][] = [
    ["wasm", kernel.wasm],
    ["json", formatManifest(kernel.manifest)],
  ];
  for (const [extension, content] of files) {
    const target = join(outputFolder, `${name}.${extension}`);
    const temporary = `${target}.${process.pid}.tmp`;
    await writeFile(temporary, content);
    await rename(temporary, target);
  }
}

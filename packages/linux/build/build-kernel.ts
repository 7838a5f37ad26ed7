import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildError } from "./build-error.ts";
import type { BuildOptions } from "./command-line.ts";
import { readFragments } from "./config.ts";
import { compile, configure, type KernelTree, kernelVersion } from "./kbuild.ts";
import type { Kernel } from "./kernel.ts";
import { hashOwnFiles, KernelCache, sha256, writeKernel } from "./kernel-cache.ts";
import { fetchSource, findSource, type KernelSource } from "./kernel-source.ts";
import { assembleTree, copyPort, readPatches } from "./kernel-tree.ts";
import { linkKernel, parseExports } from "./link.ts";
import type { Patch } from "./patch.ts";
import type { Progress } from "./progress.ts";
import type { Profile, Release } from "./release.ts";
import { compilerVersion, ensureToolchain } from "./toolchain.ts";
import { removeAbandoned, temporaryName, withTreeLock } from "./tree-lock.ts";

/** One kernel that is asked for. */
export interface KernelTarget {
  readonly release: Release;
  readonly profile: Profile;
}

export function kernelName(target: KernelTarget): string {
  return `linux-${target.release.name}-${target.profile}`;
}

/**
 * Takes a kernel from the cache, or builds it, and puts it into the output folder.
 * @throws BuildError that says why it cannot be built.
 */
export async function provideKernel(
  target: KernelTarget,
  options: BuildOptions,
  progress: Progress,
): Promise<void> {
  const name = kernelName(target);
  const startedMs = performance.now();
  if (options.update) await updateSource(target.release, options, progress);
  const cached = options.force ? undefined : await cachedKernel(target, options);
  const kernel = cached ?? (await new KernelBuild(target, options, progress).run());
  await writeKernel(kernel, options.outputFolder, name);
  const { version, size, sha256: hash } = kernel.manifest;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const how = cached === undefined ? `built in ${seconds} s` : "from the cache";
  progress.step(`${name}: Linux ${version}, ${(size / 1e6).toFixed(2)} MB, ${how}`);
  progress.step(`  sha256 ${hash}`);
}

async function updateSource(
  release: Release,
  options: BuildOptions,
  progress: Progress,
): Promise<KernelSource> {
  progress.step(`getting ${release.sourcePackage} from Debian's archive`);
  return fetchSource(release, options.cacheFolder);
}

async function cachedKernel(
  target: KernelTarget,
  options: BuildOptions,
): Promise<Kernel | undefined> {
  const source = await findSource(target.release, options.cacheFolder);
  return new KernelCache(options.cacheFolder).find({
    ours: hashOwnFiles(target.release.name, target.profile, options.archFolder),
    sourceSha256: source?.sha256,
    compiler: await compilerVersion(),
  });
}

/** The building of one kernel. */
class KernelBuild {
  readonly #target: KernelTarget;
  readonly #options: BuildOptions;
  readonly #progress: Progress;
  readonly #name: string;

  constructor(target: KernelTarget, options: BuildOptions, progress: Progress) {
    this.#target = target;
    this.#options = options;
    this.#progress = progress;
    this.#name = kernelName(target);
  }

  async run(): Promise<Kernel> {
    const { cacheFolder, archFolder } = this.#options;
    if (!existsSync(join(archFolder, "wasm", "Kconfig"))) {
      throw new BuildError(`${archFolder} holds no wasm/Kconfig`);
    }
    await ensureToolchain((text) => this.#progress.step(text));
    const compiler = await compilerVersion();
    if (compiler === undefined) throw new BuildError("the compiler does not run");
    const { release } = this.#target;
    const source =
      (await findSource(release, cacheFolder)) ??
      (await updateSource(release, this.#options, this.#progress));
    const trees = join(cacheFolder, "trees");
    for (const folder of [trees, join(cacheFolder, "logs")]) {
      await mkdir(folder, { recursive: true });
      await removeAbandoned(folder, Date.now());
    }
    if (this.#options.keep) {
      const folder = join(trees, `${this.#name}-kept`);
      return withTreeLock(folder, () => this.#buildIn(folder, source, compiler));
    }
    const folder = join(trees, temporaryName(this.#name));
    try {
      const kernel = await this.#buildIn(folder, source, compiler);
      await new KernelCache(cacheFolder).add(kernel);
      return kernel;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #buildIn(folder: string, source: KernelSource, compiler: string): Promise<Kernel> {
    const { cacheFolder } = this.#options;
    const logFile = join(cacheFolder, "logs", `${temporaryName(this.#name)}.log`);
    try {
      const kernel = await this.#make({ folder, logFile }, source, compiler);
      await rm(logFile, { force: true });
      return kernel;
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      throw new BuildError(`${this.#name}: ${error.message} (log: ${logFile})`, error.detail);
    }
  }

  async #make(tree: KernelTree, source: KernelSource, compiler: string): Promise<Kernel> {
    const { release, profile } = this.#target;
    const { archFolder, jobs, keep } = this.#options;
    const inputs = hashOwnFiles(release.name, profile, archFolder);
    const patches = readPatches(release.name, profile);
    const wanted = readFragments(release.name, profile);
    const exported = parseExports(readFileSync(join(archFolder, "exports.txt"), "utf8"));
    await this.#prepareTree(tree, source, compiler, patches);
    if (hashOwnFiles(release.name, profile, archFolder) !== inputs) {
      throw new BuildError("the port, a patch or a fragment changed while it was read; try again");
    }
    const config = await configure(tree, wanted);
    this.#progress.step(`${this.#name}: compiling with ${jobs} jobs`);
    await compile(tree, { jobs, keepGoing: keep }, (count, file) => {
      this.#progress.count(count, file);
    });
    const wasm = await linkKernel(tree, exported);
    const manifest = {
      version: await kernelVersion(tree),
      release: release.name,
      profile,
      source: { package: source.packageName, version: source.version, sha256: source.sha256 },
      compiler,
      sha256: sha256(wasm),
      size: wasm.length,
      inputs,
      patches: patches.map(({ fileName, subject }) => ({ file: fileName, subject })),
      config,
    };
    return { wasm, manifest };
  }

  /** Unpacks and patches Linux, or goes on with a kept tree if that was made of the same. */
  async #prepareTree(
    tree: KernelTree,
    source: KernelSource,
    compiler: string,
    patches: readonly Patch[],
  ): Promise<void> {
    const { archFolder } = this.#options;
    const stampFile = join(tree.folder, "dcejs.stamp");
    const stamp = JSON.stringify({ source: source.sha256, compiler, patches });
    const isSame = existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp;
    if (isSame) {
      this.#progress.step(`${this.#name}: going on in ${tree.folder}`);
      await copyPort(tree, archFolder);
      return;
    }
    this.#progress.step(`${this.#name}: unpacking ${source.packageName} ${source.version}`);
    await rm(tree.folder, { recursive: true, force: true });
    await assembleTree(tree, source, patches, archFolder);
    for (const patch of patches) this.#progress.step(`  ${patch.fileName}: ${patch.subject}`);
    await writeFile(stampFile, stamp);
  }
}

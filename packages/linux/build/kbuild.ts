import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildError } from "./build-error.ts";
import { cleanEnvironment, runCommand } from "./command.ts";
import { type ConfigSummary, checkConfig, formatConfig, type WantedConfig } from "./config.ts";
import { LLVM } from "./toolchain.ts";

/** An unpacked Linux with our port in it. */
export interface KernelTree {
  readonly folder: string;
  readonly logFile: string;
}

/** What `uname -v` says of every kernel: the same bytes are to come out of each build. */
const MAKE_VARIABLES: readonly string[] = [
  "ARCH=wasm",
  `LLVM=-${LLVM}`,
  `LD=wasm-ld-${LLVM}`,
  "KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970",
  "KBUILD_BUILD_VERSION=1",
  "KBUILD_BUILD_USER=dcejs",
  "KBUILD_BUILD_HOST=dcejs",
  // Set, though empty: no "+" for a tree that lies in somebody's git repository.
  "LOCALVERSION=",
];

/** The lines of make that tell of one compiled file. */
const COMPILED = /^ {2}(?:CC|AS) +(\S+)/;

/** Makes .config of the fragments, and checks that it says what they ask for. */
export async function configure(tree: KernelTree, wanted: WantedConfig): Promise<ConfigSummary> {
  const fragment = join(tree.folder, "dcejs.config");
  const target = join(tree.folder, ".config");
  await writeFile(fragment, formatConfig(wanted));
  const before = await readFile(target, "utf8").catch(() => "");
  await make(tree, ["allnoconfig", `KCONFIG_ALLCONFIG=${fragment}`]);
  const after = await readFile(target, "utf8");
  const summary = checkConfig(wanted, after);
  if (before !== after) await make(tree, ["syncconfig"]);
  return summary;
}

/** What `uname -r` will say. */
export async function kernelVersion(tree: KernelTree): Promise<string> {
  const output = await make(tree, ["-s", "kernelrelease"]);
  return output.trim().split("\n").at(-1) ?? "";
}

/**
 * Compiles everything that is linked: vmlinux.a, the libraries, and the two objects that lie outside of them.
 * modpost, vmlinux.o and kallsyms, with which kbuild goes on from there, are of no use to WebAssembly.
 * With `keepGoing` the errors of all files are found, not only those of the first that has some.
 * @throws BuildError with the compiler's messages.
 */
export async function compile(
  tree: KernelTree,
  { jobs, keepGoing }: { readonly jobs: number; readonly keepGoing: boolean },
  onFile: (count: number, file: string) => void,
): Promise<void> {
  let count = 0;
  const onLine = (line: string): void => {
    const file = COMPILED.exec(line)?.[1];
    if (file === undefined) return;
    count += 1;
    onFile(count, file);
  };
  const flags = [`-j${jobs}`, ...(keepGoing ? ["--keep-going"] : [])];
  try {
    await make(tree, [...flags, "wasm-objects"], onLine);
    // Holds the time stamp, hence kbuild compiles it last.
    await make(tree, [...flags, "init/version-timestamp.o"], onLine);
  } catch (error) {
    if (!(error instanceof BuildError) || error.detail === "") throw error;
    const log = await readFile(tree.logFile, "utf8");
    throw new BuildError("Linux does not compile", firstErrors(log) || error.detail);
  }
}

/** How many lines of compiler errors are shown. */
const ERROR_LINES_MAX = 60;

/** The errors in a log of make, without the warnings and the progress between them. */
export function firstErrors(log: string): string {
  const shown: string[] = [];
  let inError = false;
  for (const line of log.split("\n")) {
    if (/(?:^|: )(?:fatal )?error:|undefined symbol|\*\*\* /.test(line)) inError = true;
    else if (/: (?:warning|note): |^ {2}[A-Z]+ {2,}|^make|^\d+ (?:error|warning)/.test(line)) {
      inError = false;
    }
    if (inError) shown.push(line);
  }
  return shown.slice(0, ERROR_LINES_MAX).join("\n");
}

async function make(
  tree: KernelTree,
  args: readonly string[],
  onLine?: (line: string) => void,
): Promise<string> {
  return runCommand("make", [...MAKE_VARIABLES, ...args], {
    cwd: tree.folder,
    env: cleanEnvironment(),
    logFile: tree.logFile,
    ...(onLine === undefined ? {} : { onLine }),
  });
}

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildError } from "./build-error.ts";
import { runCommand } from "./command.ts";
import { firstErrors, type KernelTree } from "./kbuild.ts";
import { LLVM } from "./toolchain.ts";

/**
 * Function "addresses" are indices of a table. Linux takes a small number in place of an RCU callback for the offset
 * of what is to be freed, up to this one; hence no function has a smaller index.
 */
const TABLE_BASE = 4096;
/** Bytes of the stack on which start_kernel() runs. */
const BOOT_STACK_BYTES = 65_536;
const MEMORY_BYTES_MAX = 4_294_967_296;

const FIRST_OBJECT = "arch/wasm/kernel/sections_first.o";
const LAST_OBJECT = "arch/wasm/kernel/sections_last.o";
const LIBRARIES = ["lib/lib.a", "arch/wasm/lib/lib.a"];

/**
 * Links a compiled tree in one go. wasm-ld has no linker scripts, but it lays sections out in the order in which it
 * meets them: the first object fixes the order of all that Linux walks through, the last marks ends.
 * @returns The kernel.
 * @throws BuildError that lists the undefined symbols, if any.
 */
export async function linkKernel(
  tree: KernelTree,
  exported: readonly string[],
): Promise<Buffer<ArrayBuffer>> {
  const output = join(tree.folder, "vmlinux.wasm");
  const libraries = LIBRARIES.filter((path) => existsSync(join(tree.folder, path)));
  const args = [
    "--no-entry",
    // What Linux walks through is marked as used; of the rest a sixth is called by nobody.
    "--gc-sections",
    "--fatal-warnings",
    "--error-limit=0",
    `--table-base=${TABLE_BASE}`,
    "--import-memory",
    `--max-memory=${MEMORY_BYTES_MAX}`,
    "-z",
    `stack-size=${BOOT_STACK_BYTES}`,
    "--stack-first",
    ...exported.map((symbol) => `--export=${symbol}`),
    FIRST_OBJECT,
    "--whole-archive",
    "vmlinux.a",
    "--no-whole-archive",
    "init/version-timestamp.o",
    ...libraries,
    LAST_OBJECT,
    "-o",
    output,
  ];
  try {
    await runCommand(`wasm-ld-${LLVM}`, args, { cwd: tree.folder, logFile: tree.logFile });
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    throw new BuildError("Linux does not link", firstErrors(error.detail) || error.detail);
  }
  return readFile(output);
}

/** The symbols that the host may use, one a line; `#` begins a comment. */
export function parseExports(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
}

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { BuildError } from "./build-error.ts";
import { runCommand } from "./command.ts";

/** LLVM's major version; Debian has it under names that end with it. */
export const LLVM: number = 19;

/** Command → Debian package that brings it. */
const TOOLS: Readonly<Record<string, string>> = {
  [`clang-${LLVM}`]: `clang-${LLVM}`,
  [`wasm-ld-${LLVM}`]: `lld-${LLVM}`,
  [`llvm-ar-${LLVM}`]: `llvm-${LLVM}`,
  [`llvm-nm-${LLVM}`]: `llvm-${LLVM}`,
  make: "make",
  gcc: "gcc libc6-dev",
  flex: "flex",
  bison: "bison",
  bc: "bc",
  xz: "xz-utils",
  tar: "tar",
};

/** Whether a command is in the folders of PATH. */
export function isOnPath(command: string, path: string = process.env["PATH"] ?? ""): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The Debian packages whose commands are missing, sorted. */
export function missingPackages(
  hasCommand: (command: string) => boolean = (name) => isOnPath(name),
): string[] {
  const missing = Object.entries(TOOLS).filter(([command]) => !hasCommand(command));
  return [...new Set(missing.flatMap(([, packages]) => packages.split(" ")))].toSorted();
}

/** One line that says what to install. */
export function missingToolsMessage(packages: readonly string[], hasApt: boolean): string {
  if (hasApt) return `tools are missing; as root: apt-get install ${packages.join(" ")}`;
  return `kernels are built on Debian 12 or later; here apt-get is missing, and of Debian's packages ${packages.join(" ")}`;
}

/**
 * Sees to it that the compiler and its companions are there: installs them when we are root.
 * @throws BuildError that says what to install when we are not.
 */
export async function ensureToolchain(onStep: (text: string) => void): Promise<void> {
  const packages = missingPackages();
  if (packages.length === 0) return;
  const hasApt = isOnPath("apt-get");
  if (!hasApt || process.getuid?.() !== 0) {
    throw new BuildError(missingToolsMessage(packages, hasApt));
  }
  onStep(`installing ${packages.join(" ")}`);
  await runCommand("apt-get", ["update", "-q"]);
  await runCommand("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...packages]);
}

/** Which compiler and linker there are, in one line; undefined when there are none. */
export async function compilerVersion(): Promise<string | undefined> {
  if (!isOnPath(`clang-${LLVM}`) || !isOnPath(`wasm-ld-${LLVM}`)) return undefined;
  const compiler = await runCommand(`clang-${LLVM}`, ["--version"]);
  const linker = await runCommand(`wasm-ld-${LLVM}`, ["--version"]);
  return [compiler, linker].map((text) => text.split("\n")[0]?.trim() ?? "").join("; ");
}

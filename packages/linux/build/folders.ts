import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** A folder or file of this package. */
export function packageFolder(...path: readonly string[]): string {
  return join(ROOT, ...path);
}

/** Where sources and kernels are kept between builds, after the XDG base directory specification. */
export function linuxCacheFolder(environment: NodeJS.ProcessEnv): string {
  const configured = environment["XDG_CACHE_HOME"] ?? "";
  // The specification: a relative path is to be ignored.
  const base = isAbsolute(configured) ? configured : join(homedir(), ".cache");
  return join(base, "dcejs", "linux");
}

import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The files below a folder, as paths that begin with it, in an order that depends on names only. */
export function readTree(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? readTree(path) : [path];
    });
}

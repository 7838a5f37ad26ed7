import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The files below a folder, as paths relative to it, in an order that depends on names only. */
export function readTree(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (!entry.isDirectory()) return [entry.name];
      return readTree(join(folder, entry.name)).map((path) => join(entry.name, path));
    });
}

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";

const EXTENSIONS = [".ts", ".mts", ".js", ".mjs"];

/**
 * The folder of this project's scenarios: what "dce": { "scenarios": FOLDER } of the nearest package.json says that
 * has such a field. undefined where no package.json above `from` has one.
 */
export function findScenarioFolder(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const named = scenariosField(join(folder, "package.json"));
    if (named !== undefined) return resolve(folder, named);
    if (dirname(folder) === folder) return undefined;
  }
}

/** Scenario files of a folder, sorted by name: files directly in it, named in kebab-case. */
export function scenarioFiles(folder: string): { name: string; path: string }[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && EXTENSIONS.includes(extname(entry.name)))
    .map((entry) => ({
      name: basename(entry.name, extname(entry.name)),
      path: join(folder, entry.name),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function scenariosField(manifestPath: string): string | undefined {
  if (!existsSync(manifestPath)) return undefined;
  const manifest: unknown = JSON.parse(readFileSync(manifestPath, "utf8"));
  if (typeof manifest !== "object" || manifest === null || !("dce" in manifest)) return undefined;
  const { dce } = manifest;
  if (typeof dce !== "object" || dce === null || !("scenarios" in dce)) return undefined;
  return typeof dce.scenarios === "string" ? dce.scenarios : undefined;
}

// The arrows between packages go down only (docs/ARCHITECTURE.md). Checks package.json dependencies and every import of
// every source file: no package imports one above it, and none reaches into another's src.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_FREE = ["core-sched", "sysctl", "lkl-kernel", "net-stack"];
const MAY_IMPORT = {
  "core-sched": [],
  sysctl: [],
  "lkl-kernel": [],
  "net-stack": ["lkl-kernel", "sysctl"],
  links: ["core-sched"],
  linux: ["lkl-kernel"],
  // linux: only its types, and at run time only where it is installed
  "dce-glue": ["core-sched", "links", "linux", "lkl-kernel", "net-stack", "sysctl"],
  cli: ["core-sched", "dce-glue", "links", "lkl-kernel", "net-stack", "sysctl"],
  conformance: ["core-sched", "dce-glue", "links", "linux", "lkl-kernel"],
  examples: ["cli", "core-sched", "dce-glue", "links", "lkl-kernel", "net-stack", "sysctl"],
};
/** Import and export statements (not those quoted in comments), and dynamic imports. */
const IMPORT =
  /^\s*(?:import|export)\b[^;"']*["']([^"']+)["']|^[^*/]*\bimport\(\s*["']([^"']+)["']/gm;

function* sourceFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (/\.[cm]?ts$/.test(entry.name)) yield path;
  }
}

/** What is wrong with `specifier` in a file of package `name`, or undefined. */
function complaint(name, file, specifier) {
  if (NODE_FREE.includes(name) && specifier.startsWith("node:"))
    return "runs in browsers and may not use Node";
  if (specifier.startsWith(".")) {
    const target = join(dirname(file), specifier);
    return target.startsWith(join(root, "packages", name, "src"))
      ? undefined
      : "leaves its own src folder";
  }
  if (!specifier.startsWith("@dcejs/")) return undefined;
  const [other, ...rest] = specifier.slice("@dcejs/".length).split("/");
  if (rest.length > 0) return `reaches into ${other}`;
  return MAY_IMPORT[name].includes(other) ? undefined : `may not import ${other}`;
}

const problems = [];
for (const name of readdirSync(join(root, "packages"))) {
  if (MAY_IMPORT[name] === undefined) {
    problems.push(`${name}: no row in scripts/check-arrows.mjs`);
    continue;
  }
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    const wrong = complaint(name, "", dependency);
    if (wrong !== undefined) problems.push(`packages/${name}/package.json: ${name} ${wrong}`);
  }
  for (const file of sourceFiles(join(root, "packages", name, "src"))) {
    for (const [, statement, dynamic] of readFileSync(file, "utf8").matchAll(IMPORT)) {
      const specifier = statement ?? dynamic;
      const wrong = complaint(name, file, specifier);
      if (wrong !== undefined)
        problems.push(`${relative(root, file)}: "${specifier}": ${name} ${wrong}`);
    }
  }
}
for (const problem of problems) console.error(problem);
console.log(
  problems.length === 0 ? "arrows: all imports go down" : `arrows: ${problems.length} wrong`,
);
process.exit(problems.length === 0 ? 0 : 1);

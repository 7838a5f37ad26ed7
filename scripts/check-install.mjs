// Packs every publishable package and installs each alone (with the workspace packages it depends on) into an empty
// project, as a user would from the registry; then imports it as ESM, requires it as CJS and type-checks both.
// Needs the packages to be built.
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(root, "node_modules", "typescript7", "bin", "tsc");
const scratch = mkdtempSync(join(tmpdir(), "dcejs-install-"));
const binaries = join(root, "node_modules", ".bin");
const env = { ...process.env, PATH: binaries + delimiter + process.env.PATH };

function run(command, args, cwd) {
  return execFileSync(command, args, {
    cwd,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** The Node of the repository and, where it is another one, the machine's own: often the oldest that packages support. */
function nodeVersions() {
  const outside = process.env.PATH.split(delimiter).filter((folder) => folder !== binaries);
  const own = execFileSync("node", ["-p", "process.execPath"], {
    env: { ...process.env, PATH: outside.join(delimiter) },
    encoding: "utf8",
  }).trim();
  return [...new Set([realpathSync(join(binaries, "node")), own])];
}

function supports(node, range) {
  const [major = 0, minor = 0] = run(node, ["-p", "process.versions.node"], root)
    .split(".")
    .map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = range.replace(">=", "").split(".").map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

function readPackages() {
  const packages = new Map();
  for (const folder of readdirSync(join(root, "packages"))) {
    const manifest = JSON.parse(
      readFileSync(join(root, "packages", folder, "package.json"), "utf8"),
    );
    if (manifest.private !== true)
      packages.set(manifest.name, { folder: join(root, "packages", folder), manifest });
  }
  return packages;
}

/** The package and all workspace packages below it. */
function closure(packages, name, found = new Set()) {
  found.add(name);
  for (const dependency of Object.keys(packages.get(name).manifest.dependencies ?? {})) {
    if (packages.has(dependency) && !found.has(dependency)) closure(packages, dependency, found);
  }
  return found;
}

const CJS_TSCONFIG = {
  compilerOptions: {
    module: "nodenext",
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: [],
    lib: ["es2023", "dom"],
  },
};

function tryPackage(name, manifest, needed, tarballs) {
  const project = join(scratch, name.replace("@dcejs/", "use-"));
  mkdirSync(project);
  const dependencies = Object.fromEntries(
    [...needed].map((each) => [each, `file:${tarballs.get(each)}`]),
  );
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "user", private: true, dependencies }),
  );
  run("npm", ["install", "--no-audit", "--no-fund", "--silent"], project);
  writeFileSync(
    join(project, "use.mjs"),
    `import * as m from "${name}"; console.log(Object.keys(m).length);`,
  );
  writeFileSync(
    join(project, "use.cjs"),
    `const m = require("${name}"); console.log(Object.keys(m).length);`,
  );
  writeFileSync(
    join(project, "use.mts"),
    `import * as m from "${name}"; export const names: string[] = Object.keys(m);`,
  );
  writeFileSync(
    join(project, "use.cts"),
    `import m = require("${name}"); export const names: string[] = Object.keys(m);`,
  );
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({ ...CJS_TSCONFIG, files: ["use.mts", "use.cts"] }),
  );
  run("node", [tsc, "-p", "."], project);
  for (const node of nodes.filter((each) => supports(each, manifest.engines.node))) {
    const esm = Number(run(node, ["use.mjs"], project));
    const cjs = Number(run(node, ["use.cjs"], project));
    const version = run(node, ["--version"], project).trim();
    if (!(esm > 0 && cjs === esm))
      throw new Error(`${name}: ESM ${esm} names, CJS ${cjs} (${version})`);
    console.log(
      `${name}: installs alone; ${esm} names as ESM and CJS under ${version}, types check`,
    );
  }
}

const nodes = nodeVersions();
try {
  const packages = readPackages();
  const tarballs = new Map();
  for (const [name, { folder }] of packages) {
    const packed = run("pnpm", ["pack", "--json", "--pack-destination", scratch], folder);
    tarballs.set(name, JSON.parse(packed).filename);
  }
  for (const [name, { manifest }] of packages) {
    tryPackage(name, manifest, closure(packages, name), tarballs);
  }
} catch (error) {
  console.error(error.stderr || error.stdout || error.message);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true });
}

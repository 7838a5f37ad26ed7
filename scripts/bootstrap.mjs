// Runs a command of this repository on a machine that has only Node ≥ 20 and npm:
//   node scripts/bootstrap.mjs -- vitest run
// Installs the dependencies first when node_modules is missing or older than the lockfile; after that it needs no
// network. Commands run with node_modules/.bin first on PATH, which also holds the Node version the tools need.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PNPM = "pnpm@12.21.0";
const OLDEST_NODE_FOR_TOOLS = 24;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const marker = join(modules, ".dcejs-lockfile");
const binaries = join(modules, ".bin");
const env = {
  ...process.env,
  PATH: binaries + delimiter + process.env.PATH,
  TURBO_TELEMETRY_DISABLED: "1",
};

function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (result.error) {
    console.error(`cannot run ${command}: ${result.error.message}`);
    return 1;
  }
  return result.status ?? 1;
}

function lockfileHash() {
  return createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex");
}

function isInstalled() {
  return existsSync(marker) && readFileSync(marker, "utf8") === lockfileHash();
}

function install() {
  console.error("Installing dependencies (once; takes about half a minute)…");
  const status = run("npx", [
    "-y",
    PNPM,
    "install",
    "--frozen-lockfile",
    "--reporter=append-only",
    "--loglevel=error",
  ]);
  if (status !== 0) {
    console.error(`the installation failed (exit ${status}); is the npm registry reachable?`);
    process.exit(status);
  }
  writeFileSync(marker, lockfileHash());
}

function checkNode() {
  if (existsSync(join(binaries, "node"))) return;
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= OLDEST_NODE_FOR_TOOLS) return;
  console.error(
    `There is no prebuilt Node for ${process.platform}-${process.arch} among the dependencies: ` +
      `please run this with Node ≥ ${OLDEST_NODE_FOR_TOOLS} (this is ${process.version}).`,
  );
  process.exit(1);
}

if (!isInstalled()) install();
checkNode();
const separator = process.argv.indexOf("--");
const [command, ...args] = separator < 0 ? [] : process.argv.slice(separator + 1);
if (command !== undefined) process.exit(run(command, args));

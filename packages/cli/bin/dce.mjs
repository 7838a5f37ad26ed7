#!/usr/bin/env node
// Starts the command from dist (as published), or from the sources when this is a checkout of the repository.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "..", "src", "index.ts");
const isCheckout = existsSync(source);

/** Node ≥ 24 among the repository's dependencies, for a checkout on a machine whose own Node is older. */
const bundledNode = join(here, "..", "..", "..", "node_modules", ".bin", "node");

if (Number(process.versions.node.split(".")[0]) < 24) {
  if (!isCheckout || !existsSync(bundledNode)) {
    console.error(`dce needs Node ≥ 24; this is ${process.version}`);
    process.exit(2);
  }
  const run = spawnSync(bundledNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  process.exit(run.status ?? 1);
}

if (isCheckout) {
  nodeModule.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, "@dcejs/source"] }),
  });
}
const { main } = await import(isCheckout ? source : "../dist/index.js");
process.exitCode = await main(process.argv.slice(2));

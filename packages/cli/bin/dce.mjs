#!/usr/bin/env node
// Starts the command from dist (as published), or from the sources when this is a checkout of the repository.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "..", "src", "index.ts");
const isCheckout = existsSync(source);

/** Node ≥ 24 among the repository's dependencies, for a checkout on a machine whose own Node is older. */
const bundledNode = join(here, "..", "..", "..", "node_modules", ".bin", "node");

if (Number(process.versions.node.split(".")[0]) >= 24) {
  if (isCheckout) {
    nodeModule.registerHooks({
      resolve: (specifier, context, next) =>
        next(specifier, { ...context, conditions: [...context.conditions, "@dcejs/source"] }),
    });
  }
  const { runProcess } = await import(isCheckout ? source : "../dist/index.js");
  void runProcess(process.argv.slice(2));
} else if (isCheckout && existsSync(bundledNode)) {
  runInBundledNode();
} else {
  console.error(`dce needs Node ≥ 24; this is ${process.version}`);
  process.exitCode = 2;
}

/** A signal that ends this process must not leave the other one running. */
function runInBundledNode() {
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(bundledNode, args, { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

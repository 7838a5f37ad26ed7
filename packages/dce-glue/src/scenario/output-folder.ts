import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ScenarioError } from "./scenario-error.ts";

/**
 * Makes a folder of the host for what a run leaves, with those above it: before the run, so that a
 * long one does not end in vain.
 * @param what What is to be kept there, for the message: "captures".
 * @throws {ScenarioError} it cannot be made, or nothing can be written into it
 */
export function prepareOutputFolder(what: string, folder: string): void {
  if (folder === "") throw new ScenarioError(`${what}: "" is no folder`);
  writingTo(what, folder, () => {
    makeFolder(resolve(folder));
    accessSync(folder, constants.W_OK | constants.X_OK);
  });
}

/** Does something with the host's files; an error of the host becomes one of the scenario, in one line. */
export function writingTo<T>(what: string, folder: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
    throw new ScenarioError(`${what}: cannot write to ${folder}: ${error.message}`, {
      cause: error,
    });
  }
}

/** One folder after the other: `recursive` of Node never comes back from a folder like /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder) && statSync(folder).isDirectory()) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  mkdirSync(folder);
}

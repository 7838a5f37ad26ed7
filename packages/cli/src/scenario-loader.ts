import { existsSync, statSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isScenario, type Scenario } from "@dcejs/dce-glue";
import { findScenarioFolder, scenarioFiles } from "./scenario-folder.ts";
import { UsageError } from "./usage-error.ts";

/** A scenario and the name it is known by. */
export interface LoadedScenario {
  readonly name: string;
  readonly scenario: Scenario;
}

/**
 * Loads a scenario by path (it has a file extension or a slash) or by the name that `dce list` shows.
 * @throws {UsageError} no such file or name, a file that cannot be loaded, or one that exports no scenario.
 */
export async function loadScenario(nameOrPath: string): Promise<LoadedScenario> {
  const path = locate(nameOrPath);
  const name = basename(path, extname(path));
  let module: unknown;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new UsageError(`${nameOrPath} cannot be loaded: ${firstLine(error)}`, { cause: error });
  }
  const scenario =
    typeof module === "object" && module !== null && "default" in module
      ? module.default
      : undefined;
  if (!isScenario(scenario)) {
    throw new UsageError(
      `${nameOrPath} is not a scenario: its default export must come from simulation(…)`,
    );
  }
  return { name: scenario.config.name ?? name, scenario };
}

function locate(nameOrPath: string): string {
  if (/[\\/]/.test(nameOrPath) || extname(nameOrPath) !== "") {
    const path = resolve(nameOrPath);
    if (!existsSync(path)) throw new UsageError(`${nameOrPath}: no such file`);
    if (!statSync(path).isFile()) throw new UsageError(`${nameOrPath} is not a file`);
    return path;
  }
  const folder = findScenarioFolder(".");
  const files = folder === undefined || !existsSync(folder) ? [] : scenarioFiles(folder);
  const found = files.find(({ name }) => name === nameOrPath);
  if (found !== undefined) return found.path;
  const known =
    files.length === 0
      ? "this project lists none"
      : `known: ${files.map(({ name }) => name).join(", ")}`;
  throw new UsageError(`there is no scenario "${nameOrPath}" (${known})`);
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return message.split("\n", 1)[0] ?? message;
}

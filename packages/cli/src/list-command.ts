import { existsSync, statSync } from "node:fs";
import { optionUsage } from "@dcejs/dce-glue";
import { findScenarioFolder, scenarioFiles } from "./scenario-folder.ts";
import { loadScenario } from "./scenario-loader.ts";
import { createTable } from "./table.ts";
import { UsageError } from "./usage-error.ts";

/**
 * The scenarios of a folder with what they say of themselves.
 * @throws {UsageError} no folder is named and no package.json names one, or it does not exist.
 */
export async function listScenarios(named: string | undefined, asJson: boolean): Promise<string> {
  const folder = named ?? findScenarioFolder(".");
  if (folder === undefined) {
    throw new UsageError(
      'no scenarios: no package.json here or above says "dce": { "scenarios": FOLDER }',
    );
  }
  if (!existsSync(folder)) throw new UsageError(`${folder}: no such folder`);
  if (!statSync(folder).isDirectory()) throw new UsageError(`${folder} is not a folder`);
  const rows: { name: string; description: string; options: string }[] = [];
  for (const { path } of scenarioFiles(folder)) {
    const { name, scenario } = await loadScenario(path);
    const { description = "", options = {} } = scenario.config;
    rows.push({ name, description, options: optionUsage(options) });
  }
  if (asJson) return `${JSON.stringify(rows)}\n`;
  const table = createTable(["scenario", "what it shows"]);
  for (const { name, description, options } of rows)
    table.push([name, `${description}\n${options}`]);
  return `${table.toString()}\n`;
}

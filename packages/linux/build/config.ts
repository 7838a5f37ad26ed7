import { readFileSync } from "node:fs";
import { BuildError } from "./build-error.ts";
import { packageFolder } from "./folders.ts";
import type { Profile } from "./release.ts";

/** What the fragments of one kernel ask for. */
export interface WantedConfig {
  /** Option without `CONFIG_` → value as it stands in .config, `n` for "is not set". */
  readonly values: ReadonlyMap<string, string>;
  /** Options that would be wanted and that this release does not have, with the reason. */
  readonly absent: ReadonlyMap<string, string>;
}

export interface ConfigSummary {
  /** Options that are built in, sorted. */
  readonly builtIn: readonly string[];
  readonly absent: readonly string[];
}

/** The fragments of a kernel, in the order in which later ones win. */
export function fragmentNames(release: string, profile: Profile): string[] {
  const isFull = profile === "full";
  const names = ["common", "net", ...(isFull ? ["full"] : []), `release-${release}`];
  if (isFull) names.push(`release-${release}-full`);
  return names.map((name) => `${name}.config`);
}

export function readFragments(release: string, profile: Profile): WantedConfig {
  return parseFragments(
    fragmentNames(release, profile).map((name) => ({
      name,
      text: readFileSync(packageFolder("config", name), "utf8"),
    })),
  );
}

/**
 * Reads fragments. Besides Kconfig's two kinds of lines there is `#absent CONFIG_X: reason` for an option that we
 * would have if this release had it; it takes back what an earlier fragment asks for.
 * @throws BuildError on a line that is none of these, nor a comment, nor empty.
 */
export function parseFragments(
  fragments: readonly { readonly name: string; readonly text: string }[],
): WantedConfig {
  const values = new Map<string, string>();
  const absent = new Map<string, string>();
  for (const fragment of fragments) {
    for (const [index, line] of fragment.text.split("\n").entries()) {
      const setting = parseSetting(line);
      const missing = /^#absent CONFIG_(\w+): (.+)$/.exec(line);
      if (setting !== undefined) values.set(...setting);
      else if (missing?.[1] !== undefined && missing[2] !== undefined) {
        values.delete(missing[1]);
        absent.set(missing[1], missing[2]);
      } else if (line.trim() !== "" && !line.startsWith("# ")) {
        throw new BuildError(`config/${fragment.name}:${index + 1} is not understood: ${line}`);
      }
    }
  }
  return { values, absent };
}

/** The wanted options as a file for Kconfig. */
export function formatConfig(wanted: WantedConfig): string {
  let text = "";
  for (const [name, value] of wanted.values) {
    text += value === "n" ? `# CONFIG_${name} is not set\n` : `CONFIG_${name}=${value}\n`;
  }
  return text;
}

/**
 * Compares what was asked for with the .config that Kconfig made of it. Kconfig drops an option silently when it does
 * not know it or when what it depends on is off.
 * @throws BuildError that names every option that is not as wanted.
 */
export function checkConfig(wanted: WantedConfig, dotConfig: string): ConfigSummary {
  const actual = new Map<string, string>();
  for (const line of dotConfig.split("\n")) {
    const setting = parseSetting(line);
    if (setting !== undefined) actual.set(...setting);
  }
  const wrong: string[] = [];
  for (const [name, value] of wanted.values) {
    const got = actual.get(name) ?? "n";
    if (got !== value) wrong.push(`CONFIG_${name} should be ${value} and is ${got}`);
  }
  for (const name of wanted.absent.keys()) {
    if ((actual.get(name) ?? "n") !== "n")
      wrong.push(`CONFIG_${name} is there, though marked absent`);
  }
  if (wrong.length > 0) {
    throw new BuildError(
      `${wrong.length} options are not as wanted; ask for what they depend on, or mark them #absent with a reason`,
      wrong.join("\n"),
    );
  }
  const builtIn = [...actual].filter(([, value]) => value === "y").map(([name]) => name);
  return { builtIn: builtIn.toSorted(), absent: [...wanted.absent.keys()].toSorted() };
}

function parseSetting(line: string): [name: string, value: string] | undefined {
  const unset = /^# CONFIG_(\w+) is not set$/.exec(line)?.[1];
  if (unset !== undefined) return [unset, "n"];
  const [, name, value] = /^CONFIG_(\w+)=(.+)$/.exec(line) ?? [];
  return name === undefined || value === undefined ? undefined : [name, value];
}

import { COMMAND_LINE_SIZE, DEFAULT_MEM_BYTES } from "./limits.ts";

/** The command line, split: what the kernel reads itself, and everything for initcalls. */
export interface BootParameters {
  readonly memBytes: number;
  readonly loglevel: number | undefined;
  readonly isQuiet: boolean;
  readonly isInitcallDebug: boolean;
  /** Every `key=value` and `key` (value ""), the last one winning; dashes in keys read as underscores. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** parse_early_param. Quotes keep blanks together: `key="a b"`. */
export function parseCommandLine(cmdline: string): BootParameters {
  const parameters = new Map<string, string>();
  const words = cmdline.slice(0, COMMAND_LINE_SIZE).match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  for (const word of words) {
    if (word === "--") break;
    const equals = word.indexOf("=");
    const key = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? "" : word.slice(equals + 1).replaceAll('"', "");
    parameters.set(key.replaceAll("-", "_"), value);
  }
  const loglevel = Number.parseInt(parameters.get("loglevel") ?? "", 10);
  return {
    memBytes: parseMemory(parameters.get("mem")) ?? DEFAULT_MEM_BYTES,
    loglevel: Number.isNaN(loglevel) ? undefined : loglevel,
    isQuiet: parameters.has("quiet"),
    isInitcallDebug: parameters.has("initcall_debug"),
    parameters,
  };
}

/** memparse: decimal or 0x, with K, M or G. */
function parseMemory(text: string | undefined): number | undefined {
  const found = /^(0x[0-9a-f]+|\d+)([kmg]?)$/i.exec(text ?? "");
  if (found === null) return undefined;
  const shift = ["", "k", "m", "g"].indexOf((found[2] ?? "").toLowerCase()) * 10;
  return Number(found[1]) * 2 ** shift;
}

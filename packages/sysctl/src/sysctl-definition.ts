import { showNumber } from "./number-format.ts";
import type { SysctlEntry, SysctlState } from "./sysctl-entry.ts";
import { SysctlDirectory } from "./sysctl-directory.ts";
import { SysctlError } from "./sysctl-error.ts";
import { canonicalPath, dottedPath } from "./sysctl-path.ts";
import { type ValueFormat, valueFormat } from "./value-format.ts";

/** An entry with what follows from it. Never changed, so any number of trees may share it. */
export interface SysctlDefinition {
  /** The path below /proc/sys. */
  readonly key: string;
  readonly entry: SysctlEntry;
  readonly mode: number;
  readonly format: ValueFormat;
  /** A view's begins as what its owner holds then; this is that of an owner that holds 0. */
  readonly initial: SysctlState;
}

/** @param hz Kernel ticks a second, for the `jiffies` types. */
export function definitionOf(entry: SysctlEntry, hz: number): SysctlDefinition {
  const key = canonicalPath(entry.path);
  const format = valueFormat(entry, hz);
  const initial = entry.view === undefined ? initialState(entry, format) : viewedState(entry, 0);
  return { key, entry, mode: entry.mode ?? MODE_DEFAULT, format, initial };
}

/** What a view shows while its owner's variable is `ownerValue`. */
export function viewedState(entry: SysctlEntry, ownerValue: number): SysctlState {
  const value = entry.view?.toView(ownerValue) ?? ownerValue;
  return { values: [value], text: showNumber(value) };
}

/** Definitions that many trees have in common, by key. */
export class SysctlTable {
  readonly definitions: ReadonlyMap<string, SysctlDefinition>;
  readonly directory: SysctlDirectory = new SysctlDirectory();

  /** @throws SysctlError when a path is there twice. */
  constructor(entries: Iterable<SysctlEntry>, hz: number) {
    const definitions = new Map<string, SysctlDefinition>();
    for (const entry of entries) {
      const definition = definitionOf(entry, hz);
      if (definitions.has(definition.key)) {
        throw new SysctlError(dottedPath(definition.key), "EINVAL", "is defined already");
      }
      definitions.set(definition.key, definition);
      this.directory.addFile(definition.key);
    }
    this.definitions = definitions;
  }
}

/** The table of a tree that shares nothing. */
export const EMPTY_TABLE: SysctlTable = new SysctlTable([], 1000);

const MODE_DEFAULT = 0o644;
const NO_LIMITS = { min: 0n, max: 0n };

function initialState(entry: SysctlEntry, format: ValueFormat): SysctlState {
  const initial = entry.default;
  if (typeof initial === "object") return { values: initial, text: initial.join("\t") };
  const blank = { values: [], text: "" };
  if (format.range === undefined) return format.parse(`${initial}`, blank, NO_LIMITS).state;
  const values = `${initial}`.split("\t").map(Number);
  return { values, text: `${initial}` };
}

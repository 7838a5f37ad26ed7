import { showNumber } from "./number-format.ts";
import type { SysctlEntry, SysctlState } from "./sysctl-entry.ts";
import { type ValueFormat, valueFormat } from "./value-format.ts";

/** An entry with what follows from it. Frozen, so any number of trees may share it. */
export interface SysctlDefinition {
  readonly entry: SysctlEntry;
  readonly mode: number;
  readonly format: ValueFormat;
  readonly initial: SysctlState;
}

/**
 * @param hz Kernel ticks a second, for the `jiffies` types.
 * @param ownerValue What the owner of a view holds at first.
 */
export function definitionOf(entry: SysctlEntry, hz: number, ownerValue = 0): SysctlDefinition {
  const format = valueFormat(entry, hz);
  const { values, text } =
    entry.view === undefined ? initialState(entry, format) : viewedState(entry, ownerValue);
  const initial = Object.freeze({ values: Object.freeze([...values]), text });
  return Object.freeze({ entry, mode: entry.mode ?? MODE_DEFAULT, format, initial });
}

/** The first number that a parameter holds at first; of one that is not there 0. */
export function initialValue(definition: SysctlDefinition | undefined): number {
  return definition?.initial.values[0] ?? 0;
}

/** What a view shows while its owner's variable is `ownerValue`. */
export function viewedState(entry: SysctlEntry, ownerValue: number): SysctlState {
  const value = entry.view?.toView(ownerValue) ?? ownerValue;
  return { values: [value], text: showNumber(value) };
}

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

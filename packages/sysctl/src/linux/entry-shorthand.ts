import type { SysctlEntry, SysctlType } from "../sysctl-entry.ts";

/** What a row may say besides path, default and description. */
type RowOptions = Omit<SysctlEntry, "path" | "type" | "default" | "description">;

/** Builds one row of a table. */
export type Row = (
  path: string,
  initial: SysctlEntry["default"],
  description: string,
  options?: RowOptions,
) => SysctlEntry;

function rowOf(type: SysctlType): Row {
  return (path, initial, description, options = {}) => ({
    ...options,
    path,
    type,
    default: initial,
    description,
  });
}

export const bool: Row = rowOf("bool");
export const u8: Row = rowOf("u8");
export const int: Row = rowOf("int");
export const uint: Row = rowOf("uint");
export const ulong: Row = rowOf("ulong");
export const string: Row = rowOf("string");
/** Kept in ticks, the file is in seconds. */
export const seconds: Row = (path, initial, description, options) => ({
  ...rowOf("jiffies")(path, initial, description, options),
  unit: "s",
});
/** Kept in ticks, the file is in milliseconds. */
export const milliseconds: Row = (path, initial, description, options) => ({
  ...rowOf("ms_jiffies")(path, initial, description, options),
  unit: "ms",
});

/** From 0 to the largest int. */
export const NOT_NEGATIVE: { readonly min: number } = { min: 0 };
/** From 1 to the largest int. */
export const POSITIVE: { readonly min: number } = { min: 1 };
export const READ_ONLY: { readonly mode: number } = { mode: 0o444 };

import { bitmapFormat } from "./bitmap-format.ts";
import { numberFormat } from "./number-format.ts";
import { stringFormat } from "./string-format.ts";
import type { SysctlEntry, SysctlState } from "./sysctl-entry.ts";

/** What a write did: 0 or a negative errno, and the state that it left behind. */
export interface WriteOutcome {
  readonly errno: number;
  readonly state: SysctlState;
}

/** Limits that hold at the moment of a write; they may depend on other parameters. */
export interface ValueLimits {
  readonly min: bigint;
  readonly max: bigint;
}

/** How one type of parameter reads what is written to its file. Never throws. */
export interface ValueFormat {
  /** The type's own range, `undefined` for texts. */
  readonly range: ValueLimits | undefined;
  parse(written: string, old: SysctlState, limits: ValueLimits): WriteOutcome;
}

/** The format for an entry. @param hz Kernel ticks a second, for the `jiffies` types. */
export function valueFormat(entry: SysctlEntry, hz: number): ValueFormat {
  switch (entry.type) {
    case "string":
      return stringFormat(entry.maxLength ?? STRING_LENGTH_DEFAULT);
    case "bitmap":
      return bitmapFormat(entry.length ?? 1);
    case "bool":
    case "u8":
    case "int":
    case "uint":
    case "ulong":
    case "jiffies":
    case "ms_jiffies":
    case "userhz_jiffies":
      return numberFormat(entry.type, entry.length ?? 1, hz, entry.review !== undefined);
    default:
      return entry.type satisfies never;
  }
}

const STRING_LENGTH_DEFAULT = 256;

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

/**
 * The format for an entry; entries of one kind share it, since a format keeps nothing.
 * @param hz Kernel ticks a second, for the `jiffies` types.
 */
export function valueFormat(entry: SysctlEntry, hz: number): ValueFormat {
  const { type, length, maxLength, review } = entry;
  const kind = `${type} ${length} ${maxLength} ${review !== undefined} ${hz}`;
  let format = formats.get(kind);
  if (format === undefined) {
    format = makeFormat(entry, hz);
    formats.set(kind, format);
  }
  return format;
}

const formats = new Map<string, ValueFormat>();

function makeFormat(entry: SysctlEntry, hz: number): ValueFormat {
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

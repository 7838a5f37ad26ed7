import {
  LIST_TERMINATORS,
  type ScannedNumber,
  scanNumber,
  skipSpaces,
  ULONG_MAX,
} from "./number-syntax.ts";
import type { SysctlState, SysctlType } from "./sysctl-entry.ts";
import { SysctlErrno } from "./sysctl-error.ts";
import type { ValueFormat, ValueLimits, WriteOutcome } from "./value-format.ts";

type NumberType = Exclude<SysctlType, "string" | "bitmap">;

/** One number of a vector, and as the file shows it. */
interface Element {
  readonly value: number;
  readonly text: string;
}

/**
 * Numbers separated by white space. A write that has fewer numbers than the vector updates the leading
 * ones; what stands behind the last one is ignored. When a number is bad, those before it have been
 * stored (`do_proc_dointvec`), unless `isAtomic`.
 */
export function numberFormat(
  type: NumberType,
  length: number,
  hz: number,
  isAtomic: boolean,
): ValueFormat {
  const range = typeRange(type, hz);
  const round = tickRounding(type, hz);
  return {
    range,
    parse(written: string, old: SysctlState, limits: ValueLimits): WriteOutcome {
      const elements: Element[] = [];
      let at = skipSpaces(written, 0);
      let isBad = false;
      while (elements.length < length && at < written.length) {
        const number = scanNumber(written, at, LIST_TERMINATORS);
        const element = number && toElement(number, range, limits, round);
        if (number === undefined || element === undefined) {
          isBad = true;
          break;
        }
        elements.push(element);
        at = skipSpaces(written, number.end);
      }
      const state = isBad && isAtomic ? old : withLeading(old, elements);
      const errno = isBad || elements.length === 0 ? -SysctlErrno.EINVAL : 0;
      return { errno, state };
    },
  };
}

/** A number as the file shows it; the kernel's -1 tick in a coarser unit is "-0". */
export function showNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : value.toString();
}

const INT_MAX = 0x7fffffffn;
const USER_HZ = 100;

function typeRange(type: NumberType, hz: number): ValueLimits {
  switch (type) {
    case "bool":
      return { min: 0n, max: 1n };
    case "u8":
      return { min: 0n, max: 255n };
    case "int":
      return { min: -INT_MAX - 1n, max: INT_MAX };
    case "uint":
      return { min: 0n, max: 0xffffffffn };
    case "ulong":
      return { min: 0n, max: ULONG_MAX };
    case "jiffies":
      return { min: -(INT_MAX / BigInt(hz)), max: INT_MAX / BigInt(hz) };
    case "ms_jiffies":
      return { min: 0n, max: INT_MAX };
    case "userhz_jiffies":
      // Linux refuses no negative number here, it keeps -1 tick, which reads back as "-0".
      return { min: -INT_MAX - 1n, max: (INT_MAX * BigInt(USER_HZ)) / BigInt(hz) };
    default:
      return type satisfies never;
  }
}

/** How the kernel's ticks change a number between writing and reading it, if they do. */
function tickRounding(type: NumberType, hz: number): ((n: number) => number) | undefined {
  if (type === "ms_jiffies") {
    return (ms) => Math.floor((Math.ceil((ms * hz) / 1000) * 1000) / hz);
  }
  if (type === "userhz_jiffies") {
    return (n) => (n < 0 ? -0 : Math.floor((Math.floor((n * hz) / USER_HZ) * USER_HZ) / hz));
  }
  return undefined;
}

function toElement(
  number: ScannedNumber,
  range: ValueLimits,
  limits: ValueLimits,
  round: ((n: number) => number) | undefined,
): Element | undefined {
  // The unsigned handlers refuse the sign itself, also that of "-0".
  if (number.isNegative && range.min >= 0n) return undefined;
  const exact = number.isNegative ? -number.magnitude : number.magnitude;
  if (exact < range.min || exact > range.max) return undefined;
  if (exact < limits.min || exact > limits.max) return undefined;
  if (round === undefined) return { value: Number(exact), text: exact.toString() };
  const value = round(Number(exact));
  return { value, text: showNumber(value) };
}

function withLeading(old: SysctlState, elements: readonly Element[]): SysctlState {
  if (elements.length === 0) return old;
  const values = [...old.values];
  const texts = old.text.split("\t");
  for (const [index, element] of elements.entries()) {
    values[index] = element.value;
    texts[index] = element.text;
  }
  return { values, text: texts.join("\t") };
}

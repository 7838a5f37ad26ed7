import { scanNumber } from "./number-syntax.ts";
import type { SysctlState } from "./sysctl-entry.ts";
import { SysctlErrno } from "./sysctl-error.ts";
import type { ValueFormat, WriteOutcome } from "./value-format.ts";

/** First and last set bit of a run. */
interface Run {
  first: number;
  last: number;
}

/** A set of bits written as `8080,9000-9010`, all or nothing (`proc_do_large_bitmap`). */
export function bitmapFormat(bits: number): ValueFormat {
  return {
    range: undefined,
    parse(written: string, old: SysctlState): WriteOutcome {
      const runs = parseRuns(written, bits);
      if (runs === undefined) return { errno: -SysctlErrno.EINVAL, state: old };
      return { errno: 0, state: toState(mergeRuns(runs)) };
    },
  };
}

const AFTER_FIRST = "-,\n";
const AFTER_LAST = ",\n";

function parseRuns(written: string, bits: number): Run[] | undefined {
  const runs: Run[] = [];
  let at = skipNewlines(written, 0);
  while (at < written.length) {
    const first = bitAt(written, at, AFTER_FIRST, bits);
    if (first === undefined) return undefined;
    let last = first;
    if (written.charAt(first.end) === "-") {
      const end = bitAt(written, first.end + 1, AFTER_LAST, bits);
      if (end === undefined || end.bit < first.bit) return undefined;
      last = end;
    }
    runs.push({ first: first.bit, last: last.bit });
    at = skipNewlines(written, last.end + 1);
  }
  return runs;
}

function bitAt(
  written: string,
  at: number,
  terminators: string,
  bits: number,
): { readonly bit: number; readonly end: number } | undefined {
  const number = scanNumber(written, at, terminators);
  if (number === undefined || number.isNegative || number.magnitude >= BigInt(bits)) {
    return undefined;
  }
  return { bit: Number(number.magnitude), end: number.end };
}

function skipNewlines(written: string, start: number): number {
  let at = start;
  while (written.charAt(at) === "\n") at++;
  return at;
}

function mergeRuns(runs: readonly Run[]): Run[] {
  const merged: Run[] = [];
  for (const run of runs.toSorted((a, b) => a.first - b.first)) {
    const previous = merged.at(-1);
    if (previous !== undefined && run.first <= previous.last + 1) {
      previous.last = Math.max(previous.last, run.last);
    } else {
      merged.push({ ...run });
    }
  }
  return merged;
}

function toState(runs: readonly Run[]): SysctlState {
  const texts = runs.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  return { values: runs.flatMap(({ first, last }) => [first, last]), text: texts.join(",") };
}

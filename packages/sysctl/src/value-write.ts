import type { SysctlState } from "./sysctl-entry.ts";
import { SysctlErrno } from "./sysctl-error.ts";
import type { SysctlNode } from "./sysctl-node.ts";
import type { ValueLimits, WriteOutcome } from "./value-format.ts";

/** Finds the parameter that another one refers to. */
export type NodeLookup = (path: string) => SysctlNode;

/** Writes a value and a newline to a parameter. @returns 0, -EINVAL, -ENOENT or what `review` says. */
export function writeValue(node: SysctlNode, value: string | number, lookup: NodeLookup): number {
  const { errno, state } = parse(node, `${value}\n`, lookup);
  // A bad vector may have good leading numbers, and Linux has stored those.
  if (errno === 0 || state.text !== node.text) node.commit(state);
  return errno;
}

/** The limits in force now; those of texts mean nothing. */
export function limitsOf(node: SysctlNode, lookup: NodeLookup): ValueLimits {
  const { range } = node.format;
  if (range === undefined) return NO_LIMITS;
  const { min, max, minFrom, maxFrom } = node.entry;
  const lows = [range.min];
  const highs = [range.max];
  if (min !== undefined) lows.push(BigInt(min));
  if (minFrom !== undefined) lows.push(firstNumber(lookup(minFrom)));
  if (max !== undefined) highs.push(BigInt(max));
  if (maxFrom !== undefined) highs.push(firstNumber(lookup(maxFrom)));
  return {
    min: lows.reduce((a, b) => (a > b ? a : b)),
    max: highs.reduce((a, b) => (a < b ? a : b)),
  };
}

/** The only legal texts, if there are such. */
export function choicesOf(node: SysctlNode, lookup: NodeLookup): readonly string[] | undefined {
  const { choices } = node.entry;
  return typeof choices === "string" ? lookup(choices).text.split(" ") : choices;
}

const NO_LIMITS: ValueLimits = { min: 0n, max: 0n };

function parse(node: SysctlNode, written: string, lookup: NodeLookup): WriteOutcome {
  const old = node.state;
  const outcome = node.format.parse(written, old, limitsOf(node, lookup));
  if (outcome.errno < 0) return outcome;
  if (choicesOf(node, lookup)?.includes(outcome.state.text) === false) {
    return { errno: -SysctlErrno.ENOENT, state: old };
  }
  const reviewed: number | SysctlState = node.entry.review?.(outcome.state) ?? outcome.state;
  return typeof reviewed === "number"
    ? { errno: reviewed, state: old }
    : { errno: 0, state: reviewed };
}

/** Exact, also above 2^53. */
function firstNumber(node: SysctlNode): bigint {
  return BigInt(node.text.split("\t")[0] ?? "0");
}

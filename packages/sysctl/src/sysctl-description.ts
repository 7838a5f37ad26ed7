import type { SysctlType, SysctlUnit } from "./sysctl-entry.ts";
import type { SysctlNode } from "./sysctl-node.ts";
import { choicesOf, limitsOf, type NodeLookup } from "./value-write.ts";

/** What `describe` tells about a parameter. */
export interface SysctlDescription {
  readonly path: string;
  readonly type: SysctlType;
  /** Numbers in the vector, bits in the bitmap. */
  readonly length: number;
  readonly value: string;
  readonly default: string;
  /** Limits in force now, for types made of numbers. A `ulong`'s upper limit is rounded to a double. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly choices: readonly string[] | undefined;
  readonly mode: number;
  readonly unit: SysctlUnit | undefined;
  readonly description: string;
}

/** @param lookup Finds the parameters that limits and choices depend on. */
export function describeNode(node: SysctlNode, lookup: NodeLookup): SysctlDescription {
  const { entry, format } = node;
  const limits = format.range && limitsOf(node, lookup);
  return {
    path: node.path,
    type: entry.type,
    length: entry.length ?? 1,
    value: entry.read?.() ?? node.text,
    default: node.definition.initial.text,
    min: limits && Number(limits.min),
    max: limits && Number(limits.max),
    choices: choicesOf(node, lookup),
    mode: node.mode,
    unit: entry.unit,
    description: entry.description,
  };
}

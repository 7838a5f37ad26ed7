import { keyOf, type Part } from "../conformance-test.ts";
import { KERNELS, NOT_BUILT } from "../kernels.ts";
import type { Verdict } from "../verdict.ts";
import type { Results } from "./results.ts";

/** A row of the report: what each kernel did, and what is to be said of it. */
export interface Row {
  /** "part: test" */
  readonly key: string;
  readonly name: string;
  readonly source: string;
  /** In the order of KERNELS. */
  readonly cells: readonly string[];
  /** Reasons and messages; kernels that have the same one share it. */
  readonly remark: string;
}

export function rowsOf(part: Part, results: Results): Row[] {
  return part.tests.map((test) => {
    const key = keyOf(part, test);
    const verdicts = KERNELS.map((kernel) => results[kernel]?.[key]);
    return {
      key,
      name: test.name,
      source: test.source,
      cells: verdicts.map((verdict) => verdict?.kind ?? NOT_BUILT),
      remark: remarkOf(verdicts),
    };
  });
}

function remarkOf(verdicts: readonly (Verdict | undefined)[]): string {
  const remarks = new Map<string, string[]>();
  for (const [index, verdict] of verdicts.entries()) {
    const text = textOf(verdict);
    if (text === "") continue;
    remarks.set(text, [...(remarks.get(text) ?? []), KERNELS[index] ?? ""]);
  }
  const run = verdicts.filter((verdict) => verdict !== undefined).length;
  return [...remarks]
    .map(([text, kernels]) => (kernels.length === run ? text : `${kernels.join(", ")}: ${text}`))
    .join("; ");
}

function textOf(verdict: Verdict | undefined): string {
  switch (verdict?.kind) {
    case "FAIL":
      return verdict.message;
    case "differs":
    case "n/a":
      return verdict.reason;
    case "ok":
    case undefined:
      return "";
    default:
      return verdict satisfies never;
  }
}

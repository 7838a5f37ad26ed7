import { keyOf, type Part } from "../conformance-test.ts";
import { KERNELS } from "../kernels.ts";
import type { KernelUnderTest } from "../kernel-under-test.ts";
import { runTest } from "../run-test.ts";
import type { Verdict } from "../verdict.ts";

/** Verdicts of one kernel, by "part: test". */
export type KernelResults = Readonly<Record<string, Verdict>>;

/** Verdicts by kernel; a kernel that has never been run here has none. */
export type Results = Readonly<Record<string, KernelResults>>;

/** Runs the tests that `isWanted` likes, one after the other. */
export async function runParts(
  parts: readonly Part[],
  kernel: KernelUnderTest,
  isWanted: (key: string) => boolean = () => true,
): Promise<KernelResults> {
  const verdicts: Record<string, Verdict> = {};
  for (const part of parts) {
    for (const test of part.tests) {
      const key = keyOf(part, test);
      // oxlint-disable-next-line no-await-in-loop -- in the order of the report
      if (isWanted(key)) verdicts[key] = await runTest(part, test, kernel);
    }
  }
  return verdicts;
}

/** What the file has of kernels that cannot run here stays. */
export function mergeResults(recorded: Results, fresh: Results): Results {
  const merged: Record<string, KernelResults> = {};
  for (const kernel of KERNELS) {
    const verdicts = fresh[kernel] ?? recorded[kernel];
    if (verdicts !== undefined) merged[kernel] = verdicts;
  }
  return merged;
}

/** @throws {SyntaxError} not JSON */
export function parseResults(text: string): Results {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by formatResults alone
  return JSON.parse(text) as Results;
}

/** One verdict a line, so that a change shows as one. */
export function formatResults(results: Results): string {
  const kernels = Object.entries(results).map(([kernel, verdicts]) => {
    const lines = Object.entries(verdicts).map(
      ([key, verdict]) => `    ${JSON.stringify(key)}: ${JSON.stringify(verdict)}`,
    );
    return `  ${JSON.stringify(kernel)}: {\n${lines.join(",\n")}\n  }`;
  });
  return `{\n${kernels.join(",\n")}\n}\n`;
}

/** How many tests have each verdict. */
export function countVerdicts(verdicts: KernelResults): Record<Verdict["kind"], number> {
  const counts = { ok: 0, FAIL: 0, differs: 0, "n/a": 0 };
  for (const { kind } of Object.values(verdicts)) counts[kind]++;
  return counts;
}

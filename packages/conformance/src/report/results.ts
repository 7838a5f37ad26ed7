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

/** As written: most verdicts are a word. */
type WrittenResults = Readonly<Record<string, Readonly<Record<string, Verdict | "ok">>>>;

/** @throws {SyntaxError} not JSON */
export function parseResults(text: string): Results {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by formatResults alone
  const written = JSON.parse(text) as WrittenResults;
  return mapVerdicts(written, (verdict) => (verdict === "ok" ? { kind: "ok" } : verdict));
}

/** In the shape that the repository's formatter keeps. */
export function formatResults(results: Results): string {
  const written: WrittenResults = mapVerdicts(results, (verdict) =>
    verdict.kind === "ok" ? "ok" : verdict,
  );
  return `${JSON.stringify(written, undefined, 2)}\n`;
}

function mapVerdicts<A, B>(
  results: Readonly<Record<string, Readonly<Record<string, A>>>>,
  map: (verdict: A) => B,
): Record<string, Record<string, B>> {
  return Object.fromEntries(
    Object.entries(results).map(([kernel, verdicts]) => [
      kernel,
      Object.fromEntries(Object.entries(verdicts).map(([key, verdict]) => [key, map(verdict)])),
    ]),
  );
}

/** How many tests have each verdict. */
export function countVerdicts(verdicts: KernelResults): Record<Verdict["kind"], number> {
  const counts = { ok: 0, FAIL: 0, differs: 0, "n/a": 0 };
  for (const { kind } of Object.values(verdicts)) counts[kind]++;
  return counts;
}

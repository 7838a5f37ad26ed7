import { type ConformanceTest, keyOf, type Part } from "./conformance-test.ts";
import type { KernelUnderTest } from "./kernel-under-test.ts";
import { KNOWN_DIFFERENCES } from "./known-differences.ts";
import { Testbed } from "./testbed/testbed.ts";
import { NotApplicable, type Verdict } from "./verdict.ts";

/**
 * Runs one test on one kernel, in a fresh simulation. Never throws.
 * @param differences why a kernel is known to fail which tests
 */
export async function runTest(
  part: Part,
  test: ConformanceTest,
  kernel: KernelUnderTest,
  differences: typeof KNOWN_DIFFERENCES = KNOWN_DIFFERENCES,
): Promise<Verdict> {
  const verdict = await verdictOf(test, kernel);
  const known = differences[kernel.name]?.[keyOf(part, test)];
  if (known === undefined) return verdict;
  if (verdict.kind === "FAIL") return { kind: "differs", reason: known, message: verdict.message };
  const message = `expected to differ (${known}), but the verdict is ${verdict.kind}`;
  return { kind: "FAIL", message };
}

async function verdictOf(test: ConformanceTest, kernel: KernelUnderTest): Promise<Verdict> {
  try {
    return (await missingFeature(test, kernel)) ?? (await judge(test, kernel));
  } catch (error) {
    return { kind: "FAIL", message: `what it needs cannot be asked for: ${messageOf(error)}` };
  }
}

async function missingFeature(
  test: ConformanceTest,
  kernel: KernelUnderTest,
): Promise<Verdict | undefined> {
  for (const feature of test.needs ?? []) {
    // oxlint-disable-next-line no-await-in-loop -- the first that is missing is the reason
    if (!(await kernel.has(feature))) return { kind: "n/a", reason: `no ${feature.name}` };
  }
  return undefined;
}

async function judge(test: ConformanceTest, kernel: KernelUnderTest): Promise<Verdict> {
  const bed = new Testbed(kernel.name, kernel.peer);
  let verdict: Verdict = { kind: "ok" };
  try {
    await test.run(bed);
  } catch (error) {
    verdict =
      error instanceof NotApplicable
        ? { kind: "n/a", reason: error.message }
        : { kind: "FAIL", message: messageOf(error) };
  }
  try {
    const leaks = await bed.dispose();
    if (verdict.kind === "ok" && leaks.length > 0) {
      verdict = { kind: "FAIL", message: `left behind: ${leaks.join(", ")}` };
    }
  } catch (error) {
    if (verdict.kind === "ok")
      verdict = { kind: "FAIL", message: `while it ended: ${messageOf(error)}` };
  }
  return verdict;
}

/** The first line: a kernel that stops adds its log. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? "";
}

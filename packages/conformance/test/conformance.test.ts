import { describe, expect, test } from "vitest";
import { keyOf } from "../src/conformance-test.ts";
import { KNOWN_DIFFERENCES } from "../src/known-differences.ts";
import { availableKernels, KERNELS, NOT_BUILT } from "../src/kernels.ts";
import { KernelUnderTest } from "../src/kernel-under-test.ts";
import { readDocument, readResults } from "../src/report/files.ts";
import { markdownReport } from "../src/report/markdown.ts";
import { runTest } from "../src/run-test.ts";
import { suite } from "../src/suite.ts";
import type { Verdict } from "../src/verdict.ts";

const available = await availableKernels();
const recorded = readResults();
const total = suite.reduce((sum, part) => sum + part.tests.length, 0);

describe.each(available)("%s", (name) => {
  const kernel = new KernelUnderTest(name);
  const found: Record<string, Verdict> = {};

  for (const part of suite) {
    test.each(part.tests)(`${part.title}: $name`, async (each) => {
      const verdict = await runTest(part, each, kernel);
      found[keyOf(part, each)] = verdict;
      expect(verdict).not.toMatchObject({ kind: "FAIL" });
    });
  }

  test("the recorded results, which docs/CONFORMANCE.md shows, are those of today (npm run conformance -- --write)", () => {
    const before = recorded[name] ?? {};
    const same = Object.keys(found).map((key) => [key, before[key]]);
    expect(Object.fromEntries(same)).toEqual(found);
  });
});

for (const name of KERNELS) {
  const isThere = available.includes(name);
  test.skipIf(!isThere)(
    `${name}: ${isThere ? "is there" : `${NOT_BUILT}, ${total} tests are skipped`}`,
    () => {
      expect(total).toBeGreaterThan(0);
    },
  );
}

test("docs/CONFORMANCE.md is what the recorded results say (npm run conformance -- --write)", () => {
  expect(readDocument()).toBe(markdownReport(suite, recorded));
});

test("every test has a name of its own, and says where it comes from in one line", () => {
  const keys = suite.flatMap((part) => part.tests.map((each) => keyOf(part, each)));
  expect(new Set(keys).size).toBe(keys.length);
  for (const part of suite) {
    for (const { source } of part.tests) expect(source).toMatch(/^[^\n]{10,160}$/);
  }
});

test("no result is recorded, and no difference is known, of a test that is no more", () => {
  const keys = new Set(suite.flatMap((part) => part.tests.map((each) => keyOf(part, each))));
  for (const rows of [...Object.values(recorded), ...Object.values(KNOWN_DIFFERENCES)]) {
    expect(Object.keys(rows).filter((key) => !keys.has(key))).toEqual([]);
  }
});

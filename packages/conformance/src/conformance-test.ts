import type { Feature } from "./feature.ts";
import type { Testbed } from "./testbed/testbed.ts";

/** One test: data for the report, and a program. */
export interface ConformanceTest {
  /** As the test that it stands for is named; unique in its part. */
  readonly name: string;
  /** What says that it has to be so, in one line: a test of LKL, an RFC's clause, a man page. */
  readonly source: string;
  /** What a kernel must have for the test to make sense. */
  readonly needs?: readonly Feature[];
  /**
   * Builds hosts, runs them, and looks at what happened. Each run gets a fresh testbed.
   * @throws {Mismatch} the test has failed; {NotApplicable} it makes no sense on this kernel
   */
  run(bed: Testbed): Promise<void>;
}

/** Tests that belong together: a table of the report. */
export interface Part {
  readonly title: string;
  /** Where the tests come from, in a sentence or two. */
  readonly about: string;
  readonly tests: readonly ConformanceTest[];
}

/** How a test is called in results: "part: test". */
export function keyOf(part: Part, test: ConformanceTest): string {
  return `${part.title}: ${test.name}`;
}

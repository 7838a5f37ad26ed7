import type { ConformanceTest } from "./conformance-test.ts";

/** A test of LKL's that no kernel here can run, and why: a row all the same. */
export function notHere(name: string, source: string, reason: string): ConformanceTest {
  return { name, source, run: async (bed) => bed.skip(reason) };
}

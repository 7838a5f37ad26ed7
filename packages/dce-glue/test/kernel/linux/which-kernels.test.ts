import { expect, test } from "vitest";
import { missing, RELEASES } from "./built-linux.ts";

test("kernels that are not built are told once, and their tests are skipped", () => {
  if (missing.length > 0) {
    console.warn(
      `real Linux: ${missing.join(", ")} not built (npm run linux): tests run on ${RELEASES.length - missing.length} of ${RELEASES.length} releases`,
    );
  }
  expect(RELEASES).toHaveLength(3);
});

import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runReadmeExample } from "../../../scripts/readme-example.mjs";

test("the README's example prints what the README says", () => {
  const { actual, expected } = runReadmeExample(
    fileURLToPath(new URL("../README.md", import.meta.url)),
  );
  expect(actual).toBe(expected);
});

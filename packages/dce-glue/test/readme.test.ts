import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runReadmeExample } from "../../../scripts/readme-example.mjs";

test("the example of the README prints what it says", () => {
  const readme = fileURLToPath(new URL("../README.md", import.meta.url));
  const { expected, actual } = runReadmeExample(readme);
  expect(actual).toBe(expected);
});

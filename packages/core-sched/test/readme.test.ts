import { expect, test } from "vitest";
import { runReadmeExample } from "../../../scripts/readme-example.mjs";

test("the README's example prints what the README says", () => {
  const readme = new URL("../README.md", import.meta.url).pathname;
  const { expected, actual } = runReadmeExample(readme);
  expect(actual).toBe(expected);
});

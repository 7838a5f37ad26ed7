import { expect, test } from "vitest";
import { runReadmeExample } from "../../../scripts/readme-example.mjs";

test("the README's example prints what the README says", () => {
  const { expected, actual } = runReadmeExample(new URL("../README.md", import.meta.url).pathname);
  expect(actual).toBe(expected);
});

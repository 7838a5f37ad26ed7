import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runReadmeExample } from "../../../scripts/readme-example.mjs";
import { image, whySkipped } from "./world/built.ts";

test.skipIf(whySkipped !== undefined || image?.name !== "linux-6.12")(
  "the example of the README prints what the README says",
  () => {
    const { expected, actual } = runReadmeExample(
      fileURLToPath(new URL("../README.md", import.meta.url)),
    );
    expect(actual).toBe(expected);
  },
);

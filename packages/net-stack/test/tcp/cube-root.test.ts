import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cubeRoot } from "../../src/tcp/cubic.ts";

test("the cube root of an integer is exact over the whole range of integers", () => {
  expect([0, 1, 7, 8, 26, 27, Number.MAX_SAFE_INTEGER].map(cubeRoot)).toEqual([
    0, 1, 1, 2, 2, 3, 208_063,
  ]);
  fc.assert(
    fc.property(fc.nat({ max: 208_062 }), (root) => {
      const next = (root + 1) ** 3;
      expect([cubeRoot(root ** 3), cubeRoot(next - 1), cubeRoot(next)]).toEqual([
        root,
        root,
        root + 1,
      ]);
    }),
  );
});

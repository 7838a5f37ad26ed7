import { afterEach, expect, test, vi } from "vitest";
import { SysctlTree } from "../src/index.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function treeOf(parameters: number): SysctlTree {
  const tree = new SysctlTree();
  for (let i = 0; i < parameters; i++) {
    tree.define({
      path: `test.d${i % 7}.p${i}`,
      type: "int",
      default: i,
      description: "Under test.",
    });
  }
  return tree;
}

/** Counts what a look-up asks of any Map, and fails if it walks one. */
function probes(tree: SysctlTree, path: string): number {
  const get = vi.spyOn(Map.prototype, "get");
  const walks = (["keys", "values", "entries", "forEach"] as const).map((name) =>
    vi.spyOn(Map.prototype, name),
  );
  tree.read(path);
  tree.set(path, 5);
  const count = get.mock.calls.length;
  const walked = walks.map((walk) => walk.mock.calls.length);
  vi.restoreAllMocks();
  expect(walked).toEqual([0, 0, 0, 0]);
  return count;
}

test("a look-up probes the map as often in a tree of 5000 parameters as in one of 10", () => {
  const small = treeOf(10);
  const large = treeOf(5000);
  for (const path of ["test.d0.p0", "test/d0/p0", "/proc/sys/test/d0/p0", "test.nothing"]) {
    const few = probes(small, path);
    expect(few).toBeGreaterThan(0);
    expect(probes(large, path)).toBe(few);
  }
});

test("reading through a handle probes nothing", () => {
  const handle = treeOf(10).int("test.d3.p3");
  const get = vi.spyOn(Map.prototype, "get");
  const value = handle.value;
  const count = get.mock.calls.length;
  vi.restoreAllMocks();
  expect([value, count]).toEqual([3, 0]);
});

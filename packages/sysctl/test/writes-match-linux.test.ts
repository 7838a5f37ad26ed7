import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createLinuxSysctlTree } from "../src/index.ts";

/**
 * Recorded from Linux 6.18 (x86-64, HZ 250) in a network namespace of its own: path below /proc/sys,
 * value before, bytes written, errno, and what the file shows after.
 */
type Recorded = readonly [
  path: string,
  before: string,
  written: string,
  errno: number,
  after: string,
];

function recordedWrites(): readonly Recorded[] {
  const file = new URL("./fixtures/linux-writes.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8"));
}

test.each(recordedWrites())("%s: %j, then writing %j", (path, before, written, errno, after) => {
  const tree = createLinuxSysctlTree({ hz: 250 });
  tree.registerDevice("lo");
  expect(tree.set(path, before)).toBe(0);
  const result = tree.set(path, written);
  expect({ errno: result, after: tree.get(path) }).toEqual({ errno, after });
});

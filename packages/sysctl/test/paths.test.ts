import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createLinuxSysctlTree } from "../src/index.ts";
import { canonicalPath, comparePaths, dottedPath } from "../src/sysctl-path.ts";

test.each([
  ["net.ipv4.tcp_sack", "net/ipv4/tcp_sack"],
  [".net.ipv4.tcp_sack", "net/ipv4/tcp_sack"],
  ["net/ipv4/tcp_sack", "net/ipv4/tcp_sack"],
  ["/net/ipv4/tcp_sack", "net/ipv4/tcp_sack"],
  ["/proc/sys/net/ipv4/tcp_sack", "net/ipv4/tcp_sack"],
  ["/proc/sys/net/ipv4/", "net/ipv4"],
  ["net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding"],
  ["net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding"],
  ["/proc/sys/a.b/c", "a.b/c"],
  ["kernel", "kernel"],
  ["", ""],
  ["...", ""],
])("%s means %s", (path, canonical) => {
  expect(canonicalPath(path)).toBe(canonical);
});

test("the dotted form of any canonical path means the same path", () => {
  const component = fc.stringMatching(/^[a-z0-9_-][a-z0-9_.-]{0,6}[a-z0-9_-]$/);
  const first = fc.stringMatching(/^[a-z0-9_-]{1,8}$/);
  fc.assert(
    fc.property(first, fc.array(component, { minLength: 1, maxLength: 4 }), (head, rest) => {
      const canonical = [head, ...rest].join("/");
      expect(canonicalPath(dottedPath(canonical))).toBe(canonical);
      expect(canonicalPath(`/proc/sys/${canonical}`)).toBe(canonical);
    }),
  );
});

test("any text is a path that can be asked for", () => {
  const tree = createLinuxSysctlTree();
  fc.assert(
    fc.property(fc.string(), (path) => {
      const text = tree.read(path);
      expect(typeof text === "string" ? 0 : text).toBeLessThanOrEqual(0);
    }),
  );
});

test("paths sort component by component, as directories are listed", () => {
  const paths = ["a/b", "a-b/c", "a/b_c", "a/b/c", "a.b"];
  expect(paths.toSorted(comparePaths)).toEqual(["a/b", "a/b/c", "a/b_c", "a-b/c", "a.b"]);
});

test("all ways to write a path reach the same parameter", () => {
  const tree = createLinuxSysctlTree();
  tree.registerDevice("eth0.1");
  tree.setOrThrow("net.ipv4.conf.eth0/1.rp_filter", 2);
  for (const path of [
    ".net.ipv4.conf.eth0/1.rp_filter",
    "net/ipv4/conf/eth0.1/rp_filter",
    "/proc/sys/net/ipv4/conf/eth0.1/rp_filter",
  ]) {
    expect(tree.get(path)).toBe("2");
  }
  expect(tree.list("net.ipv4.conf.eth0/1")).toContain("net.ipv4.conf.eth0/1.rp_filter");
});

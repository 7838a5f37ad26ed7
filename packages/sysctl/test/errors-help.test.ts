import { expect, test } from "vitest";
import { createLinuxSysctlTree, SysctlError, SysctlTree } from "../src/index.ts";

function failure(path: string, value: string | number): SysctlError {
  const tree = createLinuxSysctlTree();
  try {
    tree.setOrThrow(path, value);
  } catch (error) {
    if (error instanceof SysctlError) return error;
    throw error;
  }
  throw new Error(`${path} took ${value}`);
}

test.each([
  ["net.ipv4.tcp_sak", 1, "no such parameter; did you mean net.ipv4.tcp_sack? (ENOENT)"],
  ["net.ipv4.tcp_rmme", 1, "no such parameter; did you mean net.ipv4.tcp_rmem? (ENOENT)"],
  ["net.ipv4.somaxconn", 1, "no such parameter; did you mean net.core.somaxconn? (ENOENT)"],
  ["something.quite.different", 1, "no such parameter (ENOENT)"],
  ["net.ipv4.conf.all", 1, "is a directory, not a parameter (EISDIR)"],
  [
    "net.ipv4.tcp_syn_retries",
    128,
    'the value "128" is refused, legal is a number 1..127 (EINVAL)',
  ],
  [
    "net.ipv4.tcp_rmem",
    "4k",
    'the value "4k" is refused, legal is up to 3 numbers 1..2147483647 (bytes) (EINVAL)',
  ],
  [
    "net.ipv4.tcp_comp_sack_delay_ns",
    -1,
    'the value "-1" is refused, legal is a number 0..2^64-1 (ns) (EINVAL)',
  ],
  [
    "net.ipv4.tcp_congestion_control",
    "bbr",
    'the value "bbr" is refused, legal is one of reno, cubic (ENOENT)',
  ],
  [
    "net.ipv4.ip_local_reserved_ports",
    "x",
    'the value "x" is refused, legal is a list such as 1,5-7 of numbers below 65536 (EINVAL)',
  ],
  ["kernel.ostype", "BSD", "writing is not permitted, its mode is 0444 (EACCES)"],
])("%s = %s: %s", (path, value, reason) => {
  const error = failure(path, value);
  expect(error.message).toBe(`${path}: ${reason}`);
  expect(error.path).toBe(path);
  expect(error.name).toBe("SysctlError");
});

test("the error has the errno and the suggestion apart", () => {
  const error = failure("net/ipv4/tcp_sak", 1);
  expect(error).toMatchObject({ path: "net.ipv4.tcp_sak", code: "ENOENT", errno: -2 });
  expect(error.suggestion).toBe("net.ipv4.tcp_sack");
  expect(failure("net.ipv4.tcp_syn_retries", 0).suggestion).toBeUndefined();
});

test("get throws where read ends with an errno", () => {
  const tree = createLinuxSysctlTree();
  expect(() => tree.get("net.ipv4.route.flush")).toThrow(
    "reading is not permitted, its mode is 0200",
  );
  expect(() => tree.get("net.ipv4.tcp_sakc")).toThrow("did you mean net.ipv4.tcp_sack?");
  expect(() => tree.describe("net.ipv4")).toThrow("is a directory");
  expect(() => tree.subscribe("net.ipv4.nothing", () => {})).toThrow("ENOENT");
});

test("a path is defined once, and a view needs its owner", () => {
  const tree = new SysctlTree();
  const entry = { path: "a.b", type: "int", default: 1, description: "Under test." } as const;
  tree.define(entry);
  expect(() => tree.define(entry)).toThrow("a.b: is defined already (EINVAL)");
  expect(() => tree.define({ ...entry, path: "a" })).toThrow("is defined already");
  expect(() => tree.define({ ...entry, path: "a.b.c.d" })).toThrow("a.b is a parameter (ENOTDIR)");
  const view = { of: "a.c", toView: Number, fromView: Number };
  expect(() => tree.define({ ...entry, path: "a.d", view })).toThrow("a.c: no such parameter");
});

test("describe tells what a parameter is and what it takes now", () => {
  const tree = createLinuxSysctlTree();
  tree.setOrThrow("net.ipv4.ipfrag_low_thresh", 1000);
  expect(tree.describe("net.ipv4.ipfrag_high_thresh")).toMatchObject({
    path: "net.ipv4.ipfrag_high_thresh",
    type: "ulong",
    length: 1,
    value: "4194304",
    default: "4194304",
    min: 1000,
    mode: 0o644,
    unit: "bytes",
  });
  expect(tree.describe("net.ipv4.tcp_congestion_control")).toMatchObject({
    choices: ["reno", "cubic"],
    min: undefined,
  });
});

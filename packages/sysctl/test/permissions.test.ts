import { expect, test } from "vitest";
import { createLinuxSysctlTree } from "../src/index.ts";

const user = { uid: 1000, gid: 1000 };
const staff = { uid: 1000, gid: 0 };
const netAdmin = { uid: 1000, gid: 1000, hasNetAdmin: true };

test("others may read a 0644 parameter and not write it", () => {
  const tree = createLinuxSysctlTree();
  expect(tree.read("net.ipv4.tcp_sack", user)).toBe("1");
  expect(tree.set("net.ipv4.tcp_sack", 0, user)).toBe(-13);
  expect(tree.set("net.ipv4.tcp_sack", 0, staff)).toBe(-13);
  expect(tree.get("net.ipv4.tcp_sack")).toBe("1");
});

test("CAP_NET_ADMIN opens what is below net, and nothing else", () => {
  const tree = createLinuxSysctlTree();
  expect(tree.set("net.ipv4.tcp_sack", 0, netAdmin)).toBe(0);
  expect(tree.read("net.ipv4.tcp_fastopen_key", netAdmin)).toMatch(/^0{8}-/);
  expect(tree.set("kernel.hostname", "x", netAdmin)).toBe(-13);
});

test("root itself is bound by the mode bits", () => {
  const tree = createLinuxSysctlTree();
  expect(tree.set("net.ipv4.tcp_available_congestion_control", "x")).toBe(-13);
  expect(tree.read("net.ipv4.route.flush")).toBe(-13);
  expect(tree.read("net.ipv4.tcp_fastopen_key", user)).toBe(-13);
});

test("assign is the kernel's own write: mode bits do not count, ranges do", () => {
  const tree = createLinuxSysctlTree();
  expect(tree.assign("net.ipv4.conf.all.mc_forwarding", 1)).toBe(0);
  expect(tree.get("net.ipv4.conf.all.mc_forwarding")).toBe("1");
  expect(tree.assign("net.ipv4.tcp_syn_retries", 0)).toBe(-22);
  expect(tree.assign("net.ipv4.nothing", 0)).toBe(-2);
});

test("a directory is EISDIR, an unknown name ENOENT", () => {
  const tree = createLinuxSysctlTree();
  expect([tree.read("net.ipv4"), tree.set("net.ipv4", 1)]).toEqual([-21, -21]);
  expect([tree.read("net.ipv5"), tree.set("net.ipv5", 1)]).toEqual([-2, -2]);
});

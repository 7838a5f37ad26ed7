import { expect, test } from "vitest";
import { createLinuxSysctlTree, ProcSysView } from "../src/index.ts";

test("directories list what is in them, sorted", () => {
  const tree = createLinuxSysctlTree();
  tree.registerDevice("eth0.1");
  const view = new ProcSysView(tree);
  expect(view.readdir("")).toEqual(["fs", "kernel", "net", "vm"]);
  expect(view.readdir("/net/")).toEqual(["core", "ipv4", "ipv6", "unix"]);
  expect(view.readdir("net/ipv4/conf")).toEqual(["all", "default", "eth0.1"]);
  expect(view.readdir("net/ipv4/neigh/default")).toContain("gc_thresh1");
  expect(view.readdir("net/ipv4/tcp_sack")).toBe(-20);
  expect(view.readdir("net/ipv9")).toBe(-2);
});

test("directories are 0555, files have the parameter's mode", () => {
  const view = new ProcSysView(createLinuxSysctlTree());
  expect(view.mode("net/ipv4")).toBe(0o040555);
  expect(view.mode("net/ipv4/tcp_sack")).toBe(0o100644);
  expect(view.mode("net/ipv4/route/flush")).toBe(0o100200);
  expect(view.mode("nothing")).toBe(-2);
  expect([view.exists("net"), view.exists("net/ipv4/tcp_sack"), view.exists("x")]).toEqual([
    true,
    true,
    false,
  ]);
});

test("a file ends with a newline, and takes a write as the kernel does", () => {
  const tree = createLinuxSysctlTree();
  const view = new ProcSysView(tree);
  expect(view.readFile("net/ipv4/tcp_rmem")).toBe("4096\t131072\t6291456\n");
  expect(view.writeFile("net/ipv4/tcp_rmem", "1 2\n")).toBe(4);
  expect(tree.get("net.ipv4.tcp_rmem")).toBe("1\t2\t6291456");
  expect(view.writeFile("net/ipv4/tcp_rmem", "")).toBe(0);
  expect(view.writeFile("net/ipv4/tcp_rmem", "\n")).toBe(-22);
  expect(view.writeFile("kernel/hostname", "é")).toBe(2);
  expect(view.writeFile("net/ipv4", "1")).toBe(-21);
  expect(view.readFile("net/ipv4")).toBe(-21);
  expect(view.readFile("net/ipv4/route/flush")).toBe(-13);
  expect(view.writeFile("net/ipv4/tcp_sack", "0", { uid: 1000 })).toBe(-13);
});

test("a dot is part of a name here, never a separator", () => {
  const view = new ProcSysView(createLinuxSysctlTree());
  expect(view.readFile("net.ipv4.tcp_sack")).toBe(-2);
  expect(view.isDirectory("net.ipv4")).toBe(false);
});

test("the directories of an unregistered device are gone", () => {
  const tree = createLinuxSysctlTree();
  const view = new ProcSysView(tree);
  tree.registerDevice("sim0");
  expect(view.isDirectory("net/ipv4/conf/sim0")).toBe(true);
  tree.unregisterDevice("sim0");
  expect(view.readdir("net/ipv4/conf")).toEqual(["all", "default"]);
});

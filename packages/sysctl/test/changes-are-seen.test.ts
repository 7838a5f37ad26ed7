import { expect, test } from "vitest";
import { createLinuxSysctlTree } from "../src/index.ts";

test("a handle follows every change without a look-up", () => {
  const tree = createLinuxSysctlTree();
  const sack = tree.int("net.ipv4.tcp_sack");
  const rmem = tree.intvec("net.ipv4.tcp_rmem");
  const algorithm = tree.string("net.ipv4.tcp_congestion_control");
  const forward = tree.int("net.ipv4.ip_forward");
  expect(tree.int("/proc/sys/net/ipv4/tcp_sack")).toBe(sack);
  tree.setOrThrow("net.ipv4.tcp_sack", 0);
  tree.setOrThrow("net.ipv4.tcp_rmem", "1 2");
  tree.setOrThrow("net.ipv4.tcp_congestion_control", "reno");
  tree.setOrThrow("net.ipv4.conf.all.forwarding", 1);
  expect(sack.value).toBe(0);
  expect(rmem.values).toEqual([1, 2, 6_291_456]);
  expect(algorithm.text).toBe("reno");
  expect(forward.value).toBe(1);
});

test("there is no number handle of a string", () => {
  const tree = createLinuxSysctlTree();
  expect(() => tree.int("kernel.hostname")).toThrow("is a string, not a number");
  expect(() => tree.intvec("net.ipv4.tcp_congestion_control")).toThrow(/EINVAL/);
  expect(() => tree.int("net.ipv4.tcp_sak")).toThrow("did you mean net.ipv4.tcp_sack?");
});

test("a listener hears of changes, not of writes that change nothing, until it unsubscribes", () => {
  const tree = createLinuxSysctlTree();
  const heard: string[] = [];
  const stop = tree.subscribe("net/ipv4/tcp_sack", (path, value) => {
    heard.push(`${path}=${value}`);
    expect(tree.get(path)).toBe(value);
  });
  tree.setOrThrow("net.ipv4.tcp_sack", 1);
  tree.setOrThrow("net.ipv4.tcp_sack", 0);
  tree.set("net.ipv4.tcp_sack", "bad");
  stop();
  tree.setOrThrow("net.ipv4.tcp_sack", 1);
  expect(heard).toEqual(["net.ipv4.tcp_sack=0"]);
});

test("a write-only parameter tells each write", () => {
  const tree = createLinuxSysctlTree();
  let flushes = 0;
  tree.subscribe("net.ipv4.route.flush", () => flushes++);
  tree.setOrThrow("net.ipv4.route.flush", 1);
  tree.setOrThrow("net.ipv4.route.flush", 1);
  expect(flushes).toBe(2);
});

test("both names of one variable tell, after both have the new value", () => {
  const tree = createLinuxSysctlTree();
  const heard: string[] = [];
  tree.subscribe("net.ipv4.ip_forward", (_path, value) => heard.push(`ip_forward ${value}`));
  tree.subscribe("net.ipv4.conf.all.forwarding", () => {
    heard.push(`all.forwarding, ip_forward is ${tree.get("net.ipv4.ip_forward")}`);
  });
  tree.setOrThrow("net.ipv4.ip_forward", 1);
  expect(heard).toEqual(["all.forwarding, ip_forward is 1", "ip_forward 1"]);
});

test("a listener may unsubscribe itself and others while it is told", () => {
  const tree = createLinuxSysctlTree();
  const heard: string[] = [];
  const stopFirst = tree.subscribe("net.ipv4.tcp_sack", () => {
    heard.push("first");
    stopFirst();
  });
  tree.subscribe("net.ipv4.tcp_sack", () => heard.push("second"));
  tree.setOrThrow("net.ipv4.tcp_sack", 0);
  tree.setOrThrow("net.ipv4.tcp_sack", 1);
  expect(heard).toEqual(["first", "second", "second"]);
});

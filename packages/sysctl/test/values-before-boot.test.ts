import { expect, test } from "vitest";
import { createLinuxSysctlTree } from "../src/index.ts";

test("queued values take effect in order when the queue is flushed", () => {
  const tree = createLinuxSysctlTree();
  tree.queue(".net.ipv4.tcp_sack", 0);
  tree.queue("net.ipv4.tcp_rmem", "4096 8192 16384");
  tree.queue("net.ipv4.tcp_sack", 2);
  expect(tree.get("net.ipv4.tcp_sack")).toBe("1");
  expect(tree.flushQueue()).toEqual([]);
  expect(tree.get("net.ipv4.tcp_sack")).toBe("2");
  expect(tree.get("net.ipv4.tcp_rmem")).toBe("4096\t8192\t16384");
  expect(tree.queued).toEqual([]);
});

test("flushing tells what failed and goes on", () => {
  const tree = createLinuxSysctlTree();
  tree.queue("net.ipv4.tcp_sak", 0);
  tree.queue("net.ipv4.tcp_syn_retries", 1000);
  tree.queue("net.ipv4.tcp_dsack", 0);
  const errors = tree.flushQueue();
  expect(errors.map(({ path, code }) => `${path} ${code}`)).toEqual([
    "net.ipv4.tcp_sak ENOENT",
    "net.ipv4.tcp_syn_retries EINVAL",
  ]);
  expect(tree.get("net.ipv4.tcp_dsack")).toBe("0");
});

test("values for a device wait until it is registered, a wrong name does not", () => {
  const tree = createLinuxSysctlTree();
  tree.queue("net.ipv4.conf.sim0.rp_filter", 2);
  tree.queue("net.ipv4.conf.sim1.rp_filter", 1);
  tree.queue("net.ipv4.conf.sim0.rp_filtre", 2);
  expect(tree.flushQueue().map(({ path }) => path)).toEqual(["net.ipv4.conf.sim0.rp_filtre"]);
  tree.registerDevice("sim0");
  expect(tree.get("net.ipv4.conf.sim0.rp_filter")).toBe("2");
  expect(tree.queued.map(({ path }) => path)).toEqual(["net.ipv4.conf.sim1.rp_filter"]);
});

test("a value that a registered device refuses is told by the next flush", () => {
  const tree = createLinuxSysctlTree();
  tree.queue("net.ipv6.conf.sim0.hop_limit", 0);
  expect(tree.flushQueue()).toEqual([]);
  tree.registerDevice("sim0");
  expect(tree.flushQueue().map(({ message }) => message)).toEqual([
    'net.ipv6.conf.sim0.hop_limit: the value "0" is refused, legal is a number 1..255 (EINVAL)',
  ]);
  expect(tree.flushQueue()).toEqual([]);
});

import { beforeEach, expect, test } from "vitest";
import { createLinuxSysctlTree, type SysctlTree } from "../src/index.ts";

// The order of steps and the values seen after each were tried on Linux 6.18 with real devices.
let tree: SysctlTree;
beforeEach(() => {
  tree = createLinuxSysctlTree();
  tree.registerDevice("lo");
  tree.registerDevice("sim0");
});

function conf(name: string, ...devices: string[]): string {
  return devices.map((device) => tree.get(`net.ipv4.conf.${device}.${name}`)).join(" ");
}

test("a device follows writes to default until the parameter is written on it", () => {
  tree.setOrThrow("net.ipv4.conf.default.rp_filter", 5);
  expect(conf("rp_filter", "sim0", "lo")).toBe("5 5");
  tree.setOrThrow("net.ipv4.conf.sim0.rp_filter", 7);
  tree.setOrThrow("net.ipv4.conf.default.rp_filter", 9);
  expect(conf("rp_filter", "sim0", "lo")).toBe("7 9");
});

test("a new device copies default, and keeps what default had been set to before", () => {
  tree.setOrThrow("net.ipv4.conf.default.arp_ignore", 3);
  tree.registerDevice("sim1");
  expect(conf("arp_ignore", "sim1")).toBe("3");
  tree.setOrThrow("net.ipv4.conf.default.arp_ignore", 4);
  expect(conf("arp_ignore", "sim0", "sim1")).toBe("4 3");
});

test("a device with an address no longer follows default", () => {
  tree.registerDevice("sim1");
  tree.pinDevice("sim0");
  tree.setOrThrow("net.ipv4.conf.default.arp_announce", 6);
  expect(conf("arp_announce", "sim0", "sim1")).toBe("0 6");
});

test("all is no default: other parameters of devices do not follow it", () => {
  tree.setOrThrow("net.ipv4.conf.all.rp_filter", 2);
  expect(conf("rp_filter", "all", "default", "sim0")).toBe("2 0 0");
});

test("ip_forward and conf.all.forwarding are one variable, and a change reaches every device", () => {
  tree.setOrThrow("net.ipv4.ip_forward", 1);
  expect(conf("forwarding", "all", "default", "sim0", "lo")).toBe("1 1 1 1");
  tree.setOrThrow("net.ipv4.conf.all.forwarding", 2);
  expect(tree.get("net.ipv4.ip_forward")).toBe("2");
  tree.setOrThrow("net.ipv4.ip_forward", 0);
  expect(conf("forwarding", "all", "default", "sim0", "lo")).toBe("0 0 0 0");
});

test("writing the value that conf.all.forwarding has leaves the devices alone", () => {
  tree.setOrThrow("net.ipv4.ip_forward", 1);
  tree.setOrThrow("net.ipv4.conf.sim0.forwarding", 0);
  tree.setOrThrow("net.ipv4.conf.all.forwarding", 1);
  expect(conf("forwarding", "all", "sim0", "lo")).toBe("1 0 1");
});

test("forwarding turns conf.all.accept_redirects off and on, and no device's", () => {
  tree.setOrThrow("net.ipv4.ip_forward", 1);
  expect(conf("accept_redirects", "all", "default", "sim0")).toBe("0 1 1");
  tree.setOrThrow("net.ipv4.ip_forward", 0);
  expect(conf("accept_redirects", "all", "default", "sim0")).toBe("1 1 1");
});

test("conf.default.forwarding is for new devices only", () => {
  tree.setOrThrow("net.ipv4.conf.default.forwarding", 1);
  tree.registerDevice("sim1");
  expect(conf("forwarding", "all", "sim0", "sim1")).toBe("0 0 1");
});

test("loopback needs no IPsec and has IPv6's large MTU", () => {
  expect(conf("disable_policy", "lo", "sim0")).toBe("1 0");
  expect(tree.get("net.ipv6.conf.lo.mtu")).toBe("65536");
  expect(tree.get("net.ipv6.conf.lo.accept_dad")).toBe("-1");
});

test("neighbour parameters follow default in the same way", () => {
  tree.setOrThrow("net.ipv4.neigh.sim0.ucast_solicit", 8);
  tree.setOrThrow("net.ipv4.neigh.default.ucast_solicit", 9);
  expect(tree.get("net.ipv4.neigh.sim0.ucast_solicit")).toBe("8");
  expect(tree.get("net.ipv4.neigh.lo.ucast_solicit")).toBe("9");
});

test("two names of one neighbour variable agree, also through default", () => {
  tree.setOrThrow("net.ipv4.neigh.default.base_reachable_time", 5);
  expect(tree.get("net.ipv4.neigh.sim0.base_reachable_time_ms")).toBe("5000");
  expect(tree.get("net.ipv4.neigh.sim0.base_reachable_time")).toBe("5");
  tree.setOrThrow("net.ipv4.neigh.sim0.unres_qlen", 5);
  expect(tree.get("net.ipv4.neigh.sim0.unres_qlen_bytes")).toBe("10450");
});

test("IPv6 carries disable_ipv6 and forwarding from all at each write, and follows default never", () => {
  const ipv6 = (name: string): string =>
    ["all", "default", "sim0"].map((d) => tree.get(`net.ipv6.conf.${d}.${name}`)).join(" ");
  tree.setOrThrow("net.ipv6.conf.all.forwarding", 1);
  tree.setOrThrow("net.ipv6.conf.sim0.forwarding", 0);
  tree.setOrThrow("net.ipv6.conf.all.forwarding", 1);
  expect(ipv6("forwarding")).toBe("1 1 1");
  tree.setOrThrow("net.ipv6.conf.all.disable_ipv6", 1);
  tree.setOrThrow("net.ipv6.conf.default.disable_ipv6", 0);
  expect(ipv6("disable_ipv6")).toBe("1 0 1");
  tree.setOrThrow("net.ipv6.conf.default.hop_limit", 100);
  expect(ipv6("hop_limit")).toBe("64 100 64");
});

test("an unregistered device has no directory, and starts afresh when it comes back", () => {
  tree.setOrThrow("net.ipv4.conf.sim0.rp_filter", 2);
  tree.unregisterDevice("sim0");
  expect(tree.has("net.ipv4.conf.sim0.rp_filter")).toBe(false);
  expect(tree.isDirectory("net.ipv4.conf.sim0")).toBe(false);
  tree.registerDevice("sim0");
  expect(conf("rp_filter", "sim0")).toBe("0");
});

test("a renamed device keeps its values and handles", () => {
  const handle = tree.int("net.ipv4.conf.sim0.rp_filter");
  expect(tree.renameDevice("sim0", "e0.1")).toBe(0);
  tree.setOrThrow("net.ipv4.conf.e0/1.rp_filter", 2);
  expect(handle.value).toBe(2);
  expect(tree.has("net.ipv4.conf.sim0.rp_filter")).toBe(false);
  expect(tree.renameDevice("e0.1", "lo")).toBe(-22);
  expect(tree.renameDevice("gone", "sim1")).toBe(-2);
});

test("device names that Linux refuses are EINVAL", () => {
  const refused = ["", ".", "..", "a/b", "a b", "a:b", "0123456789abcdef", "all", "default"];
  expect(refused.filter((name) => tree.registerDevice(name) !== -22)).toEqual([]);
  expect(tree.registerDevice("0123456789abcde")).toBe(0);
  expect(tree.registerDevice("sim0")).toBe(0);
});

test("default and all are no devices that could be unregistered, renamed or pinned", () => {
  for (const name of ["default", "all"]) {
    tree.setOrThrow(`net.ipv4.conf.${name}.rp_filter`, 2);
    tree.unregisterDevice(name);
    tree.pinDevice(name);
    expect(tree.renameDevice(name, "sim1")).toBe(-2);
  }
  expect(conf("rp_filter", "all", "default")).toBe("2 2");
});

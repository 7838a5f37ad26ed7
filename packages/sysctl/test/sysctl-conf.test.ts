import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createLinuxSysctlTree, parseSysctlConf } from "../src/index.ts";

test("comments, white space, both separators and ignored errors are read as sysctl(8) reads them", () => {
  const tree = createLinuxSysctlTree();
  const errors = tree.applyConf(`
# a comment
; another
net.ipv4.tcp_fin_timeout = 33
-net.ipv4.bogus = 3
net/ipv4/tcp_retries1=4
  net.ipv4.tcp_retries2   =  14
net.ipv4.tcp_rmem = 10   20 30
`);
  expect(errors).toEqual([]);
  expect(tree.get("net.ipv4.tcp_fin_timeout")).toBe("33");
  expect(tree.get("net.ipv4.tcp_retries1")).toBe("4");
  expect(tree.get("net.ipv4.tcp_retries2")).toBe("14");
  expect(tree.get("net.ipv4.tcp_rmem")).toBe("10\t20\t30");
});

test("bad lines and failures are told, the rest is applied", () => {
  const tree = createLinuxSysctlTree();
  const errors = tree.applyConf("net.ipv4.tcp_sack 0\nnet.ipv4.bogus2 = 3\nnet.ipv4.tcp_dsack = 0");
  expect(errors.map(({ message }) => message)).toEqual([
    'net.ipv4.tcp_sack 0: line 1 is not "key = value" (EINVAL)',
    "net.ipv4.bogus2: no such parameter (ENOENT)",
  ]);
  expect(tree.get("net.ipv4.tcp_dsack")).toBe("0");
});

test("a pattern sets what it matches, but neither excluded keys nor those with a line of their own", () => {
  const tree = createLinuxSysctlTree();
  for (const device of ["lo", "sim0", "sim1", "sim1.5"]) tree.registerDevice(device);
  const errors = tree.applyConf(
    "net.ipv4.conf.sim1.arp_notify = 7\nnet.ipv4.conf.*.arp_notify = 1\n-net.ipv4.conf.all.arp_notify\nnet.ipv4.conf.sim?.rp_filter = 2",
  );
  expect(errors).toEqual([]);
  const shown = (name: string): string =>
    ["all", "default", "sim0", "sim1", "sim1/5"]
      .map((device) => tree.get(`net.ipv4.conf.${device}.${name}`))
      .join(" ");
  expect(shown("arp_notify")).toBe("0 1 1 7 1");
  expect(shown("rp_filter")).toBe("0 0 2 2 0");
});

test("parsing keeps line numbers and raw values", () => {
  expect(parseSysctlConf("\n-a.b = c # d = e\n-x.y")).toEqual({
    settings: [
      { line: 2, key: "a.b", value: "c # d = e", isErrorIgnored: true },
      { line: 3, key: "x.y", value: undefined, isErrorIgnored: true },
    ],
    errors: [],
  });
});

test("what format prints can be applied again", () => {
  const tree = createLinuxSysctlTree();
  tree.registerDevice("eth0.1");
  tree.setOrThrow("net.ipv4.tcp_rmem", "1 2 3");
  tree.setOrThrow("net.ipv4.conf.eth0/1.rp_filter", 2);
  const other = createLinuxSysctlTree();
  other.registerDevice("eth0.1");
  const refused = other.applyConf(tree.format("net.ipv4"));
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["EACCES"]));
  expect(other.format("net.ipv4")).toBe(tree.format("net.ipv4"));
});

test("any text can be applied without an exception", () => {
  const line = fc.stringMatching(/^[-# ;]?[a-z0-9_.*?/()[\]\\^$+|]{0,20}[ =]{0,3}[0-9 ]{0,3}$/);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      const tree = createLinuxSysctlTree();
      for (const error of tree.applyConf(lines.join("\n"))) expect(error.errno).toBeLessThan(0);
    }),
    { numRuns: 50 },
  );
});

test("format prints name = value, sorted, and leaves out what may not be read", () => {
  const tree = createLinuxSysctlTree();
  tree.registerDevice("eth0.1");
  expect(tree.format("net.ipv4.tcp_s")).toBe(
    "net.ipv4.tcp_sack = 1\nnet.ipv4.tcp_shrink_window = 0\nnet.ipv4.tcp_slow_start_after_idle = 1\n" +
      "net.ipv4.tcp_stdurg = 0\nnet.ipv4.tcp_syn_linear_timeouts = 4\nnet.ipv4.tcp_syn_retries = 6\n" +
      "net.ipv4.tcp_synack_retries = 5\nnet.ipv4.tcp_syncookies = 1\n",
  );
  const all = tree.format();
  expect(all).toContain("\nnet.ipv4.conf.eth0/1.forwarding = 0\n");
  expect(all).toContain("\nnet.ipv4.ip_local_reserved_ports = \n");
  expect(all).not.toContain("route.flush");
  expect(tree.format("net.ipv4.tcp_fastopen_key", { uid: 1000 })).toBe("");
  const names = all
    .trimEnd()
    .split("\n")
    .map((text) => text.slice(0, text.indexOf(" = ")));
  expect(names).toEqual(
    tree.list().filter((path) => !path.endsWith(".flush") && path !== "vm.drop_caches"),
  );
});

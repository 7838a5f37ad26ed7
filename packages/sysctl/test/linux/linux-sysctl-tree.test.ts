import { expect, test } from "vitest";
import { createLinuxSysctlTree } from "../../src/index.ts";

test("the defaults that protocols are built on are those of Linux 6.12", () => {
  const tree = createLinuxSysctlTree();
  const expected: Record<string, string> = {
    "net.core.rmem_default": "212992",
    "net.core.rmem_max": "212992",
    "net.core.wmem_default": "212992",
    "net.core.somaxconn": "4096",
    "net.core.netdev_max_backlog": "1000",
    "net.core.netdev_budget": "300",
    "net.core.netdev_budget_usecs": "2000",
    "net.core.default_qdisc": "pfifo_fast",
    "net.ipv4.tcp_rmem": "4096\t131072\t6291456",
    "net.ipv4.tcp_wmem": "4096\t16384\t4194304",
    "net.ipv4.tcp_syn_retries": "6",
    "net.ipv4.tcp_synack_retries": "5",
    "net.ipv4.tcp_retries1": "3",
    "net.ipv4.tcp_retries2": "15",
    "net.ipv4.tcp_fin_timeout": "60",
    "net.ipv4.tcp_keepalive_time": "7200",
    "net.ipv4.tcp_limit_output_bytes": "1048576",
    "net.ipv4.tcp_congestion_control": "cubic",
    "net.ipv4.ip_local_port_range": "32768\t60999",
    "net.ipv4.icmp_ratemask": "6168",
    "net.ipv4.neigh.default.unres_qlen": "101",
    "net.ipv4.neigh.default.gc_thresh3": "1024",
    "net.ipv4.conf.all.accept_source_route": "0",
    "net.ipv4.conf.default.accept_source_route": "1",
    "net.unix.max_dgram_qlen": "10",
    "kernel.ostype": "Linux",
    "kernel.pid_max": "32768",
    "kernel.shmmax": "18446744073692774399",
  };
  const actual = Object.fromEntries(Object.keys(expected).map((path) => [path, tree.get(path)]));
  expect(actual).toEqual(expected);
});

test("every parameter has a one-line description", () => {
  const tree = createLinuxSysctlTree();
  tree.registerDevice("lo");
  const described = tree.list().map((path) => tree.describe(path));
  expect(described.length).toBeGreaterThan(500);
  expect(described.filter(({ description }) => !/^[A-Z0-9].{8,}\.$/.test(description))).toEqual([]);
});

test("every parameter accepts its own default, and then shows it", () => {
  const tree = createLinuxSysctlTree();
  tree.registerDevice("lo");
  // One is made anew at each read, one begins as 0, which a write may not say.
  const excepted = new Set(["kernel.random.uuid", "vm.drop_caches"]);
  const paths = tree.list().filter((path) => !excepted.has(path));
  const odd = paths.filter((path) => {
    const { default: initial } = tree.describe(path);
    return tree.assign(path, initial) !== 0 || tree.describe(path).value !== initial;
  });
  expect(odd).toEqual([]);
});

test("limits follow the machine's memory as tcp_init has it", () => {
  const small = createLinuxSysctlTree({ memoryBytes: 64 * 2 ** 20 });
  expect(small.get("net.ipv4.tcp_rmem")).toBe("4096\t131072\t524288");
  expect(small.get("net.ipv4.tcp_mem")).toBe("768\t1024\t1536");
  expect(small.get("net.ipv4.tcp_max_syn_backlog")).toBe("128");
  const large = createLinuxSysctlTree({ memoryBytes: 8 * 2 ** 30 });
  expect(large.get("net.ipv4.tcp_mem")).toBe("98304\t131072\t196608");
  expect(large.get("net.ipv4.tcp_max_tw_buckets")).toBe("32768");
});

test("two trees share no values", () => {
  const one = createLinuxSysctlTree({ hostname: "one" });
  const other = createLinuxSysctlTree({ hostname: "other" });
  one.setOrThrow("net.ipv4.tcp_sack", 0);
  expect(other.get("net.ipv4.tcp_sack")).toBe("1");
  expect([one.get("kernel.hostname"), other.get("kernel.hostname")]).toEqual(["one", "other"]);
});

test("kernel.random.uuid is a new version 4 UUID at each read, boot_id stays", () => {
  let state = 1;
  const random = (): number => (state = (Math.imul(state, 69_069) + 1) >>> 0);
  const tree = createLinuxSysctlTree({ random });
  const first = tree.get("kernel.random.uuid");
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(tree.get("kernel.random.uuid")).not.toBe(first);
  expect(tree.get("kernel.random.boot_id")).toBe(tree.get("kernel.random.boot_id"));
});

test("setting the congestion control allows it, an unknown one is ENOENT", () => {
  const tree = createLinuxSysctlTree();
  expect(tree.set("net.ipv4.tcp_congestion_control", "bbr")).toBe(-2);
  expect(tree.get("net.ipv4.tcp_congestion_control")).toBe("cubic");
  expect(tree.assign("net.ipv4.tcp_available_congestion_control", "reno cubic bbr")).toBe(0);
  expect(tree.set("net.ipv4.tcp_congestion_control", "bbr")).toBe(0);
  expect(tree.get("net.ipv4.tcp_allowed_congestion_control")).toBe("reno cubic bbr");
});

test("the allowed list shows algorithms in the order of the available ones and refuses unknown ones", () => {
  const tree = createLinuxSysctlTree();
  expect(tree.set("net.ipv4.tcp_allowed_congestion_control", "cubic reno")).toBe(0);
  expect(tree.get("net.ipv4.tcp_allowed_congestion_control")).toBe("reno cubic");
  expect(tree.set("net.ipv4.tcp_allowed_congestion_control", "reno vegas")).toBe(-2);
  expect(tree.get("net.ipv4.tcp_allowed_congestion_control")).toBe("reno cubic");
});

test("ticks round times as the kernel's HZ does", () => {
  const coarse = createLinuxSysctlTree({ hz: 100 });
  coarse.setOrThrow("net.ipv4.neigh.default.retrans_time_ms", 1001);
  expect(coarse.get("net.ipv4.neigh.default.retrans_time_ms")).toBe("1010");
  const fine = createLinuxSysctlTree({ hz: 1000 });
  fine.setOrThrow("net.ipv4.neigh.default.retrans_time_ms", 1001);
  expect(fine.get("net.ipv4.neigh.default.retrans_time_ms")).toBe("1001");
  expect(fine.set("net.ipv4.tcp_fin_timeout", 2_147_484)).toBe(-22);
  expect(fine.set("net.ipv4.tcp_fin_timeout", 2_147_483)).toBe(0);
});

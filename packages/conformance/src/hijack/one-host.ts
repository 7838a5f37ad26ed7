import type { ConformanceTest } from "../conformance-test.ts";
import { linksOf } from "../boot/life-cycle.ts";
import { between, holds, same } from "../expectation.ts";
import { IPV6 } from "../features.ts";
import { ping } from "../program/ping.ts";
import { completed } from "../testbed/index.ts";

const LOOPBACK_MTU = 65_536;
const ENOENT = -2;
const EINVAL = -22;

function linesOf(text: string): number {
  return text.split("\n").filter((line) => line !== "").length;
}

/** What hijack-test.sh does with one kernel. */
export const oneHostTests: readonly ConformanceTest[] = [
  {
    name: "ping",
    source: "hijack-test.sh: ping 127.0.0.1",
    run: async (bed) => {
      bed.host("host").start((posix) => ping(posix, "127.0.0.1", { count: 1 }));
      await bed.run();
    },
  },
  {
    name: "ping6",
    source: "hijack-test.sh: ping ::1",
    needs: [IPV6],
    run: async (bed) => {
      bed.host("host").start((posix) => ping(posix, "::1", { count: 1 }));
      await bed.run();
    },
  },
  {
    name: "mount_and_dump",
    source:
      "hijack-test.sh: lo has MTU 65536 and dev_id 0x0 (which sysfs shows, where there is one)",
    run: async (bed) => {
      const host = bed.host("host");
      host.kernelTask("dump", function* () {
        const lo = (yield* linksOf(host)).find(({ ifname }) => ifname === "lo");
        same(lo?.mtu, LOOPBACK_MTU, "MTU of lo");
        const devId = host.kernel.proc_read("/sys/class/net/lo/dev_id");
        if (typeof devId === "string") same(devId.trim(), "0x0", "dev_id of lo");
      });
      await bed.run();
    },
  },
  {
    name: "boot_cmdline",
    source:
      "hijack-test.sh: with loglevel=1 the boot prints one line at most (before it reads that)",
    run: async (bed) => {
      const quiet = bed.host("quiet", { commandLine: "loglevel=1" });
      const loud = bed.host("loud", { commandLine: "loglevel=8" });
      await bed.run();
      between(linesOf(quiet.console), 0, 1, "lines with loglevel=1");
      holds(linesOf(loud.console) > 1, "with loglevel=8 there are more");
      holds(linesOf(quiet.kernel.dmesg()) > 1, "the log has them all the same");
    },
  },
  {
    name: "sysctl",
    source: "hijack.json `sysctl`: lkl_sysctl_parse_write sets what stands between the semicolons",
    run: async (bed) => {
      const host = bed.host("host");
      const { kernel } = host;
      host.kernelTask("sysctl", function* () {
        const text = "net.ipv4.ip_default_ttl=33;net.ipv4.tcp_wmem=4096 87380 2147483647";
        same(yield* completed(kernel.dce_lkl_sysctl_parse_write(text)), 0, "parse_write");
        same(host.factory.Get("net.ipv4.ip_default_ttl"), "33", "ip_default_ttl");
        const wmem = String(host.factory.Get("net.ipv4.tcp_wmem"));
        same(wmem.split(/\s+/), ["4096", "87380", "2147483647"], "tcp_wmem");
        const buffer = new Uint8Array(16);
        const length = yield* completed(
          kernel.dce_lkl_sysctl_get("net.ipv4.ip_default_ttl", buffer),
        );
        same(new TextDecoder().decode(buffer.subarray(0, length)).trim(), "33", "lkl_sysctl_get");
      });
      await bed.run();
    },
  },
  {
    name: "sysctl_errors",
    source: "sysctl(2): a name that is not there gives ENOENT, a value out of range EINVAL",
    run: async (bed) => {
      const host = bed.host("host");
      const { kernel } = host;
      host.kernelTask("sysctl", function* () {
        same(
          yield* completed(kernel.dce_lkl_sysctl("net.ipv4.no_such", "1")),
          ENOENT,
          "no such name",
        );
        same(
          yield* completed(kernel.dce_lkl_sysctl("net.ipv4.ip_default_ttl", "256")),
          EINVAL,
          "TTL 256",
        );
      });
      await bed.run();
    },
  },
  {
    name: "dns",
    source: "hijack.json `nameserver`: names are resolved; here by /etc/hosts, without a server",
    run: async (bed) => {
      const host = bed.host("host");
      host.dce.node.files.write(
        "/etc/hosts",
        "127.0.0.1 localhost\n10.0.0.2 right right.example\n",
      );
      host.start(async (posix) => {
        const found = await posix.getaddrinfo("right.example");
        same(found, [{ family: "AF_INET", address: "10.0.0.2" }], "addresses");
      });
      await bed.run();
    },
  },
];

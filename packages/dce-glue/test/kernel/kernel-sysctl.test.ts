import { expect, test } from "vitest";
import { slashed } from "../../src/kernel/kernel-sysctl.ts";

test.each([
  [".net.ipv4.tcp_rmem", "net/ipv4/tcp_rmem"],
  ["net.ipv4.tcp_rmem", "net/ipv4/tcp_rmem"],
  ["net/ipv4/tcp_rmem", "net/ipv4/tcp_rmem"],
  ["/proc/sys/net/ipv4/tcp_rmem", "net/ipv4/tcp_rmem"],
  ["net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding"],
  ["net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding"],
])("%s is %s", (path, expected) => {
  expect(slashed(path)).toBe(expected);
});

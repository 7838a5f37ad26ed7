import { NetlinkAttributes, NetlinkWriter } from "@dcejs/net-stack";
import { expect, test } from "vitest";
import { decodeRule } from "../../src/nft/nft-decode-rule.ts";
import { elementsOf, keysOf } from "../../src/nft/nft-decode-set.ts";
import { anonymousSets, writeRule } from "../../src/nft/nft-encode-rule.ts";
import { printRule } from "../../src/nft/nft-print-rule.ts";
import type { NftFamily } from "../../src/nft/nft-rule.ts";
import { parseRule } from "../../src/nft/nft-rule-parser.ts";
import { NftWords } from "../../src/nft/nft-words.ts";

/** A rule as the kernel would tell it: parsed, encoded, decoded, printed. */
function thereAndBack(text: string, family: NftFamily): string {
  const rule = parseRule(new NftWords(text), family);
  let lastId = 0;
  const sets = anonymousSets(rule, () => ++lastId);
  const writer = new NetlinkWriter();
  writeRule(writer, rule, family, sets, () => {});
  let next = 0;
  const decoded = decodeRule(
    // The kernel puts numbers in the place of %d.
    new NetlinkAttributes(named(writer.bytes())),
    family,
    (_, type) => {
      const elements = sets[next++]?.elements ?? [];
      const isInterval = elements.some(({ kind }) => kind !== "value");
      return elementsOf(keysOf(elements, isInterval), type, isInterval);
    },
  );
  return printRule(decoded, family, false);
}

function named(bytes: Uint8Array): Uint8Array {
  const text = String.fromCharCode(...bytes).replaceAll("__set%d", "__set0\0");
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What nft 1.0.6 lists for each of these rules, where that is not the rule as it was written. */
const IP: [string, string?][] = [
  ["ip saddr 10.0.0.0/24 counter accept", "ip saddr 10.0.0.0/24 counter packets 0 bytes 0 accept"],
  ["ip saddr 10.0.0.0/20 drop"],
  ["ip saddr != 10.0.0.0/20"],
  ["ip saddr 10.0.0.5/24", "ip saddr 10.0.0.0/24"],
  ["ip saddr 10.0.0.5/32", "ip saddr 10.0.0.5"],
  ["ip saddr 0.0.0.0/0"],
  ["ip daddr 224.0.0.0/4"],
  ["ip saddr 10.0.0.1-10.0.0.9"],
  ["ip saddr { 192.168.0.1, 10.0.0.0/8 }", "ip saddr { 10.0.0.0/8, 192.168.0.1 }"],
  ["ip saddr { 1.2.3.4-1.2.3.9, 1.2.3.9-1.2.3.10 }", "ip saddr { 1.2.3.4-1.2.3.10 }"],
  ["ip saddr { 240.0.0.0/4, 0.0.0.0/8 }", "ip saddr { 0.0.0.0/8, 240.0.0.0/4 }"],
  ["ip saddr @blocked drop"],
  ["ip protocol 6 tcp dport ssh", "tcp dport 22"],
  ["ip protocol != tcp"],
  ["ip ttl < 5"],
  ["ip ttl >= 5"],
  ["tcp dport 22"],
  ["tcp dport == 22", "tcp dport 22"],
  ["tcp dport 1000-2000"],
  ["tcp dport != 1000-2000"],
  ["tcp dport { 80, 22, 22 }", "tcp dport { 22, 80 }"],
  ["tcp dport != { 22, 80 }"],
  ["tcp dport { 443-500, 22 }", "tcp dport { 22, 443-500 }"],
  ["tcp sport 1 tcp dport 2"],
  ["tcp flags syn"],
  ["tcp flags == syn"],
  ["tcp flags & (syn|ack) == syn", "tcp flags syn / syn,ack"],
  ["udp length > 100"],
  ["meta l4proto { tcp, udp } th dport 53"],
  ["meta l4proto 200"],
  ["meta mark 5", "meta mark 0x00000005"],
  ["meta mark set 7 ct mark set 8", "meta mark set 0x00000007 ct mark set 0x00000008"],
  ["ct state established,related accept"],
  ["ct state == new"],
  ["ct state != new"],
  ["ct state { new, established }", "ct state { established, new }"],
  ["ct status dnat"],
  ["ct direction original"],
  ["iifname sim0", 'iifname "sim0"'],
  ['iifname { "sim1", sim0 }', 'iifname { "sim0", "sim1" }'],
  ['oifname != "eth*"'],
  ["icmp type { echo-reply, 3, 200 }", "icmp type { echo-reply, destination-unreachable, 200 }"],
  ["limit rate 5/second burst 5 packets accept", "limit rate 5/second accept"],
  ["limit rate over 5/minute burst 10 packets"],
  ['log prefix "new: " level info'],
  ["log level warn", "log"],
  ["log group 2"],
  ["reject with icmp port-unreachable", "reject"],
  ["reject with icmp type net-unreachable", "reject with icmp net-unreachable"],
  ["ip protocol tcp reject with tcp reset", "reject with tcp reset"],
  ["jump mine"],
  ["goto mine"],
  ["return"],
  ["notrack"],
  ['counter packets 5 bytes 7 comment "hi there"'],
  ["masquerade"],
  ["tcp sport 1 masquerade to :1024-2000 random"],
  ["tcp dport 2 snat to 1.2.3.4:1000-2000 random,persistent"],
  ["snat to 192.0.2.1-192.0.2.9"],
  ["tcp dport 80 dnat to 10.0.0.2:8080"],
  ["tcp dport 8080 redirect to :80"],
];

test.each(IP)("ip: %s", (text, listed = text) => {
  expect(thereAndBack(text, "ip")).toBe(listed);
});

const INET: [string, string?][] = [
  ["ip saddr 10.0.0.1"],
  ["ip6 saddr fe80::/10"],
  ["meta nfproto ipv4 accept"],
  ["icmp type echo-request"],
  ["icmpv6 type echo-request"],
  ["tcp dport 22 ip saddr 1.2.3.4"],
  ["ip protocol tcp"],
  ["meta protocol ip"],
  ["reject with icmpx port-unreachable", "reject"],
  ["reject with icmpx admin-prohibited"],
  ["tcp dport 5 dnat ip to 1.2.3.4:80"],
  ["tcp dport 5 dnat ip6 to [::1]:80"],
  ["dnat ip6 to fe80::1"],
];

test.each(INET)("inet: %s", (text, listed = text) => {
  expect(thereAndBack(text, "inet")).toBe(listed);
});

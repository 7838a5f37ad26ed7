/** /proc/net/snmp and /proc/net/netstat: a line of names and a line of numbers for each group (net/ipv4/proc.c). */
import { ICMP_ERROR_TYPES } from "./icmp-names.ts";
import { IP_EXT_NAMES, IP_NAMES, TCP_EXT_NAMES, TCP_NAMES, UDP_NAMES } from "../mib.ts";
import type { NetStack } from "../net-stack.ts";

function twoLines(group: string, names: readonly string[], values: readonly number[]): string {
  return `${group}: ${names.join(" ")}\n${group}: ${values.join(" ")}\n`;
}

export function proc_snmp(net: NetStack): string {
  const { mib, ipv4 } = net;
  const isForwarding = ipv4.devconf_all.forwarding.value !== 0;
  const udp = UDP_NAMES.map((name) => mib.udp[name]);
  return (
    twoLines(
      "Ip",
      [
        "Forwarding",
        "DefaultTTL",
        ...IP_NAMES.map((n) => (n === "OutForwDatagrams" ? "ForwDatagrams" : n)),
      ],
      [isForwarding ? 1 : 2, ipv4.ip_default_ttl.value, ...IP_NAMES.map((name) => mib.ip[name])],
    ) +
    icmpLines(net) +
    icmpMsgLines(net) +
    twoLines(
      "Tcp",
      TCP_NAMES,
      TCP_NAMES.map((name) => mib.tcp[name]),
    ) +
    twoLines("Udp", UDP_NAMES, udp) +
    twoLines(
      "UdpLite",
      UDP_NAMES,
      udp.map(() => 0),
    )
  );
}

function icmpLines(net: NetStack): string {
  const { icmp, icmpMsg } = net.mib;
  const types = ICMP_ERROR_TYPES;
  const names = [
    "InMsgs",
    "InErrors",
    "InCsumErrors",
    ...types.map((t) => `In${t.name}`),
    "OutMsgs",
    "OutErrors",
    "OutRateLimitGlobal",
    "OutRateLimitHost",
    ...types.map((t) => `Out${t.name}`),
  ];
  const values = [
    icmp.InMsgs,
    icmp.InErrors,
    icmp.InCsumErrors,
    ...types.map((t) => icmpMsg.received.get(t.type) ?? 0),
    icmp.OutMsgs,
    icmp.OutErrors,
    icmp.RateLimitGlobal,
    icmp.RateLimitHost,
    ...types.map((t) => icmpMsg.sent.get(t.type) ?? 0),
  ];
  return twoLines("Icmp", names, values);
}

function sorted(counts: ReadonlyMap<number, number>): [number, number][] {
  return [...counts].toSorted((a, b) => a[0] - b[0]);
}

/** Only types that were seen; received ones first. */
function icmpMsgLines(net: NetStack): string {
  const { received, sent } = net.mib.icmpMsg;
  const all = [
    ...sorted(received).map(([type, count]) => ({ name: `InType${type}`, count })),
    ...sorted(sent).map(([type, count]) => ({ name: `OutType${type}`, count })),
  ];
  if (all.length === 0) return "";
  return twoLines(
    "IcmpMsg",
    all.map((entry) => entry.name),
    all.map((entry) => entry.count),
  );
}

export function proc_netstat(net: NetStack): string {
  const { mib } = net;
  return (
    twoLines(
      "TcpExt",
      TCP_EXT_NAMES,
      TCP_EXT_NAMES.map((name) => mib.tcpExt[name]),
    ) +
    twoLines(
      "IpExt",
      IP_EXT_NAMES,
      IP_EXT_NAMES.map((name) => mib.ip[name]),
    )
  );
}

import type { Port } from "@dcejs/links";
import { ipToText, lladdrToText } from "../ip/ip-values.ts";
import { dumpInterfaces } from "../kernel/kernel-files.ts";
import type { SimDeviceStats } from "../kernel/kernel-objects.ts";
import { IFF_UP } from "../kernel/rtnl-request.ts";
import type { SimNic } from "../kernel/sim-nic.ts";
import type { InterfaceResult, NodeResult, RunCounters, WarningResult } from "./run-result.ts";
import type { SimulatedNode } from "./simulated-node.ts";

type Mib = Record<string, Record<string, number>>;

/** What a node's kernel says of itself at the end; empty lists where it has not booted. */
export function reportNode(node: SimulatedNode): NodeResult {
  const { id, name, kernel } = node;
  const isRunning = node.factory.isRunning;
  return {
    id,
    name,
    kernel,
    interfaces: isRunning ? interfacesOf(node) : [],
    mib: isRunning ? { ...mibOf(node, "snmp"), ...mibOf(node, "netstat") } : {},
  };
}

export function reportCounters(nodes: readonly NodeResult[], ports: readonly Port[]): RunCounters {
  let framesDelivered = 0;
  let framesDropped = 0;
  let bytes = 0;
  for (const { stats } of ports) {
    framesDelivered += stats.rxPackets;
    bytes += stats.rxBytes;
    framesDropped += stats.dropped;
  }
  return {
    framesDelivered,
    framesDropped,
    bytes,
    tcpRetransSegs: sum(nodes, (node) => node.mib.Tcp?.RetransSegs ?? 0),
    queueDrops: sum(nodes, (node) => sum(node.interfaces, (one) => one.txDropped + one.rxDropped)),
  };
}

/** What kernels have warned of, in the order of nodes and time. */
export function reportWarnings(nodes: readonly SimulatedNode[]): WarningResult[] {
  return nodes.flatMap(({ name, kernel, factory }) =>
    factory.warnings.map(({ at, what }) => ({ node: name, kernel, atNs: at, what })),
  );
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function interfacesOf(node: SimulatedNode): InterfaceResult[] {
  const { links, addresses } = dumpInterfaces(node.factory);
  return links.map((link) => {
    const nic = node.nics.find((candidate) => indexOf(candidate, node) === link.ifindex);
    const stats = emptyStats();
    nic?.stats(stats);
    return {
      name: link.name,
      index: link.ifindex,
      address: lladdrToText(link.address),
      mtu: link.mtu,
      isUp: (link.flags & IFF_UP) !== 0,
      ipv4: addresses
        .filter((one) => one.ifindex === link.ifindex && typeof one.local === "number")
        .map((one) => `${ipToText(one.local)}/${one.prefixLength}`),
      rxPackets: stats.rx_packets,
      rxBytes: stats.rx_bytes,
      rxDropped: stats.rx_dropped,
      txPackets: stats.tx_packets,
      txBytes: stats.tx_bytes,
      txDropped: stats.tx_dropped,
    };
  });
}

function indexOf(nic: SimNic, node: SimulatedNode): number {
  return nic.device === undefined ? -1 : node.factory.kernel.dev_ifindex(nic.device);
}

function emptyStats(): SimDeviceStats {
  return {
    rx_packets: 0,
    rx_bytes: 0,
    rx_dropped: 0,
    rx_errors: 0,
    tx_packets: 0,
    tx_bytes: 0,
    tx_dropped: 0,
    tx_errors: 0,
  };
}

/** `/proc/net/snmp`: a line of names and a line of numbers for each group. */
function mibOf(node: SimulatedNode, file: "snmp" | "netstat"): Mib {
  const text = node.factory.kernel.proc_read(`/proc/net/${file}`);
  return typeof text === "string" ? parseMib(text) : {};
}

function parseMib(text: string): Mib {
  const mib: Mib = {};
  const lines = text.split("\n");
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [group = "", ...names] = (lines[i] ?? "").split(/\s+/);
    const [, ...values] = (lines[i + 1] ?? "").split(/\s+/);
    const counters: Record<string, number> = {};
    for (const [index, name] of names.entries()) counters[name] = Number(values[index]);
    if (group.endsWith(":")) mib[group.slice(0, -1)] = counters;
  }
  return mib;
}

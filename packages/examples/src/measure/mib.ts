import type { SimNode } from "@dcejs/dce-glue";

/**
 * One of the counters of a node's kernel under its own name.
 * @param group as a line of `/proc/net/snmp` or `/proc/net/netstat` begins: "Ip", "TcpExt", "MPTcpExt"
 * @returns undefined where the kernel has no such counter
 */
export function counter(node: SimNode, group: string, name: string): number | undefined {
  return counters(node, group)[name];
}

/** All counters of a group; none where the kernel has no such group. */
export function counters(node: SimNode, group: string): Readonly<Record<string, number>> {
  const lines = `${node.proc("/proc/net/snmp")}${node.proc("/proc/net/netstat")}`.split("\n");
  const [names = [], values = []] = lines
    .filter((line) => line.startsWith(`${group}:`))
    .map((line) => line.split(" ").slice(1));
  return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]));
}

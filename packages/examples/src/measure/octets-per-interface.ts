import type { SimNode } from "@dcejs/dce-glue";

/** Position among the numbers behind a name in /proc/net/dev. */
const TRANSMITTED_OCTETS = 8;

/** What a node has sent through each of its interfaces, as its kernel counts it (/proc/net/dev). */
export function octetsPerInterface(node: SimNode): number[] {
  const lines = node.proc("/proc/net/dev").split("\n");
  return node.interfaces.map(({ name }) => {
    const line = lines.find((one) => one.trim().startsWith(`${name}:`)) ?? "";
    return Number(line.split(":")[1]?.trim().split(/\s+/)[TRANSMITTED_OCTETS]);
  });
}

/** What was sent since then. */
export function octetsSince(node: SimNode, before: readonly number[]): number[] {
  return octetsPerInterface(node).map((octets, i) => octets - (before[i] ?? 0));
}

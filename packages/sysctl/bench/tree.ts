// Prints JSON: what a tree costs, a registered device, and the handles that a network stack asks for.
// Usage: node --expose-gc -C @dcejs/source bench/tree.ts
import { createLinuxSysctlTree, type SysctlTree } from "@dcejs/sysctl";

const TREES = 2000;
const LOOKUPS = 1_000_000;

interface Cost {
  readonly microseconds: number;
  readonly bytes: number;
}

/** Processor time and heap of each of TREES calls, after a collection. */
function cost(action: (index: number) => void): Cost {
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const before = process.cpuUsage();
  for (let i = 0; i < TREES; i++) action(i);
  const { user, system } = process.cpuUsage(before);
  globalThis.gc?.();
  const grown = process.memoryUsage().heapUsed - heap;
  return {
    microseconds: Number(((user + system) / TREES).toFixed(1)),
    bytes: Math.round(grown / TREES),
  };
}

const trees: SysctlTree[] = [createLinuxSysctlTree()];
const tree = cost((i) => {
  trees[i] = createLinuxSysctlTree();
});
const device = cost((i) => trees[i]?.registerDevice("eth0"));
const paths = trees[0]?.list("net.ipv4").filter((path) => path.includes(".tcp_")) ?? [];
const handles = cost((i) => {
  for (const path of paths) trees[i]?.string(path);
});
const handle = trees[0]?.int("net.ipv4.tcp_sack");
const before = process.cpuUsage();
let sum = 0;
for (let i = 0; i < LOOKUPS; i++) sum += handle?.value ?? 0;
const { user } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    trees: TREES,
    tree,
    device,
    handles: { count: paths.length, ...handles },
    handleReadNs: (user * 1000) / LOOKUPS,
    sum,
  }),
);

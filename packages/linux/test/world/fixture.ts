import { kernelModule, stacksOf } from "./built.ts";
import { type CableOptions, cable } from "./cable.ts";
import type { Node, NodeOptions } from "./node.ts";
import type { StacksKind } from "../../src/index.ts";
import { World } from "./world.ts";

/** High-resolution timers begin with the first tick, 1 ms after the boot. */
export const SETTLED = 10_000_000;

type Rest = Partial<Omit<NodeOptions, "stacks">>;

/** A kernel in a World of its own, booted and at rest, at time SETTLED. */
export async function bootedNode(kind: StacksKind, options: Rest = {}): Promise<Node> {
  const world = new World();
  const node = await world.node({ module: kernelModule(), stacks: stacksOf(kind), ...options });
  await world.runTo(SETTLED);
  return node;
}

/** What a server has; a kernel of a few megabytes gives itself less. */
export const SERVER_MEMORY: number = 16 * 1024 * 1024;

export function setServerBuffers(node: Node): void {
  node.mountProc();
  node.write("/proc/sys/net/ipv4/tcp_rmem", "4096 131072 6291456");
  node.write("/proc/sys/net/ipv4/tcp_wmem", "4096 16384 4194304");
  node.write("/proc/sys/net/ipv4/tcp_mem", "2048 3072 4096");
}

export const WIRE: CableOptions = { delay: 10_000_000, rate: 100_000_000 };

/** Two kernels, 10.0.0.1 and 10.0.0.2, with a cable between them. */
export async function twoNodes(
  kind: StacksKind,
  options: CableOptions = WIRE,
  rest: Rest = {},
): Promise<{ world: World; a: Node; b: Node }> {
  const world = new World();
  const [left, right] = cable(world, options);
  const make = (name: string, seed: number): Promise<Node> =>
    world.node({ module: kernelModule(), stacks: stacksOf(kind), ...rest, name, seed });
  const a = await make("a", 1);
  const b = await make("b", 2);
  await world.runTo(SETTLED);
  a.card(left, "eth0", "10.0.0.1");
  b.card(right, "eth0", "10.0.0.2");
  return { world, a, b };
}

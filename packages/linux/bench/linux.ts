/**
 * Prints, as JSON, what real Linux costs here on each back end.
 * Usage: node --expose-gc -C @dcejs/source bench/linux.ts [linux-6.12 [jspi|wasmfx [name of one measurement]]]
 */
import {
  type HostTask,
  hasWasmFx,
  type LinuxKernel,
  linuxImage,
  makeStacks,
  type Snapshot,
  type StacksKind,
} from "../src/index.ts";
import { type CableOptions, cable } from "../test/world/cable.ts";
import { SERVER_MEMORY, SETTLED, setServerBuffers } from "../test/world/fixture.ts";
import type { Node, Program } from "../test/world/node.ts";
import { NR } from "../test/world/numbers.ts";
import { nothingReceived, tcpSink, tcpSource } from "../test/world/traffic.ts";
import { World } from "../test/world/world.ts";
import { best, type Cost, costOf, residentMB, round } from "./measure.ts";

const [kernelName = "linux-6.12", onlyKind, onlyName] = process.argv.slice(2);
const image = linuxImage(kernelName, process.env["DCEJS_TEST_LINUX_FOLDER"]);
const CALLS = 200_000;

async function booted(kind: StacksKind, memory?: number): Promise<Node> {
  const world = new World(false);
  const rest = memory === undefined ? {} : { memory };
  const node = await world.node({ module: image.module, stacks: makeStacks(kind), ...rest });
  await world.runTo(SETTLED);
  return node;
}

async function template(kind: StacksKind, memory?: number): Promise<Snapshot> {
  const node = await booted(kind, memory);
  setServerBuffers(node);
  await node.world.runTo(2 * SETTLED);
  const snapshot = node.kernel.snapshot();
  node.kernel.destroy();
  return snapshot;
}

async function withTask(kind: StacksKind): Promise<{ kernel: LinuxKernel; task: HostTask }> {
  const node = await booted(kind);
  const task = node.newTask();
  await node.world.runTo(2 * SETTLED);
  return { kernel: node.kernel, task };
}

/** Kernels that are copies of a template, at rest. */
async function cloned(kind: StacksKind, count: number, memory?: number): Promise<World> {
  const snapshot = await template(kind, memory);
  const world = new World(false);
  await world.runTo(2 * SETTLED);
  for (let index = 0; index < count; index++) {
    const name = `n${index}`;
    // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
    await world.node({
      module: image.module,
      stacks: makeStacks(kind),
      snapshot,
      name,
      seed: index,
    });
  }
  return world;
}

const measurements: Record<string, (kind: StacksKind) => Promise<unknown>> = {
  boot: async (kind) => {
    const boot = async (): Promise<void> => {
      const node = await booted(kind);
      node.kernel.destroy();
    };
    const cold = await costOf(1, boot);
    return { cold, warm: await best(10, () => costOf(1, boot)) };
  },

  clone: async (kind) => {
    const snapshot = await template(kind);
    return await best(5, async () => {
      const nodes: Node[] = [];
      const world = new World(false);
      await world.runTo(2 * SETTLED);
      const cost = await costOf(50, async () => {
        for (let index = 0; index < 50; index++) {
          const stacks = makeStacks(kind);
          // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
          nodes.push(await world.node({ module: image.module, stacks, snapshot, seed: index }));
        }
      });
      world.destroy();
      return cost;
    });
  },

  getpidHot: async (kind) => {
    const { kernel, task } = await withTask(kind);
    return await best(5, () =>
      costOf(CALLS, () => {
        for (let index = 0; index < CALLS; index++) kernel.sys(task, NR.getpid);
      }),
    );
  },

  getpidFromIdle: async (kind) => {
    const { kernel, task } = await withTask(kind);
    return await best(5, () =>
      costOf(CALLS, () => {
        for (let index = 0; index < CALLS; index++) {
          kernel.sys(task, NR.getpid);
          void kernel.run();
        }
      }),
    );
  },

  /** Two tasks, each asleep in read() until the other has written: two calls and a switch each way. */
  blockingRoundTrip: async (kind) => {
    const node = await booted(kind);
    const rounds = 20_000;
    const one = node.bytes(Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0]));
    const player = function* (mine: number, theirs: number): Program {
      const room = node.bytes(8);
      for (let index = 0; index < rounds; index++) {
        yield [NR.read, mine, room, 8];
        yield [NR.write, theirs, one, 8];
      }
      return 0;
    };
    return await best(3, async () => {
      const [ping, pong] = [node.must(NR.eventfd2, 0, 0), node.must(NR.eventfd2, 0, 0)];
      node.start(player(ping, pong));
      node.start(player(pong, ping));
      await node.world.runTo(node.world.events.now + 1_000_000);
      return await costOf(rounds, async () => {
        node.must(NR.write, ping, one, 8);
        await node.world.runPrograms();
      });
    });
  },

  bulkOverCable: (kind) => bulk(kind, 20_000_000, { delay: 10_000_000, rate: 100_000_000 }),
  bulkUnlimited: (kind) => bulk(kind, 60_000_000, { delay: 100_000, rate: Infinity }),

  chainOf20: async (kind) => {
    const octets = 5_000_000;
    const world = await cloned(kind, 20, SERVER_MEMORY);
    linkUp(world);
    let port = 5000;
    const measure = async (): Promise<{ cost: Cost; frames: number }> => {
      port++;
      const [first, last] = [world.nodes[0], world.nodes[19]];
      if (first === undefined || last === undefined) throw new Error("no nodes");
      last.start(tcpSink(last, "10.0.19.2", port, nothingReceived()));
      first.start(tcpSource(first, "10.0.19.2", port, octets));
      const before = world.frames;
      const cost = await costOf(1, () => world.runPrograms());
      return { cost, frames: world.frames - before };
    };
    await measure();
    const { cost, frames } = await measure();
    world.destroy();
    return {
      frameHops: frames,
      wallUs: round(cost.wallUs / frames),
      cpuUs: round(cost.cpuUs / frames),
    };
  },

  memory: async (kind) => {
    const count = 100;
    const snapshot = await template(kind);
    const make = async (): Promise<World> => {
      const world = new World(false);
      await world.runTo(2 * SETTLED);
      for (let index = 0; index < count; index++) {
        const stacks = makeStacks(kind);
        // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
        await world.node({ module: image.module, stacks, snapshot, seed: index });
      }
      await world.runTo(1e9);
      return world;
    };
    const before = residentMB();
    let world: World | undefined = await make();
    const full = residentMB();
    world.destroy();
    world = undefined;
    const rounds: number[] = [];
    for (let index = 0; index < 4; index++) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
      (await make()).destroy();
      // oxlint-disable-next-line eslint/no-await-in-loop -- what was rejected is forgotten in a turn of its own
      await new Promise(setImmediate);
      rounds.push(round(residentMB()));
    }
    return { perCloneMB: round((full - before) / count), afterEach100: rounds };
  },
};

async function bulk(kind: StacksKind, octets: number, wire: CableOptions): Promise<unknown> {
  const world = await cloned(kind, 2, SERVER_MEMORY);
  const [a, b] = world.nodes;
  if (a === undefined || b === undefined) throw new Error("no nodes");
  const [left, right] = cable(world, wire);
  a.card(left, "eth0", "10.0.0.1");
  b.card(right, "eth0", "10.0.0.2");
  const results: { wallMBs: number; cpuUsPerFrame: number; wallUsPerFrame: number }[] = [];
  for (let index = 0; index < 4; index++) {
    const before = world.frames;
    const received = nothingReceived();
    b.start(tcpSink(b, "10.0.0.2", 5000 + index, received));
    a.start(tcpSource(a, "10.0.0.2", 5000 + index, octets));
    // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
    const cost = await costOf(1, () => world.runPrograms());
    const frames = world.frames - before;
    results.push({
      wallMBs: round(received.octets / cost.wallUs),
      cpuUsPerFrame: round(cost.cpuUs / frames),
      wallUsPerFrame: round(cost.wallUs / frames),
    });
  }
  world.destroy();
  return results.toSorted((one, two) => one.cpuUsPerFrame - two.cpuUsPerFrame)[0];
}

/** 10.0.i.0/24 between node i and the one before it; all but the ends forward. */
function linkUp(world: World): void {
  const { nodes } = world;
  nodes.forEach((node, index) => {
    const next = nodes[index + 1];
    if (next === undefined) return;
    const [left, right] = cable(world, { delay: 100_000, rate: 1_000_000_000 });
    node.card(left, "eth1", `10.0.${index + 1}.1`);
    next.card(right, "eth0", `10.0.${index + 1}.2`);
  });
  nodes.forEach((node, index) => {
    node.write("/proc/sys/net/ipv4/ip_forward", "1");
    for (let net = 1; net < nodes.length; net++) {
      if (net < index) node.route(`10.0.${net}.0`, "255.255.255.0", `10.0.${index}.1`);
      if (net > index + 1) node.route(`10.0.${net}.0`, "255.255.255.0", `10.0.${index + 1}.2`);
    }
  });
}

const kinds: StacksKind[] = hasWasmFx() ? ["jspi", "wasmfx"] : ["jspi"];
const report: Record<string, Record<string, unknown>> = {};
for (const kind of kinds) {
  if (onlyKind !== undefined && onlyKind !== kind) continue;
  const results: Record<string, unknown> = {};
  for (const [name, measure] of Object.entries(measurements)) {
    if (onlyName === undefined || onlyName === name) results[name] = await measure(kind);
  }
  report[kind] = results;
}
process.stdout.write(
  `${JSON.stringify({ kernel: image.version, node: process.version, report }, undefined, 1)}\n`,
);

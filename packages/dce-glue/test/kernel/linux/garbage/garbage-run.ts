import { setImmediate as hostTurn } from "node:timers/promises";
import { nanoseconds, NO_CONTEXT, type RandomStream } from "@dcejs/core-sched";
import { completeChecksum } from "@dcejs/links";
import { parseIpCommand, runIpCommand } from "../../../../src/ip/ip-language.ts";
import type { SimNic } from "../../../../src/kernel/sim-nic.ts";
import type { SimLink } from "../../../../src/scenario/link.ts";
import type { NodeOptions, SimNode } from "../../../../src/scenario/node.ts";
import type { LeakReport, WarningResult } from "../../../../src/scenario/run-result.ts";
import { type RunOverrides, runScenario } from "../../../../src/scenario/run-scenario.ts";
import { SimulatedNode } from "../../../../src/scenario/simulated-node.ts";
import { type Simulation, simulation } from "../../../../src/scenario/simulation.ts";
import { client, glutton, server } from "./garbage-programs.ts";
import { type GarbageCounts, GarbageFrames } from "./garbage-frames.ts";

const MSEC = 1_000_000;
/** How often a bunch of garbage arrives, virtual ns. */
const BUNCH_EVERY = 10 * MSEC;
/** Virtual seconds between two faults. */
const FAULT_EVERY = 5;
/** Virtual seconds without garbage and faults before the kernels are looked at again. */
const REST = 130;

export interface GarbageOptions extends Pick<RunOverrides, "kernel" | "stacks" | "seed"> {
  /** Of garbage. */
  readonly frames: number;
  /** Of virtual time, with traffic, faults and garbage. */
  readonly seconds: number;
  readonly node?: NodeOptions;
}

/** A kernel's memory and tables, when nothing of a program's is in it. */
interface KernelState {
  /** Octets that the page allocator could give. */
  readonly memoryFree: number;
  readonly sockets: string;
  /** Kernel threads and host tasks. */
  readonly tasks: number;
}

export interface GarbageReport {
  readonly injected: number;
  readonly kinds: GarbageCounts;
  readonly faults: Readonly<Record<string, number>>;
  readonly warnings: readonly WarningResult[];
  /** By node: before and after. A kernel that was booted again has its own before. */
  readonly states: Readonly<Record<string, readonly [KernelState, KernelState]>>;
  /** Connections that the server has accepted after the garbage: it works. */
  readonly acceptedAfterwards: number;
  readonly leaks: LeakReport;
  readonly liveFrames: number;
  readonly traceHash: string;
}

interface World {
  readonly sim: Simulation;
  readonly random: RandomStream;
  readonly nodes: Readonly<Record<"left" | "router" | "right" | "small", SimulatedNode>>;
  readonly links: readonly SimLink[];
  readonly faults: Record<string, number>;
}

/** Addresses and routes, by node: a kernel that boots again is told again. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  left: ["addr add 10.0.0.1/24 dev sim0", "route add default via 10.0.0.2"],
  router: [
    "addr add 10.0.0.2/24 dev sim0",
    "addr add 10.0.1.2/24 dev sim1",
    "addr add 10.0.2.2/24 dev sim2",
  ],
  right: ["addr add 10.0.1.1/24 dev sim0", "route add default via 10.0.1.2"],
  small: ["addr add 10.0.2.1/24 dev sim0", "route add default via 10.0.2.2"],
};

/** Four kernels with traffic, faults and garbage; then rest, and what they say of themselves. */
export async function runGarbage(options: GarbageOptions): Promise<GarbageReport> {
  const { frames, seconds, node = {}, kernel, stacks, seed } = options;
  let report: Omit<GarbageReport, "warnings" | "leaks" | "traceHash"> | undefined;
  const scenario = simulation({ until: `${seconds + 2 * REST + 5}s` }, (sim) => {
    const world = makeWorld(sim, node);
    const garbage = new GarbageFrames(world.random);
    const before: Record<string, KernelState> = {};
    const states: Record<string, [KernelState, KernelState]> = {};
    let injected = 0;
    let accepted = 0;
    for (const one of Object.values(world.nodes)) watch(one, garbage);
    sim.at("4s", () => {
      for (const [name, one] of Object.entries(world.nodes)) before[name] = stateOf(one);
      startPrograms(world);
    });
    const bunches = Math.floor((seconds * 1e9) / BUNCH_EVERY);
    const inject = (): void => {
      const end = Math.ceil((frames * (sim.now - 5e9 + BUNCH_EVERY)) / (bunches * BUNCH_EVERY));
      const cards = Object.values(world.nodes).flatMap(({ nics }) => nics);
      for (; injected < Math.min(frames, end); injected++) {
        const card: SimNic = world.random.pick(cards);
        card.receive(garbage.make(card.address));
      }
      if (injected < frames)
        sim.simulator.scheduleWithContext(NO_CONTEXT, nanoseconds(BUNCH_EVERY), inject);
    };
    sim.at("5s", inject);
    for (let at = 5 + FAULT_EVERY; at < seconds; at += FAULT_EVERY)
      sim.at(`${at}s`, () => fault(world, before));
    // All is quiet; neighbours and routes that garbage has taught are forgotten; then there is traffic again.
    sim.at(`${seconds + 10}s`, () => {
      for (const one of Object.values(world.nodes)) stopAll(one);
    });
    sim.at(`${seconds + REST}s`, () => {
      accepted = passiveOpens(world.nodes.right);
      startPrograms(world);
    });
    sim.at(`${seconds + REST + 5}s`, () => {
      accepted = passiveOpens(world.nodes.right) - accepted;
      for (const one of Object.values(world.nodes)) stopAll(one);
    });
    sim.at(`${seconds + 2 * REST}s`, () => {
      for (const [name, one] of Object.entries(world.nodes)) {
        const first = before[name];
        // Fragments wait for others while there is garbage; afterwards none may.
        const sockets = first?.sockets.replace(/FRAG: inuse \d+/, "FRAG: inuse 0") ?? "";
        if (first !== undefined) states[name] = [{ ...first, sockets }, stateOf(one)];
      }
    });
    return () => {
      report = {
        injected,
        kinds: garbage.counts,
        faults: world.faults,
        states,
        acceptedAfterwards: accepted,
        liveFrames: garbage.live,
      };
    };
  });
  const run = await runScenario(scenario, {
    ...(kernel !== undefined && { kernel }),
    ...(stacks !== undefined && { stacks }),
    ...(seed !== undefined && { seed }),
  });
  await hostTurn();
  if (report === undefined) throw new Error("the run has no report");
  const { warnings, leaks, traceHash } = run;
  return { ...report, warnings, leaks, traceHash };
}

function makeWorld(sim: Simulation, options: NodeOptions): World {
  const made = {
    left: insideOf(sim.node("left", options)),
    router: insideOf(sim.router("router", options)),
    right: insideOf(sim.node("right", options)),
    small: insideOf(sim.node("small", { ...options, memory: "8MB" })),
  };
  const cable = { rate: "100Mbps", delay: "1ms" };
  const links = [
    sim.link(made.left, made.router, cable),
    sim.link(made.router, made.right, cable),
    sim.link(made.router, made.small, cable),
  ];
  for (const [name, node] of Object.entries(made)) {
    for (const command of COMMANDS[name] ?? []) node.ip(command);
  }
  return { sim, random: sim.random("garbage"), nodes: made, links, faults: {} };
}

function insideOf(node: SimNode): SimulatedNode {
  if (node instanceof SimulatedNode) return node;
  throw new Error("not a node of this package");
}

/** Mutants are made of what the cards see. */
function watch({ nics }: SimulatedNode, garbage: GarbageFrames): void {
  for (const { port } of nics) {
    port.tap((_direction, frame) => {
      const own = frame.copy();
      completeChecksum(own);
      garbage.keep(own.bytes.slice(own.offset, own.offset + own.length));
      own.release();
    });
  }
}

function startPrograms({ nodes: { left, right, small } }: World): void {
  right.start(server, { name: "server", expect: "any" });
  small.start(server, { name: "server", expect: "any" });
  left.start(client, { name: "client", args: ["10.0.1.1"], expect: "any" });
  right.start(client, { name: "client", args: ["10.0.2.1"], expect: "any" });
}

function stopAll(node: SimulatedNode): void {
  for (const process of node.processes) {
    if (process.state === "running") node.stopProcess(process);
  }
}

function fault(world: World, before: Record<string, KernelState>): void {
  const { sim, random, nodes, links } = world;
  const kinds = ["cable", "interface down", "process", "kernel", "card", "memory"] as const;
  const kind = random.pick(kinds);
  world.faults[kind] = (world.faults[kind] ?? 0) + 1;
  const later = (seconds: number, action: () => void): void =>
    sim.at(sim.now + seconds * 1e9, action);
  switch (kind) {
    case "cable": {
      const link = random.pick(links);
      link.down();
      later(random.integer(1, 4), () => link.up());
      return;
    }
    case "interface down":
      nodes.router.ip("link set sim1 down");
      later(2, () => void nodes.router.ip("link set sim1 up"));
      return;
    case "process":
      stopAll(nodes.right);
      later(1, () => {
        nodes.right.start(server, { name: "server", expect: "any" });
        nodes.right.start(client, { name: "client", args: ["10.0.2.1"], expect: "any" });
      });
      return;
    case "kernel":
      restart(world, nodes.left, before);
      return;
    case "card":
      removeCard(nodes.router, 2, later);
      return;
    case "memory":
      nodes.small.start(glutton, { name: "glutton", expect: "any" });
      return;
    default:
      throw new Error(kind satisfies never);
  }
}

/** The kernel is halted under its programs, and boots again two seconds later. */
function restart(world: World, node: SimulatedNode, before: Record<string, KernelState>): void {
  const { dce, factory, name } = node;
  dce.startInternalTask("halt", () => factory.halt());
  world.sim.at(world.sim.now + 2e9, () => {
    stopAll(node);
    dce.startInternalTask("boot", function* bootAgain() {
      yield* factory.initializeStack();
      const up = ["link set lo up", ...node.nics.map((nic) => `link set ${nic.name} up`)];
      for (const text of [...up, ...(COMMANDS[name] ?? [])]) {
        yield* runIpCommand(parseIpCommand(text), factory.kernel);
      }
    });
  });
  world.sim.at(world.sim.now + 4e9, () => {
    before[name] = stateOf(node);
    node.start(client, { name: "client", args: ["10.0.1.1"], expect: "any" });
  });
}

function removeCard(
  node: SimulatedNode,
  index: number,
  later: (seconds: number, action: () => void) => void,
): void {
  const nic = node.nics[index];
  if (nic?.device === undefined) return;
  node.factory.kernel.dev_destroy(nic.device);
  nic.unplug();
  later(2, () => {
    nic.plugInto(node.factory.kernel);
    node.ip(`link set ${nic.name} up`);
    node.ip(`addr add 10.0.2.2/24 dev ${nic.name}`);
  });
}

function stateOf(node: SimulatedNode): KernelState {
  const free = /^MemFree:\s+(\d+) kB/m.exec(node.proc("/proc/meminfo"))?.[1];
  return {
    memoryFree: Number(free) * 1024,
    sockets: node.proc("/proc/net/sockstat").replaceAll(/ mem(ory)? \d+/g, ""),
    tasks: Number(/\/(\d+)/.exec(node.proc("/proc/loadavg"))?.[1]),
  };
}

function passiveOpens(node: SimulatedNode): number {
  const [names = "", values = ""] = node
    .proc("/proc/net/snmp")
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"));
  return Number(values.split(" ")[names.split(" ").indexOf("PassiveOpens")]);
}

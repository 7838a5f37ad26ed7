import { describe, expect, test } from "vitest";
import { LinuxKernel, type Snapshot, type StacksKind } from "../../src/index.ts";
import { backEnds, kernelModule, stacksOf, whySkipped } from "../world/built.ts";
import { cable } from "../world/cable.ts";
import { bootedNode, SETTLED, WIRE } from "../world/fixture.ts";
import type { Node } from "../world/node.ts";
import { CLOCK_MONOTONIC, NR } from "../world/numbers.ts";
import { nothingReceived, tcpSink, tcpSource } from "../world/traffic.ts";
import { World } from "../world/world.ts";

async function template(kind: StacksKind): Promise<Snapshot> {
  const node = await bootedNode(kind);
  node.mountProc();
  await node.world.runTo(2 * SETTLED);
  const snapshot = node.kernel.snapshot();
  node.kernel.destroy();
  return snapshot;
}

async function clones(kind: StacksKind, count: number): Promise<{ world: World; nodes: Node[] }> {
  const snapshot = await template(kind);
  const world = new World();
  await world.runTo(2 * SETTLED);
  const nodes: Node[] = [];
  for (let index = 0; index < count; index++) {
    const rest = { snapshot, name: `clone${index}`, seed: index + 1 };
    // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
    nodes.push(await world.node({ module: kernelModule(), stacks: stacksOf(kind), ...rest }));
  }
  return { world, nodes };
}

function random(node: Node): string {
  const room = node.bytes(32);
  expect(node.serve(NR.getrandom, room, 32, 0)).toBe(32);
  return Buffer.from(node.kernel.machine.u8.slice(room, room + 32)).toString("hex");
}

describe.skipIf(whySkipped !== undefined).each(backEnds)("clones on %s", (kind) => {
  test("have their own names and their own randomness", async () => {
    const { nodes } = await clones(kind, 3);
    const names = nodes.map((node) => {
      const room = node.bytes(390);
      node.must(NR.uname, room);
      return node.text(room + 65, 6);
    });
    expect(names).toEqual(["clone0", "clone1", "clone2"]);
    expect(new Set(nodes.map(random)).size).toBe(3);
  });

  test("have the same randomness when they are made again with the same seeds", async () => {
    const [first, second] = [await clones(kind, 2), await clones(kind, 2)];
    expect(first.nodes.map(random)).toEqual(second.nodes.map(random));
  });

  test("share no files and no memory", async () => {
    const { nodes } = await clones(kind, 2);
    const [one, two] = nodes;
    if (one === undefined || two === undefined) throw new Error("no clones");
    one.write("/proc/sys/net/ipv4/ip_default_ttl", "33");
    expect(one.file("/proc/sys/net/ipv4/ip_default_ttl")).toBe("33\n");
    expect(two.file("/proc/sys/net/ipv4/ip_default_ttl")).toBe("64\n");
  });

  test("have timers, kernel threads and programs that work", async () => {
    const { world, nodes } = await clones(kind, 2);
    const ends: number[] = [];
    for (const node of nodes) {
      node.start(
        (function* () {
          yield [NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, node.timespec(1_234_567_890), 0];
          ends.push(world.events.now);
        })(),
      );
    }
    await world.runPrograms();
    expect(ends).toEqual(nodes.map(() => 2 * SETTLED + 1_234_567_890 + 50_000));
    await world.runTo(130e9);
    expect(nodes.flatMap((node) => node.kernel.log.warnings)).toEqual([]);
  });

  test("talk TCP to each other", async () => {
    const { world, nodes } = await clones(kind, 2);
    const [a, b] = nodes;
    if (a === undefined || b === undefined) throw new Error("no clones");
    const [left, right] = cable(world, WIRE);
    a.card(left, "eth0", "10.0.0.1");
    b.card(right, "eth0", "10.0.0.2");
    const received = nothingReceived();
    b.start(tcpSink(b, "10.0.0.2", 80, received));
    a.start(tcpSource(a, "10.0.0.2", 80, 500_000));
    await world.runPrograms(60e9);
    expect(received.octets).toBe(500_000);
  });

  test("remember what their template has printed", async () => {
    const { nodes } = await clones(kind, 1);
    expect(nodes[0]?.kernel.dmesg()).toContain("Linux version");
  });

  test("can be copied in their turn", async () => {
    const { world, nodes } = await clones(kind, 1);
    await world.runTo(3 * SETTLED);
    const snapshot = nodes[0]?.kernel.snapshot();
    const again = new World();
    await again.runTo(3 * SETTLED);
    const node = await again.node({
      module: kernelModule(),
      stacks: stacksOf(kind),
      ...(snapshot === undefined ? {} : { snapshot }),
    });
    expect(node.serve(NR.getpid)).toBe(1);
  });
});

describe.skipIf(whySkipped !== undefined)("a snapshot", () => {
  test("is refused of a kernel in which a program sleeps", async () => {
    const node = await bootedNode("jspi");
    node.start(
      (function* () {
        yield [NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, node.timespec(60e9), 0];
      })(),
    );
    await node.world.runTo(1e9);
    expect(() => node.kernel.snapshot()).toThrow("idle");
  });

  test("holds only the pages that are used", async () => {
    const snapshot = await template("jspi");
    expect(snapshot.usedOctets).toBeLessThan(2 * 1024 * 1024);
    expect(snapshot.octets).toBe(6 * 1024 * 1024);
  });

  test("does not change when a clone of it works", async () => {
    const snapshot = await template("jspi");
    const digest = (): Buffer => {
      const kernel = LinuxKernel.clone(snapshot, {
        module: kernelModule(),
        stacks: stacksOf("jspi"),
        name: "copy",
        now: () => 2 * SETTLED,
        random: () => 1,
        wantsRun: () => {},
        wantsTimer: () => {},
      });
      const before = Buffer.from(kernel.machine.u8);
      kernel.makeOwn("copy");
      return before;
    };
    expect(Buffer.compare(digest(), digest())).toBe(0);
  });
});

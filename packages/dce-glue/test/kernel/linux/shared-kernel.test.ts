import { expect, test } from "vitest";
import type { NodeOptions } from "../../../src/scenario/node.ts";
import { runScenario } from "../../../src/scenario/run-scenario.ts";
import { simulation } from "../../../src/scenario/simulation.ts";
import { noReleases, noUsual, onBackEnds, onReleases } from "./built-linux.ts";
import {
  checked,
  connectTo,
  errnoOf,
  listenAt,
  pattern,
  readAll,
  runPair,
} from "./two-linux-hosts.ts";

const SHARED: NodeOptions = { share: "kernel" };

test.skipIf(noUsual).for(onBackEnds)(
  "two nodes in one kernel talk over a cable ($kernel $stacks)",
  async (on) => {
    const run = await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        expect(Buffer.compare(await readAll(posix, fd), pattern(300_000))).toBe(0);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        await posix.send(fd, pattern(300_000));
      },
      { node: SHARED, link: { loss: 0.01 } },
    );
    expect(run.counters.framesDelivered).toBeGreaterThan(200);
    expect(run.nodes.map(({ interfaces }) => interfaces.at(-1)?.ipv4)).toEqual([
      ["10.0.0.1/24"],
      ["10.0.0.2/24"],
    ]);
  },
);

test.skipIf(noReleases).for(onReleases)(
  "each node has its own sysctls, addresses, ports and counters ($kernel)",
  async (on) => {
    const scenario = simulation({}, (sim) => {
      const names = ["a", "b", "c"] as const;
      const nodes = names.map((name, i) =>
        sim.node(name, { ...SHARED, sysctl: { "net.ipv4.ip_default_ttl": 10 + i } }),
      );
      const lan = sim.switch("lan");
      for (const [i, node] of nodes.entries()) {
        sim.link(node, lan);
        node.ip(`addr add 10.0.0.${i + 1}/24 dev sim0`);
        node.start(
          async (posix) => {
            // The same port in each.
            await listenAt(posix, 80);
            await posix.usleep(100_000);
            const ttl = await posix.readTextFile("/proc/sys/net/ipv4/ip_default_ttl");
            await posix.print(`${posix.gethostname()} ${ttl}`);
            expect(await posix.readTextFile("/proc/net/tcp")).toContain(":0050");
          },
          { name: "program" },
        );
      }
      return () =>
        nodes.map((node) => [
          node.processes[0]?.stdout,
          node.sysctl.get("net.ipv4.ip_default_ttl"),
          /inet (10\S+)/.exec(node.ip("addr show dev sim0"))?.[1],
          node.proc("/proc/net/dev").includes("sim0"),
        ]);
    });
    expect(checked(await runScenario(scenario, on)).result).toEqual([
      ["a 10\n", "10", "10.0.0.1/24", true],
      ["b 11\n", "11", "10.0.0.2/24", true],
      ["c 12\n", "12", "10.0.0.3/24", true],
    ]);
  },
);

test.skipIf(noUsual).for(onBackEnds)(
  "a node whose programs are stopped leaves the others alone ($kernel $stacks)",
  async (on) => {
    const run = await runPair(
      on,
      async (posix) => {
        const listener = await listenAt(posix, 80);
        for (;;) await posix.accept(listener);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        await posix.usleep(100_000);
        expect(await posix.recv(fd, new Uint8Array(1))).toBe(0);
        expect(await errnoOf(() => connectTo(posix, 80))).toBe("ECONNREFUSED");
        const own = await listenAt(posix, 80);
        expect(own).toBeGreaterThan(0);
      },
      {
        node: SHARED,
        server: { expect: "any" },
        more: (_sim, { server }) => {
          const [victim] = server.processes;
          if (victim !== undefined) server.stopProcess(victim, "50ms");
        },
      },
    );
    expect(run.processes[0]?.signal).toBe("SIGKILL");
  },
);

test.skipIf(noUsual).for(onBackEnds)(
  "fifty nodes of one kernel form a ring and forward for each other ($kernel $stacks)",
  async (on) => {
    const COUNT = 50;
    const scenario = simulation({}, (sim) => {
      const nodes = Array.from({ length: COUNT }, (_, i) => sim.router(`n${i}`, SHARED));
      for (const [i, node] of nodes.entries()) {
        const next = nodes[i + 1];
        if (next === undefined) continue;
        sim.link(node, next, { delay: "100us" });
        node.ip(`addr add 10.0.${i}.1/24 dev sim${i === 0 ? 0 : 1}`);
        next.ip(`addr add 10.0.${i}.2/24 dev sim0`);
        node.ip(
          `route add 10.0.${COUNT - 2}.0/24 via 10.0.${i}.2${i === COUNT - 2 ? " metric 9" : ""}`,
        );
        if (i > 0) next.ip(`route add 10.0.0.0/24 via 10.0.${i}.1`);
      }
      nodes.at(-1)?.start(
        async (posix) => {
          const fd = await posix.accept(await listenAt(posix, 80));
          expect((await readAll(posix, fd)).length).toBe(10_000);
        },
        { name: "server" },
      );
      nodes[0]?.start(
        async (posix) => {
          const fd = await posix.socket(2, 1);
          await posix.connect(fd, { address: `10.0.${COUNT - 2}.2`, port: 80 });
          await posix.send(fd, new Uint8Array(10_000));
        },
        { name: "client", at: "10ms" },
      );
    });
    checked(await runScenario(scenario, on));
  },
);

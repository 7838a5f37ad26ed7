import { expect, test } from "vitest";
import { AF_INET, type Posix, SOCK_DGRAM, SOCK_STREAM } from "../../../src/posix/index.ts";
import { parseIpCommand, runIpCommand } from "../../../src/ip/ip-language.ts";
import type { NodeOptions, SimNode } from "../../../src/scenario/node.ts";
import { runScenario } from "../../../src/scenario/run-scenario.ts";
import { SimulatedNode } from "../../../src/scenario/simulated-node.ts";
import { simulation } from "../../../src/scenario/simulation.ts";
import { noReleases, noUsual, onBackEnds, onReleases, type LinuxCase } from "./built-linux.ts";
import { checked, errnoOf, udpAt } from "./two-linux-hosts.ts";

function insideOf(node: SimNode): SimulatedNode {
  if (node instanceof SimulatedNode) return node;
  throw new Error("not a node of this package");
}

/** Halts the kernel as a person would who pulls the plug. */
function halt(node: SimNode): void {
  const { dce, factory } = insideOf(node);
  dce.startInternalTask("halt", () => factory.halt());
}

function boot(node: SimNode, commands: readonly string[]): void {
  const { dce, factory } = insideOf(node);
  dce.startInternalTask("boot", function* bootAgain() {
    yield* factory.initializeStack();
    for (const text of commands) yield* runIpCommand(parseIpCommand(text), factory.kernel);
  });
}

const UP = ["link set lo up", "link set sim0 up", "addr add 10.0.0.1/24 dev sim0"];

/** Echoes datagrams until it is killed, or its kernel. */
async function echo(posix: Posix): Promise<void> {
  const fd = await udpAt(posix, 7);
  const buffer = new Uint8Array(2000);
  for (;;) {
    const { length, address } = await posix.recvfrom(fd, buffer);
    if (address !== undefined) await posix.sendto(fd, buffer.subarray(0, length), address);
  }
}

/** Asks every 10 ms. @returns for each whether it was answered */
async function asks(posix: Posix, count: number): Promise<string> {
  const fd = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.setReceiveTimeout(fd, 10_000_000);
  let answers = "";
  for (let i = 0; i < count; i++) {
    await errnoOf(() => posix.sendto(fd, "x", { address: "10.0.0.1", port: 7 }));
    const failed = await errnoOf(() => posix.recv(fd, new Uint8Array(10)));
    answers += failed === "" ? "+" : "-";
    if (failed === "") await posix.usleep(10_000);
  }
  return answers;
}

async function restartOnce(on: LinuxCase, options: NodeOptions): Promise<string> {
  const scenario = simulation({}, (sim) => {
    const host = sim.node("host", options);
    const peer = sim.node("peer", options);
    sim.link(host, peer, { delay: "1ms" });
    host.ip("addr add 10.0.0.1/24 dev sim0");
    peer.ip("addr add 10.0.0.2/24 dev sim0");
    host.start(echo, { name: "echo", expect: "any" });
    const client = peer.start(async (posix) => void (await posix.print(await asks(posix, 60))), {
      name: "client",
    });
    sim.at("200ms", () => halt(host));
    sim.at("400ms", () => boot(host, UP));
    sim.at("405ms", () => {
      host.start(echo, { name: "second", daemon: true });
    });
    return () => client.stdout;
  });
  return checked(await runScenario(scenario, on)).result;
}

test.skipIf(noUsual).for(onBackEnds)(
  "a kernel that is halted is silent, and boots again ($kernel $stacks)",
  async (on) => {
    expect(await restartOnce(on, {})).toMatch(/^\++-{5,}\+{5,}$/);
  },
);

test.skipIf(noReleases).for(onReleases)(
  "a node that leaves a shared kernel is silent, and comes back ($kernel)",
  async (on) => {
    expect(await restartOnce(on, { share: "kernel" })).toMatch(/^\++-{5,}\+{5,}$/);
  },
);

test.skipIf(noUsual).for(onBackEnds)(
  "a program that outlives its kernel has dead sockets, and makes new ones in the next ($kernel $stacks)",
  async (on) => {
    const scenario = simulation({}, (sim) => {
      const host = sim.node("host");
      const peer = sim.node("peer");
      sim.link(host, peer);
      host.start(
        async (posix) => {
          const old = await udpAt(posix, 9);
          const thread = posix.createThread(() =>
            errnoOf(() => posix.recv(old, new Uint8Array(1))),
          );
          await posix.usleep(50_000);
          expect(await posix.join(thread)).toBe("ESHUTDOWN");
          expect(await errnoOf(() => posix.socket(AF_INET, SOCK_STREAM))).toBe("EAFNOSUPPORT");
          await posix.usleep(50_000);
          const made = await udpAt(posix, 9);
          expect(await errnoOf(() => posix.recv(old, new Uint8Array(1), 0x40))).toBe("EBADF");
          await posix.sendto(made, "me", { address: "127.0.0.1", port: 9 });
          await posix.close(old);
          expect(await posix.recv(made, new Uint8Array(9))).toBe(2);
        },
        { name: "survivor" },
      );
      sim.at("20ms", () => halt(host));
      sim.at("70ms", () => boot(host, UP));
    });
    checked(await runScenario(scenario, on));
  },
);

test.skipIf(noUsual).for(onBackEnds)(
  "twenty restarts under traffic leave nothing behind ($kernel $stacks)",
  async (on) => {
    const scenario = simulation({}, (sim) => {
      const host = sim.node("host");
      const peer = sim.node("peer");
      sim.link(host, peer, { delay: "1ms", rate: "10Mbps" });
      host.ip("addr add 10.0.0.1/24 dev sim0");
      peer.ip("addr add 10.0.0.2/24 dev sim0");
      peer.start(async (posix) => void (await asks(posix, 2500)), { name: "client" });
      for (let i = 0; i < 20; i++) {
        const at = 200 + i * 1000;
        sim.at(`${at}ms`, () => {
          host.start(echo, { name: `echo${i}`, expect: "any" });
        });
        sim.at(`${at + 300}ms`, () => halt(host));
        sim.at(`${at + 600}ms`, () => boot(host, UP));
      }
    });
    expect(checked(await runScenario(scenario, on)).virtualNs).toBeGreaterThan(20e9);
  },
);

test.skipIf(noReleases).for(onReleases)(
  "an interface that is taken away and put back comes with its traffic ($kernel)",
  async (on) => {
    const scenario = simulation({}, (sim) => {
      const host = sim.node("host");
      const peer = sim.node("peer");
      sim.link(host, peer, { delay: "1ms" });
      host.ip("addr add 10.0.0.1/24 dev sim0");
      peer.ip("addr add 10.0.0.2/24 dev sim0");
      host.start(echo, { name: "echo", daemon: true });
      const client = peer.start(async (posix) => void (await posix.print(await asks(posix, 60))), {
        name: "client",
      });
      sim.at("200ms", () => {
        const { factory, nics } = insideOf(host);
        const device = nics[0]?.device;
        if (device !== undefined) factory.kernel.dev_destroy(device);
        nics[0]?.unplug();
      });
      sim.at("201ms", () => expect(host.ip("link show")).not.toContain("sim0"));
      sim.at("400ms", () => {
        const { factory, nics } = insideOf(host);
        nics[0]?.plugInto(factory.kernel);
        host.ip("link set sim0 up");
        host.ip("addr add 10.0.0.1/24 dev sim0");
      });
      return () => client.stdout;
    });
    expect(checked(await runScenario(scenario, on)).result).toMatch(/^\++-{5,}\+{5,}$/);
  },
);

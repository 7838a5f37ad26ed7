import { expect, test } from "vitest";
import { AF_INET, type Posix, SOCK_DGRAM } from "../../src/posix/index.ts";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { SimulatedNode } from "../../src/scenario/simulated-node.ts";
import { simulation } from "../../src/scenario/simulation.ts";

async function useTheKernel(posix: Posix): Promise<void> {
  const receiver = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(receiver, { address: "127.0.0.1", port: 9 });
  const sender = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.sendto(sender, "x", { address: "127.0.0.1", port: 9 });
  await posix.recv(receiver, new Uint8Array(1));
}

async function receives(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.recv(socket, new Uint8Array(1));
}

async function usesAndSleeps(posix: Posix): Promise<void> {
  await useTheKernel(posix);
  await posix.pause();
}

test.for([
  ["in a call of the kernel", [receives]],
  ["outside of the kernel", [usesAndSleeps]],
  ["anywhere", [usesAndSleeps, receives, receives]],
] as const)("a thread that is stopped by force %s leaves no host task", async ([, programs]) => {
  const held: number[] = [];
  const scenario = simulation({ until: "30ms" }, (sim) => {
    const host = sim.node("host");
    if (!(host instanceof SimulatedNode)) throw new Error("a node is a SimulatedNode");
    const measure = (): void => void held.push(host.factory.liveHostObjects);
    // The kernel's own objects are those that it has when others were there before.
    host.start(useTheKernel, { at: "1ms" });
    sim.at("5ms", measure);
    for (const program of programs) host.start(program, { at: "6ms", daemon: true });
    sim.at("10ms", measure);
    sim.at("11ms", () => host.dce.dispose());
    sim.at("12ms", measure);
    const again = host.start(useTheKernel, { at: "15ms" });
    sim.at("20ms", measure);
    return () => again.exit;
  });
  const run = await runScenario(scenario);
  const [before = 0, during, after, later] = held;
  expect(during).toBeGreaterThanOrEqual(before + programs.length);
  expect([after, later]).toEqual([before, before]);
  expect(run.result).toBe(0);
  expect(run.leaks).toMatchObject({ tasks: 0, fileDescriptors: 0, hostObjects: 0 });
});

test("1,000 processes in turn use one kernel: each has its host task, and takes it along", async () => {
  const held: number[] = [];
  const scenario = simulation({}, (sim) => {
    const host = sim.node("host");
    if (!(host instanceof SimulatedNode)) throw new Error("a node is a SimulatedNode");
    const measure = (): void => {
      held.push(host.factory.liveHostObjects, host.factory.livePackets, host.manager.liveTaskCount);
    };
    for (let i = 0; i < 1000; i++) host.start(useTheKernel, { at: `${i + 1}ms` });
    sim.at("1500us", measure);
    sim.at("1001500us", measure);
  });
  const run = await runScenario(scenario);
  expect(run.ok).toBe(true);
  expect(held.slice(3)).toEqual(held.slice(0, 3));
  expect(run.leaks).toEqual({
    tasks: 0,
    events: 0,
    fileDescriptors: 0,
    packets: 0,
    hostObjects: 0,
  });
});

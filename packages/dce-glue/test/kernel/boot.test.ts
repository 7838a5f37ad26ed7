import { Simulator, TaskManager, type Wait } from "@dcejs/core-sched";
import { PointToPointLink } from "@dcejs/links";
import { describe, expect, test } from "vitest";
import { emulatedKernelProvider } from "../../src/kernel/emulated/emulated-kernel.ts";
import { missingKernelHandleFields } from "../../src/kernel/handle-fields.ts";
import type { KernelHandle } from "../../src/kernel/kernel-handle.ts";
import { LinuxSocketFdFactory } from "../../src/kernel/linux-socket-fd-factory.ts";
import { SimNic } from "../../src/kernel/sim-nic.ts";
import { simDceHandle } from "../../src/kernel/sim-dce-handle.ts";
import { simHostOps } from "../../src/kernel/sim-host-ops.ts";
import { requestNow, rtnetlinkClient } from "../../src/netlink/rtnetlink-client.ts";
import { DceManager } from "../../src/process/dce-manager.ts";

interface Host {
  readonly simulator: Simulator;
  readonly dce: DceManager;
  readonly factory: LinuxSocketFdFactory;
}

function host(simulator = new Simulator({ seed: 1 }), nodeId = 0): Host {
  const manager = new TaskManager(simulator, { context: nodeId });
  const dce = new DceManager({ taskManager: manager, nodeId });
  const factory = new LinuxSocketFdFactory({ node: dce.node, provider: emulatedKernelProvider });
  dce.node.sockets = factory;
  return { simulator, dce, factory };
}

/** Runs kernel-mode code in a task of the host to its end. */
function inTask(target: Host, body: () => Wait<unknown>): void {
  target.dce.startInternalTask("test", body);
  target.simulator.runSync();
}

function* boots(target: Host): Wait<void> {
  yield* target.factory.initializeStack();
}

test("sim_init fills every field, and the boot runs in a task of the node", () => {
  const simulator = new Simulator({ seed: 1 });
  const manager = new TaskManager(simulator, { context: 0 });
  const hostOps = simHostOps(manager, { context: 0 });
  const handle: Partial<KernelHandle> = {};
  const kernel = { name: "the simulator's side" };
  const random = simulator.random("kernel");
  const instance = emulatedKernelProvider.create({
    simulator,
    taskManager: manager,
    hostOps,
    nodeId: 0,
    nodeName: "host",
    random,
    wallClockBase: 0,
    commandLine: "",
    memory: undefined,
    sharesKernel: false,
  });
  const { handle: imported } = simDceHandle({
    manager,
    context: 0,
    hostOps,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sim_init is what fills it
    kernel: () => handle as KernelHandle,
    random,
    wallClockBase: 0,
    print: () => {},
    files: { write: () => {}, read: () => new Uint8Array(), exists: () => false },
    env: new Map(),
    raiseSignal: () => {},
  });
  instance.sim_init(handle, imported, kernel);
  expect(missingKernelHandleFields(handle)).toEqual([]);
  expect(handle.proc_list?.("/proc/net")).toContain("tcp");

  const steps: unknown[] = [];
  manager.start(function* () {
    const booting = handle.setup_kernel?.();
    steps.push(typeof booting === "object" ? yield booting : booting);
  });
  simulator.runSync();
  expect(steps).toEqual([0]);
  expect(handle.dmesg?.()).toContain("NET: Registered PF_INET protocol family");
});

test("before the boot calls answer EAGAIN, after it they work, after the halt they answer ESHUTDOWN", () => {
  const target = host();
  const { kernel } = target.factory;
  const out = { value: undefined };
  expect(kernel.sock_socket(2, 1, 0, out)).toBe(-11);
  inTask(target, () => boots(target));
  expect(kernel.sock_socket(2, 1, 0, out)).toBe(0);
  expect(out.value).toBeDefined();
  inTask(target, () => target.factory.halt());
  expect(kernel.sock_socket(2, 1, 0, out)).toBe(-108);
});

test("DCE's three settings are made when they are asked for", () => {
  const simulator = new Simulator({ seed: 1 });
  const manager = new TaskManager(simulator, { context: 0 });
  const dce = new DceManager({ taskManager: manager, nodeId: 0 });
  const factory = new LinuxSocketFdFactory({
    node: dce.node,
    provider: emulatedKernelProvider,
    setsDceSysctls: true,
  });
  inTask({ simulator, dce, factory }, () => boots({ simulator, dce, factory }));
  expect(factory.Get(".net.ipv4.conf.all.forwarding")).toBe("1");
  expect(factory.Get(".net.ipv4.conf.all.log_martians")).toBe("1");
  expect(factory.Get(".net.ipv6.conf.all.forwarding")).toBe("0");
  const plain = host();
  inTask(plain, () => boots(plain));
  expect(plain.factory.Get(".net.ipv4.conf.all.forwarding")).toBe("0");
});

test("settings before the boot are queued in order; those that are refused are told", () => {
  const target = host();
  target.factory.SetTask(".net.ipv4.ip_default_ttl", "3");
  target.factory.SetTask("net.ipv4.ip_default_ttl", "4");
  target.factory.SetTask("net.ipv4.no_such_thing", "1");
  target.factory.SetTask("net.ipv4.ip_default_ttl", "500");
  expect(target.factory.Get("net.ipv4.ip_default_ttl")).toBe(-11);
  let refused: unknown;
  inTask(target, function* () {
    refused = yield* target.factory.initializeStack();
  });
  expect(target.factory.Get("net/ipv4/ip_default_ttl")).toBe("4");
  expect(refused).toEqual([
    { path: "net.ipv4.no_such_thing", value: "1", errno: -2 },
    { path: "net.ipv4.ip_default_ttl", value: "500", errno: -22 },
  ]);
  expect(target.factory.Set("net.ipv4.tcp_sack", "0")).toBe(0);
  expect(target.factory.GetSysFileList()).toContain("net.ipv4.tcp_congestion_control");
});

test("a card plugged into a running kernel becomes its next device", () => {
  const target = host();
  inTask(target, () => boots(target));
  const cable = new PointToPointLink(target.simulator, "late");
  const address = Uint8Array.of(0, 0, 0, 0, 0, 9);
  target.factory.addNic(new SimNic(cable.a, "sim0", address, 1400, 0));
  const links = { type: "RTM_GETLINK" as const, reply: [] };
  requestNow(rtnetlinkClient(target.factory.kernel), links);
  expect(links.reply).toMatchObject([
    { name: "lo" },
    { name: "sim0", mtu: 1400, address, operState: "DOWN" },
  ]);
});

describe("many kernels", () => {
  test("1,000 live in one process, and each is itself", () => {
    const simulator = new Simulator({ seed: 1 });
    const hosts = Array.from({ length: 1000 }, (_, id) => host(simulator, id));
    for (const one of hosts) one.dce.startInternalTask("boot", () => boots(one));
    simulator.runSync();
    expect(hosts.every((one) => one.factory.isRunning)).toBe(true);
    hosts[7]?.factory.Set("net.ipv4.ip_default_ttl", "7");
    expect(hosts[7]?.factory.Get("net.ipv4.ip_default_ttl")).toBe("7");
    expect(hosts[8]?.factory.Get("net.ipv4.ip_default_ttl")).toBe("64");
    for (const one of hosts) one.factory.destroy();
    expect(hosts.reduce((sum, one) => sum + one.factory.liveHostObjects, 0)).toBe(0);
    expect(hosts.reduce((sum, one) => sum + one.dce.node.taskManager.liveTaskCount, 0)).toBe(0);
  });

  test("100 restarts of one kernel leave no thread, timer, semaphore, packet or task behind", () => {
    const simulator = new Simulator({ seed: 1 });
    const manager = new TaskManager(simulator, { context: 0 });
    const dce = new DceManager({ taskManager: manager, nodeId: 0 });
    const left: number[][] = [];
    for (let round = 0; round < 100; round++) {
      const factory = new LinuxSocketFdFactory({
        node: dce.node,
        provider: emulatedKernelProvider,
      });
      const target = { simulator, dce, factory };
      inTask(target, () => boots(target));
      inTask(target, () => factory.halt());
      left.push([
        factory.liveHostObjects,
        factory.livePackets,
        manager.liveTaskCount,
        simulator.pendingEvents,
      ]);
    }
    expect(left).toEqual(Array.from({ length: 100 }, () => [0, 0, 0, 0]));
  });
});

import { setImmediate as hostTurn } from "node:timers/promises";
import { Simulator, TaskManager, type Wait } from "@dcejs/core-sched";
import { PointToPointLink } from "@dcejs/links";
import { expect, test } from "vitest";
import { parseIpCommand, runIpCommand } from "../../src/ip/ip-language.ts";
import { emulatedKernelProvider } from "../../src/kernel/emulated/emulated-kernel.ts";
import { LinuxSocketFdFactory } from "../../src/kernel/linux-socket-fd-factory.ts";
import { SimNic } from "../../src/kernel/sim-nic.ts";
import { AF_INET, SOCK_DGRAM, SOCK_STREAM } from "../../src/posix/index.ts";
import { type Posix, programImage } from "../../src/posix/posix.ts";
import { SyscallError } from "../../src/posix/syscall-error.ts";
import { DceManager } from "../../src/process/dce-manager.ts";

const RESTARTS = 100;
const MSEC = 1e6;

class Host {
  readonly simulator: Simulator;
  readonly manager: TaskManager;
  readonly dce: DceManager;
  readonly factory: LinuxSocketFdFactory;
  readonly #address: string;

  constructor(simulator: Simulator, nodeId: number) {
    this.simulator = simulator;
    this.manager = new TaskManager(simulator, { context: nodeId });
    this.dce = new DceManager({ taskManager: this.manager, nodeId });
    this.factory = new LinuxSocketFdFactory({
      node: this.dce.node,
      provider: emulatedKernelProvider,
    });
    this.dce.node.sockets = this.factory;
    this.#address = `10.0.0.${nodeId + 1}/24`;
  }

  plug(port: PointToPointLink["a"], nodeId: number): void {
    this.factory.addNic(
      new SimNic(port, "sim0", Uint8Array.of(0, 0, 0, 0, 0, nodeId), 1500, nodeId),
    );
  }

  *boot(): Wait<void> {
    yield* this.factory.initializeStack();
    for (const text of [
      "link set lo up",
      "link set sim0 up",
      `addr add ${this.#address} dev sim0`,
    ]) {
      yield* runIpCommand(parseIpCommand(text), this.factory.kernel);
    }
  }

  start(program: (posix: Posix) => Promise<void>): void {
    this.dce.start(programImage(program), { isDaemon: true });
  }

  get left(): Record<string, number> {
    return {
      tasks: this.manager.liveTaskCount,
      packets: this.factory.livePackets,
      hostObjects: this.factory.liveHostObjects,
      descriptors: this.dce.openDescriptorCount,
      sockets: this.factory.openSocketCount,
    };
  }
}

/** Sends TCP and UDP to the peer and to itself, and never stops. */
function chatter(peer: string) {
  return async function chats(posix: Posix): Promise<void> {
    const udp = await posix.socket(AF_INET, SOCK_DGRAM);
    const tcp = await posix.socket(AF_INET, SOCK_STREAM);
    posix.createThread(async () => {
      await fails(() => posix.connect(tcp, { address: peer, port: 80 }));
      while (!(await fails(() => posix.send(tcp, new Uint8Array(10_000)))));
    });
    for (;;) {
      await fails(() => posix.sendto(udp, new Uint8Array(3000), { address: peer, port: 9 }));
      await fails(() => posix.sendto(udp, "me", { address: "127.0.0.1", port: 9 }));
      await posix.usleep(300);
    }
  };
}

async function sink(posix: Posix): Promise<void> {
  const listener = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.bind(listener, { address: "0.0.0.0", port: 80 });
  await posix.listen(listener, 128);
  const udp = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(udp, { address: "0.0.0.0", port: 9 });
  posix.createThread(async () => {
    for (;;) await posix.recv(udp, new Uint8Array(100));
  });
  for (;;) {
    const fd = await posix.accept(listener);
    posix.createThread(async () => {
      const buffer = new Uint8Array(4096);
      while ((await posix.recv(fd, buffer)) > 0) await posix.usleep(500);
    });
  }
}

test("100 restarts of a kernel with devices and traffic leave nothing, and its peer lives on", async () => {
  const simulator = new Simulator({ seed: 1 });
  const peer = new Host(simulator, 0);
  const host = new Host(simulator, 1);
  const cable = new PointToPointLink(simulator, "cable", { rate: "10Mbps", delay: "2ms" });
  peer.plug(cable.a, 0);
  host.plug(cable.b, 1);
  peer.dce.startInternalTask("boot", () => peer.boot());
  await simulator.runUntil(after(simulator, 1));
  peer.start(sink);

  const left: unknown[] = [];
  let delivered = 0;
  for (let round = 0; round < RESTARTS; round++) {
    host.dce.startInternalTask("boot", () => host.boot());
    await simulator.runUntil(after(simulator, 1));
    host.start(chatter("10.0.0.1"));
    await simulator.runUntil(after(simulator, 20));
    delivered = cable.a.stats.rxPackets;
    expect(host.factory.livePackets).toBeGreaterThan(0);
    // Even rounds: the programs are gone first. Odd rounds: the kernel is halted under them.
    if (round % 2 === 0) for (const { pid } of host.dce.getProcs()) host.dce.stop(pid);
    host.dce.startInternalTask("halt", () => host.factory.halt());
    await simulator.runUntil(after(simulator, 1));
    for (const { pid } of host.dce.getProcs()) host.dce.stop(pid);
    // What is on the wire arrives; half a datagram waits 30 s at the peer for its other half.
    await simulator.runUntil(after(simulator, 31_000));
    left.push(host.left);
  }
  expect(delivered).toBeGreaterThan(RESTARTS * 10);
  const nothing = { tasks: 0, packets: 0, hostObjects: 0, descriptors: 0, sockets: 0 };
  expect(left).toEqual(Array.from({ length: RESTARTS }, () => nothing));
  for (const one of [peer, host]) one.dce.dispose();
  // The finally blocks of the killed programs run.
  await hostTurn();
  for (const one of [peer, host]) one.factory.destroy();
  simulator.destroy();
  await hostTurn();
  expect([peer.left, host.left, simulator.pendingEvents]).toEqual([nothing, nothing, 0]);
});

async function fails(call: () => unknown): Promise<boolean> {
  try {
    await call();
    return false;
  } catch (error) {
    if (error instanceof SyscallError) return true;
    throw error;
  }
}

function after(simulator: Simulator, ms: number): Simulator["now"] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an integer above the present
  return (simulator.now + ms * MSEC) as Simulator["now"];
}

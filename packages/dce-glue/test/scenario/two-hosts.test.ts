import { describe, expect, test } from "vitest";
import { AF_INET, type Posix, SOCK_DGRAM, SOCK_STREAM } from "../../src/posix/index.ts";
import type { RunResult } from "../../src/scenario/run-result.ts";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { simulation } from "../../src/scenario/simulation.ts";
import { registerSlowKernel } from "../kernel/slow-kernel.ts";

async function serveFile(posix: Posix): Promise<void> {
  const listener = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.bind(listener, { address: "0.0.0.0", port: 5000 });
  await posix.listen(listener, 1);
  const connection = await posix.accept(listener);
  await posix.writeFile("/received", await posix.readFile(connection));
}

async function sendFile(posix: Posix): Promise<void> {
  const connection = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.connect(connection, { address: "10.0.0.1", port: 5000 });
  await posix.writeAll(connection, await posix.readFile("/file"));
}

const transfer = simulation(
  {
    name: "transfer",
    options: {
      loss: { type: "number", default: 0, min: 0, max: 1 },
      size: { type: "number", default: 100_000 },
    },
  },
  (sim) => {
    const server = sim.node("server");
    const client = sim.node("client");
    const { loss, size } = sim.options;
    sim.link(server, client, { rate: "10Mbps", delay: "5ms", loss });
    server.ip("addr add 10.0.0.1/24 dev sim0");
    client.ip("addr add 10.0.0.2/24 dev sim0");
    const content = new Uint8Array(size);
    sim.random("content").bytes(content);
    client.fs.write("/file", content);
    server.start(serveFile);
    client.start(sendFile, { at: "10ms" });
    return () => {
      const received = server.fs.read("/received");
      return {
        length: received.length,
        isSame: received.every((octet, i) => octet === content[i]),
      };
    };
  },
);

function withoutLeaks(run: RunResult): void {
  expect(run.leaks).toEqual({
    tasks: 0,
    events: 0,
    fileDescriptors: 0,
    packets: 0,
    hostObjects: 0,
  });
}

describe("a file over TCP", () => {
  test.for(["emulated", registerSlowKernel()])(
    "arrives as it was over the kernel %s, and nothing is left behind",
    async (kernel) => {
      const run = await runScenario(transfer, { kernel });
      expect(run.result).toEqual({ length: 100_000, isSame: true });
      expect(run.ok).toBe(true);
      expect(run.counters.framesDropped).toBe(0);
      expect(run.processes.map(({ argv, exit }) => [argv[0], exit])).toEqual([
        ["serveFile", 0],
        ["sendFile", 0],
      ]);
      withoutLeaks(run);
    },
  );

  test("arrives through losses too, with retransmissions that the kernels count", async () => {
    const run = await runScenario(transfer, { options: { loss: 0.03 }, seed: 5 });
    expect(run.result).toEqual({ length: 100_000, isSame: true });
    expect(run.counters.framesDropped).toBeGreaterThan(0);
    expect(run.counters.tcpRetransSegs).toBeGreaterThan(0);
    withoutLeaks(run);
  });

  test("is the same run for the same seed, and another for another", async () => {
    const options = { loss: 0.02 };
    const first = await runScenario(transfer, { options, seed: 7 });
    const second = await runScenario(transfer, { options, seed: 7 });
    const other = await runScenario(transfer, { options, seed: 8 });
    expect(second).toEqual(first);
    expect(other.traceHash).not.toBe(first.traceHash);
  });
});

async function sink(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(socket, { address: "0.0.0.0", port: 9 });
  const buffer = new Uint8Array(100);
  for (;;) {
    const { length, address } = await posix.recvfrom(socket, buffer);
    await posix.print(`${length} from ${address?.address ?? "?"}\n`);
  }
}

async function ask(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.sendto(socket, "hello", { address: posix.argv[1] ?? "", port: 9 });
}

test.for(["emulated", registerSlowKernel()])(
  "datagrams cross a router and a switch over the kernel %s",
  async (kernel) => {
    const scenario = simulation({}, (sim) => {
      const client = sim.node("client");
      const router = sim.router("router");
      const server = sim.node("server");
      const lan = sim.switch("lan");
      sim.link(client, router, { delay: "1ms" });
      sim.link(router, lan);
      sim.link(lan, server);
      client.ip("addr add 10.1.0.1/24 dev sim0");
      client.ip("route add default via 10.1.0.2");
      router.ip("addr add 10.1.0.2/24 dev sim0");
      router.ip("addr add 10.2.0.1/24 dev sim1");
      server.ip("addr add 10.2.0.2/24 dev sim0");
      const receiver = server.start(sink, { daemon: true });
      client.start(ask, { args: ["10.2.0.2"] });
      return () => ({
        received: receiver.stdout,
        forwarded: router.proc("/proc/net/snmp").includes("ForwDatagrams"),
        addresses: router.interfaces.map((one) => `${one.name} ${one.address}`),
      });
    });
    const run = await runScenario(scenario, { kernel });
    expect(run.result).toEqual({
      received: "5 from 10.1.0.1\n",
      forwarded: true,
      addresses: ["sim0 00:00:00:00:00:02", "sim1 00:00:00:00:00:03"],
    });
    expect(run.nodes[1]?.mib["Ip"]?.["ForwDatagrams"]).toBe(1);
    expect(run.ok).toBe(true);
    withoutLeaks(run);
  },
);

test("one host talks to itself over lo", async () => {
  const scenario = simulation({}, (sim) => {
    const host = sim.node("host");
    const receiver = host.start(sink, { daemon: true });
    host.start(ask, { args: ["127.0.0.1"] });
    return () => receiver.stdout;
  });
  expect((await runScenario(scenario)).result).toBe("5 from 127.0.0.1\n");
});

test("a run that is cut off in the middle of a transfer leaves no task, event or descriptor", async () => {
  const endless = simulation({ until: "300ms" }, (sim) => {
    const server = sim.node("server");
    const client = sim.node("client");
    sim.link(server, client, { rate: "10Mbps", delay: "5ms", loss: 0.02 });
    server.ip("addr add 10.0.0.1/24 dev sim0");
    client.ip("addr add 10.0.0.2/24 dev sim0");
    client.fs.write("/file", new Uint8Array(2_000_000));
    server.start(serveFile);
    client.start(sendFile, { at: "10ms" });
  });
  const cut = await runScenario(endless);
  expect(cut.ok).toBe(false);
  expect(cut.virtualNs).toBe(300_000_000);
  expect(cut.leaks).toMatchObject({ tasks: 0, events: 0, fileDescriptors: 0, hostObjects: 0 });
});

import { AF_INET, type Posix, SOCK_STREAM, type Scenario, simulation } from "@dcejs/dce-glue";

const PORT = 5000;

/** Bulk TCP of some flows through two routers: 100 Mbit/s bottleneck, 10 ms base round trip. */
export const tcpBulk: Scenario<
  { flows: { type: "number"; default: number }; seconds: { type: "number"; default: number } },
  { bytes: number; goodputMbps: number }
> = simulation(
  {
    name: "tcp-bulk",
    options: { flows: { type: "number", default: 1 }, seconds: { type: "number", default: 10 } },
  },
  (sim) => {
    const { flows, seconds } = sim.options;
    let bytes = 0;
    // Real Linux keeps rings of the length of each queue: 100 of 10,000 want more than a host's memory.
    const a = sim.router("a", { memory: "128MB" });
    const b = sim.router("b", { memory: "128MB" });
    sim.link(a, b, { rate: "100Mbps", delay: "4ms", queue: "100p" });
    a.ip("addr add 10.0.0.1/24 dev sim0");
    b.ip("addr add 10.0.0.2/24 dev sim0");
    a.ip("route add 10.2.0.0/16 via 10.0.0.2");
    b.ip("route add 10.1.0.0/16 via 10.0.0.1");
    for (let i = 0; i < flows; i++) {
      const access = { rate: "1Gbps", delay: "500us", queue: "10000p" };
      const source = sim.node(`source${i}`);
      const sink = sim.node(`sink${i}`);
      sim.link(source, a, access);
      sim.link(b, sink, access);
      source.ip(`addr add 10.1.${i}.1/24 dev sim0`);
      a.ip(`addr add 10.1.${i}.2/24 dev sim${i + 1}`);
      source.ip(`route add default via 10.1.${i}.2`);
      sink.ip(`addr add 10.2.${i}.1/24 dev sim0`);
      b.ip(`addr add 10.2.${i}.2/24 dev sim${i + 1}`);
      sink.ip(`route add default via 10.2.${i}.2`);
      sink.start((posix) => receive(posix, (length) => (bytes += length)), {
        name: "sink",
        daemon: true,
      });
      source.start((posix) => send(posix, `10.2.${i}.1`), {
        name: "source",
        at: 1e6 + i * 1e7,
        daemon: true,
      });
    }
    sim.until(`${seconds}s`);
    return () => ({ bytes, goodputMbps: (bytes * 8) / seconds / 1e6 });
  },
);

async function receive(posix: Posix, count: (length: number) => void): Promise<void> {
  const listener = await posix.socket(AF_INET, SOCK_STREAM, 0);
  await posix.setReuseAddress(listener, true);
  await posix.bind(listener, { address: "0.0.0.0", port: PORT });
  await posix.listen(listener, 1);
  const fd = await posix.accept(listener);
  const buffer = new Uint8Array(256 * 1024);
  for (;;) count(await posix.recv(fd, buffer));
}

async function send(posix: Posix, address: string): Promise<void> {
  const connection = await posix.socket(AF_INET, SOCK_STREAM, 0);
  await posix.connect(connection, { address, port: PORT });
  const buffer = new Uint8Array(64 * 1024);
  for (;;) await posix.send(connection, buffer);
}

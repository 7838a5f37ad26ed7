import { describe, expect, test } from "vitest";
import type { StacksKind } from "../../src/index.ts";
import { backEnds, whySkipped } from "../world/built.ts";
import { SERVER_MEMORY, SETTLED, setServerBuffers, twoNodes, WIRE } from "../world/fixture.ts";
import { AF_INET, CLOCK_MONOTONIC, NR, SOCK_DGRAM, SOCK_STREAM } from "../world/numbers.ts";
import { nothingReceived, tcpSink, tcpSource } from "../world/traffic.ts";

const SERVER = "10.0.0.2";
const MEGABYTE = 1_000_000;

/** Loses a frame in a hundred, the same ones each time. */
function onePercent(seed: number): () => boolean {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % 100 === 0;
  };
}

interface Outcome {
  readonly digest: string;
  readonly frames: number;
  readonly end: number;
}

/** Two megabytes of TCP, a datagram every 10 ms, and a sleeper, over a cable that loses frames. */
async function busyNetwork(kind: StacksKind, seed: number): Promise<Outcome> {
  const { world, a, b } = await twoNodes(kind, { ...WIRE, isLost: onePercent(seed) });
  const received = nothingReceived();
  b.start(tcpSink(b, SERVER, 5000, received));
  a.start(tcpSource(a, SERVER, 5000, 2 * MEGABYTE));
  b.start(
    (function* () {
      const fd = yield [NR.socket, AF_INET, SOCK_DGRAM, 0];
      const room = b.bytes(100);
      yield [NR.bind, fd, b.address(SERVER, 9), 16];
      for (let index = 0; index < 20; index++) yield [NR.recvfrom, fd, room, 100, 0, 0, 0];
    })(),
  );
  a.start(
    (function* () {
      const fd = yield [NR.socket, AF_INET, SOCK_DGRAM, 0];
      const [text, to, pause] = [a.bytes("ping"), a.address(SERVER, 9), a.timespec(10_000_000)];
      for (let index = 0; index < 100; index++) {
        yield [NR.sendto, fd, text, 4, 0, to, 16];
        yield [NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, pause, 0];
      }
    })(),
  );
  await world.runPrograms(600e9);
  expect(received.octets).toBe(2 * MEGABYTE);
  expect([...a.kernel.log.warnings, ...b.kernel.log.warnings]).toEqual([]);
  const outcome = { digest: world.digest(), frames: world.frames, end: world.events.now };
  world.destroy();
  return outcome;
}

describe.skipIf(whySkipped !== undefined).each(backEnds)("two kernels and a wire on %s", (kind) => {
  test("connect() takes a round trip for ARP and one for the handshake", async () => {
    const { world, a, b } = await twoNodes(kind, { delay: 10_000_000, rate: Infinity });
    b.start(tcpSink(b, SERVER, 80, nothingReceived()));
    let took = 0;
    a.start(
      (function* () {
        const fd = yield [NR.socket, AF_INET, SOCK_STREAM, 0];
        yield [NR.connect, fd, a.address(SERVER, 80), 16];
        took = world.events.now - SETTLED;
        yield [NR.close, fd];
      })(),
    );
    await world.runPrograms(60e9);
    expect(took).toBe(40_000_000);
  });

  test("ten megabytes arrive intact, at the speed of the cable", async () => {
    const { world, a, b } = await twoNodes(kind, WIRE, { memory: SERVER_MEMORY });
    for (const node of [a, b]) setServerBuffers(node);
    const received = nothingReceived();
    b.start(tcpSink(b, SERVER, 80, received));
    a.start(tcpSource(a, SERVER, 80, 10 * MEGABYTE));
    await world.runPrograms(60e9);
    expect(received).toMatchObject({ octets: 10 * MEGABYTE, error: 0 });
    const seconds = (received.finishedAt - SETTLED) / 1e9;
    expect((10 * MEGABYTE * 8) / seconds).toBeGreaterThan(50e6);
    expect((10 * MEGABYTE * 8) / seconds).toBeLessThan(100e6);
  });

  test("what is lost is sent again, and arrives intact", async () => {
    const isLost = onePercent(7);
    const { world, a, b } = await twoNodes(kind, { ...WIRE, isLost });
    a.mountProc();
    const received = nothingReceived();
    b.start(tcpSink(b, SERVER, 80, received));
    a.start(tcpSource(a, SERVER, 80, MEGABYTE));
    await world.runPrograms(600e9);
    expect(received.octets).toBe(MEGABYTE);
    const snmp = a
      .file("/proc/net/snmp")
      .split("\n")
      .filter((line) => line.startsWith("Tcp:"));
    const column = (snmp[0] ?? "").split(" ").indexOf("RetransSegs");
    expect(Number((snmp[1] ?? "").split(" ")[column])).toBeGreaterThan(0);
  });

  test("a link that goes down loses frames until it is up again", async () => {
    const { world, a, b } = await twoNodes(kind);
    const received = nothingReceived();
    b.start(tcpSink(b, SERVER, 80, received));
    a.start(tcpSource(a, SERVER, 80, 10 * MEGABYTE));
    await world.runTo(SETTLED + 60_000_000);
    a.kernel.netCarrier(0, false);
    // Linux looks at carriers that were lost once a second.
    await world.runTo(SETTLED + 2e9);
    const whenDown = received.octets;
    await world.runTo(SETTLED + 5e9);
    expect(received.octets).toBe(whenDown);
    a.kernel.netCarrier(0, true);
    await world.runPrograms(600e9);
    expect(whenDown).toBeLessThan(10 * MEGABYTE);
    expect(received.octets).toBe(10 * MEGABYTE);
  });

  test("the same happens when it is done again", async () => {
    expect(await busyNetwork(kind, 11)).toEqual(await busyNetwork(kind, 11));
  });

  test("something else happens when other frames are lost", async () => {
    const [one, two] = [await busyNetwork(kind, 11), await busyNetwork(kind, 12)];
    expect(one.digest).not.toBe(two.digest);
  });
});

describe.skipIf(whySkipped !== undefined || backEnds.length < 2)("both back ends", () => {
  test.each([1, 2, 3])("give the same times, frames and results (loss %i)", async (seed) => {
    expect(await busyNetwork("wasmfx", seed)).toEqual(await busyNetwork("jspi", seed));
  });
});

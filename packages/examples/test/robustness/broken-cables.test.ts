import { AF_INET, MSG_NOSIGNAL, type Posix, SOCK_STREAM, SOL_SOCKET } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import {
  codeOf,
  listenOn,
  NOTHING_LEFT,
  type Pair,
  runPair,
  streamClient,
  streamServer,
} from "./hosts.ts";

const SO_KEEPALIVE = 9;
const ON = Uint8Array.of(1, 0, 0, 0);
const LENGTH = 2_000_000;

/** Takes one connection and reads until its end. */
async function sink(posix: Posix): Promise<void> {
  const listener = await listenOn(posix, 80);
  const fd = await posix.accept(listener);
  const buffer = new Uint8Array(65_536);
  while ((await posix.recv(fd, buffer)) > 0);
}

async function connected(posix: Posix): Promise<number> {
  const fd = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.connect(fd, { address: "10.0.0.2", port: 80 });
  return fd;
}

/** Errors and times, in seconds, of what a program does. */
class Log {
  readonly codes: string[] = [];
  readonly seconds: number[] = [];

  async note(posix: Posix, call: () => unknown): Promise<void> {
    this.codes.push(await codeOf(call));
    this.seconds.push(Math.round(posix.now() / 1e9));
  }
}

test("connect through a cable that loses everything gives up when tcp_syn_retries says so", async () => {
  const log = new Log();
  const run = await runPair(({ left, cable }) => {
    left.ip("neigh add 10.0.0.2 lladdr 00:00:00:00:00:02 dev sim0");
    cable.set({ loss: 1 });
    left.start((posix) => log.note(posix, () => connected(posix)));
  });
  expect(log.codes).toEqual(["ETIMEDOUT"]);
  // Linux 6.12: 131 s with tcp_syn_retries = 6 and tcp_syn_linear_timeouts = 4; its timer wheel adds to that.
  expect(log.seconds[0]).toBeGreaterThanOrEqual(131);
  expect(log.seconds[0]).toBeLessThan(131 * 1.125);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test.for(["loses everything", "is unplugged"])(
  "a transfer whose cable %s for good ends after tcp_retries2, and the next call says EPIPE",
  async (how) => {
    const log = new Log();
    const run = await runPair(({ sim, left, right, cable }) => {
      right.start(sink, { daemon: true });
      sim.at("1s", () => (how === "is unplugged" ? cable.down() : cable.set({ loss: 1 })));
      left.start(async (posix) => {
        const fd = await connected(posix);
        await log.note(posix, async () => {
          for (;;) await posix.send(fd, new Uint8Array(50_000));
        });
        await log.note(posix, () => posix.send(fd, "more", MSG_NOSIGNAL));
      });
    });
    // As in Linux: ARP has found out meanwhile that nobody is there, and that is the error then.
    expect(log.codes).toEqual(["EHOSTUNREACH", "EPIPE"]);
    // 924.6 s at least with an RTO of 200 ms (ip-sysctl.rst).
    expect(log.seconds[0]).toBeGreaterThan(924);
    expect(log.seconds[0]).toBeLessThan(924 * 1.125);
    expect(run.leaks).toEqual(NOTHING_LEFT);
  },
);

test("keepalive finds out that the peer is gone, two hours later", async () => {
  const log = new Log();
  const run = await runPair(({ sim, left, right, cable }) => {
    right.start(sink, { daemon: true });
    sim.at("1s", () => cable.set({ loss: 1 }));
    left.start(async (posix) => {
      const fd = await connected(posix);
      await posix.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, ON);
      await log.note(posix, () => posix.recv(fd, new Uint8Array(1)));
    });
  });
  expect(log.codes).toEqual(["ETIMEDOUT"]);
  expect(log.seconds[0]).toBeGreaterThanOrEqual(7200 + 9 * 75);
  expect(log.seconds[0]).toBeLessThan((7200 + 9 * 75) * 1.125);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

/** What may happen to a network while a stream crosses it. */
const disturbances: [string, (pair: Pair) => void][] = [
  [
    "the cable flaps 500 times",
    ({ sim, cable }) => {
      for (let i = 0; i < 500; i++)
        sim.at(10e6 + i * 37e6, () => (i % 2 === 0 ? cable.down() : cable.up()));
    },
  ],
  [
    "the interface flaps 20 times",
    ({ sim, left }) => {
      for (let i = 0; i < 40; i++) {
        sim.at(10e6 + i * 250e6, () => left.ip(`link set sim0 ${i % 2 === 0 ? "down" : "up"}`));
      }
    },
  ],
  [
    "the sender's address is away for four seconds",
    ({ sim, left }) => {
      sim.at("500ms", () => left.ip("addr del 10.0.0.1/24 dev sim0"));
      sim.at("4500ms", () => left.ip("addr add 10.0.0.1/24 dev sim0"));
    },
  ],
  [
    "the receiver's address is away for four seconds",
    ({ sim, right }) => {
      sim.at("500ms", () => right.ip("addr del 10.0.0.2/24 dev sim0"));
      sim.at("4500ms", () => right.ip("addr add 10.0.0.2/24 dev sim0"));
    },
  ],
  [
    "both interfaces change their MTU",
    ({ sim, left, right }) => {
      sim.at("300ms", () => left.ip("link set sim0 mtu 600"));
      sim.at("600ms", () => right.ip("link set sim0 mtu 500"));
      sim.at("900ms", () => left.ip("link set sim0 mtu 1500"));
      sim.at("1200ms", () => right.ip("link set sim0 mtu 1500"));
    },
  ],
  [
    "the neighbour entries are flushed each 100 ms",
    ({ sim, left, right }) => {
      for (let ms = 100; ms < 1500; ms += 100) {
        sim.at(ms * 1e6, () => {
          left.ip("neigh flush dev sim0");
          right.ip("neigh flush dev sim0");
        });
      }
    },
  ],
  [
    "the cable changes its rate, delay and loss",
    ({ sim, cable }) => {
      sim.at("200ms", () => cable.set({ rate: "1Mbps" }));
      sim.at("700ms", () => cable.set({ rate: "100Mbps", delay: "50ms" }));
      sim.at("900ms", () => cable.set({ delay: 0, loss: 0.2 }));
      sim.at("1500ms", () => cable.set({ loss: 0 }));
    },
  ],
  [
    "Selective ACK, timestamps and window scaling are switched off",
    ({ sim, left, right }) => {
      sim.at("300ms", () => {
        for (const name of ["sack", "timestamps", "window_scaling"]) {
          for (const host of [left, right]) host.sysctl.set(`net.ipv4.tcp_${name}`, 0);
        }
      });
    },
  ],
];

test.for(disturbances)("a stream arrives unharmed although %s", async ([, disturb]) => {
  const run = await runPair((pair) => {
    const server = pair.right.start(streamServer(80));
    pair.left.start(streamClient("10.0.0.2", 80, LENGTH), { at: "1ms" });
    disturb(pair);
    return () => Number(server.stdout);
  });
  expect(run.result).toBe(LENGTH);
  expect(run.ok).toBe(true);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

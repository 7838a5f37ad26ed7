import type { SimLinkOptions } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import { NOTHING_LEFT, runPair, streamClient, streamServer } from "./hosts.ts";

/** Links that nobody sells, how many octets cross them, and the longest time that may take. */
const links: [string, SimLinkOptions, number, number][] = [
  ["no delay and no rate", { delay: 0 }, 200_000, 0.01],
  ["10^15 bit/s", { rate: "1000tbit", delay: "1ns" }, 500_000, 0.01],
  ["an MTU of 68", { mtu: 68, rate: "10Mbps", delay: "1ms" }, 20_000, 2],
  ["an MTU of 65535", { mtu: 65_535, rate: "100Mbps", delay: "1ms" }, 2_000_000, 2],
  ["a queue of one packet", { queue: "1p", rate: "10Mbps", delay: "5ms" }, 100_000, 5],
  ["jitter of ten times the delay", { rate: "10Mbps", delay: "5ms", jitter: "50ms" }, 100_000, 5],
  [
    "jitter that reorders",
    { rate: "10Mbps", delay: "5ms", jitter: { amount: "50ms", reorder: true } },
    100_000,
    10,
  ],
  ["every frame twice", { rate: "10Mbps", delay: "5ms", duplicate: 1 }, 100_000, 5],
  ["half the frames overtaking", { rate: "10Mbps", delay: "5ms", reorder: 0.5 }, 100_000, 5],
  ["a fifth of the frames lost", { rate: "10Mbps", delay: "5ms", loss: 0.2 }, 100_000, 1000],
  ["a tenth of the frames corrupted", { rate: "10Mbps", delay: "5ms", corrupt: 0.1 }, 100_000, 60],
  ["a delay of 900 ms", { rate: "10Mbps", delay: "900ms" }, 50_000, 60],
];

test.for(links)(
  "a stream crosses a link with %s unharmed",
  async ([, link, length, secondsMax]) => {
    const run = await runPair(({ left, right }) => {
      const server = right.start(streamServer(80));
      left.start(streamClient("10.0.0.2", 80, length), { at: "1ms" });
      return () => Number(server.stdout);
    }, link);
    expect(run.processes.map(({ exit }) => exit)).toEqual([0, 0]);
    expect(run.result).toBe(length);
    expect(Math.max(...run.processes.map(({ endNs }) => endNs ?? 0)) / 1e9).toBeLessThan(
      secondsMax,
    );
    expect(run.leaks).toEqual(NOTHING_LEFT);
  },
);

test("100 bit/s: a SYN takes six seconds, and a stream still gets across", async () => {
  const run = await runPair(
    ({ left, right }) => {
      // ARP would give up before its answer comes.
      left.ip("neigh add 10.0.0.2 lladdr 00:00:00:00:00:02 dev sim0");
      right.ip("neigh add 10.0.0.1 lladdr 00:00:00:00:00:01 dev sim0");
      const server = right.start(streamServer(80));
      left.start(streamClient("10.0.0.2", 80, 2000), { at: "1ms" });
      return () => Number(server.stdout);
    },
    { rate: "100bit", delay: "1ms" },
  );
  expect(run.result).toBe(2000);
  expect(run.virtualNs / 1e9).toBeGreaterThan((2000 * 8) / 100);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test("one bit per second: ARP gives up, and the program is told", async () => {
  expect(await errorOfConnecting({ rate: "1bit" })).toMatch(/connect EHOSTUNREACH/);
});

test("a delay of an hour: ARP gives up, and the program is told", async () => {
  expect(await errorOfConnecting({ delay: "1h" })).toMatch(/connect EHOSTUNREACH/);
});

async function errorOfConnecting(link: SimLinkOptions): Promise<string | undefined> {
  const run = await runPair(({ left, right }) => {
    right.start(streamServer(80), { daemon: true });
    left.start(streamClient("10.0.0.2", 80, 10), { expect: 1 });
  }, link);
  expect(run.leaks).toEqual(NOTHING_LEFT);
  return run.processes[0]?.error;
}

test("a corrupting cable raises the checksum counters of every protocol it hits", async () => {
  const run = await runPair(
    ({ left, right }) => {
      right.start(streamServer(80));
      left.start(streamClient("10.0.0.2", 80, 300_000), { at: "1ms" });
    },
    { rate: "10Mbps", delay: "5ms", corrupt: 0.2 },
  );
  const mib = run.nodes[1]?.mib;
  const sums = { tcp: mib?.Tcp?.InCsumErrors ?? 0, ip: mib?.IpExt?.InCsumErrors ?? 0 };
  expect(sums.tcp).toBeGreaterThan(10);
  expect(mib?.Ip?.InHdrErrors).toBeGreaterThan(0);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

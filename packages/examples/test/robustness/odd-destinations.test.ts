import { AF_INET, runScenario, simulation, SOCK_DGRAM, SOCK_STREAM } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import { ping } from "../../src/programs/ping.ts";
import { codeOf, NOTHING_LEFT, runPair } from "./hosts.ts";

const SOL_SOCKET = 1;
const SO_BROADCAST = 6;
const ON = Uint8Array.of(1, 0, 0, 0);

/** What sendto, sendto with SO_BROADCAST, and a TCP connect to an address give, as Linux 6.12. */
const destinations: [string, string, string, string, string][] = [
  ["the own address", "10.0.0.1", "none", "none", "ECONNREFUSED"],
  ["the loopback net", "127.1.2.3", "none", "none", "ECONNREFUSED"],
  ["no address", "0.0.0.0", "none", "none", "ECONNREFUSED"],
  ["the net's broadcast", "10.0.0.255", "EACCES", "none", "ENETUNREACH"],
  [
    "the limited broadcast without a route",
    "255.255.255.255",
    "ENETUNREACH",
    "ENETUNREACH",
    "ENETUNREACH",
  ],
  ["the net's lowest address", "10.0.0.0", "none", "none", "EHOSTUNREACH"],
  ["a neighbour that is not there", "10.0.0.77", "none", "none", "EHOSTUNREACH"],
  ["a net without a route", "192.0.2.1", "ENETUNREACH", "ENETUNREACH", "ENETUNREACH"],
  ["a group without a route", "224.0.0.1", "ENETUNREACH", "ENETUNREACH", "ENETUNREACH"],
  ["a blackhole", "20.1.1.1", "EINVAL", "EINVAL", "EINVAL"],
  ["an unreachable route", "21.1.1.1", "EHOSTUNREACH", "EHOSTUNREACH", "EHOSTUNREACH"],
  ["a prohibited route", "22.1.1.1", "EACCES", "EACCES", "EACCES"],
];

test.for(destinations)(
  "sending to %s (%s) has Linux's result",
  async ([, address, ...expected]) => {
    const codes: string[] = [];
    const run = await runPair(({ left }) => {
      for (const route of ["blackhole 20", "unreachable 21", "prohibit 22"]) {
        left.ip(`route add ${route}.0.0.0/8`);
      }
      left.start(async (posix) => {
        const to = { address, port: 9 };
        const udp = await posix.socket(AF_INET, SOCK_DGRAM);
        codes.push(await codeOf(() => posix.sendto(udp, "x", to)));
        const broadcaster = await posix.socket(AF_INET, SOCK_DGRAM);
        await posix.setsockopt(broadcaster, SOL_SOCKET, SO_BROADCAST, ON);
        codes.push(await codeOf(() => posix.sendto(broadcaster, "x", to)));
        const tcp = await posix.socket(AF_INET, SOCK_STREAM);
        codes.push(await codeOf(() => posix.connect(tcp, to)));
      });
    });
    expect(codes).toEqual(expected);
    expect(run.leaks).toEqual(NOTHING_LEFT);
  },
);

test("a packet in a routing loop dies of its TTL, and its sender is told", async () => {
  const run = await runScenario(
    simulation({}, (sim) => {
      const host = sim.node("host");
      const [near, far] = [sim.router("near"), sim.router("far")];
      sim.link(host, near, { rate: "10Mbps", delay: "1ms" });
      sim.link(near, far, { rate: "10Mbps", delay: "1ms" });
      host.ip("addr add 10.0.0.1/24 dev sim0");
      near.ip("addr add 10.0.0.2/24 dev sim0");
      near.ip("addr add 10.0.1.1/24 dev sim1");
      far.ip("addr add 10.0.1.2/24 dev sim0");
      host.ip("route add default via 10.0.0.2");
      near.ip("route add 9.0.0.0/8 via 10.0.1.2");
      far.ip("route add default via 10.0.1.1");
      host.start(ping, { args: ["9.9.9.9", 2], expect: 1 });
    }),
  );
  const [host, near, far] = run.nodes;
  expect(host?.mib.Icmp?.InTimeExcds).toBe(2);
  expect(far?.mib.Icmp?.OutTimeExcds).toBe(2);
  expect((near?.mib.Ip?.ForwDatagrams ?? 0) + (far?.mib.Ip?.ForwDatagrams ?? 0)).toBe(2 * 63 + 2);
  expect(run.ok).toBe(true);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test("two hosts with one address on a switch: each conversation goes on, with whom ARP found", async () => {
  const run = await runScenario(
    simulation({}, (sim) => {
      const lan = sim.switch("lan");
      const hosts = ["a", "b", "c"].map((name) => sim.node(name));
      for (const host of hosts) sim.link(host, lan, { rate: "10Mbps", delay: "1ms" });
      const [a, b, c] = hosts;
      a?.ip("addr add 10.0.0.1/24 dev sim0");
      b?.ip("addr add 10.0.0.2/24 dev sim0");
      c?.ip("addr add 10.0.0.2/24 dev sim0");
      a?.start(ping, { args: ["10.0.0.2", 3] });
      b?.start(ping, { args: ["10.0.0.2", 3] });
      c?.start(ping, { args: ["10.0.0.2", 3] });
    }),
  );
  expect(run.ok).toBe(true);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

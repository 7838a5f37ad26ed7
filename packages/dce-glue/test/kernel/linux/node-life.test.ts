import { expect, test } from "vitest";
import { AF_INET, SOCK_DGRAM } from "../../../src/posix/index.ts";
import { runScenario } from "../../../src/scenario/run-scenario.ts";
import { ScenarioError } from "../../../src/scenario/scenario-error.ts";
import { simulation } from "../../../src/scenario/simulation.ts";
import { noReleases, noUsual, onReleases, onUsual } from "./built-linux.ts";
import {
  checked,
  connectTo,
  errnoOf,
  listenAt,
  MSEC,
  readAll,
  runPair,
  SERVER,
  udpAt,
} from "./two-linux-hosts.ts";

test.skipIf(noReleases).for(onReleases)(
  "a cable that is pulled for two seconds delays a transfer and loses nothing of it ($kernel)",
  async (on) => {
    const run = await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        expect((await readAll(posix, fd)).length).toBe(500_000);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        await posix.send(fd, new Uint8Array(500_000));
      },
      {
        link: { rate: "10Mbps" },
        more: (sim, { link, client }) => {
          sim.at("200ms", () => {
            expect(client.ip("link show dev sim0")).toContain("LOWER_UP");
            link.down();
          });
          sim.at("201ms", () => {
            expect(client.ip("link show dev sim0")).not.toContain("LOWER_UP");
          });
          // Linux tells programs no more often than once a second.
          sim.at("1800ms", () => {
            expect(client.ip("link show dev sim0")).toContain("NO-CARRIER");
          });
          sim.at("2200ms", () => link.up());
        },
      },
    );
    expect(run.virtualNs / MSEC).toBeGreaterThan(2200);
    expect(run.counters.tcpRetransSegs).toBeGreaterThan(0);
  },
);

test.skipIf(noReleases).for(onReleases)(
  "an interface that is set down and up works again, with its address ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await udpAt(posix, 9);
        const got: string[] = [];
        const buffer = new Uint8Array(10);
        for (let text = ""; text !== "end"; got.push(text)) {
          text = new TextDecoder().decode(buffer.subarray(0, await posix.recv(fd, buffer)));
        }
        expect(got).toEqual(["before", "end"]);
      },
      async (posix) => {
        const fd = await posix.socket(AF_INET, SOCK_DGRAM);
        const to = { address: SERVER, port: 9 };
        await posix.sendto(fd, "before", to);
        await posix.usleep(100_000);
        expect(await errnoOf(() => posix.sendto(fd, "while", to))).toBe("ENETUNREACH");
        await posix.usleep(100_000);
        await posix.sendto(fd, "end", to);
      },
      {
        more: (sim, { client }) => {
          sim.at("50ms", () => client.ip("link set sim0 down"));
          sim.at("150ms", () => client.ip("link set sim0 up"));
        },
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "an interface with a smaller MTU sends smaller segments; one that is too small is refused ($kernel)",
  async (on) => {
    const run = await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        expect((await readAll(posix, fd)).length).toBe(20_000);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        await posix.send(fd, new Uint8Array(20_000));
      },
      {
        more: (sim, { client }) => {
          client.ip("link set sim0 mtu 600");
          sim.at("5ms", () => {
            expect(() => client.ip("link set sim0 mtu 20")).toThrow(/Invalid argument|mtu/);
            expect(() => client.ip("link set sim0 mtu 100000")).toThrow(/Invalid argument|mtu/);
          });
        },
      },
    );
    expect(run.nodes[1]?.interfaces.find(({ name }) => name === "sim0")?.mtu).toBe(600);
    expect(run.counters.bytes / run.counters.framesDelivered).toBeLessThan(614);
  },
);

test.skipIf(noReleases).for(onReleases)(
  "/proc, sysctls, the log and the addresses of a node are its kernel's own ($kernel)",
  async (on) => {
    const scenario = simulation({}, (sim) => {
      const host = sim.node("host", { sysctl: { "net.ipv4.ip_default_ttl": 33 } });
      const peer = sim.node("peer");
      sim.link(host, peer);
      host.ip("addr add 10.0.0.1/24 dev sim0");
      expect(() => host.sysctl.get("net.ipv4.ip_forward")).toThrow(ScenarioError);
      sim.at("1ms", () => {
        host.sysctl.set("net.ipv4.tcp_congestion_control", "reno");
        expect(host.sysctl.get("net.ipv4.tcp_congestion_control")).toBe("reno");
        expect(peer.sysctl.get("net.ipv4.tcp_congestion_control")).toBe("cubic");
        expect(() => host.sysctl.set("net.ipv4.ip_default_ttl", "300")).toThrow(ScenarioError);
        expect(() => host.sysctl.set("net.ipv4.nothing", "1")).toThrow(ScenarioError);
        expect(() => host.sysctl.set("net.ipv4.ip_default_ttl", "x".repeat(100_000))).toThrow(
          ScenarioError,
        );
        host.ip("addr add 10.0.0.9/24 dev sim0");
        expect(() => host.ip("addr add 10.0.0.9/24 dev sim0")).toThrow(
          /File exists|already assigned/,
        );
      });
      host.start(async (posix) => {
        expect(await posix.readTextFile("/proc/net/dev")).toContain("sim0");
        expect(await posix.readTextFile("/proc/sys/net/ipv4/ip_default_ttl")).toBe("33\n");
        await posix.writeFile("/proc/sys/net/ipv4/ip_default_ttl", "34");
        expect(await errnoOf(() => posix.writeFile("/proc/sys/net/ipv4/ip_default_ttl", "0"))).toBe(
          "EINVAL",
        );
      });
      return () => {
        expect(host.sysctl.get("net.ipv4.ip_default_ttl")).toBe("34");
        expect(host.sysctl.list("net.ipv4.tcp_").length).toBeGreaterThan(50);
        expect(host.sysctl.list().length).toBeGreaterThan(500);
        expect(host.proc("/proc/version")).toContain(on.kernel.slice("linux-".length));
        expect(host.proc("/proc/net/snmp")).toContain("Tcp: RtoAlgorithm");
        expect(() => host.proc("/proc/nothing")).toThrow(ScenarioError);
        expect(host.ip("addr show dev sim0")).toContain("inet 10.0.0.9/24");
        expect(host.dmesg()).toContain("Linux version");
        return host.fs.readText("/etc/hostname");
      };
    });
    expect(checked(await runScenario(scenario, on)).result).toBe("host\n");
  },
);

test.skipIf(noUsual).for(onUsual)(
  "two runs with the same seed are the same, and another seed has other randomness ($kernel)",
  async (on) => {
    const scenario = simulation({}, (sim) => {
      const host = sim.node("host");
      return () => host.proc("/proc/sys/kernel/random/uuid");
    });
    const [first, second, other] = [
      await runScenario(scenario, { ...on, seed: 1 }),
      await runScenario(scenario, { ...on, seed: 1 }),
      await runScenario(scenario, { ...on, seed: 2 }),
    ];
    expect(second.result).toBe(first.result);
    expect(other.result).not.toBe(first.result);
  },
);

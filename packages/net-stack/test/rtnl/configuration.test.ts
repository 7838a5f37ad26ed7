import { Errno } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import {
  IFF_UP,
  RT_TABLE_LOCAL,
  RTN_BLACKHOLE,
  RTN_PROHIBIT,
  RTN_UNREACHABLE,
  SOCK_DGRAM,
  SOCK_STREAM,
} from "../../src/index.ts";
import { at, ip, withNetwork } from "../host/network.ts";
import type { Network, Node } from "../host/network.ts";
import type { NetDevice } from "../../src/index.ts";
import type { Wait } from "@dcejs/lkl-kernel";

function* host(network: Network): Wait<{ a: Node; dev: NetDevice }> {
  const a = yield* network.node("a");
  const b = yield* network.node("b");
  const [dev] = yield* network.wire(a, b);
  yield* a.address(dev, "10.0.0.1/24");
  return { a, dev };
}

test("an address brings its routes and takes them along", () => {
  withNetwork(function* (network) {
    const { a, dev } = yield* host(network);
    const { rtnl } = a.net;
    expect(
      rtnl.route_dump().map(({ destination, prefixLength, scope, preferredSource }) => ({
        destination,
        prefixLength,
        scope,
        preferredSource,
      })),
    ).toEqual([
      {
        destination: ip("10.0.0.0"),
        prefixLength: 24,
        scope: 253,
        preferredSource: ip("10.0.0.1"),
      },
    ]);
    const local = rtnl.route_dump(RT_TABLE_LOCAL).filter((r) => r.ifindex === dev.ifindex);
    expect(local.map((r) => r.destination)).toEqual([ip("10.0.0.1"), ip("10.0.0.255")]);
    yield* a.do(() => {
      expect(rtnl.addr_add({ ifindex: dev.ifindex, local: ip("10.0.0.1"), prefixLength: 24 })).toBe(
        -Errno.EEXIST,
      );
      expect(rtnl.addr_del(dev.ifindex, ip("10.0.0.9"))).toBe(-Errno.EADDRNOTAVAIL);
      expect(rtnl.addr_add({ ifindex: 99, local: 1, prefixLength: 24 })).toBe(-Errno.ENODEV);
      expect(rtnl.addr_add({ ifindex: dev.ifindex, local: 1, prefixLength: 33 })).toBe(
        -Errno.EINVAL,
      );
      expect(rtnl.addr_del(dev.ifindex, ip("10.0.0.1"))).toBe(0);
    });
    expect(rtnl.route_dump()).toEqual([]);
    expect(rtnl.route_dump(RT_TABLE_LOCAL).every((r) => r.ifindex === 1)).toBe(true);
  });
});

test("secondary addresses go with their primary, or one is promoted", () => {
  withNetwork(function* (network) {
    const { a, dev } = yield* host(network);
    const { rtnl } = a.net;
    const add = (text: string): number =>
      rtnl.addr_add({ ifindex: dev.ifindex, local: ip(text), prefixLength: 24 });
    yield* a.do(() => {
      expect(add("10.0.0.2")).toBe(0);
      expect(rtnl.addr_dump(dev.ifindex).map((x) => x.isSecondary)).toEqual([false, true]);
      expect(rtnl.addr_del(dev.ifindex, ip("10.0.0.1"))).toBe(0);
      expect(rtnl.addr_dump(dev.ifindex)).toEqual([]);
      a.sysctl.set("net.ipv4.conf.all.promote_secondaries", 1);
      add("10.0.0.1");
      add("10.0.0.2");
      rtnl.addr_del(dev.ifindex, ip("10.0.0.1"));
      expect(rtnl.addr_dump(dev.ifindex)).toMatchObject([
        { local: ip("10.0.0.2"), isSecondary: false },
      ]);
      expect(rtnl.route_dump()).toHaveLength(1);
    });
  });
});

test("routes: Linux's errors", () => {
  withNetwork(function* (network) {
    const { a, dev } = yield* host(network);
    const { rtnl } = a.net;
    const net10 = { destination: ip("192.168.0.0"), prefixLength: 16 };
    yield* a.do(() => {
      expect(rtnl.route_add({ ...net10, gateway: ip("10.9.9.9") })).toBe(-Errno.ENETUNREACH);
      expect(rtnl.route_add({ ...net10, gateway: ip("10.0.0.1") })).toBe(-Errno.EINVAL);
      expect(rtnl.route_add({ ...net10, ifindex: 77 })).toBe(-Errno.ENODEV);
      expect(
        rtnl.route_add({
          destination: ip("192.168.0.1"),
          prefixLength: 16,
          gateway: ip("10.0.0.2"),
        }),
      ).toBe(-Errno.EINVAL);
      expect(rtnl.route_add({ ...net10, gateway: ip("10.0.0.2") })).toBe(0);
      expect(rtnl.route_add({ ...net10, gateway: ip("10.0.0.3") })).toBe(-Errno.EEXIST);
      expect(rtnl.route_add({ ...net10, gateway: ip("10.0.0.3"), metric: 5 })).toBe(0);
      expect(rtnl.route_replace({ ...net10, gateway: ip("10.0.0.4") })).toBe(0);
      expect(rtnl.route_get(ip("192.168.1.1"))).toMatchObject({ gateway: ip("10.0.0.4") });
      expect(rtnl.route_del({ ...net10, gateway: ip("10.0.0.2") })).toBe(-Errno.ESRCH);
      expect(rtnl.route_del(net10)).toBe(0);
      expect(rtnl.route_get(ip("192.168.1.1"))).toMatchObject({ gateway: ip("10.0.0.3") });
      expect(rtnl.link_set(dev.ifindex, { flags: 0, flagsMask: IFF_UP })).toBe(0);
      expect(rtnl.route_dump()).toEqual([]);
      expect(rtnl.route_add({ ...net10, ifindex: dev.ifindex })).toBe(-Errno.ENETDOWN);
    });
  });
});

test("blackhole, unreachable and prohibit each have their error", () => {
  withNetwork(function* (network) {
    const { a } = yield* host(network);
    const cases = [
      [RTN_BLACKHOLE, "1.0.0.0", -Errno.EINVAL],
      [RTN_UNREACHABLE, "2.0.0.0", -Errno.EHOSTUNREACH],
      [RTN_PROHIBIT, "3.0.0.0", -Errno.EACCES],
    ] as const;
    const socket = yield* a.socket(SOCK_DGRAM);
    for (const [routeType, text, errno] of cases) {
      yield* a.do(() =>
        a.net.rtnl.route_add({ destination: ip(text), prefixLength: 8, routeType }),
      );
      expect(yield* a.send(socket, new Uint8Array(1), at(text.replace(/0$/, "1"), 9))).toBe(errno);
    }
    yield* a.close(socket);
  });
});

test("links: what may change, and when", () => {
  withNetwork(function* (network) {
    const { a, dev } = yield* host(network);
    const { rtnl } = a.net;
    yield* a.do(() => {
      expect(rtnl.link_set(99, {})).toBe(-Errno.ENODEV);
      expect(rtnl.link_set(dev.ifindex, { mtu: 10 })).toBe(-Errno.EINVAL);
      expect(rtnl.link_set(dev.ifindex, { mtu: 9000 })).toBe(0);
      expect(rtnl.link_set(dev.ifindex, { name: "lo" })).toBe(-Errno.EEXIST);
      expect(rtnl.link_set(dev.ifindex, { flags: 0, flagsMask: IFF_UP })).toBe(0);
      expect(rtnl.link_set(dev.ifindex, { name: "wan0", txQueueLength: 7 })).toBe(0);
      expect(rtnl.link_set(dev.ifindex, { address: Uint8Array.of(1, 0, 0, 0, 0, 0) })).toBe(
        -Errno.EADDRNOTAVAIL,
      );
      expect(rtnl.link_dump()).toMatchObject([
        { ifindex: 1, name: "lo", mtu: 65_536, operState: "UNKNOWN" },
        { ifindex: 2, name: "wan0", mtu: 9000, txQueueLength: 7, operState: "DOWN" },
      ]);
      expect(a.sysctl.has("net.ipv4.conf.wan0.forwarding")).toBe(true);
    });
  });
});

test("/proc/net/tcp shows listeners and connections", () => {
  withNetwork(function* (network) {
    const { a } = yield* host(network);
    const listener = yield* a.socket(SOCK_STREAM);
    yield* a.do(() => {
      expect(listener.bind(at("10.0.0.1", 80))).toBe(0);
      expect(listener.listen(5)).toBe(0);
    });
    const client = yield* a.socket(SOCK_STREAM);
    expect(yield* a.do(() => client.connect(at("10.0.0.1", 80), 0))).toBe(0);
    const lines = a.net.proc_net("tcp").split("\n");
    expect(lines[1]).toMatch(/^ {3}0: 0100000A:0050 00000000:0000 0A 00000000:00000001 /);
    expect(lines.filter((line) => / 01 00000000:00000000 /.test(line)).length).toBe(2);
    yield* a.close(client);
    yield* a.close(listener);
    yield* network.sleep(100e9);
  });
});

test("/proc/net shows devices, routes and counters in Linux's form", () => {
  withNetwork(function* (network) {
    const { a } = yield* host(network);
    yield* a.do(() =>
      a.net.rtnl.route_add({ destination: 0, prefixLength: 0, gateway: ip("10.0.0.254") }),
    );
    const route = a.net.proc_net("route").split("\n");
    expect(route.map((line) => line.trimEnd())).toEqual([
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
      "eth0\t00000000\tFE00000A\t0003\t0\t0\t0\t00000000\t0\t0\t0",
      "eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
      "",
    ]);
    expect(route[0]).toHaveLength(127);
    expect(a.net.proc_net("dev").split("\n")[2]).toBe(
      "    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0",
    );
    const snmp = a.net.proc_net("snmp").split("\n");
    expect(snmp[0]).toBe(
      "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits",
    );
    expect(snmp[1]).toBe(`Ip: 2 64${" 0".repeat(18)}`);
    const socket = yield* a.socket(SOCK_DGRAM);
    yield* a.do(() => socket.bind(at("10.0.0.1", 53)));
    expect(a.net.proc_net("udp").split("\n")[1]?.trimEnd()).toBe(
      "   53: 0100000A:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 0",
    );
    expect(a.net.proc_net("netstat")).toMatch(
      /^TcpExt: SyncookiesSent .*\nTcpExt: 0 .*\nIpExt: InNoRoutes/,
    );
    yield* a.close(socket);
  });
});

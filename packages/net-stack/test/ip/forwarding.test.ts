import { Errno } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { SOCK_DGRAM } from "../../src/index.ts";
import { at, ip, routedNetwork, withNetwork } from "../host/network.ts";

test("a router decrements the TTL and keeps the header checksum right", () => {
  const seen: number[] = [];
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(
      network,
      {},
      {
        tap: ({ view, offset }) => {
          if (view.getUint16(offset + 12) !== 0x0800) return;
          let sum = 0;
          for (let i = 14; i < 34; i += 2) sum += view.getUint16(offset + i);
          seen.push(view.getUint8(offset + 22), (sum & 0xffff) + (sum >>> 16));
        },
      },
    );
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.send(socket, new Uint8Array(5), at("10.0.1.1", 9));
    yield* network.sleep(1e8);
    expect(server.net.mib.udp.NoPorts).toBe(1);
    yield* client.close(socket);
  });
  expect(seen).toEqual([63, 0xffff]);
});

test("a host that does not forward drops what is not for it", () => {
  withNetwork(function* (network) {
    const { client, router, server } = yield* routedNetwork(network);
    router.sysctl.set("net.ipv4.ip_forward", 0);
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.send(socket, new Uint8Array(5), at("10.0.1.1", 9));
    yield* network.sleep(1e8);
    expect(router.net.mib.ip.InAddrErrors).toBe(1);
    expect(server.net.mib.ip.InReceives).toBe(0);
    yield* client.close(socket);
  });
});

test("rp_filter drops packets whose source is routed elsewhere", () => {
  withNetwork(function* (network) {
    const { client, router, server, devices } = yield* routedNetwork(network);
    const [c0] = devices;
    yield* client.do(() =>
      client.net.rtnl.addr_add({
        ifindex: c0?.ifindex ?? 0,
        local: ip("10.0.1.77"),
        prefixLength: 32,
      }),
    );
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.do(() => socket.bind(at("10.0.1.77")));
    yield* client.send(socket, new Uint8Array(1), at("10.0.1.1", 9));
    yield* network.sleep(1e8);
    expect(server.net.mib.udp.NoPorts).toBe(1);
    router.sysctl.set("net.ipv4.conf.all.rp_filter", 1);
    yield* client.send(socket, new Uint8Array(1), at("10.0.1.1", 9));
    yield* network.sleep(1e8);
    expect(server.net.mib.udp.NoPorts).toBe(1);
    expect(router.net.mib.tcpExt.IPReversePathFilter).toBe(1);
    yield* client.close(socket);
  });
});

test("a connected socket follows a changed route at once", () => {
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network);
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.do(() => socket.connect(at("10.0.1.1", 9), 0));
    yield* client.send(socket, new Uint8Array(1));
    yield* network.sleep(1e8);
    expect(server.net.mib.udp.NoPorts).toBe(1);
    yield* client.receive(socket, new Uint8Array(1), 0x40);
    yield* client.do(() => client.net.rtnl.route_del({ destination: 0, prefixLength: 0 }));
    expect(yield* client.send(socket, new Uint8Array(1))).toBe(-Errno.ENETUNREACH);
    yield* client.route("10.0.1.0/24", "10.0.0.254");
    expect(yield* client.send(socket, new Uint8Array(1))).toBe(1);
    yield* network.sleep(1e8);
    expect(server.net.mib.udp.NoPorts).toBe(2);
    yield* client.close(socket);
  });
});

test("ip_default_ttl and the socket's own TTL stand in the header", () => {
  const ttls: number[] = [];
  withNetwork(function* (network) {
    const { client } = yield* routedNetwork(network, {
      tap: ({ view, offset }) => {
        if (view.getUint16(offset + 12) === 0x0800) ttls.push(view.getUint8(offset + 22));
      },
    });
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.send(socket, new Uint8Array(1), at("10.0.1.1", 9));
    client.sysctl.set("net.ipv4.ip_default_ttl", 99);
    yield* client.send(socket, new Uint8Array(1), at("10.0.1.1", 9));
    yield* client.do(() => socket.setsockopt(0, 2, Uint8Array.of(7, 0, 0, 0)));
    yield* client.send(socket, new Uint8Array(1), at("10.0.1.1", 9));
    yield* network.sleep(1e8);
    yield* client.close(socket);
  });
  expect(ttls).toEqual([64, 99, 7]);
});

test("packets of a connected socket are numbered, DF packets of others carry 0", () => {
  const ids: number[] = [];
  withNetwork(function* (network) {
    const { client } = yield* routedNetwork(network, {
      tap: ({ view, offset }) => {
        if (view.getUint16(offset + 12) === 0x0800) ids.push(view.getUint16(offset + 18));
      },
    });
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.do(() => socket.setsockopt(0, 10, Uint8Array.of(2, 0, 0, 0)));
    yield* client.send(socket, new Uint8Array(1), at("10.0.1.1", 9));
    yield* network.sleep(1e8);
    yield* client.do(() => socket.connect(at("10.0.1.1", 9), 0));
    for (let i = 0; i < 2; i++) yield* client.send(socket, new Uint8Array(1));
    yield* network.sleep(1e8);
    yield* client.close(socket);
  });
  const [unconnected, first = 0, second] = ids;
  expect(unconnected).toBe(0);
  expect(second).toBe((first + 1) & 0xffff);
});

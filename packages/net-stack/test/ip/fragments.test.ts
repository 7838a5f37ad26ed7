import { Errno } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { SOCK_DGRAM } from "../../src/index.ts";
import { at, int, routedNetwork, withNetwork } from "../host/network.ts";

test("a large datagram is sent in pieces and comes out whole", () => {
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network);
    const service = yield* server.socket(SOCK_DGRAM);
    yield* server.do(() => service.bind(at("0.0.0.0", 5000)));
    const socket = yield* client.socket(SOCK_DGRAM);
    const data = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7) & 0xff);
    expect(yield* client.send(socket, data, at("10.0.1.1", 5000))).toBe(20_000);
    const got = new Uint8Array(30_000);
    expect(yield* server.receive(service, got)).toBe(20_000);
    expect(got.subarray(0, 20_000)).toEqual(data);
    expect(client.net.mib.ip.FragCreates).toBe(14);
    expect(client.net.mib.ip.FragOKs).toBe(1);
    expect(server.net.mib.ip.ReasmReqds).toBe(14);
    expect(server.net.mib.ip.ReasmOKs).toBe(1);
    yield* client.close(socket);
    yield* server.close(service);
  });
});

test("a router with a smaller MTU cuts packets without DF", () => {
  withNetwork(function* (network) {
    const { client, router, server, devices } = yield* routedNetwork(network);
    const [, , r1] = devices;
    yield* router.do(() => router.net.dev_set_mtu(r1 ?? router.net.loopback, 576));
    const service = yield* server.socket(SOCK_DGRAM);
    yield* server.do(() => service.bind(at("0.0.0.0", 5000)));
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.do(() => socket.setsockopt(0, 10, int(0)));
    const data = Uint8Array.from({ length: 1400 }, (_, i) => i & 0xff);
    yield* client.send(socket, data, at("10.0.1.1", 5000));
    const got = new Uint8Array(1500);
    expect(yield* server.receive(service, got)).toBe(1400);
    expect(got.subarray(0, 1400)).toEqual(data);
    expect(router.net.mib.ip.FragCreates).toBe(3);
    yield* client.close(socket);
    yield* server.close(service);
  });
});

test("a datagram that misses a piece times out after ipfrag_time and is told of", () => {
  let frames = 0;
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network, {
      // ARP and the first piece pass, the second is lost.
      loses: ({ view, offset }) => view.getUint16(offset + 12) === 0x0800 && ++frames === 2,
    });
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.send(socket, new Uint8Array(4000), at("10.0.1.1", 9));
    yield* network.sleep(29e9);
    expect(server.net.ipv4.fragments.queues.size).toBe(1);
    expect(server.net.proc_net("sockstat")).toMatch(/FRAG: inuse 1 memory \d{4}\n/);
    yield* network.sleep(5e9);
    expect(server.net.ipv4.fragments.queues.size).toBe(0);
    expect(server.net.mib.ip.ReasmTimeout).toBe(1);
    expect(client.net.mib.icmpMsg.received.get(11)).toBe(1);
    expect(yield* client.receive(socket, new Uint8Array(1), 0x40)).toBe(-Errno.EAGAIN);
    yield* client.close(socket);
  });
});

test("ipfrag_high_thresh bounds the memory of fragments", () => {
  let frames = 0;
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network, {
      loses: ({ view, offset }) => view.getUint16(offset + 12) === 0x0800 && ++frames % 2 === 0,
    });
    server.sysctl.set("net.ipv4.ipfrag_low_thresh", 5000);
    server.sysctl.set("net.ipv4.ipfrag_high_thresh", 5000);
    const socket = yield* client.socket(SOCK_DGRAM);
    for (let i = 0; i < 10; i++) {
      yield* client.send(socket, new Uint8Array(2000), at("10.0.1.1", 9));
    }
    yield* network.sleep(1e9);
    expect(server.net.ipv4.fragments.queues.size).toBeLessThan(5);
    expect(server.net.mib.ip.ReasmFails).toBeGreaterThan(4);
    yield* client.close(socket);
  });
});

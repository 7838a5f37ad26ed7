import { Errno } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { SOCK_DGRAM, SOCK_RAW } from "../../src/index.ts";
import { at, echoRequest, int, ip, routedNetwork, withNetwork } from "../host/network.ts";

const ICMP = 1;
const IP_TTL = 2;
const IP_RECVERR = 11;
const IP_MTU_DISCOVER = 10;

test("a ping socket gets its echo reply", () => {
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network);
    client.sysctl.set("net.ipv4.ping_group_range", "0 2147483647");
    const socket = yield* client.socket(SOCK_DGRAM, ICMP);
    expect(yield* client.send(socket, echoRequest(56, 3), at("10.0.1.1"))).toBe(64);
    const reply = new Uint8Array(100);
    const from = new Uint8Array(16);
    expect(yield* client.receive(socket, reply, 0, from)).toBe(64);
    expect([reply[0], reply[7]]).toEqual([0, 3]);
    expect(from).toEqual(at("10.0.1.1"));
    expect(server.net.mib.icmpMsg.received.get(8)).toBe(1);
    yield* client.close(socket);
  });
});

test("ping sockets are for the groups of ping_group_range", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    expect(yield* node.do(() => node.net.sock_create(2, SOCK_DGRAM, ICMP))).toBe(-Errno.EACCES);
  });
});

test("a raw ICMP socket reads whole packets, header included", () => {
  withNetwork(function* (network) {
    const { client } = yield* routedNetwork(network);
    const socket = yield* client.socket(SOCK_RAW, ICMP);
    const request = echoRequest(8);
    // A raw socket's checksum is its own affair.
    const sum = 0x0800 + 1 + 0x0001 + 0x0203 + 0x0405 + 0x0607;
    new DataView(request.buffer).setUint16(2, ~sum & 0xffff);
    expect(yield* client.send(socket, request, at("10.0.1.1"))).toBe(16);
    const reply = new Uint8Array(100);
    expect(yield* client.receive(socket, reply)).toBe(36);
    expect([reply[0], reply[9], reply[20]]).toEqual([0x45, ICMP, 0]);
    yield* client.close(socket);
  });
});

test("a TTL that runs out comes back as time exceeded", () => {
  withNetwork(function* (network) {
    const { client, router } = yield* routedNetwork(network);
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.do(() => {
      socket.setsockopt(0, IP_TTL, int(1));
      socket.setsockopt(0, IP_RECVERR, int(1));
      return socket.connect(at("10.0.1.1", 9), 0);
    });
    yield* client.send(socket, new Uint8Array(1));
    expect(yield* client.receive(socket, new Uint8Array(1))).toBe(-Errno.EHOSTUNREACH);
    expect(router.net.mib.ip.InHdrErrors).toBe(1);
    expect(client.net.mib.icmpMsg.received.get(11)).toBe(1);
    yield* client.close(socket);
  });
});

test("an error quotes the checksum that its packet had on the wire", () => {
  withNetwork(function* (network) {
    const { client } = yield* routedNetwork(network);
    const raw = yield* client.socket(SOCK_RAW, ICMP);
    const socket = yield* client.socket(SOCK_DGRAM);
    const text = new TextEncoder().encode("quoted");
    yield* client.send(socket, text, at("192.168.9.9", 9));
    const error = new Uint8Array(100);
    const length = yield* client.receive(raw, error);
    // IP, ICMP, quoted IP, quoted UDP and all of its data.
    expect([length, error[20]]).toEqual([20 + 8 + 20 + 8 + text.length, 3]);
    const view = new DataView(error.buffer);
    let sum = 17 + 8 + text.length;
    for (let i = 28 + 12; i < length; i += 2) sum += view.getUint16(i);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    expect(sum).toBe(0xffff);
    yield* client.close(socket);
    yield* client.close(raw);
  });
});

test("a router without a route answers network unreachable", () => {
  withNetwork(function* (network) {
    const { client, router } = yield* routedNetwork(network);
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.send(socket, new Uint8Array(1), at("192.168.9.9", 9));
    yield* network.sleep(1e9);
    expect(router.net.mib.ip.InNoRoutes).toBe(1);
    expect(client.net.mib.icmpMsg.received.get(3)).toBe(1);
    yield* client.close(socket);
  });
});

test("a packet that is too large and has DF set lowers the path MTU", () => {
  withNetwork(function* (network) {
    const { client, router, server, devices } = yield* routedNetwork(network);
    const [, , r1] = devices;
    yield* router.do(() => router.net.dev_set_mtu(r1 ?? router.net.loopback, 1000));
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.do(() => {
      socket.setsockopt(0, IP_MTU_DISCOVER, int(2));
      return socket.connect(at("10.0.1.1", 9), 0);
    });
    expect(yield* client.send(socket, new Uint8Array(1400))).toBe(1400);
    expect(yield* client.receive(socket, new Uint8Array(1))).toBe(-Errno.EMSGSIZE);
    const mtu = new Uint8Array(4);
    yield* client.send(socket, new Uint8Array(10));
    expect(yield* client.do(() => socket.getsockopt(0, 14, mtu))).toBe(4);
    expect(new DataView(mtu.buffer).getInt32(0, true)).toBe(1000);
    expect(yield* client.send(socket, new Uint8Array(1400))).toBe(-Errno.EMSGSIZE);
    expect(router.net.mib.ip.FragFails).toBe(1);
    yield* network.sleep(1e8);
    expect(server.net.mib.udp.NoPorts).toBe(1);
    yield* client.close(socket);
  });
});

test("an unknown protocol is refused", () => {
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network);
    const socket = yield* client.socket(SOCK_RAW, 253);
    yield* client.do(() => socket.connect(at("10.0.1.1"), 0));
    yield* client.send(socket, new Uint8Array(20));
    expect(yield* client.receive(socket, new Uint8Array(100))).toBe(-Errno.ENOPROTOOPT);
    expect(server.net.mib.ip.InUnknownProtos).toBe(1);
    yield* client.close(socket);
  });
});

test("errors to one host are limited by icmp_ratelimit", () => {
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network);
    const socket = yield* client.socket(SOCK_DGRAM);
    for (let i = 0; i < 20; i++) yield* client.send(socket, new Uint8Array(1), at("10.0.1.1", 9));
    yield* network.sleep(1e8);
    expect(server.net.mib.udp.NoPorts).toBe(20);
    // The burst of six.
    expect(server.net.mib.icmpMsg.sent.get(3)).toBe(6);
    expect(server.net.mib.icmp.RateLimitHost + server.net.mib.icmp.RateLimitGlobal).toBe(14);
    server.sysctl.set("net.ipv4.icmp_ratemask", 0);
    for (let i = 0; i < 20; i++) yield* client.send(socket, new Uint8Array(1), at("10.0.1.1", 9));
    yield* network.sleep(1e8);
    expect(server.net.mib.icmpMsg.sent.get(3)).toBe(26);
    yield* client.close(socket);
  });
});

test("icmp_echo_ignore_all silences the host", () => {
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network);
    client.sysctl.set("net.ipv4.ping_group_range", "0 0");
    server.sysctl.set("net.ipv4.icmp_echo_ignore_all", 1);
    const socket = yield* client.socket(SOCK_DGRAM, ICMP);
    yield* client.send(socket, echoRequest(1), at("10.0.1.1"));
    yield* network.sleep(1e9);
    expect(yield* client.receive(socket, new Uint8Array(9), 0x40)).toBe(-Errno.EAGAIN);
    expect(ip("10.0.1.1")).toBe(0x0a000101);
    yield* client.close(socket);
  });
});

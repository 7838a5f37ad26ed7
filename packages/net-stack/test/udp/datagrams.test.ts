import { Errno } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { SOCK_DGRAM } from "../../src/index.ts";
import { at, int, routedNetwork, withNetwork } from "../host/network.ts";

const IP_MTU_DISCOVER = 10;
const IP_MTU = 14;
const IP_PMTUDISC_DO = 2;
const MSG_DONTWAIT = 0x40;
const MSG_PEEK = 2;
const MSG_TRUNC = 0x20;

test("a datagram crosses a router and its answer comes back", () => {
  const seen = withNetwork(function* (network) {
    const { client, server, router } = yield* routedNetwork(network);
    const service = yield* server.socket(SOCK_DGRAM);
    expect(yield* server.do(() => service.bind(at("0.0.0.0", 5000)))).toBe(0);
    network.host.start(function* () {
      const buffer = new Uint8Array(2000);
      const from = new Uint8Array(16);
      const length = yield* server.receive(service, buffer, 0, from);
      yield* server.send(service, buffer.subarray(0, length), from);
    });
    const socket = yield* client.socket(SOCK_DGRAM);
    const data = Uint8Array.from({ length: 1000 }, (_, i) => i);
    expect(yield* client.send(socket, data, at("10.0.1.1", 5000))).toBe(1000);
    const answer = new Uint8Array(2000);
    expect(yield* client.receive(socket, answer)).toBe(1000);
    expect(answer.subarray(0, 1000)).toEqual(data);
    yield* client.close(socket);
    yield* server.close(service);
    return { forwarded: router.net.mib.ip.OutForwDatagrams, in: server.net.mib.udp.InDatagrams };
  });
  expect(seen).toEqual({ forwarded: 2, in: 1 });
});

test("a closed port refuses: the next call of a connected socket gets ECONNREFUSED", () => {
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network);
    const socket = yield* client.socket(SOCK_DGRAM);
    expect(yield* client.do(() => socket.connect(at("10.0.1.1", 9), 0))).toBe(0);
    expect(yield* client.send(socket, new Uint8Array(3))).toBe(3);
    expect(yield* client.receive(socket, new Uint8Array(10))).toBe(-Errno.ECONNREFUSED);
    expect(server.net.mib.udp.NoPorts).toBe(1);
    expect(server.net.mib.icmpMsg.sent.get(3)).toBe(1);
    yield* client.close(socket);
  });
});

test("an error that waits is told once by the next send or receive, before any datagram", () => {
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network);
    const socket = yield* client.socket(SOCK_DGRAM);
    expect(yield* client.do(() => socket.connect(at("10.0.1.1", 9), 0))).toBe(0);
    expect(yield* client.send(socket, new Uint8Array(3))).toBe(3);
    yield* network.sleep(1e9);
    const tooLong = new Uint8Array(65_600);
    expect(yield* client.send(socket, tooLong), "checked first").toBe(-Errno.EMSGSIZE);
    expect(yield* client.send(socket, new Uint8Array(3))).toBe(-Errno.ECONNREFUSED);
    expect(server.net.mib.udp.NoPorts).toBe(1);
    expect(yield* client.send(socket, new Uint8Array(3))).toBe(3);
    yield* network.sleep(1e9);
    // A datagram arrives behind the error.
    const peer = yield* server.socket(SOCK_DGRAM);
    const address = new Uint8Array(16);
    yield* server.do(() => peer.bind(at("0.0.0.0", 9)));
    yield* client.do(() => socket.getname(0, address));
    yield* server.send(peer, new Uint8Array(5), address);
    yield* network.sleep(1e9);
    expect(yield* client.receive(socket, new Uint8Array(9))).toBe(-Errno.ECONNREFUSED);
    expect(yield* client.receive(socket, new Uint8Array(9))).toBe(5);
    yield* client.close(socket);
    yield* server.close(peer);
  });
});

test("IP_MTU of a connected socket is its path's MTU, also when that has just been learnt", () => {
  withNetwork(function* (network) {
    const { client, router, devices } = yield* routedNetwork(network);
    const [, , behind] = devices;
    if (behind === undefined) throw new Error("the router has two cards");
    yield* router.do(() => router.net.dev_set_mtu(behind, 1000));
    const socket = yield* client.socket(SOCK_DGRAM);
    const out = new Uint8Array(4);
    const mtu = (): number => {
      const length = socket.getsockopt(0, IP_MTU, out);
      return length < 0 ? length : new DataView(out.buffer).getInt32(0, true);
    };
    expect(mtu()).toBe(-Errno.ENOTCONN);
    yield* client.do(() => socket.setsockopt(0, IP_MTU_DISCOVER, int(IP_PMTUDISC_DO)));
    expect(yield* client.do(() => socket.connect(at("10.0.1.1", 9), 0))).toBe(0);
    expect(mtu()).toBe(1500);
    expect(yield* client.send(socket, new Uint8Array(1200))).toBe(1200);
    yield* network.sleep(1e9);
    expect(mtu()).toBe(1000);
    expect(yield* client.send(socket, new Uint8Array(1200))).toBe(-Errno.EMSGSIZE);
    yield* client.close(socket);
  });
});

test("an unconnected socket hears nothing of a closed port", () => {
  withNetwork(function* (network) {
    const { client } = yield* routedNetwork(network);
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.send(socket, new Uint8Array(3), at("10.0.1.1", 9));
    yield* network.sleep(1e9);
    expect(yield* client.receive(socket, new Uint8Array(10), MSG_DONTWAIT)).toBe(-Errno.EAGAIN);
    yield* client.close(socket);
  });
});

test("MSG_PEEK leaves the datagram, MSG_TRUNC tells its whole length", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const socket = yield* node.socket(SOCK_DGRAM);
    yield* node.do(() => socket.bind(at("127.0.0.1", 7000)));
    yield* node.send(socket, new Uint8Array(100).fill(7), at("127.0.0.1", 7000));
    const small = new Uint8Array(10);
    expect(yield* node.receive(socket, small, MSG_PEEK | MSG_TRUNC)).toBe(100);
    expect(yield* node.receive(socket, small)).toBe(10);
    expect(small).toEqual(new Uint8Array(10).fill(7));
    expect(yield* node.receive(socket, small, MSG_DONTWAIT)).toBe(-Errno.EAGAIN);
    yield* node.close(socket);
  });
});

test("broadcasting needs SO_BROADCAST, and then reaches the link and the sender's own sockets", () => {
  withNetwork(function* (network) {
    const a = yield* network.node("a");
    const b = yield* network.node("b");
    const [a0, b0] = yield* network.wire(a, b);
    yield* a.address(a0, "10.0.0.1/24");
    yield* b.address(b0, "10.0.0.2/24");
    const receiver = yield* b.socket(SOCK_DGRAM);
    yield* b.do(() => receiver.bind(at("0.0.0.0", 68)));
    const sender = yield* a.socket(SOCK_DGRAM);
    const own = yield* a.socket(SOCK_DGRAM);
    yield* a.do(() => own.bind(at("0.0.0.0", 68)));
    const to = at("10.0.0.255", 68);
    expect(yield* a.send(sender, new Uint8Array(4), to)).toBe(-Errno.EACCES);
    expect(yield* a.do(() => sender.setsockopt(1, 6, int(1)))).toBe(0);
    expect(yield* a.send(sender, new Uint8Array(4), to)).toBe(4);
    expect(yield* b.receive(receiver, new Uint8Array(10))).toBe(4);
    expect(yield* a.receive(own, new Uint8Array(10))).toBe(4);
    for (const socket of [sender, own]) yield* a.close(socket);
    yield* b.close(receiver);
  });
});

test("a full receive buffer drops and counts RcvbufErrors", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const socket = yield* node.socket(SOCK_DGRAM);
    yield* node.do(() => socket.bind(at("127.0.0.1", 7000)));
    expect(yield* node.do(() => socket.setsockopt(1, 8, int(2000)))).toBe(0);
    for (let i = 0; i < 10; i++) {
      yield* node.send(socket, new Uint8Array(1000), at("127.0.0.1", 7000));
      yield* network.sleep(1000);
    }
    const { udp } = node.net.mib;
    expect(udp.RcvbufErrors).toBeGreaterThan(0);
    let received = 0;
    while ((yield* node.receive(socket, new Uint8Array(1000), MSG_DONTWAIT)) > 0) received++;
    expect(received + udp.RcvbufErrors).toBe(10);
    yield* node.close(socket);
  });
});

test("ports are shared only by consent", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const sockets = [];
    for (let i = 0; i < 4; i++) sockets.push(yield* node.socket(SOCK_DGRAM));
    const [first, second, third, fourth] = sockets;
    if (!first || !second || !third || !fourth) throw new Error("four sockets");
    const port = at("0.0.0.0", 5353);
    yield* node.do(() => {
      expect(first.bind(port)).toBe(0);
      expect(first.bind(port)).toBe(-Errno.EINVAL);
      expect(second.bind(port)).toBe(-Errno.EADDRINUSE);
      expect(second.bind(at("10.9.9.9", 1))).toBe(-Errno.EADDRNOTAVAIL);
      for (const socket of [first, third]) expect(socket.setsockopt(1, 2, int(1))).toBe(0);
      expect(third.bind(port)).toBe(0);
      expect(fourth.bind(port.subarray(0, 8))).toBe(-Errno.EINVAL);
      expect(fourth.bind(Uint8Array.of(10, 0, ...port.subarray(2)))).toBe(-Errno.EAFNOSUPPORT);
    });
    for (const socket of sockets) yield* node.close(socket);
  });
});

test("calls without a destination, beyond the size, or without a route say so", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const socket = yield* node.socket(SOCK_DGRAM);
    expect(yield* node.send(socket, new Uint8Array(1))).toBe(-Errno.EDESTADDRREQ);
    expect(yield* node.send(socket, new Uint8Array(65_600), at("127.0.0.1", 1))).toBe(
      -Errno.EMSGSIZE,
    );
    expect(yield* node.send(socket, new Uint8Array(1), at("10.0.0.1", 1))).toBe(-Errno.ENETUNREACH);
    expect(yield* node.send(socket, new Uint8Array(1), at("127.0.0.1", 0))).toBe(-Errno.EINVAL);
    yield* node.close(socket);
  });
});

import { Errno } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from "../../src/index.ts";
import type { Socket } from "../../src/index.ts";
import { at, int, withNetwork } from "../host/network.ts";
import type { Node } from "../host/network.ts";

const SOL_SOCKET = 1;

function getInt(socket: Socket, level: number, name: number): number {
  const out = new Uint8Array(4);
  const length = socket.getsockopt(level, name, out);
  return length < 0 ? length : new DataView(out.buffer).getInt32(0, true);
}

function withSocket(type: number, body: (socket: Socket, node: Node) => void): void {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const socket = yield* node.socket(type);
    yield* node.do(() => body(socket, node));
    yield* node.close(socket);
  });
}

test("buffers are doubled, held to the limit, and never too small", () => {
  withSocket(SOCK_DGRAM, (socket) => {
    expect(getInt(socket, SOL_SOCKET, 8)).toBe(212_992);
    socket.setsockopt(SOL_SOCKET, 8, int(10_000));
    expect(getInt(socket, SOL_SOCKET, 8)).toBe(20_000);
    socket.setsockopt(SOL_SOCKET, 8, int(1));
    expect(getInt(socket, SOL_SOCKET, 8)).toBe(2304);
    socket.setsockopt(SOL_SOCKET, 7, int(1 << 30));
    expect(getInt(socket, SOL_SOCKET, 7)).toBe(425_984);
    socket.setsockopt(SOL_SOCKET, 7, int(1));
    expect(getInt(socket, SOL_SOCKET, 7)).toBe(4608);
  });
});

test("what a socket is can be asked and not set", () => {
  withSocket(SOCK_DGRAM, (socket) => {
    expect([3, 38, 39, 30, 4].map((name) => getInt(socket, SOL_SOCKET, name))).toEqual([
      2, 17, 2, 0, 0,
    ]);
    for (const name of [3, 38, 39, 30, 4]) {
      expect(socket.setsockopt(SOL_SOCKET, name, int(1))).toBe(-Errno.ENOPROTOOPT);
    }
    expect(socket.setsockopt(SOL_SOCKET, 2, new Uint8Array(2))).toBe(-Errno.EINVAL);
    expect(socket.setsockopt(SOL_SOCKET, 999, int(1))).toBe(-Errno.ENOPROTOOPT);
  });
});

test("timeouts are kept in ticks and end a receive with EAGAIN", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const socket = yield* node.socket(SOCK_DGRAM);
    const timeval = new Uint8Array(16);
    const view = new DataView(timeval.buffer);
    view.setInt32(8, 250_000, true);
    yield* node.do(() => {
      expect(socket.setsockopt(SOL_SOCKET, 20, timeval)).toBe(0);
      const out = new Uint8Array(16);
      expect(socket.getsockopt(SOL_SOCKET, 20, out)).toBe(16);
      expect(out).toEqual(timeval);
      view.setInt32(8, 1_000_000, true);
      expect(socket.setsockopt(SOL_SOCKET, 20, timeval)).toBe(-Errno.EDOM);
    });
    const start = network.host.now;
    expect(yield* node.receive(socket, new Uint8Array(1))).toBe(-Errno.EAGAIN);
    expect(network.host.now - start).toBeGreaterThanOrEqual(250e6);
    expect(network.host.now - start).toBeLessThan(300e6);
    yield* node.close(socket);
  });
});

test("IP options: TTL, TOS, path MTU discovery", () => {
  withSocket(SOCK_DGRAM, (socket) => {
    expect([1, 2, 10].map((name) => getInt(socket, 0, name))).toEqual([0, 64, 1]);
    expect(socket.setsockopt(0, 2, int(256))).toBe(-Errno.EINVAL);
    expect(socket.setsockopt(0, 2, int(5))).toBe(0);
    expect(socket.setsockopt(0, 1, Uint8Array.of(0x10))).toBe(0);
    expect([1, 2].map((name) => getInt(socket, 0, name))).toEqual([0x10, 5]);
    expect(getInt(socket, 0, 14)).toBe(-Errno.ENOTCONN);
    expect(socket.connect(at("127.0.0.1", 9), 0)).toBe(0);
    expect(getInt(socket, 0, 14)).toBe(65_535);
    expect(socket.setsockopt(0, 3, int(1))).toBe(-Errno.ENOPROTOOPT);
  });
});

test("poll of a datagram socket: readable, writable, both shut down", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const socket = yield* node.socket(SOCK_DGRAM);
    yield* node.do(() => socket.bind(at("127.0.0.1", 5000)));
    expect(socket.poll()).toBe(0x004 | 0x100 | 0x200);
    yield* node.send(socket, new Uint8Array(7), at("127.0.0.1", 5000));
    yield* network.sleep(1e6);
    expect(socket.poll()).toBe(0x001 | 0x040 | 0x004 | 0x100 | 0x200);
    const arg = new Uint8Array(4);
    expect(yield* node.do(() => socket.ioctl(0x541b, arg))).toBe(0);
    expect(arg[0]).toBe(7);
    yield* node.do(() => {
      expect(socket.shutdown(2)).toBe(-Errno.ENOTCONN);
      expect(socket.shutdown(3)).toBe(-Errno.EINVAL);
      expect(socket.connect(at("127.0.0.1", 5000), 0)).toBe(0);
      expect(socket.shutdown(2)).toBe(0);
    });
    expect(socket.poll() & (0x010 | 0x2000)).toBe(0x010 | 0x2000);
    yield* node.close(socket);
  });
});

test("getname, and disconnecting by AF_UNSPEC", () => {
  withSocket(SOCK_DGRAM, (socket) => {
    const name = new Uint8Array(16);
    expect(socket.getname(1, name)).toBe(-Errno.ENOTCONN);
    expect(socket.connect(at("127.0.0.1", 9), 0)).toBe(0);
    expect(socket.getname(1, name)).toBe(16);
    expect(name).toEqual(at("127.0.0.1", 9));
    socket.getname(0, name);
    const port = ((name[2] ?? 0) << 8) | (name[3] ?? 0);
    expect(port).toBeGreaterThanOrEqual(32_768);
    expect(port).toBeLessThanOrEqual(60_999);
    expect(socket.connect(new Uint8Array(16), 0)).toBe(0);
    expect(socket.getname(1, name)).toBe(-Errno.ENOTCONN);
  });
});

test("interfaces are asked by ioctl", () => {
  withSocket(SOCK_DGRAM, (socket) => {
    const ifreq = new Uint8Array(40);
    ifreq.set([108, 111]);
    const ask = (request: number): unknown => socket.ioctl(request, ifreq);
    expect(ask(0x8933)).toBe(0);
    expect(ifreq[16]).toBe(1);
    expect(ask(0x8915)).toBe(0);
    expect([...ifreq.subarray(20, 24)]).toEqual([127, 0, 0, 1]);
    expect(ask(0x8921)).toBe(0);
    expect(new DataView(ifreq.buffer).getInt32(16, true)).toBe(65_536);
    expect(ask(0x8913)).toBe(0);
    expect(ifreq[16]).toBe(0x49);
    ifreq.set([120, 120]);
    expect(ask(0x8913)).toBe(-Errno.ENODEV);
    const all = new Uint8Array(400);
    expect(socket.ioctl(0x8912, all)).toBe(40);
    expect(socket.ioctl(0x1234, all)).toBe(-Errno.ENOTTY);
  });
});

test("sockets that there are not", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    yield* node.do(() => {
      const { net } = node;
      expect(net.sock_create(10, SOCK_DGRAM, 0)).toBe(-Errno.EAFNOSUPPORT);
      expect(net.sock_create(2, SOCK_DGRAM, 6)).toBe(-Errno.EPROTONOSUPPORT);
      expect(net.sock_create(2, SOCK_STREAM, 17)).toBe(-Errno.EPROTONOSUPPORT);
      expect(net.sock_create(2, SOCK_RAW, 0)).toBe(-Errno.EPROTONOSUPPORT);
      expect(net.sock_create(2, 5, 0)).toBe(-Errno.ESOCKTNOSUPPORT);
      expect(net.sock_create(2, 12, 0)).toBe(-Errno.EINVAL);
    });
  });
});

import { expect, test } from "vitest";
import type { Socket } from "../../src/socket/socket.ts";
import { LOCAL_ADDR, REMOTE_ADDR, Wire, sockaddr } from "./wire.ts";

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const EADDRINUSE = -98;
const EADDRNOTAVAIL = -99;
const ON = Uint8Array.of(1, 0, 0, 0);

function bind(wire: Wire, socket: Socket, port: number, addr = 0): number {
  return wire.call(() => socket.bind(sockaddr(addr, port)));
}

function localPort(wire: Wire, socket: Socket): number {
  const name = new Uint8Array(16);
  wire.call(() => socket.getname(0, name));
  return new DataView(name.buffer).getUint16(2);
}

function set(wire: Wire, socket: Socket, option: number): void {
  wire.call(() => socket.setsockopt(SOL_SOCKET, option, ON));
}

test("a port that is taken is EADDRINUSE; another address is not", () => {
  const wire = new Wire();
  const [a, b, c, d] = [0, 1, 2, 3].map(() => wire.newSocket());
  if (a === undefined || b === undefined || c === undefined || d === undefined) return;
  expect(bind(wire, a, 7000, LOCAL_ADDR)).toBe(0);
  expect(bind(wire, b, 7000, LOCAL_ADDR)).toBe(EADDRINUSE);
  expect(bind(wire, c, 7000)).toBe(EADDRINUSE);
  expect(bind(wire, d, 7000, 0x7f000001)).toBe(0);
});

test("SO_REUSEADDR shares a port until one of them listens", () => {
  const wire = new Wire();
  const a = wire.newSocket();
  const b = wire.newSocket();
  const c = wire.newSocket();
  for (const socket of [a, b, c]) set(wire, socket, SO_REUSEADDR);
  expect([bind(wire, a, 7000), bind(wire, b, 7000)]).toEqual([0, 0]);
  expect(wire.call(() => a.listen(1))).toBe(0);
  expect(wire.call(() => b.listen(1))).toBe(EADDRINUSE);
  expect(bind(wire, c, 7000)).toBe(EADDRINUSE);
});

test("SO_REUSEPORT lets several listen, and each peer always meets the same one", () => {
  const wire = new Wire();
  const sockets = [0, 1, 2].map(() => wire.newSocket());
  for (const socket of sockets) {
    set(wire, socket, SO_REUSEPORT);
    expect(bind(wire, socket, 8080)).toBe(0);
    expect(wire.call(() => socket.listen(5))).toBe(0);
  }
  const { hashinfo } = wire.host.tcp;
  const chosen = new Set(
    Array.from({ length: 50 }, (_, i) =>
      hashinfo.findListener(LOCAL_ADDR, 8080, 0, REMOTE_ADDR, 1000 + i),
    ),
  );
  expect(chosen.size).toBe(3);
  const again = [1, 2].map(() => hashinfo.findListener(LOCAL_ADDR, 8080, 0, REMOTE_ADDR, 1234));
  expect(again[0]).toBe(again[1]);
});

test("bind() to port 0 takes odd ports, connect() even ones", () => {
  const wire = new Wire();
  for (let i = 0; i < 20; i++) {
    const bound = wire.newSocket();
    expect(bind(wire, bound, 0)).toBe(0);
    const connected = wire.newSocket();
    wire.call(() => connected.connect(sockaddr(REMOTE_ADDR, 80), 0o4000));
    expect([localPort(wire, bound) % 2, localPort(wire, connected) % 2]).toEqual([1, 0]);
    expect(localPort(wire, connected)).toBeGreaterThanOrEqual(32768);
  }
});

test("connect() says EADDRNOTAVAIL when the range is used up", () => {
  const wire = new Wire({ sysctl: { "net.ipv4.ip_local_port_range": "40000 40003" } });
  const results = Array.from({ length: 5 }, () => {
    const socket = wire.newSocket();
    return wire.call(() => socket.connect(sockaddr(REMOTE_ADDR, 80), 0o4000));
  });
  expect(results).toEqual([-115, -115, -115, -115, EADDRNOTAVAIL]);
  // Another peer may share the ports.
  const other = wire.newSocket();
  expect(wire.call(() => other.connect(sockaddr(REMOTE_ADDR, 81), 0o4000))).toBe(-115);
});

test("a port in TIME_WAIT can be bound with SO_REUSEADDR only", () => {
  const wire = Wire.accepted();
  wire.close();
  wire.inject("F. 1:1(0) ack 2 win 1000").sent();
  const { tcp } = wire.host;
  for (const listener of tcp.hashinfo.listening.get(8080) ?? []) wire.call(() => listener.close(0));
  const plain = wire.newSocket();
  expect(bind(wire, plain, 8080)).toBe(EADDRINUSE);
  const reuse = wire.newSocket();
  set(wire, reuse, SO_REUSEADDR);
  // The listener before us had not set it, so its successor in TIME_WAIT does not share.
  expect(bind(wire, reuse, 8080)).toBe(EADDRINUSE);
  wire.run(66);
  expect(bind(wire, plain, 8080)).toBe(0);
});

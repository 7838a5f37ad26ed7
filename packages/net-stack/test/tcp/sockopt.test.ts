import { expect, test } from "vitest";
import { Wire } from "./wire.ts";

const SOL_TCP = 6;
const EINVAL = -22;
const ENOENT = -2;
const ENOPROTOOPT = -92;

function get(wire: Wire, name: number): number {
  const { socket } = wire;
  const out = new Uint8Array(4);
  expect(wire.call(() => socket.getsockopt(SOL_TCP, name, out))).toBe(4);
  return new DataView(out.buffer).getInt32(0, true);
}

test("options of level IPPROTO_TCP read back as Linux gives them", () => {
  const wire = new Wire();
  const defaults = [1, 3, 4, 5, 6, 7, 8, 9, 18].map((name) => get(wire, name));
  expect(defaults).toEqual([0, 0, 7200, 75, 9, 6, 60, 0, 0]);
  const values = [
    [1, 1, 1],
    [3, 1, 1],
    [4, 100, 100],
    [5, 7, 7],
    [6, 3, 3],
    [7, 2, 2],
    [8, 30, 30],
    [9, 4, 7],
    [18, 5000, 5000],
  ] as const;
  for (const [name, value, readBack] of values) {
    expect(wire.setsockopt(SOL_TCP, name, value)).toBe(0);
    expect(get(wire, name)).toBe(readBack);
  }
});

test("values out of range are EINVAL, unknown options ENOPROTOOPT", () => {
  const wire = new Wire();
  const bad = [
    [2, 10],
    [2, 40_000],
    [4, 0],
    [4, 40_000],
    [5, 0],
    [6, 128],
    [7, 0],
    [18, -1],
  ] as const;
  for (const [name, value] of bad) expect(wire.setsockopt(SOL_TCP, name, value)).toBe(EINVAL);
  expect(wire.setsockopt(SOL_TCP, 999, 1)).toBe(ENOPROTOOPT);
});

test("TCP_CONGESTION names the algorithm", () => {
  const wire = new Wire();
  const { socket } = wire;
  const name = new TextEncoder().encode("reno");
  const read = (): string => {
    const out = new Uint8Array(16);
    wire.call(() => socket.getsockopt(SOL_TCP, 13, out));
    return new TextDecoder().decode(out).replaceAll("\0", "");
  };
  expect(read()).toBe("cubic");
  expect(wire.call(() => socket.setsockopt(SOL_TCP, 13, name))).toBe(0);
  expect(read()).toBe("reno");
  const none = new TextEncoder().encode("none");
  expect(wire.call(() => socket.setsockopt(SOL_TCP, 13, none))).toBe(ENOENT);
});

test("TCP_MAXSEG limits what is offered and what is sent", () => {
  const wire = new Wire();
  expect(wire.setsockopt(SOL_TCP, 2, 500)).toBe(0);
  wire.connect();
  expect(wire.sent()[0]).toContain("<mss 500,");
  wire.inject("S. 0:0(0) ack 1 win 65535 <mss 1460>");
  wire.send(1200);
  expect(wire.sent().map((text) => text.split(" ")[1])).toEqual([
    "1:1(0)",
    "1:501(500)",
    "501:1001(500)",
    "1001:1201(200)",
  ]);
});

test("TCP_INFO has Linux's fields at Linux's offsets", () => {
  const wire = Wire.accepted({ rtt: 0.05 });
  wire.send(5000);
  wire.run(0.05);
  wire.inject(". 1:1(0) ack 2001 win 1000 <nop,nop,sack 3001:4001>");
  const info = new Uint8Array(300);
  const { socket } = wire;
  expect(wire.call(() => socket.getsockopt(SOL_TCP, 11, info))).toBe(248);
  const view = new DataView(info.buffer);
  const u32 = (offset: number): number => view.getUint32(offset, true);
  expect({
    state: info[0],
    options: info[5],
    wscale: info[6],
    snd_mss: u32(16),
    unacked: u32(24),
    sacked: u32(28),
    rtt: u32(68),
    snd_cwnd: u32(80),
    bytes_acked: u32(120),
    bytes_sent: u32(200),
    delivered: u32(192),
    min_rtt: u32(148),
  }).toEqual({
    state: 1,
    options: 6,
    wscale: 0x77,
    snd_mss: 1000,
    unacked: 3,
    sacked: 1,
    rtt: 50_000,
    snd_cwnd: 10,
    bytes_acked: 2000,
    bytes_sent: 5000,
    delivered: 4,
    min_rtt: 50_000,
  });
});

test("SIOCINQ counts what can be read, SIOCOUTQ what is not acknowledged", () => {
  const wire = Wire.accepted();
  const ioctl = (request: number): number => {
    const { socket } = wire;
    const out = new Uint8Array(4);
    expect(wire.call(() => socket.ioctl(request, out))).toBe(0);
    return new DataView(out.buffer).getInt32(0, true);
  };
  wire.inject("P. 1:301(300) ack 1 win 1000");
  wire.send(700);
  expect([ioctl(0x541b), ioctl(0x5411)]).toEqual([300, 700]);
  wire.recv(100);
  wire.inject("F. 301:301(0) ack 501 win 1000");
  expect([ioctl(0x541b), ioctl(0x5411)]).toEqual([200, 200]);
});

test("MSG_PEEK reads without taking, MSG_TRUNC takes without reading", () => {
  const wire = Wire.accepted();
  wire.inject("P. 1:301(300) ack 1 win 1000");
  wire.inject("P. 301:401(100) ack 1 win 1000");
  expect(wire.recv(1000, 2)).toBe(400);
  expect(wire.recv(350, 2)).toBe(350);
  expect(wire.recv(350, 0x20)).toBe(350);
  expect(wire.recv(1000)).toBe(50);
});

test("SO_RCVLOWAT keeps poll() quiet until there is enough", () => {
  const wire = Wire.accepted();
  const { socket } = wire;
  expect(wire.setsockopt(1, 18, 500)).toBe(0);
  const isReadable = (): boolean => (wire.call(() => socket.poll()) & 1) !== 0;
  wire.inject("P. 1:301(300) ack 1 win 1000");
  expect(isReadable()).toBe(false);
  wire.inject("P. 301:601(300) ack 1 win 1000");
  expect(isReadable()).toBe(true);
});

test("an urgent octet is read out of band, and skipped in line", () => {
  const wire = Wire.accepted();
  wire.inject("PU. 1:11(10) ack 1 win 1000 urg 5");
  const { socket } = wire;
  expect(wire.call(() => socket.poll()) & 2).toBe(2);
  expect(wire.recv(10, 1)).toBe(1);
  expect(wire.recv(10)).toBe(4);
  expect(wire.recv(10)).toBe(5);
});

test("MSG_OOB sends an urgent pointer behind its last octet", () => {
  const wire = Wire.accepted();
  wire.send(5, 1);
  wire.expect("PU. 1:6(5) ack 1 urg 5");
  expect(wire.sent()).toEqual([]);
});

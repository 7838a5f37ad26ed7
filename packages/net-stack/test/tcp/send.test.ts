import { expect, test } from "vitest";
import { Wire } from "./wire.ts";

const TCP_NODELAY = 1;
const TCP_CORK = 3;
const MSG_MORE = 0x8000;

test("Nagle holds back a small segment while another small one is out", () => {
  const wire = Wire.accepted();
  wire.send(100);
  wire.expect("P. 1:101(100) ack 1");
  wire.send(100);
  wire.expectNothing();
  wire.send(50);
  wire.inject(". 1:1(0) ack 101 win 1000");
  wire.expect("P. 101:251(150) ack 1");
  expect(wire.sent()).toEqual([]);
});

test("a small segment follows full ones at once (Minshall)", () => {
  const wire = Wire.accepted();
  wire.send(2100);
  expect(wire.sent()).toEqual([
    ". 1:1001(1000) ack 1",
    ". 1001:2001(1000) ack 1",
    "P. 2001:2101(100) ack 1",
  ]);
});

test("TCP_NODELAY sends small segments at once, and what was held back", () => {
  const wire = Wire.accepted();
  wire.send(100);
  wire.send(100);
  wire.sent();
  expect(wire.setsockopt(6, TCP_NODELAY, 1)).toBe(0);
  wire.expect("P. 101:201(100) ack 1");
  wire.send(1);
  wire.expect("P. 201:202(1) ack 1");
});

test("TCP_CORK sends only full segments until it is taken away", () => {
  const wire = Wire.accepted();
  wire.setsockopt(6, TCP_CORK, 1);
  wire.send(1500);
  expect(wire.sent()).toEqual([". 1:1001(1000) ack 1"]);
  wire.setsockopt(6, TCP_CORK, 0);
  wire.expect("P. 1001:1501(500) ack 1");
});

test("MSG_MORE waits for the rest", () => {
  const wire = Wire.accepted();
  wire.send(400, MSG_MORE);
  wire.expectNothing();
  wire.send(100);
  wire.expect("P. 1:501(500) ack 1");
  expect(wire.sent()).toEqual([]);
});

test("the peer's window limits what is sent", () => {
  const wire = Wire.accepted({ synOptions: "mss 1000", win: 2500 });
  wire.send(5000);
  expect(wire.sent()).toEqual([". 1:1001(1000) ack 1", "P. 1001:2001(1000) ack 1"]);
  wire.inject(". 1:1(0) ack 2001 win 2500");
  expect(wire.sent()).toEqual([". 2001:3001(1000) ack 1", "P. 3001:4001(1000) ack 1"]);
});

test("a closed window is probed after an RTO, with doubling pauses", () => {
  const wire = Wire.accepted({ synOptions: "mss 1000", win: 5000, rtt: 0.1 });
  wire.send(1000);
  wire.run(0.1);
  wire.inject(". 1:1(0) ack 1001 win 0").sent();
  wire.send(500);
  const start = wire.now;
  wire.expectNothing();
  wire.run(5);
  const times = wire.sentTimes().map((t) => t - start);
  const expected = [0.3, 0.9, 2.1, 4.5];
  expect(times.length).toBe(4);
  for (const [i, time] of times.entries()) {
    expect(time).toBeGreaterThanOrEqual((expected[i] ?? 0) - 0.002);
    expect(time).toBeLessThanOrEqual((expected[i] ?? 0) * 1.09 + 0.005);
  }
  wire.inject(". 1:1(0) ack 1001 win 1000");
  wire.expect("P. 1001:1501(500) ack 1");
});

test("a window probe repeats an old number and carries nothing", () => {
  const wire = Wire.accepted({ synOptions: "mss 1000", win: 5000 });
  wire.send(1000);
  wire.inject(". 1:1(0) ack 1001 win 0").sent();
  wire.send(500);
  wire.run(0.25);
  wire.expect(". 1000:1000(0) ack 1");
  expect(wire.host.net.mib.tcpExt.TCPWinProbe).toBe(1);
});

test("a peer that answers probes keeps the connection for ever", () => {
  const wire = Wire.accepted({ synOptions: "mss 1000", win: 5000 });
  wire.send(1000);
  wire.inject(". 1:1(0) ack 1001 win 0").sent();
  wire.send(500);
  for (let i = 0; i < 40; i++) {
    wire.run(130);
    expect(wire.sent().length).toBeGreaterThan(0);
    wire.inject(". 1:1(0) ack 1001 win 0");
  }
  expect(wire.tp.sk_state).toBe(1);
});

test("a full send buffer is EAGAIN, and poll() says when there is room", () => {
  const wire = Wire.accepted();
  let total = 0;
  let n = wire.send(65_536);
  for (; n > 0; n = wire.send(65_536)) total += n;
  expect(n).toBe(-11);
  const { socket } = wire;
  const EPOLLOUT = 4;
  expect(wire.call(() => socket.poll()) & EPOLLOUT).toBe(0);
  let acked = 1;
  while ((wire.call(() => socket.poll()) & EPOLLOUT) === 0) {
    acked += 1000;
    expect(acked).toBeLessThan(total);
    wire.inject(`. 1:1(0) ack ${acked} win 1000`);
  }
  expect(wire.send(1000)).toBeGreaterThan(0);
});

test("keepalive probes a silent peer and gives up after nine", () => {
  const wire = Wire.accepted();
  const SO_KEEPALIVE = 9;
  expect(wire.setsockopt(6, 4, 10)).toBe(0);
  expect(wire.setsockopt(6, 5, 2)).toBe(0);
  expect(wire.setsockopt(6, 6, 3)).toBe(0);
  expect(wire.setsockopt(1, SO_KEEPALIVE, 1)).toBe(0);
  const start = wire.now;
  wire.run(9);
  wire.expectNothing();
  wire.expectAt(start + 10, ". 0:0(0) ack 1", 0.6);
  wire.inject(". 1:1(0) ack 1 win 1000");
  const again = wire.now;
  wire.run(30);
  const times = wire.sentTimes().map((t) => Math.round(t - again));
  expect(times.length).toBe(4);
  expect(wire.recv(10)).toBe(-110);
});

test("segments that wait are cut when SACK blocks must ride along", () => {
  const wire = Wire.accepted({ synOptions: "mss 1000,sackOK", win: 5000, mtu: 1040 });
  wire.setsockopt(6, TCP_NODELAY, 1);
  wire.send(1000);
  wire.inject(". 1:1(0) ack 1001 win 0").sent();
  wire.send(3000);
  wire.inject(". 501:601(100) ack 1001 win 0").sent();
  wire.inject(". 601:601(0) ack 1001 win 5000");
  const lengths = wire.sent().map((text) => Number(/\((\d+)\)/.exec(text)?.[1]));
  expect(Math.max(...lengths)).toBe(988);
  expect(lengths.reduce((sum, n) => sum + n, 0)).toBe(3000);
});

test("a fresh connection has Linux's send buffer, and small writes are charged little", () => {
  const wire = Wire.accepted({ synOptions: "mss 1460,sackOK" });
  expect(wire.tp.sk_sndbuf).toBe(87_040);
  wire.setsockopt(6, TCP_NODELAY, 1);
  for (let i = 0; i < 5; i++) wire.send(1);
  expect(wire.tp.sk_wmem_queued).toBe(5 * 769);
  wire.inject(". 1:1(0) ack 6 win 1000");
  expect(wire.tp.sk_wmem_queued).toBe(0);
});

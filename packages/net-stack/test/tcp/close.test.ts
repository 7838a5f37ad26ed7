import { expect, test } from "vitest";
import { Wire } from "./wire.ts";

const SO_LINGER = 13;
const TCP_LINGER2 = 8;

/** Nothing is left of a connection: no packet, no timer, no port, no entry. */
function expectNothingLeft(wire: Wire): void {
  const { net, tcp } = wire.host;
  expect([net.skbPool.skbsLive, tcp.twCount, tcp.orphanCount, tcp.hashinfo.size]).toEqual([
    0, 0, 0, 0,
  ]);
}

test("we close first: FIN_WAIT1, FIN_WAIT2, TIME_WAIT for 60 s", () => {
  const wire = Wire.accepted();
  const { tp } = wire;
  wire.close();
  wire.expect("F. 1:1(0) ack 1");
  expect(tp.sk_state).toBe(4);
  wire.inject(". 1:1(0) ack 2 win 1000");
  wire.inject("F. 1:1(0) ack 2 win 1000");
  wire.expect(". 2:2(0) ack 2");
  expect(wire.host.tcp.twCount).toBe(1);
  wire.run(59);
  wire.inject("F. 1:1(0) ack 2 win 1000").expect(". 2:2(0) ack 2");
  wire.run(59);
  expect(wire.host.tcp.twCount).toBe(1);
  wire.run(6);
  expectNothingLeft(wire);
});

test("the peer closes first: CLOSE_WAIT, LAST_ACK, and no TIME_WAIT", () => {
  const wire = Wire.accepted();
  const { tp } = wire;
  wire.inject("F. 1:1(0) ack 1 win 1000").run(0.1);
  wire.expect(". 1:1(0) ack 2");
  expect([tp.sk_state, wire.recv(10)]).toEqual([8, 0]);
  wire.close();
  wire.expect("F. 1:1(0) ack 2");
  expect(tp.sk_state).toBe(9);
  wire.inject(". 2:2(0) ack 2 win 1000").expectNothing();
  expectNothingLeft(wire);
});

test("both close at once: CLOSING, TIME_WAIT", () => {
  const wire = Wire.accepted();
  const { tp } = wire;
  wire.close();
  wire.expect("F. 1:1(0) ack 1");
  wire.inject("F. 1:1(0) ack 1 win 1000").expect(". 2:2(0) ack 2");
  expect(tp.sk_state).toBe(11);
  wire.inject(". 2:2(0) ack 2 win 1000");
  expect(wire.host.tcp.twCount).toBe(1);
  wire.run(66);
  expectNothingLeft(wire);
});

test("the FIN and its acknowledgment may come in one segment", () => {
  const wire = Wire.accepted();
  wire.close();
  wire.expect("F. 1:1(0) ack 1");
  wire.inject("F. 1:1(0) ack 2 win 1000").expect(". 2:2(0) ack 2");
  expect(wire.host.tcp.twCount).toBe(1);
});

test("close() with unread data resets", () => {
  const wire = Wire.accepted();
  wire.inject("P. 1:101(100) ack 1 win 1000").sent();
  wire.close();
  wire.expect("R. 1:1(0) ack 101");
  expect(wire.host.net.mib.tcpExt.TCPAbortOnClose).toBe(1);
  expectNothingLeft(wire);
});

test("close() with SO_LINGER of 0 s resets", () => {
  const wire = Wire.accepted();
  const { socket } = wire;
  const linger = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0]);
  expect(wire.call(() => socket.setsockopt(1, SO_LINGER, linger))).toBe(0);
  wire.send(100);
  wire.sent();
  wire.close();
  wire.expect("R. 101:101(0) ack 1");
  expectNothingLeft(wire);
});

test("data that was written before close() is sent before the FIN", () => {
  const wire = Wire.accepted();
  wire.send(15_500);
  wire.close();
  expect(wire.sent().length).toBe(10);
  wire.inject(". 1:1(0) ack 10001 win 1000");
  expect(wire.sent().at(-1)).toBe("FP. 15001:15501(500) ack 1");
});

test("shutdown(SHUT_WR) still receives", () => {
  const wire = Wire.accepted();
  const { socket } = wire;
  expect(wire.call(() => socket.shutdown(1))).toBe(0);
  wire.expect("F. 1:1(0) ack 1");
  expect(wire.send(10)).toBe(-32);
  wire.inject(". 1:1(0) ack 2 win 1000");
  wire.inject("P. 1:101(100) ack 2 win 1000").expect(". 2:2(0) ack 101");
  expect(wire.recv(1000)).toBe(100);
  wire.inject("F. 101:101(0) ack 2 win 1000").expect(". 2:2(0) ack 102");
  expect(wire.recv(1000)).toBe(0);
});

test("data after close() is answered with an RST", () => {
  const wire = Wire.accepted();
  wire.close();
  wire.sent();
  wire.inject("P. 1:101(100) ack 1 win 1000");
  expect(wire.sent()).toEqual(["R 1:1(0)"]);
  expectNothingLeft(wire);
});

test("data for an orphan in FIN_WAIT2 is answered with an RST", () => {
  const wire = Wire.accepted();
  wire.close();
  wire.inject(". 1:1(0) ack 2 win 1000").sent();
  wire.inject("P. 1:101(100) ack 2 win 1000");
  wire.expect("R 2:2(0)");
  expectNothingLeft(wire);
  expect(wire.sent()).toEqual([]);
});

test("data in the segment that acknowledges an orphan's FIN is answered with an RST", () => {
  const wire = Wire.accepted();
  wire.close();
  wire.sent();
  wire.inject("P. 1:101(100) ack 2 win 1000").expect("R 2:2(0)");
  expect(wire.host.net.mib.tcpExt.TCPAbortOnData).toBe(1);
  expectNothingLeft(wire);
});

test("an orphan with a negative TCP_LINGER2 answers the acknowledgment of its FIN with an RST", () => {
  const wire = Wire.accepted();
  const { socket } = wire;
  const never = Uint8Array.of(255, 255, 255, 255);
  expect(wire.call(() => socket.setsockopt(6, TCP_LINGER2, never))).toBe(0);
  wire.close();
  wire.sent();
  wire.inject(". 1:1(0) ack 2 win 1000").expect("R 2:2(0)");
  expectNothingLeft(wire);
});

test("an orphan waits tcp_fin_timeout for the peer's FIN", () => {
  const wire = Wire.accepted();
  wire.close();
  wire.inject(". 1:1(0) ack 2 win 1000").sent();
  wire.run(59);
  expect(wire.host.tcp.hashinfo.size).toBe(1);
  wire.run(7);
  expectNothingLeft(wire);
  wire.inject("F. 1:1(0) ack 2 win 1000").expect("R 2:2(0)");
});

test("TCP_LINGER2 below 0 ends with FIN_WAIT2", () => {
  const wire = Wire.accepted();
  expect(wire.setsockopt(6, TCP_LINGER2, -1)).toBe(0);
  wire.close();
  wire.inject(". 1:1(0) ack 2 win 1000");
  expectNothingLeft(wire);
});

test("a FIN that is not acknowledged is sent again", () => {
  const wire = Wire.accepted();
  wire.close();
  wire.expect("F. 1:1(0) ack 1");
  wire.run(1);
  expect(wire.sent()).toContain("F. 1:1(0) ack 1");
  wire.run(400);
  expectNothingLeft(wire);
});

test("an RST is ECONNRESET once, then the end of the stream; after the peer's FIN EPIPE", () => {
  const wire = Wire.accepted();
  wire.inject("R 1:1(0) win 0");
  expect([wire.send(1), wire.send(1), wire.recv(1)]).toEqual([-104, -32, 0]);
  const other = Wire.accepted();
  other.inject("F. 1:1(0) ack 1 win 1000");
  other.inject("R 2:2(0) win 0");
  expect(other.send(1)).toBe(-32);
});

test("a SYN in TIME_WAIT above the old numbers opens a new connection", () => {
  const wire = new Wire().listen();
  const listener = wire.socket;
  wire.handshake("mss 1000,sackOK,nop,nop,nop,wscale 7");
  wire.close();
  wire.inject("F. 1:1(0) ack 2 win 1000").sent();
  expect(wire.host.tcp.twCount).toBe(1);
  wire.inject("S 100000:100000(0) win 65535 <mss 1000>");
  const [answer] = wire.sent();
  expect(answer).toMatch(/^S\. \d+:\d+\(0\) ack 100001/);
  expect(wire.host.tcp.twCount).toBe(0);
  wire.socket = listener;
});

test("an RST in TIME_WAIT ends it, unless tcp_rfc1337 is set", () => {
  for (const [rfc1337, left] of [
    [0, 0],
    [1, 1],
  ] as const) {
    const wire = Wire.accepted({ sysctl: { "net.ipv4.tcp_rfc1337": rfc1337 } });
    wire.close();
    wire.inject("F. 1:1(0) ack 2 win 1000").sent();
    wire.inject("R 2:2(0) win 0");
    expect(wire.host.tcp.twCount).toBe(left);
  }
});

test("a kernel that halts frees every connection without a segment", () => {
  const wire = Wire.accepted();
  wire.send(30_000);
  wire.inject(". 5001:6001(1000) ack 1 win 1000");
  wire.inject("P. 1:101(100) ack 1 win 1000").sent();
  wire.call(() => wire.host.tcp.shutdown());
  expect(wire.sent()).toEqual([]);
  expectNothingLeft(wire);
  expect(wire.host.tcp.hashinfo.bind.size).toBe(0);
});

test("a stack that shuts down in the middle of a transfer owns no packet afterwards", () => {
  const wire = Wire.accepted();
  wire.send(30_000);
  wire.inject("P. 1:101(100) ack 1 win 1000").sent();
  expect(wire.host.net.skbPool.skbsLive).toBeGreaterThan(0);
  wire.call(() => wire.host.net.shutdown());
  expect(wire.sent()).toEqual([]);
  expect(wire.host.net.skbPool.skbsLive).toBe(0);
  expect(wire.host.net.skbPool.buffersLive).toBe(0);
});

test("poll() tells the ends of a connection apart", () => {
  const wire = Wire.accepted();
  const { socket } = wire;
  const [IN, OUT, ERR, HUP, RDHUP] = [0x1, 0x4, 0x8, 0x10, 0x2000];
  const mask = (): number => wire.call(() => socket.poll()) & (IN | OUT | ERR | HUP | RDHUP);
  expect(mask()).toBe(OUT);
  wire.inject("P. 1:101(100) ack 1 win 1000");
  expect(mask()).toBe(IN | OUT);
  wire.recv(100);
  wire.inject("F. 101:101(0) ack 1 win 1000");
  expect(mask()).toBe(IN | OUT | RDHUP);
  wire.call(() => socket.shutdown(1));
  expect(mask()).toBe(IN | OUT | HUP | RDHUP);
  wire.inject("R 102:102(0) win 0");
  expect(mask()).toBe(IN | OUT | ERR | HUP | RDHUP);
});

import { expect, test } from "vitest";
import { Wire } from "./wire.ts";

/** A connection that has left quickack mode: its ACKs are delayed. */
function delaying(): Wire {
  const wire = Wire.accepted();
  wire.tp.icsk_ack.quick = 0;
  wire.inject("P. 1:101(100) ack 1 win 1000");
  // Longer than the delay, shorter than the RTO: after that a connection starts quickly again.
  wire.run(0.1);
  wire.sent();
  wire.tp.icsk_ack.quick = 0;
  return wire;
}

test("the first segments of a connection are acknowledged at once", () => {
  const wire = Wire.accepted();
  wire.inject("P. 1:1001(1000) ack 1 win 1000").expect(". 1:1(0) ack 1001");
  wire.run(0.01);
  wire.inject("P. 1001:2001(1000) ack 1 win 1000").expect(". 1:1(0) ack 2001");
  expect(wire.sent()).toEqual([]);
});

test("a small segment is acknowledged after 40 ms", () => {
  const wire = delaying();
  const start = wire.now;
  wire.inject("P. 101:201(100) ack 1 win 1000").expectNothing();
  wire.expectAt(start + 0.04, ". 1:1(0) ack 201");
  expect(wire.host.net.mib.tcpExt.DelayedACKs).toBeGreaterThan(0);
});

test("a reply carries the acknowledgment", () => {
  const wire = delaying();
  wire.inject("P. 101:201(100) ack 1 win 1000");
  wire.send(50);
  wire.expect("P. 1:51(50) ack 201");
  wire.inject(". 201:201(0) ack 51 win 1000").run(0.3);
  wire.expectNothing();
  expect(wire.sent()).toEqual([]);
});

test("the second full segment is acknowledged at once", () => {
  const wire = Wire.accepted();
  for (let i = 0; i < 40; i++) {
    wire.inject(`. ${1 + i * 1000}:${1001 + i * 1000}(1000) ack 1 win 1000`).run(0.001);
    wire.recv(1000);
  }
  wire.run(0.1);
  wire.sent();
  wire.tp.icsk_ack.quick = 0;
  wire.inject(". 40001:41001(1000) ack 1 win 1000");
  wire.expectNothing();
  wire.recv(1000);
  wire.expectNothing();
  wire.inject(". 41001:42001(1000) ack 1 win 1000");
  wire.recv(1000);
  wire.expect(". 1:1(0) ack 42001");
  expect(wire.sent()).toEqual([]);
});

test("old data is acknowledged at once, with a D-SACK", () => {
  const wire = delaying();
  wire.inject("P. 1:101(100) ack 1 win 1000");
  wire.expect(". 1:1(0) ack 101 <nop,nop,sack 1:101>");
  expect(wire.sent()).toEqual([]);
});

test("a segment beyond the window is answered and dropped", () => {
  const wire = delaying();
  wire.inject("P. 1000101:1000201(100) ack 1 win 1000");
  wire.expect(". 1:1(0) ack 101");
  expect(wire.recv(1000)).toBe(100);
  expect(wire.recv(1000)).toBe(-11);
});

test("an ACK of data never sent is dropped", () => {
  const wire = delaying();
  wire.inject("P. 101:201(100) ack 5000 win 1000");
  expect(wire.recv(1000)).toBe(100);
  expect(wire.recv(1000)).toBe(-11);
});

test("a SYN on an established connection gets a challenge ACK, once in half a second", () => {
  const wire = delaying();
  wire.inject("S 101:101(0) win 1000").expect(". 1:1(0) ack 101");
  wire.inject("S 101:101(0) win 1000").expectNothing();
  wire.run(0.6);
  wire.inject("S 101:101(0) win 1000").expect(". 1:1(0) ack 101");
  const { TCPSYNChallenge, TCPChallengeACK } = wire.host.net.mib.tcpExt;
  expect([TCPSYNChallenge, TCPChallengeACK]).toEqual([3, 2]);
});

test("only an RST with exactly the next number resets", () => {
  const wire = delaying();
  wire.inject("R 150:150(0) win 0").expect(". 1:1(0) ack 101");
  expect(wire.recv(1000)).toBe(100);
  expect(wire.recv(1000)).toBe(-11);
  wire.inject("R 101:101(0) win 0").expectNothing();
  expect(wire.recv(1000)).toBe(-104);
  expect(wire.recv(1000)).toBe(0);
});

test("a segment with an old timestamp is answered and dropped (PAWS)", () => {
  const wire = Wire.accepted({ synOptions: "mss 1000,sackOK,TS val 200 ecr 0" });
  wire.inject("P. 1:101(100) ack 1 win 1000 <nop,nop,TS val 300 ecr 100>").run(0.3);
  wire.sent();
  wire.inject("P. 101:201(100) ack 1 win 1000 <nop,nop,TS val 250 ecr 100>");
  expect(wire.sent()).toEqual([". 1:1(0) ack 101 <nop,nop,TS val 400 ecr 300>"]);
  expect(wire.host.net.mib.tcpExt.PAWSEstab).toBe(1);
});

test("TCP_QUICKACK acknowledges what is owed", () => {
  const wire = delaying();
  wire.inject("P. 101:201(100) ack 1 win 1000").expectNothing();
  expect(wire.setsockopt(6, 12, 1)).toBe(0);
  wire.expect(". 1:1(0) ack 201");
});

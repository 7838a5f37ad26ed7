import { expect, test } from "vitest";
import { Wire } from "./wire.ts";

test("a hole is reported by SACK, the most recent block first", () => {
  const wire = Wire.accepted();
  wire.inject(". 1001:2001(1000) ack 1 win 1000");
  wire.expect(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>");
  wire.inject(". 3001:4001(1000) ack 1 win 1000");
  wire.expect(". 1:1(0) ack 1 <nop,nop,sack 3001:4001 1001:2001>");
  wire.inject(". 5001:6001(1000) ack 1 win 1000");
  wire.expect(". 1:1(0) ack 1 <nop,nop,sack 5001:6001 3001:4001 1001:2001>");
  wire.inject(". 4001:5001(1000) ack 1 win 1000").run(0.01);
  wire.expect(". 1:1(0) ack 1 <nop,nop,sack 3001:6001 1001:2001>");
  wire.inject(". 1:1001(1000) ack 1 win 1000");
  wire.expect(". 1:1(0) ack 2001 <nop,nop,sack 3001:6001>");
  wire.inject(". 2001:3001(1000) ack 1 win 1000");
  wire.expect(". 1:1(0) ack 6001");
  expect(wire.recv(10_000)).toBe(6000);
});

test("with timestamps three blocks fit", () => {
  const wire = Wire.accepted({ synOptions: "mss 1000,sackOK,TS val 200 ecr 0" });
  for (const seq of [1001, 3001, 5001, 7001]) {
    wire.inject(`. ${seq}:${seq + 500}(500) ack 1 win 1000 <nop,nop,TS val 200 ecr 100>`);
  }
  wire.run(0.01);
  const last = wire.sent().at(-1);
  expect(last).toContain("sack 7001:7501 5001:5501 3001:3501>");
});

test("what arrives twice out of order is reported by D-SACK", () => {
  const wire = Wire.accepted();
  wire.inject(". 1001:2001(1000) ack 1 win 1000").sent();
  wire.inject(". 1001:2001(1000) ack 1 win 1000");
  wire.expect(". 1:1(0) ack 1 <nop,nop,sack 1001:2001 1001:2001>");
  const { TCPDSACKOfoSent } = wire.host.net.mib.tcpExt;
  expect(TCPDSACKOfoSent).toBe(1);
});

test("overlapping segments give each octet once", () => {
  const wire = Wire.accepted();
  wire.inject(". 501:1501(1000) ack 1 win 1000");
  wire.inject(". 1001:2001(1000) ack 1 win 1000");
  wire.inject(". 1:1001(1000) ack 1 win 1000");
  expect(wire.recv(10_000)).toBe(2000);
});

test("more than three duplicate ACKs are compressed into one", () => {
  const wire = Wire.accepted({ synOptions: "mss 1000,sackOK,TS val 200 ecr 0" });
  const ts = "<nop,nop,TS val 200 ecr 100>";
  wire.run(0.1);
  wire.inject(`. 1:1001(1000) ack 1 win 1000 ${ts}`);
  wire.sent();
  wire.tp.icsk_ack.quick = 0;
  for (let i = 2; i < 12; i++) {
    wire.inject(`. ${1 + i * 1000}:${1001 + i * 1000}(1000) ack 1 win 1000 ${ts}`);
  }
  const immediate = wire.sent().length;
  wire.run(0.01);
  expect([immediate <= 5, wire.sent().length]).toEqual([true, 1]);
  expect(wire.host.net.mib.tcpExt.TCPAckCompressed).toBeGreaterThan(0);
});

import { expect, test } from "vitest";
import { Wire } from "./wire.ts";

test("a passive open answers a SYN with Linux's options and window", () => {
  const wire = new Wire().listen();
  wire.inject("S 0:0(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>");
  wire.expect("S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 100 ecr 1,nop,wscale 7>");
  wire.inject(". 1:1(0) ack 1 win 512 <nop,nop,TS val 2 ecr 100>");
  wire.expectNothing();
  const listener = wire.socket;
  expect(wire.call(() => listener.accept(0o4000))).not.toBeTypeOf("number");
});

test("a peer without options gets none", () => {
  const wire = new Wire().listen();
  wire.inject("S 0:0(0) win 65535 <mss 1460>");
  wire.expect("S. 0:0(0) ack 1 win 64240 <mss 1460>");
  expect(wire.sent()).toEqual([]);
});

test("an active open sends a SYN with Linux's options and window", () => {
  const wire = new Wire();
  expect(wire.connect()).toBe(-115);
  wire.expect("S 0:0(0) win 64240 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>");
  wire.run(0.02);
  wire.inject("S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 700 ecr 100,nop,wscale 7>");
  wire.expect(". 1:1(0) ack 1 win 502 <nop,nop,TS val 120 ecr 700>");
  expect(wire.connect()).toBe(0);
  expect(wire.connect()).toBe(-106);
});

test("a SYN is sent again each second four times, then with doubling pauses, until ETIMEDOUT", () => {
  const wire = new Wire();
  wire.connect();
  wire.run(200);
  wire.expectTimes([0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]);
  expect(wire.connect()).toBe(-110);
});

test("an RST for our SYN is ECONNREFUSED", () => {
  const wire = new Wire();
  wire.connect();
  wire.sent();
  wire.inject("R. 0:0(0) ack 1 win 0");
  expect(wire.connect()).toBe(-111);
  wire.expectNothing();
});

test("an ACK of something else in SYN_SENT is answered with an RST", () => {
  const wire = new Wire();
  wire.connect();
  wire.sent();
  wire.inject("S. 0:0(0) ack 1000 win 65535 <mss 1460>");
  wire.expect("R 1000:1000(0)");
  expect(wire.sent()).toEqual([]);
});

test("both ends may open at once", () => {
  const wire = new Wire();
  wire.connect();
  wire.sent();
  wire.inject("S 0:0(0) win 65535 <mss 1460,sackOK,TS val 700 ecr 0,nop,wscale 7>");
  wire.expect("S. 0:0(0) ack 1 win 64240 <mss 1460,sackOK,TS val 100 ecr 700,nop,wscale 7>");
  wire.inject("S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 701 ecr 100,nop,wscale 7>");
  expect(wire.connect()).toBe(0);
});

test("a SYN-ACK is sent again after 1, 3, 7, 15 and 31 s, then the request is forgotten", () => {
  const wire = new Wire().listen();
  wire.inject("S 0:0(0) win 65535 <mss 1460>");
  wire.run(100);
  wire.expectTimes([0, 1, 3, 7, 15, 31]);
  wire.inject(". 1:1(0) ack 1 win 1000");
  wire.expect("R 1:1(0)");
  expect(wire.sent()).toEqual([]);
});

test("a retransmitted SYN gets the SYN-ACK again", () => {
  const wire = new Wire().listen();
  wire.inject("S 0:0(0) win 65535 <mss 1460>");
  wire.expect("S. 0:0(0) ack 1 <mss 1460>");
  wire.run(0.6);
  wire.host.net.mib.tcpExt.TCPSynRetrans = 0;
  wire.inject("S 0:0(0) win 65535 <mss 1460>");
  expect(wire.sent().length).toBe(1);
});

test("a segment for a closed port is answered with an RST", () => {
  const wire = new Wire();
  wire.inject("S 5:5(0) win 65535 <mss 1460>");
  wire.expect("R. 0:0(0) ack 6");
  wire.inject(". 5:15(10) ack 77 win 65535");
  expect(wire.sent()).toEqual(["R 77:77(0)"]);
  wire.inject("R 5:5(0) win 0");
  wire.expectNothing();
});

test("a full SYN queue drops the SYN where cookies are forbidden, and counts it", () => {
  const wire = new Wire({ sysctl: { "net.ipv4.tcp_syncookies": 0 } }).listen(0);
  wire.inject("S 0:0(0) win 65535 <mss 1460>");
  const { ListenDrops, TCPReqQFullDrop } = wire.host.net.mib.tcpExt;
  expect([ListenDrops, TCPReqQFullDrop]).toEqual([1, 1]);
  wire.expectNothing();
});

test("a SYN-ACK without MSS means 536", () => {
  const wire = new Wire();
  wire.connect();
  wire.inject("S. 0:0(0) ack 1 win 65535").sent();
  wire.send(1000);
  expect(wire.sent()).toEqual([". 1:537(536) ack 1", "P. 537:1001(464) ack 1"]);
});

import { expect, test } from "vitest";
import { Wire } from "./wire.ts";

/** A connection with a round trip of 100 ms whose window is `segments` of 1000 octets. */
function sending(segments: number, sysctl: Record<string, string | number> = {}): Wire {
  const wire = Wire.accepted({ sysctl, rtt: 0.1 });
  wire.send(1000);
  wire.run(0.1);
  wire.inject(". 1:1(0) ack 1001 win 1000").sent();
  if (segments > 0) wire.send(segments * 1000);
  return wire;
}

/** Numbers of the segments that were sent since, as "start(length)". */
function seqs(wire: Wire): string[] {
  return wire.sent().map((text) => text.replace(/^\S+ (\d+):\d+(\(\d+\)).*/, "$1$2"));
}

test("the initial window is ten segments, and grows by one for each acknowledged", () => {
  const wire = Wire.accepted();
  wire.send(30_000);
  expect(wire.sent().length).toBe(10);
  wire.run(0.1);
  wire.inject(". 1:1(0) ack 2001 win 1000");
  expect(seqs(wire)).toEqual(["10001(1000)", "11001(1000)", "12001(1000)", "13001(1000)"]);
});

test("a lost segment is sent again after the RTO, which doubles each time", () => {
  const wire = sending(1, { "net.ipv4.tcp_early_retrans": 0 });
  const start = wire.now;
  wire.run(10);
  // RTO = SRTT + 200 ms.
  const times = wire.sentTimes().map((t) => t - start);
  const expected = [0, 0.3, 0.9, 2.1, 4.5, 9.3];
  expect(times.length).toBe(expected.length);
  for (const [i, time] of times.entries()) {
    expect(time).toBeGreaterThanOrEqual((expected[i] ?? 0) - 0.002);
    expect(time).toBeLessThanOrEqual((expected[i] ?? 0) * 1.09 + 0.005);
  }
  expect([wire.tp.snd.cwnd, wire.host.net.mib.tcpExt.TCPTimeouts]).toEqual([1, 5]);
});

test("the connection times out after tcp_retries2 retransmissions", () => {
  const wire = sending(1);
  wire.run(1200);
  expect(wire.send(1)).toBe(-110);
  expect(wire.host.net.mib.tcpExt.TCPAbortOnTimeout).toBe(1);
});

test("a tail loss probe is sent after two round trips and 200 ms for a single segment", () => {
  const wire = sending(1);
  const start = wire.now;
  wire.sent();
  wire.expectAt(start + 0.3, "P. 1001:2001(1000) ack 1", 0.02);
  expect(wire.sent()).toEqual([]);
});

test("a tail loss probe repeats the last of several segments after two round trips", () => {
  const wire = sending(4);
  const start = wire.now;
  wire.sent();
  wire.expectAt(start + 0.202, "P. 4001:5001(1000) ack 1", 0.02);
  expect(wire.host.net.mib.tcpExt.TCPLossProbes).toBe(1);
  // It repairs the loss; the window is reduced all the same.
  const cwnd = wire.tp.snd.cwnd;
  wire.run(0.1);
  wire.inject(". 1:1(0) ack 5001 win 1000");
  wire.expectNothing();
  expect(wire.tp.snd.cwnd).toBeLessThan(cwnd + 4);
});

test("a hole below three sacked segments is sent again at once", () => {
  const wire = sending(5);
  wire.sent();
  wire.run(0.1);
  wire.inject(". 1:1(0) ack 1001 win 1000 <nop,nop,sack 2001:3001>").expectNothing();
  wire.inject(". 1:1(0) ack 1001 win 1000 <nop,nop,sack 2001:4001>").expectNothing();
  wire.inject(". 1:1(0) ack 1001 win 1000 <nop,nop,sack 2001:5001>");
  expect(seqs(wire)).toEqual(["1001(1000)"]);
  const { TCPFastRetrans, TCPSackRecovery } = wire.host.net.mib.tcpExt;
  expect([TCPFastRetrans, TCPSackRecovery]).toEqual([1, 1]);
  wire.run(0.1);
  wire.inject(". 1:1(0) ack 6001 win 1000").expectNothing();
  expect(wire.tp.icsk_ca_state).toBe(0);
});

test("RACK sends a hole again a quarter of the round trip after later data arrived", () => {
  const wire = sending(2);
  wire.sent();
  wire.run(0.1);
  const start = wire.now;
  wire.inject(". 1:1(0) ack 1001 win 1000 <nop,nop,sack 2001:3001>").expectNothing();
  wire.expectAt(start + 0.0145, ". 1001:2001(1000) ack 1", 0.02);
  expect(wire.sent()).toEqual([]);
});

test("without SACK three duplicate ACKs start NewReno's recovery", () => {
  const wire = Wire.accepted({ synOptions: "mss 1000", win: 10_000 });
  wire.send(6000);
  wire.sent();
  wire.run(0.1);
  for (let i = 0; i < 2; i++) wire.inject(". 1:1(0) ack 1 win 10000");
  wire.expectNothing();
  wire.inject(". 1:1(0) ack 1 win 10000");
  expect(seqs(wire)).toEqual(["1(1000)"]);
  // A partial ACK: the next hole.
  wire.run(0.1);
  wire.inject(". 1:1(0) ack 3001 win 10000");
  expect(seqs(wire)).toEqual(["3001(1000)"]);
  expect(wire.host.net.mib.tcpExt.TCPRenoRecovery).toBe(1);
});

test("in recovery PRR sends about one segment for two that are delivered", () => {
  const wire = sending(10, { "net.ipv4.tcp_congestion_control": "reno" });
  wire.sent();
  wire.run(0.1);
  wire.send(10_000);
  wire.sent();
  let out = 0;
  for (let end = 3001; end <= 11_001; end += 1000) {
    wire.inject(`. 1:1(0) ack 1001 win 1000 <nop,nop,sack 2001:${end}>`);
    out += wire.sent().length;
  }
  expect(out).toBeGreaterThanOrEqual(5);
  expect(out).toBeLessThanOrEqual(7);
});

test("a retransmission that a D-SACK proves needless is undone", () => {
  const wire = sending(5);
  wire.sent();
  const cwnd = wire.tp.snd.cwnd;
  wire.run(0.1);
  wire.inject(". 1:1(0) ack 1001 win 1000 <nop,nop,sack 2001:5001>");
  expect(seqs(wire)).toEqual(["1001(1000)"]);
  expect(wire.tp.snd.ssthresh).toBeLessThan(cwnd);
  wire.inject(". 1:1(0) ack 6001 win 1000");
  wire.inject(". 1:1(0) ack 6001 win 1000 <nop,nop,sack 1001:2001>");
  expect(wire.tp.snd.cwnd).toBeGreaterThanOrEqual(cwnd);
  expect(wire.host.net.mib.tcpExt.TCPDSACKUndo).toBe(1);
});

test("a spurious time-out is found out by F-RTO and undone", () => {
  const wire = sending(6, { "net.ipv4.tcp_early_retrans": 0 });
  wire.sent();
  const cwnd = wire.tp.snd.cwnd;
  wire.run(0.35);
  expect(seqs(wire)).toEqual(["1001(1000)"]);
  wire.send(2000);
  wire.inject(". 1:1(0) ack 2001 win 1000");
  wire.inject(". 1:1(0) ack 3001 win 1000");
  expect(wire.tp.snd.cwnd).toBeGreaterThanOrEqual(cwnd);
  expect(wire.host.net.mib.tcpExt.TCPSpuriousRTOs).toBe(1);
});

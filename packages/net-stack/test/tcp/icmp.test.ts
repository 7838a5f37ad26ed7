import { expect, test } from "vitest";
import { LOCAL_ADDR, REMOTE_ADDR, Wire } from "./wire.ts";

/** An ICMP error that quotes a segment of ours with this sequence number (relative to our ISN). */
function icmpError(wire: Wire, type: number, code: number, seq: number, info = 0): void {
  const { tp } = wire;
  const view = new DataView(new ArrayBuffer(20 + 8 + 20 + 8));
  header(view, 0, view.byteLength, 1, REMOTE_ADDR, LOCAL_ADDR);
  view.setUint8(20, type);
  view.setUint8(21, code);
  view.setUint32(24, info);
  header(view, 28, 1040, 6, LOCAL_ADDR, REMOTE_ADDR);
  view.setUint16(48, tp.inet_sport);
  view.setUint16(50, tp.inet_dport);
  view.setInt32(52, tp.snd.una + seq);
  view.setUint16(22, checksum(view, 20, view.byteLength));
  wire.host.receive(new Uint8Array(view.buffer));
}

function header(
  view: DataView,
  at: number,
  length: number,
  protocol: number,
  saddr: number,
  daddr: number,
): void {
  view.setUint8(at, 0x45);
  view.setUint16(at + 2, length);
  view.setUint16(at + 6, 0x4000);
  view.setUint8(at + 8, 64);
  view.setUint8(at + 9, protocol);
  view.setUint32(at + 12, saddr);
  view.setUint32(at + 16, daddr);
  view.setUint16(at + 10, checksum(view, at, at + 20));
}

function checksum(view: DataView, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i += 2) sum += view.getUint16(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

test("a SYN that meets an unreachable port or host fails at once", () => {
  for (const [code, errno] of [
    [3, -111],
    [1, -113],
    [0, -101],
  ] as const) {
    const wire = new Wire();
    wire.connect();
    icmpError(wire, 3, code, 0);
    expect(wire.connect()).toBe(errno);
  }
});

test("an established connection outlives an unreachable host, and remembers it", () => {
  const wire = Wire.accepted({ sysctl: { "net.ipv4.tcp_retries2": 2 } });
  wire.send(1000);
  icmpError(wire, 3, 1, 0);
  expect(wire.tp.sk_state).toBe(1);
  wire.run(60);
  expect(wire.send(1)).toBe(-113);
});

test("an error about a number that is not in flight is ignored and counted", () => {
  const wire = Wire.accepted();
  wire.send(1000);
  icmpError(wire, 3, 1, 5000);
  expect(wire.host.net.mib.tcpExt.OutOfWindowIcmps).toBe(1);
  expect(wire.tp.sk_err_soft).toBe(0);
});

test("'fragmentation needed' cuts the segments and sends again what was too large", () => {
  const wire = Wire.accepted({ synOptions: "mss 1460,sackOK,nop,nop,nop,wscale 7" });
  wire.send(2920);
  expect(wire.sent().map((text) => text.split(" ")[1])).toEqual([
    "1:1461(1460)",
    "1461:2921(1460)",
  ]);
  icmpError(wire, 3, 4, 0, 1040);
  expect(wire.tp.mss_cache).toBe(1000);
  wire.inject(". 1:1(0) ack 1 win 1000");
  wire.run(0.001);
  wire.inject(". 1:1(0) ack 1001 win 1000");
  wire.inject(". 1:1(0) ack 2001 win 1000");
  wire.inject(". 1:1(0) ack 2921 win 1000");
  const lengths = wire.sent().map((text) => Number(/\((\d+)\)/.exec(text)?.[1]));
  expect(Math.max(...lengths)).toBeLessThanOrEqual(1000);
  wire.send(2000);
  expect(wire.sent().map((text) => text.split(" ")[1])).toEqual([
    "2921:3921(1000)",
    "3921:4921(1000)",
  ]);
});

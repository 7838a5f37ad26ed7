import { expect, test } from "vitest";
import { Wire } from "./wire.ts";

/** The window field of a segment. */
function window(text: string | undefined): number {
  return Number(/win (\d+)/.exec(text ?? "")?.[1]);
}

test("a reader that falls behind closes the window, and opens it again by reading", () => {
  const wire = Wire.accepted({ sysctl: { "net.ipv4.tcp_rmem": "4096 32768 32768" } });
  let seq = 1;
  let offered = 1;
  let last = "";
  for (let i = 0; i < 100 && offered > 0; i++) {
    wire.inject(`. ${seq}:${seq + 1000}(1000) ack 1 win 1000`);
    seq += 1000;
    wire.run(0.3);
    last = wire.sentWithWindows().at(-1) ?? last;
    offered = window(last);
  }
  expect(offered).toBe(0);
  const { TCPToZeroWindowAdv } = wire.host.net.mib.tcpExt;
  expect(TCPToZeroWindowAdv).toBe(1);
  // A segment into the closed window is refused.
  wire.inject(`. ${seq}:${seq + 1000}(1000) ack 1 win 1000`);
  expect(wire.sentWithWindows()).toEqual([`. 1:1(0) ack ${seq} win 0`]);
  expect(wire.host.net.mib.tcpExt.TCPZeroWindowDrop).toBe(1);
  let total = 0;
  for (let n = wire.recv(1000); n > 0; n = wire.recv(1000)) total += n;
  expect(total).toBeGreaterThan(8000);
  expect(window(wire.sentWithWindows().at(-1))).toBeGreaterThan(0);
  expect(wire.host.net.mib.tcpExt.TCPFromZeroWindowAdv).toBe(1);
});

test("a flood of one-octet segments is collapsed instead of dropped", () => {
  const wire = Wire.accepted({ sysctl: { "net.ipv4.tcp_rmem": "4096 32768 32768" } });
  for (let seq = 1; seq <= 2000; seq++) wire.inject(`. ${seq}:${seq + 1}(1) ack 1 win 1000`);
  const { tcpExt } = wire.host.net.mib;
  expect(tcpExt.TCPRcvCollapsed).toBeGreaterThan(100);
  expect(wire.tp.sk_rmem_alloc).toBeLessThanOrEqual(65_536);
  let total = 0;
  for (let n = wire.recv(10_000); n > 0; n = wire.recv(10_000)) total += n;
  expect(total).toBe(wire.tp.bytes_received);
  expect(total).toBeGreaterThan(1000);
});

test("out-of-order data gives way when the buffer is full", () => {
  const wire = Wire.accepted({ sysctl: { "net.ipv4.tcp_rmem": "4096 16384 16384" } });
  for (let i = 10; i >= 1; i--) {
    wire.inject(`. ${1 + i * 600}:${601 + i * 600}(600) ack 1 win 1000`);
  }
  expect(wire.tp.sk_rmem_alloc).toBeLessThanOrEqual(20_000);
  wire.inject(". 1:601(600) ack 1 win 1000");
  expect(wire.recv(10_000)).toBeGreaterThanOrEqual(600);
});

test("an idle connection starts again from the initial window", () => {
  const wire = Wire.accepted({ rtt: 0.05 });
  for (let acked = 0; acked < 30; acked += 10) {
    wire.send(10_000);
    wire.run(0.05);
    wire.inject(`. 1:1(0) ack ${acked * 1000 + 10_001} win 1000`);
  }
  expect(wire.tp.snd.cwnd).toBeGreaterThan(15);
  wire.run(30);
  wire.sent();
  wire.send(40_000);
  expect(wire.sent().length).toBe(10);
});

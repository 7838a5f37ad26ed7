import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LOCAL_ADDR, REMOTE_ADDR, Wire } from "./wire.ts";

/** Near the edges of what is expected now, or anywhere. */
const near = fc.oneof(fc.integer({ min: -3000, max: 3000 }), fc.integer());

const segment = fc.record({
  flags: fc.integer({ min: 0, max: 255 }),
  seq: near,
  ack: near,
  window: fc.integer({ min: 0, max: 0xffff }),
  urg: fc.integer({ min: 0, max: 0xffff }),
  options: fc.uint8Array({ maxLength: 40 }),
  length: fc.integer({ min: 0, max: 1460 }),
  pauseMs: fc.constantFrom(0, 0, 0, 1, 50, 300),
  act: fc.constantFrom("none", "none", "send", "recv", "shutdown", "close"),
});

/** An IPv4 packet with the segment; its TCP checksum is right. */
function packet(wire: Wire, s: Segment): Uint8Array {
  const options = s.options.length - (s.options.length % 4);
  const bytes = new Uint8Array(40 + options + s.length);
  const view = new DataView(bytes.buffer);
  const { tp } = wire;
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint8(8, 64);
  view.setUint8(9, 6);
  view.setUint32(12, REMOTE_ADDR);
  view.setUint32(16, LOCAL_ADDR);
  view.setUint16(10, checksum(view, 0, 20, 0));
  view.setUint16(20, tp.inet_dport);
  view.setUint16(22, tp.inet_sport);
  view.setInt32(24, tp.rcv.nxt + s.seq);
  view.setInt32(28, tp.snd.una + s.ack);
  view.setUint8(32, ((20 + options) / 4) << 4);
  view.setUint8(33, s.flags);
  view.setUint16(34, s.window);
  view.setUint16(38, s.urg);
  bytes.set(s.options.subarray(0, options), 40);
  const pseudo = (REMOTE_ADDR >>> 16) + (REMOTE_ADDR & 0xffff) + (LOCAL_ADDR >>> 16);
  const rest = (LOCAL_ADDR & 0xffff) + 6 + bytes.length - 20;
  view.setUint16(36, checksum(view, 20, bytes.length, pseudo + rest));
  return bytes;
}

interface Segment {
  flags: number;
  seq: number;
  ack: number;
  window: number;
  urg: number;
  options: Uint8Array;
  length: number;
  pauseMs: number;
  act: string;
}

function checksum(view: DataView, start: number, end: number, initial: number): number {
  let sum = initial;
  for (let i = start; i + 1 < end; i += 2) sum += view.getUint16(i);
  if ((end - start) % 2 === 1) sum += view.getUint8(end - 1) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function act(wire: Wire, what: string): void {
  const { socket } = wire;
  if (socket.sk === undefined) return;
  if (what === "send") wire.send(5000);
  else if (what === "recv") wire.recv(5000);
  else if (what === "shutdown") wire.call(() => socket.shutdown(1));
  else if (what === "close") wire.call(() => socket.release());
}

test("no sequence of segments and calls makes the stack throw or leak", () => {
  fc.assert(
    fc.property(fc.array(segment, { minLength: 5, maxLength: 60 }), (segments) => {
      const wire = Wire.accepted({ rtt: 0.01 });
      wire.send(20_000);
      const { host } = wire;
      for (const s of segments) {
        if (wire.socket.sk === undefined) break;
        host.receive(packet(wire, s));
        wire.run(s.pauseMs / 1000);
        act(wire, s.act);
      }
      const { socket } = wire;
      if (socket.sk !== undefined) wire.call(() => socket.release());
      for (const listener of host.tcp.hashinfo.listening.get(8080) ?? []) {
        wire.call(() => listener.close(0));
      }
      wire.run(2000);
      const { net, tcp } = host;
      expect([net.skbPool.skbsLive, tcp.hashinfo.size, tcp.orphanCount, tcp.twCount]).toEqual([
        0, 0, 0, 0,
      ]);
    }),
    { numRuns: 60 },
  );
});

test("random octets as TCP segments are counted and dropped", () => {
  const wire = Wire.accepted();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
      const bytes = new Uint8Array(20 + octets.length);
      const view = new DataView(bytes.buffer);
      view.setUint8(0, 0x45);
      view.setUint16(2, bytes.length);
      view.setUint8(8, 64);
      view.setUint8(9, 6);
      view.setUint32(12, REMOTE_ADDR);
      view.setUint32(16, LOCAL_ADDR);
      view.setUint16(10, checksum(view, 0, 20, 0));
      bytes.set(octets, 20);
      const { InErrs } = wire.host.net.mib.tcp;
      wire.host.receive(bytes);
      expect(wire.host.net.mib.tcp.InErrs).toBeGreaterThanOrEqual(InErrs);
    }),
    { numRuns: 300 },
  );
  expect(wire.host.net.mib.tcp.InErrs).toBeGreaterThan(250);
  expect(wire.tp.sk_state).toBe(1);
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SOCK_DGRAM, SOCK_RAW } from "../../src/index.ts";
import { at, ip, withNetwork } from "../host/network.ts";
import type { Node } from "../host/network.ts";
import type { Wait } from "@dcejs/lkl-kernel";

const IPPROTO_RAW = 255;
const IP_MF = 0x2000;

/** A fragment of a UDP datagram to 127.0.0.1:9, as a raw socket with IP_HDRINCL sends it. */
function fragment(id: number, from: number, to: number, whole: Uint8Array): Uint8Array {
  const packet = new Uint8Array(20 + to - from);
  const view = new DataView(packet.buffer);
  view.setUint16(0, 0x4500);
  view.setUint16(4, id);
  view.setUint16(6, (from >> 3) | (to < whole.length ? IP_MF : 0));
  view.setUint16(8, (64 << 8) | 17);
  view.setUint32(12, ip("127.0.0.1"));
  view.setUint32(16, ip("127.0.0.1"));
  packet.set(whole.subarray(from, to), 20);
  return packet;
}

/** A UDP datagram without checksum. */
function datagram(payload: number): Uint8Array {
  const bytes = Uint8Array.from({ length: 8 + payload }, (_, i) => (i * 31) & 0xff);
  new DataView(bytes.buffer).setUint32(0, (1000 << 16) | 9);
  new DataView(bytes.buffer).setUint32(4, (bytes.length << 16) | 0);
  return bytes;
}

function* sendAll(node: Node, packets: readonly Uint8Array[]): Wait<void> {
  const raw = yield* node.socket(SOCK_RAW, IPPROTO_RAW);
  for (const packet of packets) yield* node.send(raw, packet, at("127.0.0.1"));
  yield* node.close(raw);
}

test("fragments in any order, some of them twice, give the datagram once", () => {
  const whole = datagram(312);
  const cuts = [0, 64, 128, 200, 256, whole.length];
  const pieces = cuts.slice(0, -1).map((from, i) => fragment(7, from, cuts[i + 1] ?? 0, whole));
  fc.assert(
    fc.property(
      fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
      fc.nat(3),
      (order, twice) => {
        withNetwork(function* (network) {
          const node = yield* network.node("a");
          const socket = yield* node.socket(SOCK_DGRAM);
          yield* node.do(() => socket.bind(at("127.0.0.1", 9)));
          // A second copy of a piece, before the last one completes the datagram.
          const indices = [...order.slice(0, 4), order[twice] ?? 0, ...order.slice(4)];
          yield* sendAll(
            node,
            indices.flatMap((i) => pieces[i] ?? []),
          );
          const got = new Uint8Array(1000);
          expect(yield* node.receive(socket, got)).toBe(312);
          expect(got.subarray(0, 312)).toEqual(whole.subarray(8));
          expect(yield* node.receive(socket, got, 0x40)).toBe(-11);
          expect(node.net.mib.ip.ReasmOKs).toBe(1);
          expect(node.net.ipv4.fragments).toMatchObject({ memory: 0 });
          yield* node.close(socket);
        });
      },
    ),
    { numRuns: 15 },
  );
});

test("an overlap kills the whole datagram", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const whole = datagram(312);
    yield* sendAll(node, [
      fragment(7, 0, 128, whole),
      fragment(7, 64, 200, whole),
      fragment(7, 128, whole.length, whole),
    ]);
    yield* network.sleep(1e6);
    expect(node.net.mib.ip.ReasmOverlaps).toBe(1);
    expect(node.net.mib.ip.ReasmOKs).toBe(0);
    expect(node.net.mib.udp.NoPorts).toBe(0);
  });
});

test("fragments with different identifications do not mix", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const whole = datagram(100);
    yield* sendAll(node, [fragment(1, 0, 64, whole), fragment(2, 64, whole.length, whole)]);
    yield* network.sleep(1e6);
    expect(node.net.ipv4.fragments.queues.size).toBe(2);
    expect(node.net.mib.ip.ReasmOKs).toBe(0);
  });
});

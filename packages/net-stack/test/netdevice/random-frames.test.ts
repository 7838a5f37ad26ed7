import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SOCK_DGRAM, SOCK_RAW, SOCK_STREAM, netif_rx_frame } from "../../src/index.ts";
import { at, routedNetwork, withNetwork } from "../host/network.ts";

/** Valid frames of a small conversation, to be damaged. */
function captureFrames(): Uint8Array[] {
  const frames: Uint8Array[] = [];
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network, {
      tap: ({ bytes, offset, length }) => frames.push(bytes.slice(offset, offset + length)),
    });
    const listener = yield* server.socket(SOCK_STREAM);
    yield* server.do(() => {
      listener.bind(at("0.0.0.0", 80));
      return listener.listen(1);
    });
    const tcp = yield* client.socket(SOCK_STREAM);
    yield* client.do(() => tcp.connect(at("10.0.1.1", 80), 0));
    const socket = yield* client.socket(SOCK_DGRAM);
    yield* client.send(socket, new Uint8Array(3000), at("10.0.1.1", 9));
    const raw = yield* client.socket(SOCK_RAW, 1);
    yield* client.send(raw, Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0), at("10.0.1.1"));
    yield* network.sleep(1e8);
    for (const one of [tcp, socket, raw]) yield* client.close(one);
    yield* server.close(listener);
    yield* network.sleep(100e9);
  });
  return frames;
}

test("whatever a frame holds, nothing throws and nothing is leaked", () => {
  const valid = captureFrames();
  expect(valid.length).toBeGreaterThan(5);
  const mutated = fc
    .tuple(
      fc.constantFrom(...valid),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
      fc.option(fc.nat(100)),
      fc.boolean(),
    )
    .map(([frame, changes, cut, fixesIp]) => {
      const copy = frame.slice(0, cut ?? frame.length);
      for (const [index, value] of changes) if (index < copy.length) copy[index] = value;
      if (fixesIp) repairHeaderChecksum(copy);
      return copy;
    });
  const random = fc.uint8Array({ maxLength: 200 });
  const streams = fc.array(fc.oneof(mutated, mutated, random), { minLength: 50, maxLength: 200 });
  fc.assert(
    fc.property(streams, (frames) => {
      withNetwork(function* (network) {
        const { client, router, server, devices } = yield* routedNetwork(network);
        server.sysctl.set("net.ipv4.ipfrag_time", 1);
        const socket = yield* server.socket(SOCK_DGRAM);
        yield* server.do(() => socket.bind(at("0.0.0.0", 9)));
        const [, r0, , s0] = devices;
        for (const [node, dev] of [
          [router, r0],
          [server, s0],
        ] as const) {
          if (dev === undefined) throw new Error("devices");
          yield* node.do(() => {
            for (const bytes of frames) {
              const skb = client.net.skbPool.alloc(bytes.length);
              skb.bytes.set(bytes);
              skb.length = bytes.length;
              // So that more of them are taken for its own.
              if (bytes.length >= 6) skb.bytes.set(dev.address);
              netif_rx_frame(dev, skb);
            }
          });
          yield* network.sleep(1e9);
        }
        yield* server.close(socket);
        yield* network.sleep(200e9);
      });
    }),
    { numRuns: 25 },
  );
});

function repairHeaderChecksum(frame: Uint8Array): void {
  if (frame.length < 34) return;
  const view = new DataView(frame.buffer);
  view.setUint16(24, 0);
  const length = Math.min((view.getUint8(14) & 0xf) * 4, frame.length - 14) & ~1;
  let sum = 0;
  for (let i = 0; i < length; i += 2) sum += view.getUint16(14 + i);
  sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(24, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
}

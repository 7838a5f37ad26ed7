import * as fc from "fast-check";
import { expect, test } from "vitest";
import { AF_NETLINK, netlinkMessages, SOL_NETLINK } from "../../src/netlink/netlink.ts";
import { NetlinkAttributes, netlinkAttributes } from "../../src/netlink/netlink-attributes.ts";
import { NetlinkWriter } from "../../src/netlink/netlink-writer.ts";
import { withNetwork } from "../host/network.ts";
import { RouteSocket } from "./route-socket.ts";

const attribute = fc.record({
  type: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 0, max: 0xffff })),
  value: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 4, maxLength: 4 })),
  /** Added to the length that it says. */
  lie: fc.constantFrom(0, 0, 0, 0, 1, -1, -5, 300),
});

const message = fc.record({
  type: fc.oneof(fc.integer({ min: 16, max: 50 }), fc.integer({ min: 0, max: 0xffff })),
  flags: fc.oneof(
    fc.constantFrom(1, 5, 0x301, 0x305, 0x605, 0x505, 0x105, 0xc05, 0x60d),
    fc.integer({ min: 0, max: 0xffff }),
  ),
  family: fc.constantFrom(0, 2, 2, 2, 10, 17, 255),
  header: fc.uint8Array({ minLength: 0, maxLength: 19 }),
  ifindex: fc.constantFrom(0, 1, 2, 2, 9, -1),
  attributes: fc.array(attribute, { maxLength: 6 }),
  lie: fc.constantFrom(0, 0, 0, 0, 0, 1, -1, -20, 100_000),
});

type Message = typeof message extends fc.Arbitrary<infer T> ? T : never;

function encode(one: Message, seq: number): Uint8Array {
  const writer = new NetlinkWriter();
  writer.begin(one.type, one.flags, seq, 0).u8(one.family).raw(one.header);
  const begins: number[] = [];
  for (const { type, value } of one.attributes) {
    begins.push(writer.length);
    writer.attribute(type, value);
  }
  writer.end();
  const bytes = writer.bytes();
  const view = new DataView(bytes.buffer);
  if (one.header.length >= 7) view.setInt32(20, one.ifindex, true);
  for (const [index, at] of begins.entries()) {
    const lie = one.attributes[index]?.lie ?? 0;
    view.setUint16(at, Math.max(view.getUint16(at, true) + lie, 0), true);
  }
  view.setUint32(0, Math.max(view.getUint32(0, true) + one.lie, 0), true);
  return bytes;
}

test("whatever a program sends, rtnetlink answers with whole messages or not at all", () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 12 }),
      fc.array(fc.constantFrom(10, 11, 12), { maxLength: 3 }),
      (messages, options) => {
        withNetwork(function* (network) {
          const a = yield* network.node("a");
          const [dev] = yield* network.wire(a, yield* network.node("b"));
          yield* a.address(dev, "10.0.0.1/24");
          const socket = yield* RouteSocket.open(a, ...options);
          const listener = yield* RouteSocket.open(a);
          const all = new Uint8Array(12);
          new DataView(all.buffer).setUint16(0, AF_NETLINK, true);
          new DataView(all.buffer).setUint32(8, 0xffff_ffff, true);
          yield* a.do(() => listener.socket.bind(all));
          for (const [index, one] of messages.entries()) {
            const answers = yield* socket.talk(encode(one, index + 1));
            for (const datagram of answers) expect(wholeOctets(datagram)).toBe(datagram.length);
          }
          for (const datagram of yield* listener.drain()) {
            expect(wholeOctets(datagram)).toBe(datagram.length);
          }
        });
      },
    ),
    { numRuns: 150, seed: 3 },
  );
});

/** Octets that are whole messages of types that there are. */
function wholeOctets(datagram: Uint8Array): number {
  let octets = 0;
  for (const { payload, type } of netlinkMessages(datagram)) {
    if (type >= 2) octets += (16 + payload.length + 3) & ~3;
  }
  return octets;
}

test("any octets at all can be sent", () => {
  withNetwork(function* (network) {
    const a = yield* network.node("a");
    const socket = yield* RouteSocket.open(a, 11);
    for (const octets of fc.sample(fc.uint8Array({ minLength: 1, maxLength: 200 }), {
      numRuns: 500,
      seed: 1,
    })) {
      expect(yield* socket.send(octets)).toBe(octets.length);
      for (const datagram of yield* socket.drain()) {
        expect(wholeOctets(datagram)).toBe(datagram.length);
      }
    }
    expect(yield* a.do(() => socket.socket.setsockopt(SOL_NETLINK, 11, new Uint8Array(0)))).toBe(0);
  });
});

test("attributes that were written are read back, and reading ends where the octets end", () => {
  fc.assert(
    fc.property(
      fc.array(attribute, { maxLength: 8 }),
      fc.uint8Array({ maxLength: 3 }),
      (list, rest) => {
        const writer = new NetlinkWriter();
        const wanted = new Map<number, Uint8Array>();
        for (const { type, value } of list) {
          const plain = type & 0x3fff;
          writer.attribute(plain, value);
          wanted.set(plain, value);
        }
        const bytes = writer.raw(rest).bytes();
        const attributes = new NetlinkAttributes(bytes);
        for (const [type, value] of wanted) expect(attributes.bytes(type)).toEqual(value);
        expect(attributes.types()).toHaveLength(wanted.size);
        expect([...netlinkAttributes(bytes)]).toHaveLength(list.length);
      },
    ),
    { seed: 5 },
  );
});

test("a writer takes a message back that passes its limit", () => {
  const writer = new NetlinkWriter(64);
  expect(writer.message(16, 0, 1, 0, new Uint8Array(20))).toBe(true);
  expect(writer.message(17, 0, 1, 0, new Uint8Array(20))).toBe(false);
  expect(writer.message(18, 0, 1, 0, new Uint8Array(9))).toBe(true);
  expect([...netlinkMessages(writer.bytes())].map(({ type }) => type)).toEqual([16, 18]);
  expect(writer.room).toBe(0);
});

test("numbers, texts and nests keep their octets", () => {
  const writer = new NetlinkWriter();
  writer.attributeU64(1, 0x1_0000_0002).attributeBe16(2, 0x1234).attributeU16(3, 0x1234);
  writer.attributeText(4, "sim0").attributeFlag(5).attributeU8(6, 7).attributeBe32(7, 0x0a000001);
  writer.nest(8, () => writer.attributeU32(1, 0xffff_ffff).attributeU8(2, 1));
  const attributes = new NetlinkAttributes(writer.bytes());
  expect(attributes.u64(1)).toBe(0x1_0000_0002);
  expect([attributes.be16(2), attributes.u16(3), attributes.u8(6)]).toEqual([0x1234, 0x1234, 7]);
  expect([attributes.text(4), attributes.has(5), attributes.be32(7)]).toEqual([
    "sim0",
    true,
    0x0a000001,
  ]);
  expect([attributes.nested(8)?.u32(1), attributes.nested(8)?.s32(1)]).toEqual([0xffff_ffff, -1]);
  expect([attributes.nested(8)?.u8(2), attributes.u32(6), attributes.nested(9)]).toEqual([
    1,
    undefined,
    undefined,
  ]);
  expect([...netlinkAttributes(writer.bytes())].map(({ isNested }) => isNested)).toContain(true);
});

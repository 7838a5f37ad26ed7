import { MSG_DONTWAIT, type Posix } from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { fails, holds, same } from "../expectation.ts";

import { patternOf } from "../program/stream.ts";
import { type Host, ipv4, ipv4Frame, udp, type Wire } from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";
import { dialogue, PORT } from "./kinds.ts";
import { udpSocket } from "./udp.ts";

const TO_RIGHT = { address: RIGHT, port: PORT };

function datagramsOf(left: Host, wire: Wire): (string | number | boolean | undefined)[][] {
  return wire
    .sent(left, ({ ip }) => ip?.protocol === 17)
    .map(({ ip }) => [ip?.fragmentOffset, ip?.moreFragments, ip?.totalLength]);
}

async function receiveLength(posix: Posix, octets: number): Promise<void> {
  const socket = await udpSocket(posix, PORT);
  const buffer = new Uint8Array(65_536);
  same(await posix.recv(socket, buffer), octets, "octets received");
  same(buffer.subarray(0, octets), patternOf(octets), "what was received");
}

/** The pattern in fragments of at most 1000 octets, the UDP header in the first. */
function fragmentsOf(octets: number, id: number): Uint8Array[] {
  const datagram = udp(1, PORT, patternOf(octets));
  const fragments: Uint8Array[] = [];
  for (let at = 0; at < datagram.length; at += 1000) {
    const part = datagram.subarray(at, at + 1000);
    const fields = {
      source: LEFT,
      destination: RIGHT,
      protocol: 17,
      id,
      fragmentOffset: at,
      moreFragments: at + 1000 < datagram.length,
    };
    fragments.push(ipv4(fields, part));
  }
  return fragments;
}

export const fragmentTests: readonly ConformanceTest[] = [
  dialogue(
    "fragmentation",
    "RFC 791 3.2: a datagram larger than the MTU goes in fragments, and arrives whole",
    {
      right: (posix) => receiveLength(posix, 4000),
      left: async (posix) => {
        await posix.sendto(await udpSocket(posix), patternOf(4000), TO_RIGHT);
      },
      after: ({ left, wire }) => {
        const expected = [
          [0, true, 1500],
          [1480, true, 1500],
          [2960, false, 1068],
        ];
        same(datagramsOf(left, wire), expected, "offsets, MF, lengths");
      },
    },
  ),
  dialogue("largest_datagram", "RFC 768, RFC 791: 65,507 octets arrive whole", {
    right: (posix) => receiveLength(posix, 65_507),
    left: async (posix) => {
      await posix.sendto(await udpSocket(posix), patternOf(65_507), TO_RIGHT);
    },
  }),
  dialogue("reassembly_out_of_order", "RFC 791 3.2: fragments may come in any order, and twice", {
    right: (posix) => receiveLength(posix, 3500),
    left: async (posix) => {
      await posix.usleep(100_000);
    },
    prepare: ({ right, wire, left }, bed) => {
      const [a, b, c, d] = fragmentsOf(3500, 77);
      for (const [index, part] of [d, b, b, a, c].entries()) {
        if (part === undefined) continue;
        const frame = ipv4FrameOf(right, left, part);
        bed.at(`${10 + index}ms`, () => wire.inject(right, frame));
      }
    },
  }),
  dialogue(
    "reassembly_overlap",
    "RFC 5722 4 (Linux does so for IPv4 too): fragments that overlap throw the datagram away",
    {
      right: async (posix) => {
        const socket = await udpSocket(posix, PORT);
        await posix.usleep(100_000);
        await fails("EAGAIN", () => posix.recv(socket, new Uint8Array(9), MSG_DONTWAIT), "recv");
      },
      left: async (posix) => {
        await posix.usleep(100_000);
      },
      prepare: ({ left, right, wire }, bed) => {
        const [first, second, third] = fragmentsOf(2500, 78);
        const fields = {
          source: LEFT,
          destination: RIGHT,
          protocol: 17,
          id: 78,
          moreFragments: true,
        };
        const overlapping = ipv4({ ...fields, fragmentOffset: 800 }, new Uint8Array(400));
        for (const part of [first, overlapping, second, third]) {
          if (part !== undefined)
            bed.at("10ms", () => wire.inject(right, ipv4FrameOf(right, left, part)));
        }
      },
    },
  ),
  dialogue(
    "reassembly_timeout",
    "RFC 1122 3.3.2: after 30 s an incomplete datagram is given up, with time exceeded",
    {
      linger: "60s",
      left: async (posix) => {
        await posix.usleep(100_000);
      },
      prepare: ({ left, right, wire }, bed) => {
        const [first] = fragmentsOf(2500, 79);
        if (first !== undefined)
          bed.at("10ms", () => wire.inject(right, ipv4FrameOf(right, left, first)));
      },
      after: ({ right, wire }) => {
        const errors = wire.sent(right, (packet) => packet.icmp !== undefined);
        same(
          errors.map((error) => [error.icmp?.type, error.icmp?.code]),
          [[11, 1]],
          "type and code",
        );
        const seconds = (errors[0]?.time ?? 0) / 1e9;
        holds(seconds > 29.9 && seconds < 35, `it comes after 30 s: ${seconds}`);
      },
    },
  ),
];

function ipv4FrameOf(to: Host, from: Host, packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(14 + packet.length);
  frame.set(
    ipv4Frame(
      to.mac(),
      from.mac(),
      { source: LEFT, destination: RIGHT, protocol: 0 },
      new Uint8Array(),
    ).subarray(0, 14),
  );
  frame.set(packet, 14);
  return frame;
}

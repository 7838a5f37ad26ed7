import {
  IP_MTU_DISCOVER,
  IP_PKTINFO,
  IP_RECVERR,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  MSG_ERRQUEUE,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { fails, holds, same } from "../expectation.ts";
import { CONTROL_MESSAGES, ERROR_QUEUE } from "../features.ts";

import { echoRequest, ipv4Frame, viewOf } from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";
import { dialogue, LOOPBACK, PORT } from "./kinds.ts";
import { counter, udpSocket } from "./udp.ts";

const IP_MTU = 14;
const CMSG_HEADER_OCTETS = 12;
const PMTUDISC_DONT = 0;
const PMTUDISC_DO = 2;
const TO_RIGHT = { address: RIGHT, port: PORT };

/** Control messages as [level, type, first int]; struct cmsghdr has 32 bits of length, as programs have. */
function controlOf(control: Uint8Array): number[][] {
  const view = viewOf(control);
  const found: number[][] = [];
  for (let at = 0; at + CMSG_HEADER_OCTETS <= control.length; ) {
    const length = view.getUint32(at, true);
    if (length < CMSG_HEADER_OCTETS) break;
    found.push([4, 8, 12].map((offset) => view.getUint32(at + offset, true)));
    at += (length + 3) & ~3;
  }
  return found;
}

export const ipHeaderTests: readonly ConformanceTest[] = [
  dialogue("ttl", "ip(7) IP_TTL, IP_TOS: on the wire; 64 and 0 unless set; EINVAL out of range", {
    left: async (posix) => {
      const socket = await udpSocket(posix);
      await posix.sendto(socket, "x", TO_RIGHT);
      await posix.setsockopt(socket, IPPROTO_IP, IP_TTL, 7);
      await posix.setsockopt(socket, IPPROTO_IP, IP_TOS, 0x10);
      await posix.sendto(socket, "x", TO_RIGHT);
      for (const ttl of [0, 256]) {
        await fails(
          "EINVAL",
          () => posix.setsockopt(socket, IPPROTO_IP, IP_TTL, ttl),
          `TTL ${ttl}`,
        );
      }
    },
    after: ({ left, wire }) => {
      const shown = wire
        .sent(left, (packet) => packet.udp !== undefined)
        .map(({ ip }) => [ip?.ttl, ip?.tos]);
      same(
        shown,
        [
          [64, 0],
          [7, 0x10],
        ],
        "TTL and TOS",
      );
    },
  }),
  dialogue(
    "dont_fragment",
    "ip(7) IP_MTU_DISCOVER: DF unless it is IP_PMTUDISC_DONT; with DO too long is EMSGSIZE",
    {
      left: async (posix) => {
        const socket = await udpSocket(posix);
        await posix.sendto(socket, "x", TO_RIGHT);
        await posix.setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT);
        await posix.sendto(socket, "x", TO_RIGHT);
        await posix.setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO);
        await fails(
          "EMSGSIZE",
          () => posix.sendto(socket, new Uint8Array(1473), TO_RIGHT),
          "1473 octets",
        );
        same(await posix.sendto(socket, new Uint8Array(1472), TO_RIGHT), 1472, "1472 octets");
        await posix.connect(socket, TO_RIGHT);
        same(await posix.getsockopt(socket, IPPROTO_IP, IP_MTU), 1500, "IP_MTU");
      },
      after: ({ left, wire }) => {
        const shown = wire.sent(left, (packet) => packet.udp !== undefined);
        same(
          shown.map(({ ip }) => ip?.dontFragment),
          [true, false, true],
          "DF",
        );
      },
    },
  ),
  dialogue("ip_id", "RFC 6864 4: packets that may be fragmented have different identifications", {
    left: async (posix) => {
      const socket = await udpSocket(posix);
      await posix.setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT);
      for (let i = 0; i < 20; i++) await posix.sendto(socket, "x", TO_RIGHT);
    },
    after: ({ left, wire }) => {
      const ids = wire.sent(left, (packet) => packet.udp !== undefined).map(({ ip }) => ip?.id);
      same(new Set(ids).size, 20, "different identifications");
    },
  }),
  dialogue(
    "receive_ttl",
    "ip(7) IP_RECVTTL, IP_PKTINFO: TTL and interface come as control messages",
    {
      right: async (posix) => {
        const socket = await udpSocket(posix, PORT);
        await posix.setsockopt(socket, IPPROTO_IP, IP_RECVTTL, 1);
        await posix.setsockopt(socket, IPPROTO_IP, IP_PKTINFO, 1);
        const message = { iov: [new Uint8Array(9)], controlOctets: 128 };
        const { control } = await posix.recvmsg(socket, message);
        const messages = controlOf(control);
        same(
          messages.find(([, type]) => type === IP_TTL),
          [IPPROTO_IP, IP_TTL, 64],
          "TTL",
        );
        holds(
          messages.some(([, type]) => type === IP_PKTINFO),
          "IP_PKTINFO is there",
        );
      },
      left: async (posix) => {
        await posix.sendto(await udpSocket(posix), "x", TO_RIGHT);
      },
    },
    { needs: [CONTROL_MESSAGES] },
  ),
  dialogue(
    "error_queue",
    "ip(7) IP_RECVERR, MSG_ERRQUEUE: the error comes with the datagram that caused it",
    {
      left: async (posix) => {
        const socket = await udpSocket(posix);
        await posix.setsockopt(socket, IPPROTO_IP, IP_RECVERR, 1);
        await posix.sendto(socket, "lost", TO_RIGHT);
        await posix.usleep(50_000);
        const buffer = new Uint8Array(9);
        const message = { iov: [buffer], controlOctets: 128 };
        const { length, flags } = await posix.recvmsg(socket, message, MSG_ERRQUEUE);
        same(new TextDecoder().decode(buffer.subarray(0, length)), "lost", "the datagram");
        same(flags & MSG_ERRQUEUE, MSG_ERRQUEUE, "MSG_ERRQUEUE");
      },
    },
    { needs: [ERROR_QUEUE] },
  ),
  dialogue(
    "header_errors",
    "RFC 1122 3.2.1: a wrong checksum, version or length drops the packet, silently",
    {
      left: async (posix) => {
        await posix.usleep(100_000);
      },
      prepare: ({ left, right, wire }, bed) => {
        const fields = { source: LEFT, destination: RIGHT, protocol: 1 };
        const good = ipv4Frame(right.mac(), left.mac(), fields, echoRequest(1, 1));
        for (const [index, [octet, value]] of [
          [14 + 10, 0xaa],
          [14, 0x55],
          [14 + 3, 0xff],
        ].entries()) {
          const wrong = good.slice();
          wrong[octet ?? 0] = value ?? 0;
          bed.at(`${10 + index * 10}ms`, () => wire.inject(right, wrong));
        }
      },
      after: ({ right, wire }) => {
        same(
          wire.sent(right, ({ ip }) => ip !== undefined),
          [],
          "answers",
        );
        const snmp = right.kernel.proc_read("/proc/net/snmp");
        same(counter(snmp, "Ip", "InReceives"), 3, "InReceives");
      },
    },
  ),
  dialogue("loopback_from_the_wire", "RFC 1122 3.2.1.3: 127/8 never comes from a wire", {
    left: async (posix) => {
      await posix.usleep(100_000);
    },
    prepare: ({ left, right, wire }, bed) => {
      for (const [source, destination] of [
        [LOOPBACK, RIGHT],
        [LEFT, LOOPBACK],
      ] as const) {
        const fields = { source, destination, protocol: 1 };
        const frame = ipv4Frame(right.mac(), left.mac(), fields, echoRequest(1, 1));
        bed.at("10ms", () => wire.inject(right, frame));
      }
    },
    after: ({ right, wire }) => {
      same(
        wire.sent(right, ({ ip, arp }) => ip !== undefined || arp !== undefined),
        [],
        "what is sent",
      );
    },
  }),
];

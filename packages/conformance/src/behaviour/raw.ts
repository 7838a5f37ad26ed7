import {
  AF_INET,
  AF_PACKET,
  IP_HDRINCL,
  IPPROTO_ICMP,
  IPPROTO_IP,
  IPPROTO_RAW,
  IPPROTO_UDP,
  MSG_DONTWAIT,
  SO_BINDTODEVICE,
  SOCK_RAW,
  SOL_SOCKET,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { PACKET_SOCKETS } from "../features.ts";
import { ping } from "../program/ping.ts";
import { fails, same } from "../expectation.ts";

import { ETH_P_ARP, viewOf, echoRequest, icmp, ipv4, ipv4Frame, pair } from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";
import { dialogue, LOOPBACK, PORT, program } from "./kinds.ts";
import { counter, udpSocket } from "./udp.ts";

/** htons(ETH_P_ARP) on a little-endian machine. */
const ETH_P_ARP_ON_THE_WIRE = 0x0608;
const TO_RIGHT = { address: RIGHT, port: PORT };

function deviceName(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

export const rawTests: readonly ConformanceTest[] = [
  dialogue(
    "raw_receives",
    "raw(7): a raw socket gets the packets of its protocol, with their headers",
    {
      right: async (posix) => {
        const socket = await posix.socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
        const buffer = new Uint8Array(100);
        const length = await posix.recv(socket, buffer);
        same(length, 20 + 8 + 3, "octets");
        same([buffer[0], buffer[9]], [0x45, 17], "version and protocol");
      },
      left: async (posix) => {
        await posix.sendto(await udpSocket(posix), "abc", TO_RIGHT);
      },
    },
  ),
  dialogue(
    "packet_socket",
    "packet(7): a packet socket sees the frames of its protocol, with their Ethernet header",
    {
      left: async (posix) => {
        const socket = await posix.socket(AF_PACKET, SOCK_RAW, ETH_P_ARP_ON_THE_WIRE);
        await ping(posix, RIGHT, { count: 1 });
        const buffer = new Uint8Array(100);
        same((await posix.recv(socket, buffer)) >= 14 + 28, true, "a frame of ARP");
        same(viewOf(buffer).getUint16(12), ETH_P_ARP, "its type");
        same(viewOf(buffer).getUint16(20), 2, "its operation: a reply");
      },
    },
    { needs: [PACKET_SOCKETS] },
  ),
  dialogue(
    "raw_header_included",
    "raw(7) IP_HDRINCL, IPPROTO_RAW: the header is the program's; checksum and length are filled in",
    {
      left: async (posix) => {
        const fields = { source: "10.0.0.99", destination: RIGHT, protocol: 253, ttl: 9, id: 4711 };
        const packet = ipv4(fields, new Uint8Array(4));
        packet.set([0, 0], 10);
        const socket = await posix.socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
        same(await posix.getsockopt(socket, IPPROTO_IP, IP_HDRINCL), 1, "IP_HDRINCL");
        await posix.sendto(socket, packet, { address: RIGHT, port: 0 });
      },
      after: ({ left, right, wire }) => {
        const [packet] = wire.sent(left, ({ ip }) => ip?.protocol === 253);
        same(
          [packet?.ip?.source, packet?.ip?.ttl, packet?.ip?.id],
          ["10.0.0.99", 9, 4711],
          "the header",
        );
        const snmp = right.kernel.proc_read("/proc/net/snmp");
        same(counter(snmp, "Ip", "InUnknownProtos"), 1, "right takes it: InUnknownProtos");
      },
    },
  ),
  dialogue(
    "protocol_unreachable",
    "RFC 1122 3.2.2.1: a protocol that nobody knows is answered by 3/2",
    {
      left: async (posix) => {
        await posix.usleep(100_000);
      },
      prepare: ({ left, right, wire }, bed) => {
        const fields = { source: LEFT, destination: RIGHT, protocol: 253 };
        const frame = ipv4Frame(right.mac(), left.mac(), fields, new Uint8Array(8));
        bed.at("10ms", () => wire.inject(right, frame));
      },
      after: ({ right, wire }) => {
        const errors = wire.sent(right, (packet) => packet.icmp !== undefined);
        same(
          errors.map((error) => [error.icmp?.type, error.icmp?.code]),
          [[3, 2]],
          "type and code",
        );
      },
    },
  ),
  program(
    "raw_bound",
    "raw(7): a bound raw socket gets what is for its address alone",
    async (posix) => {
      const socket = await posix.socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
      await posix.bind(socket, { address: "127.0.0.2", port: 0 });
      const sender = await udpSocket(posix);
      await udpSocket(posix, PORT);
      await posix.sendto(sender, "a", { address: LOOPBACK, port: PORT });
      await posix.sendto(sender, "b", { address: "127.0.0.2", port: PORT });
      const buffer = new Uint8Array(100);
      same(await posix.recv(socket, buffer), 29, "octets");
      same(String.fromCharCode(buffer[28] ?? 0), "b", "text");
      await fails("EAGAIN", () => posix.recv(socket, buffer, MSG_DONTWAIT), "recv");
    },
  ),
  {
    name: "bind_to_device",
    source:
      "socket(7) SO_BINDTODEVICE: what comes through another device is not for this socket; ENODEV",
    run: async (bed) => {
      const { left, right } = pair(bed);
      right.start(async (posix) => {
        const socket = await udpSocket(posix, PORT);
        const set = (text: string) =>
          posix.setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, deviceName(text));
        await fails("ENODEV", () => set("nope"), "an unknown device");
        await set("lo");
        await posix.usleep(50_000);
        await fails("EAGAIN", () => posix.recv(socket, new Uint8Array(9), MSG_DONTWAIT), "recv");
        await posix.sendto(await udpSocket(posix), "x", { address: LOOPBACK, port: PORT });
        same(await posix.recv(socket, new Uint8Array(9)), 1, "octets through lo");
      });
      left.start(
        async (posix) => {
          await posix.sendto(await udpSocket(posix), "x", TO_RIGHT);
        },
        { at: "10ms" },
      );
      await bed.run();
    },
  },
];

export const echoTests: readonly ConformanceTest[] = [
  dialogue(
    "echo",
    "RFC 1122 3.2.2.6: an echo comes back with the same identifier, number and data",
    {
      left: async (posix) => {
        await posix.usleep(100_000);
      },
      prepare: ({ left, right, wire }, bed) => {
        const fields = { source: LEFT, destination: RIGHT, protocol: 1, tos: 0x20 };
        const frame = ipv4Frame(right.mac(), left.mac(), fields, echoRequest(7, 9, 1000));
        bed.at("10ms", () => wire.inject(right, frame));
      },
      after: ({ right, wire }) => {
        const [reply] = wire.sent(right, (packet) => packet.icmp !== undefined);
        same(
          [reply?.icmp?.type, reply?.icmp?.rest],
          [0, 7 * 65_536 + 9],
          "type, identifier, number",
        );
        same(reply?.icmp?.data, echoRequest(7, 9, 1000).subarray(8), "data");
        same(reply?.ip?.tos, 0x20, "TOS");
      },
    },
  ),
  dialogue("echo_ignored", "icmp(7): icmp_echo_ignore_all, icmp_echo_ignore_broadcasts", {
    left: async (posix) => {
      await posix.usleep(100_000);
    },
    prepare: ({ left, right, wire }, bed) => {
      const request = echoRequest(1, 1);
      const broadcast = { source: LEFT, destination: "10.0.0.255", protocol: 1 };
      const unicast = { source: LEFT, destination: RIGHT, protocol: 1 };
      bed.at("10ms", () => {
        wire.inject(right, ipv4Frame("ff:ff:ff:ff:ff:ff", left.mac(), broadcast, request));
      });
      bed.at("20ms", () => {
        right.sysctl("net.ipv4.icmp_echo_ignore_all", 1);
        wire.inject(right, ipv4Frame(right.mac(), left.mac(), unicast, request));
      });
    },
    after: ({ right, wire }) => {
      same(
        wire.sent(right, (packet) => packet.icmp !== undefined),
        [],
        "answers",
      );
    },
  }),
  dialogue(
    "icmp_bad_checksum",
    "RFC 1122 3.2.2: a message whose checksum is wrong is dropped and counted",
    {
      left: async (posix) => {
        await posix.usleep(100_000);
      },
      prepare: ({ left, right, wire }, bed) => {
        const request = icmp(8, 0, 1, new Uint8Array(8));
        request[2] = (request[2] ?? 0) ^ 0xff;
        const fields = { source: LEFT, destination: RIGHT, protocol: 1 };
        bed.at("10ms", () =>
          wire.inject(right, ipv4Frame(right.mac(), left.mac(), fields, request)),
        );
      },
      after: ({ right, wire }) => {
        same(
          wire.sent(right, (packet) => packet.icmp !== undefined),
          [],
          "answers",
        );
        same(
          counter(right.kernel.proc_read("/proc/net/snmp"), "Icmp", "InCsumErrors"),
          1,
          "InCsumErrors",
        );
      },
    },
  ),
  dialogue("raw_icmp_filtered_by_nothing", "raw(7): every raw ICMP socket gets its own copy", {
    left: async (posix) => {
      const sockets = [
        await posix.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP),
        await posix.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP),
      ];
      await posix.sendto(sockets[0] ?? 0, echoRequest(3, 1), { address: RIGHT, port: 0 });
      for (const socket of sockets) {
        same(await posix.recv(socket, new Uint8Array(200)), 20 + 8 + 56, "octets");
      }
    },
  }),
];

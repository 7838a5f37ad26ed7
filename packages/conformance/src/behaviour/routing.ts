import { IP_MTU_DISCOVER, IP_TTL, IPPROTO_IP, type Main } from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { fails, holds, same } from "../expectation.ts";
import { connectTo, expectPattern, sendPattern } from "../program/stream.ts";
import { ping } from "../program/ping.ts";
import { arp, ipNow, pair, type Routed, routed, type Testbed } from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";
import { acceptOne, dialogue, PORT } from "./kinds.ts";
import { udpSocket } from "./udp.ts";

const IP_MTU = 14;
const EMSGSIZE = 90;
const FAR = "10.0.1.1";
const TO_FAR = { address: FAR, port: PORT };

/** left sends datagrams through the router to right. */
function throughRouter(
  name: string,
  source: string,
  parts: {
    readonly prepare?: (made: Routed) => void;
    readonly left: Main;
    readonly right?: Main;
    readonly after?: (made: Routed) => void;
    readonly farMtu?: number;
    readonly linger?: string;
  },
): ConformanceTest {
  return {
    name,
    source,
    run: async (bed: Testbed) => {
      const made = routed(bed, parts.farMtu === undefined ? {} : { cardMtu: parts.farMtu });
      parts.prepare?.(made);
      if (parts.right !== undefined) made.right.start(parts.right);
      made.left.start(parts.left, { at: "1ms" });
      await bed.run(parts.linger === undefined ? {} : { linger: parts.linger });
      parts.after?.(made);
    },
  };
}

const forwardTests: readonly ConformanceTest[] = [
  throughRouter(
    "forwarding",
    "RFC 1812 5.3.1: a router takes one from the TTL and leaves the rest",
    {
      left: (posix) => ping(posix, FAR, { count: 2 }),
      after: ({ left, router, near, far }) => {
        const [before] = near.sent(left, (packet) => packet.icmp !== undefined);
        const [after] = far.sent(router, (packet) => packet.icmp !== undefined);
        same([before?.ip?.ttl, after?.ip?.ttl], [64, 63], "TTLs");
        same(after?.payload, before?.payload, "what is behind the header");
        same(after?.sourceMac, router.mac(1), "sender of the frame");
      },
    },
  ),
  throughRouter("no_forwarding", "RFC 1122 3.3.1: a host does not forward what is not for it", {
    prepare: ({ router }) => router.sysctl("net.ipv4.ip_forward", 0),
    left: async (posix) => {
      await posix.sendto(await udpSocket(posix), "x", TO_FAR);
      await posix.usleep(50_000);
    },
    after: ({ router, near, far }) => {
      same(
        far.sent(router, ({ ip }) => ip !== undefined),
        [],
        "packets on the other side",
      );
      same(
        near.sent(router, ({ icmp }) => icmp !== undefined),
        [],
        "messages",
      );
    },
  }),
  throughRouter(
    "ttl_exceeded",
    "RFC 1812 5.3.1, 4.3.2.3: TTL 1 ends at the router: time exceeded, with the packet's start",
    {
      left: async (posix) => {
        const socket = await udpSocket(posix);
        await posix.setsockopt(socket, IPPROTO_IP, IP_TTL, 1);
        await posix.sendto(socket, "x", TO_FAR);
        await posix.usleep(50_000);
      },
      after: ({ left, router, near }) => {
        const [error] = near.sent(router, ({ icmp }) => icmp !== undefined);
        same(
          [error?.icmp?.type, error?.icmp?.code, error?.ip?.source],
          [11, 0, "10.0.0.254"],
          "message",
        );
        const [cause] = near.sent(left, ({ udp }) => udp !== undefined);
        // All but the checksum of UDP, which a card may still have to finish.
        same(
          error?.icmp?.data.subarray(0, 26),
          cause?.bytes.subarray(14, 14 + 26),
          "what it quotes",
        );
      },
    },
  ),
  throughRouter(
    "network_unreachable",
    "RFC 1812 4.3.3.1: no route: destination unreachable, code 0",
    {
      left: async (posix) => {
        await posix.sendto(await udpSocket(posix), "x", { address: "192.0.2.1", port: PORT });
        await posix.usleep(50_000);
      },
      after: ({ router, near }) => {
        const errors = near.sent(router, ({ icmp }) => icmp !== undefined);
        same(
          errors.map(({ icmp }) => [icmp?.type, icmp?.code]),
          [[3, 0]],
          "type and code",
        );
      },
    },
  ),
  throughRouter(
    "host_unreachable",
    "RFC 1812 4.3.3.1: nobody answers the router's ARP: code 1, after 3 s",
    {
      left: async (posix) => {
        await posix.sendto(await udpSocket(posix), "x", { address: "10.0.1.9", port: PORT });
        await posix.sleep(5);
      },
      after: ({ router, near }) => {
        const errors = near.sent(router, ({ icmp }) => icmp !== undefined);
        same(
          errors.map(({ icmp }) => [icmp?.type, icmp?.code]),
          [[3, 1]],
          "type and code",
        );
        const seconds = (errors[0]?.time ?? 0) / 1e9;
        holds(seconds > 2.9 && seconds < 3.5, `it takes 3 s: ${seconds}`);
      },
    },
  ),
  {
    name: "redirect",
    source: "RFC 1812 5.2.7.2: a router that sends a packet back where it came from says so",
    run: async (bed) => {
      const { left, right, wire } = pair(bed, { right: { forwarding: true } });
      left.ip(`route add 192.0.2.0/24 via ${RIGHT}`);
      right.ip("route add 192.0.2.0/24 via 10.0.0.77");
      right.ip("neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 dev sim0");
      left.start(async (posix) => {
        await posix.sendto(await udpSocket(posix), "x", { address: "192.0.2.1", port: PORT });
        await posix.usleep(50_000);
      });
      await bed.run();
      const [redirect] = wire.sent(right, ({ icmp }) => icmp !== undefined);
      same([redirect?.icmp?.type, redirect?.icmp?.code], [5, 1], "type and code");
      same(redirect?.icmp?.rest, 0x0a00004d, "gateway");
      const [forwarded] = wire.sent(right, ({ udp }) => udp !== undefined);
      same(forwarded?.destinationMac, "02:00:00:00:00:77", "the packet is forwarded all the same");
    },
  },
];

const pathMtuTests: readonly ConformanceTest[] = [
  throughRouter(
    "path_mtu_tcp",
    "RFC 1191 6.5: TCP learns from `fragmentation needed` and sends smaller segments",
    {
      farMtu: 1000,
      // Its own card is as small: without this it would offer a small MSS.
      prepare: ({ right }) => right.ip("link set dev sim0 mtu 1500"),
      right: async (posix) => expectPattern(posix, await acceptOne(posix), 50_000),
      left: async (posix) => sendPattern(posix, await connectTo(posix, FAR, PORT), 50_000),
      after: ({ left, router, near }) => {
        const errors = near.sent(router, ({ icmp }) => icmp?.type === 3 && icmp.code === 4);
        holds(errors.length > 0, "the router says `fragmentation needed`");
        same((errors[0]?.icmp?.rest ?? 0) & 0xffff, 1000, "the MTU that it tells");
        const last = near.sent(left, ({ tcp }) => (tcp?.data.length ?? 0) > 0).slice(-10);
        const longest = Math.max(...last.map(({ ip }) => ip?.totalLength ?? 0));
        same(longest, 1000, "longest of the last packets");
      },
    },
  ),
  throughRouter(
    "path_mtu_udp",
    "RFC 1191 6.2: a connected socket that forbids fragments is told what is too long: EMSGSIZE",
    {
      farMtu: 1000,
      left: async (posix) => {
        const socket = await udpSocket(posix);
        await posix.setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, 2);
        await posix.connect(socket, TO_FAR);
        await posix.send(socket, new Uint8Array(1200));
        await posix.usleep(50_000);
        same(await posix.getSocketError(socket), EMSGSIZE, "SO_ERROR");
        await fails("EMSGSIZE", () => posix.send(socket, new Uint8Array(1200)), "send");
        same(await posix.send(socket, new Uint8Array(972)), 972, "send of what fits");
      },
      after: ({ router, far }) => {
        const sizes = far
          .sent(router, ({ udp }) => udp !== undefined)
          .map(({ ip }) => ip?.totalLength);
        same(sizes, [1000], "packets behind the router");
      },
    },
  ),
  throughRouter(
    "path_mtu_option",
    "ip(7) IP_MTU: the MTU of a connected socket's path, as it is known now",
    {
      farMtu: 1000,
      left: async (posix) => {
        const socket = await udpSocket(posix);
        await posix.setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, 2);
        await fails(
          "ENOTCONN",
          () => posix.getsockopt(socket, IPPROTO_IP, IP_MTU),
          "not connected",
        );
        await posix.connect(socket, TO_FAR);
        same(await posix.getsockopt(socket, IPPROTO_IP, IP_MTU), 1500, "before");
        await posix.send(socket, new Uint8Array(1200));
        await posix.usleep(50_000);
        same(await posix.getsockopt(socket, IPPROTO_IP, IP_MTU), 1000, "afterwards");
      },
    },
  ),
  throughRouter("fragments_of_a_router", "RFC 1812 4.2.2.7: without DF the router fragments", {
    farMtu: 1000,
    left: async (posix) => {
      const socket = await udpSocket(posix);
      await posix.setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, 0);
      await posix.sendto(socket, new Uint8Array(1200), TO_FAR);
      await posix.usleep(50_000);
    },
    right: async (posix) => {
      same(await posix.recv(await udpSocket(posix, PORT), new Uint8Array(2000)), 1200, "octets");
    },
    after: ({ router, far }) => {
      const shown = far
        .sent(router, ({ ip }) => ip?.protocol === 17)
        .map(({ ip }) => [ip?.fragmentOffset, ip?.totalLength]);
      same(
        shown,
        [
          [0, 996],
          [976, 252],
        ],
        "offsets and lengths",
      );
    },
  }),
];

const tableTests: readonly ConformanceTest[] = [
  dialogue(
    "route_types",
    "ip-route(8): blackhole EINVAL, prohibit EACCES, unreachable EHOSTUNREACH",
    {
      prepare: ({ left }) => {
        for (const [index, type] of ["blackhole", "prohibit", "unreachable"].entries()) {
          left.ip(`route add ${type} 192.0.${index}.0/24`);
        }
      },
      left: async (posix) => {
        for (const [index, code] of ["EINVAL", "EACCES", "EHOSTUNREACH"].entries()) {
          const to = { address: `192.0.${index}.1`, port: 9 };
          await fails(code, async () => posix.connect(await udpSocket(posix), to), "connect");
        }
      },
    },
  ),
  {
    name: "longest_prefix",
    source: "RFC 1812 5.2.4.3: the longest prefix wins, then the smallest metric",
    run: async (bed) => {
      const host = bed.host("host");
      const peers = [bed.host("a"), bed.host("b"), bed.host("c")];
      const wires = peers.map((peer) => bed.link(host, peer));
      for (const [index, route] of ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.128/25"].entries()) {
        host.ip(`addr add 10.0.${index}.1/24 dev sim${index}`);
        host.ip(`neigh add 10.0.${index}.2 lladdr 02:00:00:00:00:0${index} dev sim${index}`);
        host.ip(`route add ${route} via 10.0.${index}.2 metric 10`);
      }
      host.ip("route add 192.0.2.0/24 via 10.0.0.2 metric 20");
      host.start(async (posix) => {
        const socket = await udpSocket(posix);
        for (const address of ["198.51.100.1", "192.0.2.1", "192.0.2.200"]) {
          await posix.sendto(socket, "x", { address, port: 9 });
        }
      });
      await bed.run();
      const shown = wires.map((wire) =>
        wire
          .sent(host, ({ udp }) => udp !== undefined)
          .map(({ ip }) => [ip?.destination, ip?.source]),
      );
      same(
        shown,
        [
          [["198.51.100.1", "10.0.0.1"]],
          [["192.0.2.1", "10.0.1.1"]],
          [["192.0.2.200", "10.0.2.1"]],
        ],
        "destinations and sources on each wire",
      );
    },
  },
  dialogue("source_of_a_route", "ip-route(8) src: the route says from which address", {
    prepare: ({ left }) => {
      left.ip("addr add 10.0.0.11/24 dev sim0");
      left.ip(`route add 192.0.2.0/24 via ${RIGHT} src 10.0.0.11`);
    },
    left: async (posix) => {
      const socket = await udpSocket(posix);
      await posix.connect(socket, { address: "192.0.2.1", port: 9 });
      same((await posix.getsockname(socket))?.address, "10.0.0.11", "local address");
    },
  }),
  dialogue(
    "interface_down",
    "netdevice(7): a device that goes down takes its routes along; up again it works",
    {
      prepare: ({ left }) => {
        left.kernelTask("down", () => ipNow(left, "link set sim0 down"), "50ms");
        left.kernelTask("up", () => ipNow(left, "link set sim0 up"), "150ms");
      },
      left: async (posix) => {
        await ping(posix, RIGHT, { count: 1 });
        await posix.usleep(80_000);
        const socket = await udpSocket(posix);
        await fails(
          "ENETUNREACH",
          () => posix.sendto(socket, "x", { address: RIGHT, port: 9 }),
          "send",
        );
        await posix.usleep(100_000);
        await ping(posix, RIGHT, { count: 1 });
      },
    },
  ),
  dialogue("carrier", "the cable is pulled and put back: packets are lost, then flow again", {
    prepare: ({ wire }, bed) => {
      bed.at("50ms", () => wire.down());
      bed.at("2s", () => wire.up());
    },
    right: async (posix) => expectPattern(posix, await acceptOne(posix), 20_000),
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.usleep(500_000);
      await sendPattern(posix, socket, 20_000);
    },
  }),
];

const arpTests: readonly ConformanceTest[] = [
  dialogue(
    "arp",
    "RFC 826: one question by broadcast, one answer by unicast; both sides know each other then",
    {
      left: (posix) => ping(posix, RIGHT, { count: 3 }),
      after: ({ left, right, wire }) => {
        const packets = wire.packets.filter((packet) => packet.arp !== undefined);
        const shown = packets.map(({ from, arp: each, destinationMac }) => [
          from,
          each?.operation,
          destinationMac,
        ]);
        same(
          shown,
          [
            ["left", "request", "ff:ff:ff:ff:ff:ff"],
            ["right", "reply", left.mac()],
          ],
          "packets",
        );
        same(packets[0]?.arp?.sender, LEFT, "who asks");
        same(packets[1]?.arp?.senderMac, right.mac(), "the answer");
      },
    },
  ),
  dialogue(
    "arp_not_for_us",
    "RFC 1122 2.3.2, ip-sysctl: a question about another's address is not answered",
    {
      left: async (posix) => {
        await posix.usleep(100_000);
      },
      prepare: ({ left, right, wire }, bed) => {
        const sender = { mac: left.mac(), address: LEFT };
        const nobody = "00:00:00:00:00:00";
        bed.at("10ms", () =>
          wire.inject(right, arp(1, sender, { mac: nobody, address: "10.0.0.9" })),
        );
        bed.at("20ms", () => wire.inject(right, arp(1, sender, { mac: nobody, address: RIGHT })));
      },
      after: ({ right, wire }) => {
        const answers = wire.sent(right, (packet) => packet.arp !== undefined);
        same(
          answers.map(({ arp: each }) => each?.sender),
          [RIGHT],
          "what is answered",
        );
      },
    },
  ),
  {
    name: "arp_unsolicited",
    source:
      "ip-sysctl arp_accept: an answer that nobody asked for makes no entry, but changes one that is there",
    run: async (bed) => {
      const { left, right, wire } = pair(bed);
      const liar = { mac: "02:00:00:00:00:66", address: RIGHT };
      const stranger = { mac: "02:00:00:00:00:55", address: "10.0.0.55" };
      left.start((posix) => ping(posix, RIGHT, { count: 1 }));
      bed.at("2s", () => {
        wire.inject(left, arp(2, stranger, { mac: left.mac(), address: LEFT }));
        wire.inject(left, arp(2, liar, { mac: left.mac(), address: LEFT }));
      });
      left.kernelTask(
        "show",
        function* () {
          const shown = yield* ipNow(left, "neigh show");
          holds(!shown.includes("10.0.0.55"), "no entry of the stranger");
          holds(shown.includes("02:00:00:00:00:66"), `the new address of ${RIGHT}: ${shown}`);
        },
        "3s",
      );
      await bed.run();
      holds(right.factory.isRunning, "right is there");
    },
  },
  dialogue(
    "arp_confirms",
    "RFC 4861 7.3.3 as Linux does ARP: after 5 s in DELAY a neighbour is asked again, by unicast",
    {
      left: async (posix) => {
        await ping(posix, RIGHT, { count: 1 });
        // Reachable for 15 to 45 s, then stale.
        await posix.sleep(60);
        await posix.sendto(await udpSocket(posix), "x", { address: RIGHT, port: 9 });
        await posix.sleep(10);
      },
      after: ({ left, right, wire }) => {
        const questions = wire.sent(
          left,
          ({ arp: each, time }) => each?.operation === "request" && time > 60e9,
        );
        same(
          questions.map(({ destinationMac }) => destinationMac),
          [right.mac()],
          "whom it asks",
        );
        const seconds = (questions[0]?.time ?? 0) / 1e9 - 60;
        holds(seconds > 4.9 && seconds < 6, `after 5 s: ${seconds}`);
      },
    },
  ),
];

export const routingTests: readonly ConformanceTest[] = [
  ...forwardTests,
  ...pathMtuTests,
  ...tableTests,
  ...arpTests,
];

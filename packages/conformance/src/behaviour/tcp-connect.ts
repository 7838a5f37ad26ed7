import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLOUT,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  O_NONBLOCK,
  POLLOUT,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  AF_INET,
  TCP_SYNCNT,
  F_SETFL,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { fails, holds, same, timed, timedSeries } from "../expectation.ts";
import { connectTo, listenAt, receiveText } from "../program/stream.ts";
import { ACK, type Pair, type Packet, pair, routed, RST, SYN } from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";
import { acceptOne, dialogue, durationOf, LOOPBACK, PORT, program, tcpSocket } from "./kinds.ts";

const SECOND = 1e9;
const ECONNREFUSED = 111;
const GHOST = "10.0.0.9";

/** A neighbour whose frames nobody takes: what is sent to it is never answered. */
function makeGhost({ left }: Pair): void {
  left.ip(`neigh add ${GHOST} lladdr 02:00:00:00:00:99 dev sim0`);
  // Since 6.5 the first retries are a second apart each; 6.1 always doubles.
  left.optionalSysctl("net.ipv4.tcp_syn_linear_timeouts", 0);
}

function timesOf(packets: readonly Packet[]): number[] {
  return packets.map(({ time }) => time);
}

export const tcpConnectTests: readonly ConformanceTest[] = [
  dialogue(
    "connect_refused",
    "RFC 9293 3.10.7.1: a SYN to a port where nobody listens is answered by RST",
    {
      left: async (posix) => {
        const socket = await tcpSocket(posix);
        const took = await durationOf(posix, () =>
          fails(
            "ECONNREFUSED",
            () => posix.connect(socket, { address: RIGHT, port: PORT }),
            "connect",
          ),
        );
        // The first packet waits for an answer by ARP: two round trips.
        same(took, 4e6, "nanoseconds");
      },
      after: ({ left, right, wire }) => {
        const [syn] = wire.sent(left, (packet) => packet.has(SYN));
        const [reset] = wire.sent(right, ({ tcp }) => tcp !== undefined);
        same(reset?.tcp?.flags, RST | ACK, "flags of the answer");
        same(reset?.tcp?.seq, 0, "its sequence number");
        same(reset?.tcp?.ack, ((syn?.tcp?.seq ?? 0) + 1) >>> 0, "its acknowledgment");
        same(reset?.tcp?.window, 0, "its window");
      },
    },
  ),
  dialogue(
    "connect_timeout",
    "tcp(7) tcp_syn_retries: 6 retries, doubling from a second; ETIMEDOUT after 127 s",
    {
      prepare: makeGhost,
      left: async (posix) => {
        const socket = await tcpSocket(posix);
        const took = await durationOf(posix, () =>
          fails(
            "ETIMEDOUT",
            () => posix.connect(socket, { address: GHOST, port: PORT }),
            "connect",
          ),
        );
        timed(took, 127 * SECOND, "time until ETIMEDOUT");
      },
      after: ({ left, wire }) => {
        const syns = wire.sent(left, (packet) => packet.has(SYN));
        const gaps = [1, 2, 4, 8, 16, 32].map((seconds) => seconds * SECOND);
        timedSeries(timesOf(syns), gaps, "SYNs");
        same(new Set(syns.map(({ tcp }) => tcp?.seq)).size, 1, "their initial sequence numbers");
      },
    },
  ),
  dialogue("connect_syncnt", "tcp(7) TCP_SYNCNT: with 2 retries ETIMEDOUT comes after 7 s", {
    prepare: makeGhost,
    left: async (posix) => {
      const socket = await tcpSocket(posix);
      await posix.setsockopt(socket, IPPROTO_TCP, TCP_SYNCNT, 2);
      const took = await durationOf(posix, () =>
        fails("ETIMEDOUT", () => posix.connect(socket, { address: GHOST, port: PORT }), "connect"),
      );
      timed(took, 7 * SECOND, "time until ETIMEDOUT");
    },
    after: ({ left, wire }) => {
      same(wire.sent(left, (packet) => packet.has(SYN)).length, 3, "SYNs");
    },
  }),
  dialogue(
    "connect_no_neighbour",
    "RFC 1122 2.3.2.2, arp(7): three questions a second apart, then EHOSTUNREACH",
    {
      left: async (posix) => {
        const socket = await tcpSocket(posix);
        const took = await durationOf(posix, () =>
          fails(
            "EHOSTUNREACH",
            () => posix.connect(socket, { address: GHOST, port: PORT }),
            "connect",
          ),
        );
        timed(took, 3 * SECOND, "time until EHOSTUNREACH");
      },
      after: ({ left, wire }) => {
        // A SYN that is sent again at the very end asks once more.
        const questions = wire.sent(left, ({ arp, time }) => arp?.target === GHOST && time < 3e9);
        timedSeries(timesOf(questions), [SECOND, SECOND], "questions by ARP");
        same(questions[0]?.destinationMac, "ff:ff:ff:ff:ff:ff", "whom they ask");
      },
    },
  ),
  program(
    "connect_network_unreachable",
    "connect(2): without a route ENETUNREACH at once",
    async (posix) => {
      const socket = await tcpSocket(posix);
      await fails(
        "ENETUNREACH",
        () => posix.connect(socket, { address: "192.0.2.1", port: 1 }),
        "connect",
      );
    },
  ),
  {
    name: "connect_icmp_unreachable",
    source: "RFC 1122 4.2.3.9: a host unreachable message ends an attempt to connect: EHOSTUNREACH",
    run: async (bed) => {
      const { left, router, near } = routed(bed);
      router.ip("route add unreachable 192.0.2.0/24");
      left.start(async (posix) => {
        const socket = await tcpSocket(posix);
        const connect = () => posix.connect(socket, { address: "192.0.2.1", port: PORT });
        const took = await durationOf(posix, () => fails("EHOSTUNREACH", connect, "connect"));
        same(took, 4e6, "nanoseconds");
      });
      await bed.run();
      const [error] = near.sent(router, ({ icmp }) => icmp !== undefined);
      same([error?.icmp?.type, error?.icmp?.code], [3, 1], "type and code of the router's message");
    },
  },
  dialogue(
    "connect_nonblocking",
    "connect(2): EINPROGRESS, then EALREADY, then writable, SO_ERROR 0, then EISCONN",
    {
      right: async (posix) => {
        const socket = await acceptOne(posix);
        same(await receiveText(posix, socket, 1), "", "text");
      },
      left: async (posix) => {
        const address = { address: RIGHT, port: PORT };
        const socket = await posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
        await fails("EINPROGRESS", () => posix.connect(socket, address), "connect");
        await fails("EALREADY", () => posix.connect(socket, address), "a second connect");
        const fds = [{ fd: socket, events: POLLOUT, revents: 0 }];
        same(await posix.poll(fds, 0), 0, "ready before the answer");
        same(await posix.poll(fds, 1000), 1, "ready in time");
        same(fds[0]?.revents, POLLOUT, "events");
        same(await posix.getSocketError(socket), 0, "SO_ERROR");
        same(await posix.connect(socket, address), 0, "the connect that asks how it went");
        await fails("EISCONN", () => posix.connect(socket, address), "one more connect");
      },
    },
  ),
  dialogue(
    "connect_nonblocking_refused",
    "connect(2), poll(2): a refusal is POLLERR and SO_ERROR, once",
    {
      left: async (posix) => {
        const socket = await posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
        const connect = () => posix.connect(socket, { address: RIGHT, port: PORT });
        await fails("EINPROGRESS", connect, "connect");
        const fds = [{ fd: socket, events: POLLOUT, revents: 0 }];
        same(await posix.poll(fds, 1000), 1, "ready in time");
        same(fds[0]?.revents, EPOLLOUT | EPOLLERR | EPOLLHUP, "events");
        same(await posix.getSocketError(socket), ECONNREFUSED, "SO_ERROR");
        same(await posix.getSocketError(socket), 0, "SO_ERROR the second time");
      },
    },
  ),
  dialogue(
    "connect_simultaneous",
    "RFC 9293 3.5, figure 8: two SYNs that cross make one connection",
    {
      prepare: ({ left, right }) => {
        left.ip(`neigh add ${RIGHT} lladdr ${right.mac()} dev sim0`);
        right.ip(`neigh add ${LEFT} lladdr ${left.mac()} dev sim0`);
      },
      right: async (posix) => {
        await posix.usleep(1000);
        const socket = await tcpSocket(posix);
        await posix.bind(socket, { address: RIGHT, port: PORT });
        await posix.connect(socket, { address: LEFT, port: PORT });
        await posix.send(socket, "right");
        same(await receiveText(posix, socket, 4), "left", "text");
      },
      left: async (posix) => {
        const socket = await tcpSocket(posix);
        await posix.bind(socket, { address: LEFT, port: PORT });
        await posix.connect(socket, { address: RIGHT, port: PORT });
        await posix.send(socket, "left");
        same(await receiveText(posix, socket, 5), "right", "text");
      },
      after: ({ wire }) => {
        const [first, second] = wire.packets.filter(({ tcp }) => tcp !== undefined);
        same(
          [first?.tcp?.flags, second?.tcp?.flags],
          [SYN, SYN],
          "flags of the first two segments",
        );
        same(first?.time, second?.time, "their times");
      },
    },
  ),
  program(
    "connect_to_oneself",
    "RFC 9293 3.5: a socket that connects to its own address talks to itself",
    async (posix) => {
      const socket = await tcpSocket(posix);
      await posix.bind(socket, { address: LOOPBACK, port: PORT });
      await posix.connect(socket, { address: LOOPBACK, port: PORT });
      await posix.send(socket, "echo");
      same(await receiveText(posix, socket, 4), "echo", "text");
      same(await posix.getpeername(socket), await posix.getsockname(socket), "the peer");
    },
  ),
  program(
    "connect_names",
    "getsockname(2), getpeername(2): both ends of a connection agree; ENOTCONN without one",
    async (posix) => {
      const listener = await listenAt(posix, PORT);
      await fails("ENOTCONN", () => posix.getpeername(listener), "peer of a listener");
      const client = await connectTo(posix, LOOPBACK, PORT);
      const server = await posix.accept(listener);
      same(
        await posix.getpeername(client),
        { family: "AF_INET", address: LOOPBACK, port: PORT },
        "peer",
      );
      same(await posix.getpeername(server), await posix.getsockname(client), "peer of the server");
      same(await posix.getsockname(server), await posix.getpeername(client), "name of the server");
    },
  ),
  program(
    "bind_names",
    "getsockname(2): nothing before bind, then what was bound, a port that the kernel chose",
    async (posix) => {
      const socket = await tcpSocket(posix);
      same(
        await posix.getsockname(socket),
        { family: "AF_INET", address: "0.0.0.0", port: 0 },
        "before",
      );
      await posix.bind(socket, { address: LOOPBACK, port: 0 });
      const name = await posix.getsockname(socket);
      same(name?.address, LOOPBACK, "address");
      holds(
        (name?.port ?? 0) >= 32_768 && (name?.port ?? 0) <= 60_999,
        `port ${name?.port} is ephemeral`,
      );
    },
  ),
  {
    name: "ephemeral_ports",
    source:
      "ip(7) ip_local_port_range: connections take the ports of the range; then EADDRNOTAVAIL",
    run: async (bed) => {
      const host = bed.host("host");
      host.sysctl("net.ipv4.ip_local_port_range", "40000 40003");
      host.start(async (posix) => {
        await listenAt(posix, PORT, 16);
        const ports = new Set<number | undefined>();
        for (let i = 0; i < 4; i++) {
          ports.add((await posix.getsockname(await connectTo(posix, LOOPBACK, PORT)))?.port);
        }
        same(
          [...ports].toSorted((a = 0, b = 0) => a - b),
          [40_000, 40_001, 40_002, 40_003],
          "ports",
        );
        await fails("EADDRNOTAVAIL", () => connectTo(posix, LOOPBACK, PORT), "the fifth");
      });
      await bed.run();
    },
  },
  {
    name: "syn_options",
    source:
      "RFC 7323, RFC 2018: a SYN offers MSS 1460, SACK, timestamps and scale 7, in Linux's order",
    run: async (bed) => {
      const { left, right, wire } = pair(bed);
      for (const host of [left, right]) {
        host.sysctl("net.core.rmem_max", 212_992);
        host.sysctl("net.ipv4.tcp_rmem", "4096 131072 6291456");
      }
      right.start(acceptAndEnd);
      left.start((posix) => connectTo(posix, RIGHT, PORT).then(() => undefined), { at: "1ms" });
      await bed.run();
      for (const host of [left, right]) {
        const [syn] = wire.sent(host, (packet) => packet.has(SYN));
        const options = [...(syn?.tcp?.options ?? [])];
        const shape = options.map((octet, index) => (index >= 8 && index < 16 ? "t" : octet));
        const times = ["t", "t", "t", "t", "t", "t", "t", "t"];
        same(
          shape,
          [2, 4, 5, 180, 4, 2, 8, 10, ...times, 1, 3, 3, 7],
          `options of ${host.name}'s SYN`,
        );
        same(syn?.tcp?.window, host === left ? 64_240 : 65_160, `window of ${host.name}'s SYN`);
        same([syn?.ip?.ttl, syn?.ip?.dontFragment], [64, true], `TTL and DF of ${host.name}'s SYN`);
      }
    },
  },
  program(
    "connect_twice",
    "connect(2): a connected socket gives EISCONN, a listening one too",
    async (posix) => {
      const listener = await listenAt(posix, PORT);
      const client = await connectTo(posix, LOOPBACK, PORT);
      await fails(
        "EISCONN",
        () => posix.connect(client, { address: LOOPBACK, port: PORT }),
        "connected",
      );
      await fails(
        "EISCONN",
        () => posix.connect(listener, { address: LOOPBACK, port: PORT }),
        "listening",
      );
    },
  ),
  program(
    "nonblocking_flag",
    "fcntl(2): O_NONBLOCK of a socket is set and cleared later",
    async (posix) => {
      const listener = await listenAt(posix, PORT);
      await posix.fcntl(listener, F_SETFL, O_NONBLOCK);
      await fails("EAGAIN", () => posix.accept(listener), "accept without a connection");
      const client = await connectTo(posix, LOOPBACK, PORT);
      await fails("EAGAIN", () => posix.recv(client, new Uint8Array(1), MSG_DONTWAIT), "recv");
    },
  ),
];

async function acceptAndEnd(posix: Parameters<typeof acceptOne>[0]): Promise<void> {
  await acceptOne(posix);
}

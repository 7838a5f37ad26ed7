import {
  FIONREAD,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  type Posix,
  POLLIN,
  POLLPRI,
  SHUT_WR,
  SO_OOBINLINE,
  SO_RCVLOWAT,
  SOL_SOCKET,
  TCP_CORK,
  TCP_MAXSEG,
  TCP_QUICKACK,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { between, fails, holds, same } from "../expectation.ts";
import {
  connectTo,
  expectPattern,
  listenAt,
  patternOf,
  receiveText,
  sendPattern,
} from "../program/stream.ts";
import { type Packet, type Pair, SYN, URG, viewOf } from "../testbed/index.ts";
import { RIGHT } from "../testbed/topology.ts";
import { acceptOne, connection, dialogue, durationOf, PORT, program } from "./kinds.ts";

const SIOCOUTQ = 0x5411;
const SIOCATMARK = 0x8905;
const ROUND_TRIP_NS = 2e6;

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Segments of left that carry something. */
function dataOf({ left, wire }: Pair): Packet[] {
  return wire.sent(left, ({ tcp }) => (tcp?.data.length ?? 0) > 0);
}

async function intOf(posix: Posix, fd: number, request: number): Promise<number> {
  const value = new Uint8Array(4);
  await posix.ioctl(fd, request, value);
  return viewOf(value).getInt32(0, true);
}

async function receiveAll(posix: Posix): Promise<void> {
  await receiveText(posix, await acceptOne(posix), 100_000);
}

const flagTests: readonly ConformanceTest[] = [
  connection(
    "msg_peek",
    "recv(2) MSG_PEEK: data that was looked at is still there",
    async (posix, client, server) => {
      await posix.send(client, "abc");
      const buffer = new Uint8Array(8);
      same(await posix.recv(server, buffer, MSG_PEEK), 3, "octets");
      same(await intOf(posix, server, FIONREAD), 3, "FIONREAD");
      same(await receiveText(posix, server, 3), "abc", "text");
      same(await intOf(posix, server, FIONREAD), 0, "FIONREAD afterwards");
    },
  ),
  dialogue("msg_waitall", "recv(2) MSG_WAITALL: waits for all, or for the end", {
    right: async (posix) => {
      const socket = await acceptOne(posix);
      const buffer = new Uint8Array(6);
      same(await posix.recv(socket, buffer, MSG_WAITALL), 6, "octets");
      same(textOf(buffer), "abcdef", "text");
      same(await posix.recv(socket, buffer, MSG_WAITALL), 2, "octets before the end");
    },
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      for (const text of ["abc", "def", "gh"]) {
        await posix.send(socket, text);
        await posix.usleep(20_000);
      }
      await posix.shutdown(socket, SHUT_WR);
    },
  }),
  connection(
    "msg_trunc",
    "tcp(7) MSG_TRUNC: octets are thrown away, not copied",
    async (posix, client, server) => {
      await posix.send(client, "abcdef");
      const buffer = new Uint8Array(4);
      same(await posix.recv(server, buffer, MSG_TRUNC), 4, "octets");
      same([...buffer], [0, 0, 0, 0], "the buffer");
      same(await receiveText(posix, server, 2), "ef", "text");
    },
  ),
  connection(
    "msg_dontwait",
    "recv(2) MSG_DONTWAIT: EAGAIN when there is nothing",
    async (posix, client) => {
      await fails("EAGAIN", () => posix.recv(client, new Uint8Array(1), MSG_DONTWAIT), "recv");
    },
  ),
  connection(
    "receive_timeout",
    "socket(7) SO_RCVTIMEO: EAGAIN when the time is up",
    async (posix, client) => {
      await posix.setReceiveTimeout(client, 250e6);
      const took = await durationOf(posix, () =>
        fails("EAGAIN", () => posix.recv(client, new Uint8Array(1)), "recv"),
      );
      between(took, 250e6, 300e6, "nanoseconds");
    },
  ),
  program("accept_timeout", "socket(7) SO_RCVTIMEO: holds for accept too", async (posix) => {
    const listener = await listenAt(posix, PORT);
    await posix.setReceiveTimeout(listener, 250e6);
    const took = await durationOf(posix, () =>
      fails("EAGAIN", () => posix.accept(listener), "accept"),
    );
    between(took, 250e6, 300e6, "nanoseconds");
  }),
  connection(
    "send_timeout",
    "socket(7) SO_SNDTIMEO: what fits is taken; then EAGAIN when the time is up",
    async (posix, client) => {
      await posix.setSendTimeout(client, 250e6);
      const big = new Uint8Array(16_000_000);
      const taken = await posix.send(client, big);
      holds(taken > 0 && taken < big.length, `a part is taken: ${taken}`);
      const took = await durationOf(posix, () =>
        fails("EAGAIN", () => posix.send(client, big), "send"),
      );
      between(took, 250e6, 300e6, "nanoseconds");
      await fails("EAGAIN", () => posix.send(client, "x", MSG_DONTWAIT), "send with MSG_DONTWAIT");
    },
  ),
  dialogue(
    "receive_low_water",
    "socket(7) SO_RCVLOWAT: not readable, and no end of recv, below the mark",
    {
      right: async (posix) => {
        const socket = await acceptOne(posix);
        await posix.setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, 6);
        await posix.usleep(10_000);
        const fds = [{ fd: socket, events: POLLIN, revents: 0 }];
        same(await posix.poll(fds, 0), 0, "ready with three octets");
        const buffer = new Uint8Array(100);
        same(await posix.recv(socket, buffer), 6, "octets");
      },
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await posix.send(socket, "abc");
        await posix.usleep(50_000);
        await posix.send(socket, "def");
        await posix.usleep(50_000);
      },
    },
  ),
];

const sendingTests: readonly ConformanceTest[] = [
  dialogue("nagle", "RFC 1122 4.2.3.4: a small segment waits while another is not acknowledged", {
    right: receiveAll,
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      for (const text of ["a", "b", "c"]) await posix.send(socket, text);
      await posix.usleep(100_000);
    },
    after: (made) => {
      const [first, second] = dataOf(made);
      same(textOf(first?.tcp?.data ?? new Uint8Array()), "a", "the first segment");
      same(textOf(second?.tcp?.data ?? new Uint8Array()), "bc", "the second segment");
      between((second?.time ?? 0) - (first?.time ?? 0), ROUND_TRIP_NS, 60e6, "nanoseconds between");
    },
  }),
  dialogue("nodelay", "tcp(7) TCP_NODELAY: each write leaves at once", {
    right: receiveAll,
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.setNoDelay(socket, true);
      for (const text of ["a", "b", "c"]) await posix.send(socket, text);
    },
    after: (made) => {
      const segments = dataOf(made);
      same(
        segments.map(({ tcp }) => textOf(tcp?.data ?? new Uint8Array())),
        ["a", "b", "c"],
        "segments",
      );
      same(new Set(segments.map(({ time }) => time)).size, 1, "instants");
    },
  }),
  dialogue("cork", "tcp(7) TCP_CORK: nothing but full segments, until the cork is pulled", {
    right: receiveAll,
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.setsockopt(socket, IPPROTO_TCP, TCP_CORK, 1);
      await posix.send(socket, "abc");
      await posix.usleep(50_000);
      await posix.send(socket, "def");
      await posix.setsockopt(socket, IPPROTO_TCP, TCP_CORK, 0);
    },
    after: (made) => {
      const segments = dataOf(made);
      same(
        segments.map(({ tcp }) => textOf(tcp?.data ?? new Uint8Array())),
        ["abcdef"],
        "segments",
      );
    },
  }),
  dialogue("cork_200_ms", "tcp(7) TCP_CORK: after 200 ms it leaves all the same", {
    right: receiveAll,
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.setsockopt(socket, IPPROTO_TCP, TCP_CORK, 1);
      await posix.usleep(1000);
      await posix.send(socket, "abc");
      await posix.usleep(500_000);
    },
    after: (made) => {
      const [first] = dataOf(made);
      // Connected at 5 ms, sent at 6 ms.
      between((first?.time ?? 0) - 6e6, 190e6, 260e6, "nanoseconds until the segment");
    },
  }),
  dialogue("msg_more", "send(2) MSG_MORE: what comes next goes into the same segment", {
    right: receiveAll,
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.send(socket, "abc", MSG_MORE);
      await posix.usleep(50_000);
      await posix.send(socket, "def");
    },
    after: (made) => {
      const segments = dataOf(made);
      same(
        segments.map(({ tcp }) => textOf(tcp?.data ?? new Uint8Array())),
        ["abcdef"],
        "segments",
      );
    },
  }),
  dialogue(
    "delayed_ack",
    "RFC 1122 4.2.3.2, tcp(7) TCP_QUICKACK: an ACK waits 40 ms, or leaves at once",
    {
      right: async (posix) => {
        const socket = await acceptOne(posix);
        for (const isQuick of [0, 1]) {
          await posix.setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, isQuick);
          await posix.recv(socket, new Uint8Array(1));
          // Asking for a quick ACK would also send the one that waits.
          await posix.usleep(60_000);
        }
      },
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        for (let i = 0; i < 2; i++) {
          await posix.usleep(100_000);
          await posix.send(socket, "x");
        }
        await posix.usleep(50_000);
      },
      after: (made) => {
        const { right, wire } = made;
        const waits = dataOf(made).map(({ time, tcp }) => {
          const end = ((tcp?.seq ?? 0) + 1) >>> 0;
          const ack = wire.sent(right, (packet) => packet.tcp?.ack === end)[0];
          return (ack?.time ?? 0) - time - ROUND_TRIP_NS / 2;
        });
        between(waits[0] ?? 0, 38e6, 60e6, "nanoseconds that the first ACK waited");
        same(waits[1], 0, "nanoseconds that the second ACK waited");
      },
    },
  ),
  dialogue("maxseg", "tcp(7) TCP_MAXSEG: the SYN offers it, and the peer keeps to it", {
    right: async (posix) => {
      const socket = await acceptOne(posix);
      await sendPattern(posix, socket, 10_000);
    },
    left: async (posix) => {
      const socket = await posix.socket(2, 1);
      await posix.setsockopt(socket, IPPROTO_TCP, TCP_MAXSEG, 500);
      await posix.connect(socket, { address: RIGHT, port: PORT });
      await expectPattern(posix, socket, 10_000);
    },
    after: ({ left, right, wire }) => {
      same(wire.sent(left, (packet) => packet.has(SYN))[0]?.tcp?.mss, 500, "MSS of the SYN");
      const longest = Math.max(...wire.sent(right).map(({ tcp }) => tcp?.data.length ?? 0));
      same(longest, 500 - 12, "octets of the longest segment, less the timestamps");
    },
  }),
  dialogue(
    "urgent_data",
    "RFC 6093, tcp(7): one octet out of band, its mark, POLLPRI, and the URG flag",
    {
      right: async (posix) => {
        const socket = await acceptOne(posix);
        await posix.usleep(50_000);
        const fds = [{ fd: socket, events: POLLIN | POLLPRI, revents: 0 }];
        same(await posix.poll(fds, 0), 1, "ready");
        same(fds[0]?.revents, POLLIN | POLLPRI, "events");
        const octet = new Uint8Array(1);
        same(await posix.recv(socket, octet, MSG_OOB), 1, "octets out of band");
        same(textOf(octet), "!", "the octet");
        const buffer = new Uint8Array(10);
        same(await posix.recv(socket, buffer), 3, "octets up to the mark");
        same(await intOf(posix, socket, SIOCATMARK), 1, "SIOCATMARK");
        same(await receiveText(posix, socket, 3), "def", "what follows");
        await fails("EINVAL", () => posix.recv(socket, octet, MSG_OOB), "a second time");
      },
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await posix.send(socket, "abc");
        await posix.send(socket, "!", MSG_OOB);
        await posix.usleep(10_000);
        await posix.send(socket, "def");
        await posix.usleep(100_000);
      },
      after: ({ left, wire }) => {
        const [urgent] = wire.sent(left, (packet) => packet.has(URG));
        holds((urgent?.tcp?.urgent ?? 0) > 0, "a segment has URG and an urgent pointer");
      },
    },
  ),
  connection(
    "urgent_inline",
    "socket(7) SO_OOBINLINE: the octet comes with the others",
    async (posix, client, server) => {
      await posix.setsockopt(server, SOL_SOCKET, SO_OOBINLINE, 1);
      await posix.send(client, "a");
      await posix.send(client, "!", MSG_OOB);
      await posix.send(client, "b");
      const texts: string[] = [];
      while (texts.join("").length < 3) texts.push(await receiveText(posix, server, 1));
      same(texts.join(""), "a!b", "text");
    },
  ),
  dialogue("output_queue", "tcp(7) SIOCOUTQ: octets that are not acknowledged", {
    hosts: { wire: { delay: "50ms" } },
    right: receiveAll,
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.send(socket, patternOf(700));
      same(await intOf(posix, socket, SIOCOUTQ), 700, "octets at once");
      await posix.usleep(300_000);
      same(await intOf(posix, socket, SIOCOUTQ), 0, "octets later");
    },
  }),
];

export const tcpDataTests: readonly ConformanceTest[] = [...flagTests, ...sendingTests];

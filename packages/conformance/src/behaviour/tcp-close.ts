import {
  AF_UNIX,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  type Posix,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SIGPIPE,
  SO_LINGER,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_LINGER2,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { between, fails, holds, same, timed } from "../expectation.ts";
import { connectTo, receiveText } from "../program/stream.ts";
import { ACK, FIN, ipv4Frame, type Packet, type Pair, RST, tcp } from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";
import { acceptOne, connection, dialogue, durationOf, PORT, tcpSocket } from "./kinds.ts";

const SECOND = 1e9;
const EPIPE = 32;

/** struct linger */
function linger(isOn: boolean, seconds: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, Number(isOn), true);
  view.setInt32(4, seconds, true);
  return bytes;
}

async function sendToNobody(posix: Posix): Promise<void> {
  const [one, other] = await posix.socketpair(AF_UNIX, SOCK_STREAM);
  await posix.close(other);
  await posix.send(one, "x");
}

function segmentsOf(wire: Pair["wire"], flags: number): Packet[] {
  return wire.packets.filter((packet) => packet.has(flags));
}

const closeTests: readonly ConformanceTest[] = [
  dialogue("half_close", "RFC 9293 3.6: who has shut down sending still receives", {
    right: async (posix) => {
      const socket = await acceptOne(posix);
      same(await receiveText(posix, socket, 100), "request", "text until the end");
      await posix.send(socket, "a late answer");
      await posix.close(socket);
    },
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.send(socket, "request");
      await posix.shutdown(socket, SHUT_WR);
      same(await receiveText(posix, socket, 100), "a late answer", "text");
    },
    after: ({ wire }) => {
      same(segmentsOf(wire, FIN).length, 2, "FINs");
      same(segmentsOf(wire, RST), [], "RSTs");
    },
  }),
  dialogue(
    "close_with_unread_data",
    "RFC 2525 2.17, RFC 1122 4.2.2.13: closing with data unread sends RST",
    {
      right: async (posix) => {
        const socket = await acceptOne(posix);
        await posix.usleep(100_000);
        await posix.close(socket);
      },
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await posix.send(socket, "never read");
        await fails("ECONNRESET", () => posix.recv(socket, new Uint8Array(1)), "recv");
      },
      after: ({ right, wire }) => {
        same(
          wire.sent(right, (packet) => packet.has(FIN)),
          [],
          "FINs",
        );
        same(wire.sent(right, (packet) => packet.has(RST)).length, 1, "RSTs");
      },
    },
  ),
  dialogue("linger_zero", "socket(7) SO_LINGER with 0 s: close resets", {
    right: async (posix) => {
      const socket = await acceptOne(posix);
      await fails("ECONNRESET", () => posix.recv(socket, new Uint8Array(1)), "recv");
      same(await posix.recv(socket, new Uint8Array(1)), 0, "recv after the error was told");
    },
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.setsockopt(socket, SOL_SOCKET, SO_LINGER, linger(true, 0));
      await posix.close(socket);
    },
    after: ({ left, wire }) => {
      same(wire.sent(left, (packet) => packet.has(RST)).length, 1, "RSTs");
      same(segmentsOf(wire, FIN), [], "FINs");
    },
  }),
  dialogue("linger_waits", "socket(7) SO_LINGER: close waits until all is acknowledged", {
    hosts: { wire: { delay: "100ms" } },
    right: async (posix) => {
      const socket = await acceptOne(posix);
      same(await receiveText(posix, socket, 9), "data", "text");
    },
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.setsockopt(socket, SOL_SOCKET, SO_LINGER, linger(true, 5));
      await posix.send(socket, "data");
      const took = await durationOf(posix, async () => posix.close(socket));
      between(took, 200e6, 300e6, "nanoseconds of a round trip of 200 ms");
    },
  }),
  dialogue("linger_gives_up", "socket(7) SO_LINGER: close returns when the time is up", {
    right: async (posix) => {
      await acceptOne(posix);
      await posix.sleep(5);
    },
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.setsockopt(socket, SOL_SOCKET, SO_LINGER, linger(true, 2));
      await posix.usleep(500_000);
      await posix.send(socket, "lost");
      timed(await durationOf(posix, async () => posix.close(socket)), 2 * SECOND, "time of close");
    },
    prepare: ({ wire }, bed) => {
      bed.at("300ms", () => {
        wire.passes = () => false;
      });
    },
  }),
  dialogue(
    "simultaneous_close",
    "RFC 9293 3.6, figure 13: two FINs that cross are acknowledged, without RST",
    {
      right: async (posix) => {
        const socket = await acceptOne(posix);
        await posix.usleep(200_000 - posix.now() / 1000);
        await posix.close(socket);
      },
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await posix.usleep(200_000 - posix.now() / 1000);
        await posix.close(socket);
      },
      after: ({ wire }) => {
        const [first, second] = segmentsOf(wire, FIN);
        same(first?.time, second?.time, "times of the FINs");
        same(segmentsOf(wire, FIN).length, 2, "FINs");
        same(segmentsOf(wire, RST), [], "RSTs");
      },
    },
  ),
];

const afterTests: readonly ConformanceTest[] = [
  connection(
    "send_after_shutdown",
    "shutdown(2), send(2): EPIPE, and SIGPIPE unless MSG_NOSIGNAL forbids it",
    async (posix, client) => {
      let signals = 0;
      posix.sigaction(SIGPIPE, () => {
        signals++;
      });
      await posix.shutdown(client, SHUT_WR);
      await fails("EPIPE", () => posix.send(client, "x", MSG_NOSIGNAL), "send with MSG_NOSIGNAL");
      same(signals, 0, "signals");
      await fails("EPIPE", () => posix.send(client, "x"), "send");
      same(signals, 1, "signals");
    },
  ),
  connection(
    "sigpipe_of_sleeper",
    "shutdown(2), send(2): a send that sleeps for room ends with EPIPE and SIGPIPE",
    async (posix, client) => {
      let signals = 0;
      posix.sigaction(SIGPIPE, () => {
        signals++;
      });
      const full = async (): Promise<never> => {
        for (;;) await posix.send(client, new Uint8Array(10_000), MSG_DONTWAIT);
      };
      await fails("EAGAIN", full, "send into a full buffer");
      const sleeper = posix.createThread(() =>
        fails("EPIPE", () => posix.send(client, new Uint8Array(10)), "the send that sleeps"),
      );
      await posix.usleep(10_000);
      same(signals, 0, "signals while it sleeps");
      await posix.shutdown(client, SHUT_WR);
      await posix.join(sleeper);
      same(signals, 1, "signals");
    },
  ),
  {
    name: "sigpipe_kills",
    source: "signal(7): SIGPIPE ends a process that has no handler",
    run: async (bed) => {
      bed.host("host").start(sendToNobody, { expect: "killed by SIGPIPE" });
      await bed.run();
    },
  },
  connection(
    "recv_after_shutdown",
    "shutdown(2) SHUT_RD: recv gives 0 at once; SHUT_RDWR tells the peer",
    async (posix, client, server) => {
      await posix.shutdown(client, SHUT_RD);
      same(await posix.recv(client, new Uint8Array(1)), 0, "recv");
      same(await posix.send(client, "x"), 1, "send, which still works");
      await posix.shutdown(client, SHUT_RDWR);
      same(await receiveText(posix, server, 9), "x", "text");
    },
  ),
  connection(
    "shutdown_errors",
    "shutdown(2): ENOTCONN without a connection, EINVAL for an unknown way",
    async (posix, client) => {
      await fails(
        "ENOTCONN",
        async () => posix.shutdown(await tcpSocket(posix), SHUT_WR),
        "no connection",
      );
      await fails("EINVAL", () => posix.shutdown(client, 3), "an unknown way");
    },
  ),
  dialogue(
    "send_to_closed_peer",
    "RFC 9293 3.10.7.1: data for a socket that is gone is answered by RST; then EPIPE",
    {
      right: async (posix) => {
        await posix.close(await acceptOne(posix));
      },
      left: async (posix) => {
        posix.sigaction(SIGPIPE, "SIG_IGN");
        const socket = await connectTo(posix, RIGHT, PORT);
        same(await posix.recv(socket, new Uint8Array(1)), 0, "recv of the peer's end");
        same(await posix.send(socket, "x"), 1, "the first send");
        await posix.usleep(50_000);
        same(await posix.getSocketError(socket), EPIPE, "SO_ERROR");
        await fails("EPIPE", () => posix.send(socket, "x"), "the second send");
      },
      after: ({ right, wire }) => {
        same(wire.sent(right, (packet) => packet.has(RST)).length, 1, "RSTs");
      },
    },
  ),
  dialogue(
    "fin_wait2_ends",
    "tcp(7) TCP_LINGER2: who waits for the peer's FIN in vain is gone after that time",
    {
      right: async (posix) => {
        posix.sigaction(SIGPIPE, "SIG_IGN");
        const socket = await acceptOne(posix);
        same(await posix.recv(socket, new Uint8Array(1)), 0, "recv");
        await posix.sleep(10);
        await posix.send(socket, "too late");
        await posix.usleep(50_000);
        await fails("EPIPE", () => posix.send(socket, "x"), "send");
      },
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await posix.setsockopt(socket, IPPROTO_TCP, TCP_LINGER2, 5);
        await posix.close(socket);
      },
      after: ({ left, wire }) => {
        same(wire.sent(left, (packet) => packet.has(RST)).length, 1, "RSTs");
      },
    },
  ),
];

const timeWaitTests: readonly ConformanceTest[] = [
  dialogue(
    "time_wait_acknowledges",
    "RFC 9293 3.10.7.4: a FIN that comes again is acknowledged for 60 s, then reset",
    {
      linger: "100s",
      right: async (posix) => {
        const socket = await acceptOne(posix);
        same(await posix.recv(socket, new Uint8Array(1)), 0, "recv");
        await posix.close(socket);
      },
      left: async (posix) => {
        await posix.close(await connectTo(posix, RIGHT, PORT));
      },
      prepare: ({ left, right, wire }, bed) => {
        for (const at of ["30s", "95s"]) {
          bed.at(at, () => {
            const [fin] = wire.sent(right, (packet) => packet.has(FIN));
            if (fin !== undefined) wire.inject(left, fin.bytes);
          });
        }
      },
      after: ({ left, wire }) => {
        const late = wire.sent(
          left,
          ({ tcp: segment, time }) => segment !== undefined && time > 10 * SECOND,
        );
        // The FIN that was acknowledged at 30 s has begun the minute anew.
        same(
          late.map((packet) => packet.has(RST)),
          [false, true],
          "whether the answers are RSTs",
        );
        holds(late[0]?.has(ACK) === true, "the first answer is an ACK");
      },
    },
  ),
  dialogue(
    "stray_segments",
    "RFC 9293 3.10.7.1: a segment of no connection is answered by RST, a RST by nothing",
    {
      left: async (posix) => {
        await posix.usleep(100_000);
      },
      prepare: ({ left, right, wire }, bed) => {
        const fields = { sourcePort: 1000, destinationPort: 2000, seq: 5, ack: 77 };
        const frame = (flags: number): Uint8Array =>
          ipv4Frame(
            left.mac(),
            right.mac(),
            { source: RIGHT, destination: LEFT, protocol: 6 },
            tcp(RIGHT, LEFT, { ...fields, flags, data: new Uint8Array(3) }),
          );
        bed.at("10ms", () => wire.inject(left, frame(ACK)));
        bed.at("20ms", () => wire.inject(left, frame(FIN)));
        bed.at("30ms", () => wire.inject(left, frame(RST)));
      },
      after: ({ left, wire }) => {
        const answers = wire.sent(left, ({ tcp: segment }) => segment !== undefined);
        const shown = answers.map(({ tcp: segment }) => [
          segment?.flags,
          segment?.seq,
          segment?.ack,
        ]);
        // 5, three octets, and the FIN itself.
        same(
          shown,
          [
            [RST, 77, 0],
            [RST | ACK, 0, 9],
          ],
          "flags, sequence number, acknowledgment",
        );
      },
    },
  ),
];

export const tcpCloseTests: readonly ConformanceTest[] = [
  ...closeTests,
  ...afterTests,
  ...timeWaitTests,
];

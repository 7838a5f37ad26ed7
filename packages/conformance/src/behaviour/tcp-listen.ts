import {
  AF_INET,
  F_GETFL,
  IPPROTO_TCP,
  O_NONBLOCK,
  type Posix,
  SHUT_RD,
  SO_ACCEPTCONN,
  SO_KEEPALIVE,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_DEFER_ACCEPT,
  TCP_NODELAY,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { between, fails, holds, same, timed } from "../expectation.ts";
import { connectTo, listenAt, receiveText } from "../program/stream.ts";
import { RST, SYN } from "../testbed/index.ts";
import { RIGHT } from "../testbed/topology.ts";
import {
  acceptOne,
  connection,
  dialogue,
  durationOf,
  LOOPBACK,
  PORT,
  program,
  tcpSocket,
} from "./kinds.ts";

const ANY = "0.0.0.0";
const TIME_WAIT_NS = 60e9;

async function bound(posix: Posix, address: string, isReusable = false): Promise<number> {
  const socket = await tcpSocket(posix);
  if (isReusable) await posix.setReuseAddress(socket, true);
  await posix.bind(socket, { address, port: PORT });
  return socket;
}

/** The server closes first, so that its end of the connection goes to TIME_WAIT. */
async function leaveTimeWait(posix: Posix): Promise<void> {
  const listener = await bound(posix, LOOPBACK, true);
  await posix.listen(listener, 1);
  const client = await connectTo(posix, LOOPBACK, PORT);
  const server = await posix.accept(listener);
  for (const socket of [server, client, listener]) await posix.close(socket);
}

const queueTests: readonly ConformanceTest[] = [
  dialogue(
    "backlog_overflow",
    "listen(2): with a backlog of 1 two connections wait; a third one's SYN is dropped",
    {
      right: async (posix) => {
        const listener = await listenAt(posix, PORT, 1);
        await posix.usleep(500_000);
        for (let i = 0; i < 3; i++) await posix.accept(listener);
      },
      left: async (posix) => {
        for (let i = 0; i < 2; i++) await connectTo(posix, RIGHT, PORT);
        const took = await durationOf(posix, () => connectTo(posix, RIGHT, PORT));
        timed(took, 1e9, "time of the third connection, whose second SYN is taken");
      },
      after: ({ left, wire }) => {
        same(wire.sent(left, (packet) => packet.has(SYN)).length, 4, "SYNs of three connections");
      },
    },
  ),
  dialogue(
    "close_resets_the_queue",
    "RFC 9293 3.10.4: a listener that closes resets connections nobody has accepted",
    {
      right: async (posix) => {
        const listener = await listenAt(posix, PORT, 4);
        await posix.usleep(100_000);
        await posix.close(listener);
      },
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await fails("ECONNRESET", () => posix.recv(socket, new Uint8Array(1)), "recv");
      },
      after: ({ right, wire }) => {
        same(wire.sent(right, (packet) => packet.has(RST)).length, 1, "RSTs");
      },
    },
  ),
  dialogue("defer_accept", "tcp(7) TCP_DEFER_ACCEPT: accept wakes when there is data", {
    right: async (posix) => {
      const listener = await listenAt(posix, PORT);
      await posix.setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5);
      const took = await durationOf(posix, async () => posix.accept(listener));
      between(took, 500e6, 600e6, "nanoseconds until accept");
    },
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.usleep(500_000);
      await posix.send(socket, "data");
      await posix.usleep(100_000);
    },
  }),
  program(
    "accept_of_no_listener",
    "accept(2): EINVAL for a socket that does not listen",
    async (posix) => {
      await fails("EINVAL", async () => posix.accept(await tcpSocket(posix)), "accept");
    },
  ),
  program(
    "accept_flags",
    "accept4(2): O_NONBLOCK comes from the flags, never from the listener",
    async (posix) => {
      const listener = await posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
      await posix.bind(listener, { address: ANY, port: PORT });
      await posix.listen(listener, 4);
      await fails("EAGAIN", () => posix.accept(listener), "accept without a connection");
      for (const flags of [0, SOCK_NONBLOCK]) {
        await connectTo(posix, LOOPBACK, PORT);
        const socket = await posix.accept(listener, flags);
        const isNonblocking = ((await posix.fcntl(socket, F_GETFL)) & O_NONBLOCK) !== 0;
        same(isNonblocking, flags !== 0, "O_NONBLOCK");
      }
    },
  ),
  program(
    "accept_inherits",
    "tcp(7): options of the listener are those of the connection; it does not listen",
    async (posix) => {
      const listener = await listenAt(posix, PORT);
      await posix.setNoDelay(listener, true);
      await posix.setKeepAlive(listener, true);
      await connectTo(posix, LOOPBACK, PORT);
      const socket = await posix.accept(listener);
      same(await posix.getsockopt(socket, IPPROTO_TCP, TCP_NODELAY), 1, "TCP_NODELAY");
      same(await posix.getsockopt(socket, SOL_SOCKET, SO_KEEPALIVE), 1, "SO_KEEPALIVE");
      same(await posix.getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN), 1, "SO_ACCEPTCONN of one");
      same(
        await posix.getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN),
        0,
        "SO_ACCEPTCONN of the other",
      );
    },
  ),
  program(
    "shutdown_of_a_listener",
    "Linux: shutdown(SHUT_RD) of a listener ends accept with EINVAL",
    async (posix) => {
      const listener = await listenAt(posix, PORT);
      const thread = posix.createThread(() =>
        fails("EINVAL", () => posix.accept(listener), "accept"),
      );
      await posix.usleep(10);
      await posix.shutdown(listener, SHUT_RD);
      await posix.join(thread);
      await fails("ECONNREFUSED", () => connectTo(posix, LOOPBACK, PORT), "connect");
    },
  ),
];

const bindTests: readonly ConformanceTest[] = [
  connection(
    "listen_on_connected",
    "listen(2): a connected socket cannot listen: EINVAL",
    async (posix, client) => {
      await fails("EINVAL", () => posix.listen(client, 1), "listen");
    },
  ),
  program("listen_without_bind", "ip(7): listen without bind chooses a port", async (posix) => {
    const listener = await tcpSocket(posix);
    await posix.listen(listener, 1);
    const name = await posix.getsockname(listener);
    holds((name?.port ?? 0) > 0, "it has a port");
    await connectTo(posix, LOOPBACK, name?.port ?? 0);
  }),
  program(
    "bind_in_use",
    "bind(2): EADDRINUSE for the same port, at the same address or any",
    async (posix) => {
      await bound(posix, LOOPBACK);
      await fails("EADDRINUSE", () => bound(posix, LOOPBACK), "the same address");
      await fails("EADDRINUSE", () => bound(posix, ANY), "any address");
      await bound(posix, "127.0.0.2");
    },
  ),
  program("bind_twice", "bind(2): a socket is bound once: EINVAL", async (posix) => {
    const socket = await bound(posix, LOOPBACK);
    await fails("EINVAL", () => posix.bind(socket, { address: LOOPBACK, port: PORT + 1 }), "bind");
  }),
  program(
    "bind_not_local",
    "bind(2): EADDRNOTAVAIL for an address of nobody here",
    async (posix) => {
      await fails("EADDRNOTAVAIL", () => bound(posix, "192.0.2.1"), "bind");
    },
  ),
  program(
    "reuse_address",
    "socket(7) SO_REUSEADDR: two may bind, but not beside one that listens",
    async (posix) => {
      const first = await bound(posix, LOOPBACK, true);
      const second = await bound(posix, LOOPBACK, true);
      await posix.listen(first, 1);
      await fails("EADDRINUSE", () => posix.listen(second, 1), "a second listen");
      await fails("EADDRINUSE", () => bound(posix, LOOPBACK, true), "a bind beside a listener");
    },
  ),
  program(
    "reuse_port",
    "socket(7) SO_REUSEPORT: two listeners share the connections",
    async (posix) => {
      const listeners: number[] = [];
      for (let i = 0; i < 2; i++) {
        const socket = await tcpSocket(posix);
        await posix.setReusePort(socket, true);
        await posix.bind(socket, { address: ANY, port: PORT });
        await posix.listen(socket, 64);
        listeners.push(socket);
      }
      await fails("EADDRINUSE", () => bound(posix, ANY), "one that has not asked for it");
      for (let i = 0; i < 32; i++) await connectTo(posix, LOOPBACK, PORT);
      const shares: number[] = [];
      for (const listener of listeners) shares.push(await acceptAll(posix, listener));
      same(
        shares.reduce((sum, share) => sum + share, 0),
        32,
        "connections",
      );
      holds(
        shares.every((share) => share > 0),
        `each has some: ${shares.join(" and ")}`,
      );
    },
  ),
  program(
    "time_wait_bind",
    "RFC 9293 3.6.1: a port in TIME_WAIT is in use, unless both have SO_REUSEADDR; for 60 s",
    async (posix) => {
      await leaveTimeWait(posix);
      await fails("EADDRINUSE", () => bound(posix, LOOPBACK), "bind without SO_REUSEADDR");
      const socket = await bound(posix, LOOPBACK, true);
      await posix.listen(socket, 1);
      await posix.close(socket);
      await posix.nanosleep(TIME_WAIT_NS * 1.13 + 1e9);
      await bound(posix, LOOPBACK);
    },
  ),
  dialogue(
    "time_wait_connection",
    "RFC 1122 4.2.2.13: the server's port takes connections while older ones are in TIME_WAIT",
    {
      right: async (posix) => {
        for (let i = 0; i < 3; i++) {
          const socket = await acceptOne(posix);
          await posix.send(socket, "bye");
          await posix.close(socket);
        }
      },
      left: async (posix) => {
        for (let i = 0; i < 3; i++) {
          const socket = await connectTo(posix, RIGHT, PORT);
          same(await receiveText(posix, socket, 9), "bye", "text");
          await posix.close(socket);
          await posix.usleep(10_000);
        }
      },
    },
  ),
];

async function acceptAll(posix: Posix, listener: number): Promise<number> {
  let count = 0;
  const fds = [{ fd: listener, events: 1, revents: 0 }];
  while ((await posix.poll(fds, 0)) === 1) {
    await posix.accept(listener);
    count++;
  }
  return count;
}

export const tcpListenTests: readonly ConformanceTest[] = [...queueTests, ...bindTests];

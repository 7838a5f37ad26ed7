import {
  AF_INET,
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLRDHUP,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  type Posix,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { between, fails, same } from "../expectation.ts";
import { connectTo, listenAt, receiveText } from "../program/stream.ts";
import { RIGHT } from "../testbed/topology.ts";
import { acceptOne, connection, dialogue, durationOf, LOOPBACK, PORT, program } from "./kinds.ts";

const ALL = POLLIN | POLLOUT | POLLRDHUP;

/** What poll says of a descriptor now. */
async function eventsOf(posix: Posix, fd: number, events = ALL): Promise<number> {
  const fds = [{ fd, events, revents: 0 }];
  await posix.poll(fds, 0);
  return fds[0]?.revents ?? 0;
}

/** What epoll says now. */
async function wait(posix: Posix, epoll: number, timeoutMs = 0): Promise<number[]> {
  return (await posix.epollWait(epoll, 8, timeoutMs)).map(({ events }) => events);
}

export const pollTests: readonly ConformanceTest[] = [
  program(
    "poll_new_socket",
    "poll(2): a TCP socket that is not connected: POLLOUT and POLLHUP",
    async (posix) => {
      const socket = await posix.socket(AF_INET, SOCK_STREAM);
      same(await eventsOf(posix, socket, POLLIN | POLLOUT), POLLOUT | POLLHUP, "events");
    },
  ),
  program(
    "poll_listener",
    "poll(2): a listener is readable when a connection waits",
    async (posix) => {
      const listener = await listenAt(posix, PORT);
      same(await eventsOf(posix, listener), 0, "events before");
      await connectTo(posix, LOOPBACK, PORT);
      same(await eventsOf(posix, listener), POLLIN, "events");
      await posix.accept(listener);
      same(await eventsOf(posix, listener), 0, "events afterwards");
    },
  ),
  connection(
    "poll_ends",
    "poll(2): POLLRDHUP when the peer has shut down, POLLHUP when both have",
    async (posix, client, server) => {
      same(await eventsOf(posix, client), POLLOUT, "events of a quiet connection");
      await posix.shutdown(server, SHUT_WR);
      same(await eventsOf(posix, client), POLLIN | POLLOUT | POLLRDHUP, "the peer has shut down");
      await posix.shutdown(client, SHUT_WR);
      same(await eventsOf(posix, client), POLLIN | POLLOUT | POLLRDHUP | POLLHUP, "both have");
    },
  ),
  connection(
    "poll_full",
    "poll(2): not writable while the buffers are full, writable when a third is free",
    async (posix, client, server) => {
      await posix.setSendTimeout(client, 1);
      while ((await eventsOf(posix, client)) === POLLOUT) {
        await posix.send(client, new Uint8Array(100_000), 0x40);
      }
      same(await eventsOf(posix, client), 0, "events with full buffers");
      const thread = posix.createThread(async () => {
        const fds = [{ fd: client, events: POLLOUT, revents: 0 }];
        return posix.poll(fds, 10_000);
      });
      const buffer = new Uint8Array(1_000_000);
      while ((await eventsOf(posix, server, POLLIN)) === POLLIN) {
        await posix.recv(server, buffer);
        await posix.usleep(1000);
      }
      same(await posix.join(thread), 1, "ready");
    },
  ),
  dialogue("poll_timeout", "poll(2): 0 when the time is up; woken by the data otherwise", {
    right: async (posix) => {
      const socket = await acceptOne(posix);
      const fds = [{ fd: socket, events: POLLIN, revents: 0 }];
      const first = await durationOf(posix, async () =>
        same(await posix.poll(fds, 100), 0, "poll"),
      );
      between(first, 100e6, 101e6, "nanoseconds until the time is up");
      const second = await durationOf(posix, async () =>
        same(await posix.poll(fds, 10_000), 1, "poll"),
      );
      between(second, 50e6, 300e6, "nanoseconds until the data");
    },
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.usleep(250_000);
      await posix.send(socket, "x");
      await posix.usleep(100_000);
    },
  }),
];

export const epollTests: readonly ConformanceTest[] = [
  connection(
    "epoll_level",
    "epoll(7): level-triggered: as long as there is something",
    async (posix, client, server) => {
      const epoll = await posix.epollCreate();
      await posix.epollCtl(epoll, EPOLL_CTL_ADD, server, { events: EPOLLIN });
      same(await wait(posix, epoll), [], "events before");
      await posix.send(client, "ab");
      for (let i = 0; i < 2; i++) {
        same(await wait(posix, epoll), [EPOLLIN], "events");
        await receiveText(posix, server, 1);
      }
      same(await wait(posix, epoll), [], "events when all is read");
    },
  ),
  connection(
    "epoll_edge",
    "epoll(7) EPOLLET: once for each arrival",
    async (posix, client, server) => {
      const epoll = await posix.epollCreate();
      await posix.epollCtl(epoll, EPOLL_CTL_ADD, server, { events: EPOLLIN | EPOLLET });
      await posix.send(client, "a");
      same(await wait(posix, epoll), [EPOLLIN], "events");
      same(await wait(posix, epoll), [], "events the second time");
      await posix.send(client, "b");
      same(await wait(posix, epoll), [EPOLLIN], "events of the second arrival");
      await posix.epollCtl(epoll, EPOLL_CTL_MOD, server, { events: EPOLLIN | EPOLLET });
      same(await wait(posix, epoll), [EPOLLIN], "events after EPOLL_CTL_MOD");
    },
  ),
  connection(
    "epoll_oneshot",
    "epoll(7) EPOLLONESHOT: once, until it is asked for again",
    async (posix, client, server) => {
      const epoll = await posix.epollCreate();
      const events = EPOLLIN | EPOLLONESHOT;
      await posix.epollCtl(epoll, EPOLL_CTL_ADD, server, { events });
      await posix.send(client, "a");
      same(await wait(posix, epoll), [EPOLLIN], "events");
      await posix.send(client, "b");
      same(await wait(posix, epoll), [], "events the second time");
      await posix.epollCtl(epoll, EPOLL_CTL_MOD, server, { events });
      same(await wait(posix, epoll), [EPOLLIN], "events when it was asked for again");
    },
  ),
  connection(
    "epoll_ends",
    "epoll(7): EPOLLRDHUP and EPOLLHUP, the latter without being asked for",
    async (posix, client, server) => {
      const epoll = await posix.epollCreate();
      await posix.epollCtl(epoll, EPOLL_CTL_ADD, client, { events: EPOLLRDHUP });
      await posix.shutdown(server, SHUT_WR);
      same(await wait(posix, epoll), [EPOLLRDHUP], "the peer has shut down");
      await posix.shutdown(client, SHUT_RDWR);
      same(await wait(posix, epoll), [EPOLLRDHUP | EPOLLHUP], "both have");
    },
  ),
  program(
    "epoll_connect",
    "connect(2), epoll(7): the end of an attempt is an edge",
    async (posix) => {
      await listenAt(posix, PORT);
      const socket = await posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
      const epoll = await posix.epollCreate();
      await posix.epollCtl(epoll, EPOLL_CTL_ADD, socket, { events: EPOLLOUT | EPOLLET });
      same(await wait(posix, epoll), [EPOLLOUT | EPOLLHUP], "events of a new socket");
      await fails(
        "EINPROGRESS",
        () => posix.connect(socket, { address: LOOPBACK, port: PORT }),
        "connect",
      );
      same(await wait(posix, epoll, 1000), [EPOLLOUT], "events when it is connected");
    },
  ),
  dialogue("epoll_close", "epoll(7): a descriptor that is closed is no longer watched", {
    right: async (posix) => {
      await receiveText(posix, await acceptOne(posix), 9);
    },
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      const epoll = await posix.epollCreate();
      await posix.epollCtl(epoll, EPOLL_CTL_ADD, socket, { events: EPOLLOUT });
      same(await wait(posix, epoll), [EPOLLOUT], "events");
      await posix.close(socket);
      same(await wait(posix, epoll), [], "events afterwards");
      await fails(
        "EBADF",
        () => posix.epollCtl(epoll, EPOLL_CTL_MOD, socket, { events: 0 }),
        "epoll_ctl",
      );
    },
  }),
];

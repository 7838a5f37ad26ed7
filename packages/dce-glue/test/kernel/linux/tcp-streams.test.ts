import { expect, test } from "vitest";
import {
  EPOLL_CTL_ADD,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_WAITALL,
  POLLIN,
  POLLOUT,
  type Posix,
  SHUT_WR,
  SOCK_NONBLOCK,
  AF_INET,
  SOCK_STREAM,
} from "../../../src/posix/index.ts";
import { noReleases, noUsual, onBackEnds, onReleases } from "./built-linux.ts";
import {
  connectTo,
  errnoOf,
  listenAt,
  pattern,
  readAll,
  runPair,
  SERVER,
} from "./two-linux-hosts.ts";

const SIZE = 300_000;

test.skipIf(noReleases).for(onReleases)(
  "one send of 300,000 octets arrives whole and in order ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        expect(Buffer.compare(await readAll(posix, fd), pattern(SIZE))).toBe(0);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        expect(await posix.send(fd, pattern(SIZE))).toBe(SIZE);
      },
    );
  },
);

test.skipIf(noUsual).for(onBackEnds)(
  "MSG_WAITALL fills a buffer that is larger than what one call carries ($kernel $stacks)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        const buffer = new Uint8Array(200_001);
        expect(await posix.recv(fd, buffer, MSG_WAITALL)).toBe(200_001);
        expect(Buffer.compare(buffer, pattern(SIZE).subarray(0, 200_001))).toBe(0);
        // At the end of the stream it is content with less.
        expect(await posix.recv(fd, buffer, MSG_WAITALL)).toBe(SIZE - 200_001);
        expect(await posix.recv(fd, buffer, MSG_WAITALL)).toBe(0);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        for (let at = 0; at < SIZE; at += 10_000) {
          await posix.send(fd, pattern(SIZE).subarray(at, at + 10_000));
          await posix.usleep(500);
        }
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "MSG_PEEK leaves the octets in the stream, MSG_DONTWAIT does not wait ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        const buffer = new Uint8Array(10);
        expect(await errnoOf(() => posix.recv(fd, buffer, MSG_DONTWAIT))).toBe("EAGAIN");
        expect(await posix.recv(fd, buffer, MSG_PEEK)).toBe(5);
        expect(await posix.recv(fd, buffer, MSG_PEEK)).toBe(5);
        expect(await posix.recv(fd, buffer)).toBe(5);
        expect(new TextDecoder().decode(buffer.subarray(0, 5))).toBe("hello");
        expect(await posix.recv(fd, buffer)).toBe(0);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        await posix.usleep(20_000);
        await posix.send(fd, "hello");
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "readv and writev spread a stream over several buffers ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        await posix.usleep(50_000);
        const iov = [new Uint8Array(3), new Uint8Array(0), new Uint8Array(1), new Uint8Array(100)];
        expect(await posix.readv(fd, iov)).toBe(10);
        expect(iov.map((part) => new TextDecoder().decode(part).replaceAll("\0", ""))).toEqual([
          "abc",
          "",
          "d",
          "efghij",
        ]);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        const iov = ["ab", "", "cdef", "ghij"].map((text) => new TextEncoder().encode(text));
        expect(await posix.writev(fd, iov)).toBe(10);
      },
    );
  },
);

/** Reads what is there. @returns octets, and whether the stream has ended */
async function drain(posix: Posix, fd: number): Promise<[number, boolean]> {
  const buffer = new Uint8Array(4096);
  let sum = 0;
  for (;;) {
    let length = 0;
    const failed = await errnoOf(async () => {
      length = await posix.recv(fd, buffer);
    });
    if (failed === "EAGAIN") return [sum, false];
    expect(failed).toBe("");
    if (length === 0) return [sum, true];
    sum += length;
  }
}

for (const [kind, flag] of [
  ["level", 0],
  ["edge", EPOLLET],
] as const) {
  test.skipIf(noUsual).for(onBackEnds)(
    `a nonblocking server on epoll (${kind}) serves four clients at once ($kernel $stacks)`,
    async (on) => {
      await runPair(
        on,
        async (posix) => {
          const listener = await listenAt(posix, 80);
          await posix.fcntl(listener, 4, SOCK_NONBLOCK);
          const epoll = await posix.epollCreate();
          await posix.epollCtl(epoll, EPOLL_CTL_ADD, listener, {
            events: EPOLLIN | flag,
            data: listener,
          });
          let sum = 0;
          let ended = 0;
          const acceptFailed = new Set<string>();
          while (ended < 4) {
            for (const event of await posix.epollWait(epoll, 8, -1)) {
              const data = Number(event.data);
              if (data !== listener) {
                const [octets, isEnd] = await drain(posix, data);
                sum += octets;
                if (!isEnd) continue;
                ended++;
                await posix.close(data);
                continue;
              }
              for (;;) {
                let fd = -1;
                const failed = await errnoOf(async () => {
                  fd = await posix.accept(listener, SOCK_NONBLOCK);
                });
                if (failed !== "") {
                  acceptFailed.add(failed);
                  break;
                }
                const events = EPOLLIN | EPOLLRDHUP | flag;
                await posix.epollCtl(epoll, EPOLL_CTL_ADD, fd, { events, data: fd });
              }
            }
          }
          expect(sum).toBe(4 * 50_000);
          expect([...acceptFailed]).toEqual(["EAGAIN"]);
        },
        async (posix) => {
          const threads = [1, 2, 3, 4].map((n) =>
            posix.createThread(async () => {
              const fd = await connectTo(posix, 80);
              for (let i = 0; i < 10; i++) {
                await posix.send(fd, new Uint8Array(5000).fill(n));
                await posix.usleep(300 * n);
              }
              await posix.close(fd);
            }),
          );
          for (const thread of threads) await posix.join(thread);
        },
      );
    },
  );
}

test.skipIf(noReleases).for(onReleases)(
  "a nonblocking connect is in progress, then writable without an error ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        expect(await posix.recv(fd, new Uint8Array(1))).toBe(0);
      },
      async (posix) => {
        const fd = await posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
        const to = { address: SERVER, port: 80 };
        expect(await errnoOf(() => posix.connect(fd, to))).toBe("EINPROGRESS");
        expect(await errnoOf(() => posix.connect(fd, to))).toBe("EALREADY");
        const fds = [{ fd, events: POLLOUT, revents: 0 }];
        expect(await posix.poll(fds, 0)).toBe(0);
        expect(await posix.poll(fds, 1000)).toBe(1);
        expect(await posix.getSocketError(fd)).toBe(0);
        expect(await errnoOf(() => posix.connect(fd, to))).toBe("");
        expect(await errnoOf(() => posix.connect(fd, to))).toBe("EISCONN");
        const refused = await posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
        await errnoOf(() => posix.connect(refused, { address: SERVER, port: 81 }));
        await posix.poll([{ fd: refused, events: POLLOUT, revents: 0 }], 1000);
        expect(await posix.getSocketError(refused)).toBe(111);
      },
    );
  },
);

test.skipIf(noUsual).for(onBackEnds)(
  "threads of one process share a socket: each octet goes to one of them ($kernel $stacks)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        let sum = 0;
        const threads = [1, 2, 3].map(() =>
          posix.createThread(async () => {
            const buffer = new Uint8Array(1000);
            for (;;) {
              const length = await posix.recv(fd, buffer);
              if (length === 0) return;
              sum += length;
            }
          }),
        );
        for (const thread of threads) await posix.join(thread);
        expect(sum).toBe(60_000);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        const threads = [1, 2, 3].map(() =>
          posix.createThread(async () => {
            for (let i = 0; i < 10; i++) await posix.send(fd, new Uint8Array(2000));
          }),
        );
        for (const thread of threads) await posix.join(thread);
        await posix.shutdown(fd, SHUT_WR);
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "a sender that fills the buffers is told by poll when there is room again ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        await posix.usleep(500_000);
        expect((await readAll(posix, fd)).length).toBeGreaterThan(40_000);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        await posix.fcntl(fd, 4, SOCK_NONBLOCK);
        let failed = "";
        for (let i = 0; i < 1000 && failed === ""; i++) {
          failed = await errnoOf(() => posix.send(fd, new Uint8Array(20_000)));
          await posix.usleep(100);
        }
        expect(failed).toBe("EAGAIN");
        const fds = [{ fd, events: POLLOUT | POLLIN, revents: 0 }];
        expect(await posix.poll(fds, 0)).toBe(0);
        expect(await posix.poll(fds, 5000)).toBe(1);
        expect(fds[0]?.revents).toBe(POLLOUT);
        const epoll = await posix.epollCreate();
        await posix.epollCtl(epoll, EPOLL_CTL_ADD, fd, { events: EPOLLOUT, data: 9 });
        expect(await posix.epollWait(epoll, 2, 0)).toEqual([{ events: EPOLLOUT, data: 9 }]);
      },
    );
  },
);

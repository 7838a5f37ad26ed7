import { expect, test } from "vitest";
import type { Posix } from "../../src/posix/posix.ts";
import * as linux from "../../src/posix/constants.ts";
import { errorOf, inProgram } from "../process/test-host.ts";

async function watchedPipe(posix: Posix, events: number) {
  const [reader, writer] = await posix.pipe();
  const epfd = await posix.epollCreate();
  await posix.epollCtl(epfd, linux.EPOLL_CTL_ADD, reader, { events, data: "pipe" });
  return { reader, writer, epfd };
}

test("level-triggered epoll reports as long as there is something to read", async () => {
  await inProgram(async (posix) => {
    const { reader, writer, epfd } = await watchedPipe(posix, linux.EPOLLIN);
    expect(await posix.epollWait(epfd, 8, 0)).toEqual([]);
    await posix.write(writer, "ab");
    const expected = [{ events: linux.EPOLLIN, data: "pipe" }];
    expect(await posix.epollWait(epfd, 8, -1)).toEqual(expected);
    await posix.read(reader, new Uint8Array(1));
    expect(await posix.epollWait(epfd, 8, 0)).toEqual(expected);
    await posix.read(reader, new Uint8Array(1));
    expect(await posix.epollWait(epfd, 8, 0)).toEqual([]);
  });
});

test("edge-triggered epoll reports each arrival once", async () => {
  await inProgram(async (posix) => {
    const { writer, epfd } = await watchedPipe(posix, linux.EPOLLIN | linux.EPOLLET);
    await posix.write(writer, "a");
    expect(await posix.epollWait(epfd, 8, 0)).toHaveLength(1);
    expect(await posix.epollWait(epfd, 8, 0)).toHaveLength(0);
    await posix.write(writer, "b");
    expect(await posix.epollWait(epfd, 8, 0)).toHaveLength(1);
  });
});

test("edges as measured on Linux 6.18", async () => {
  await inProgram(async (posix) => {
    const { reader, writer, epfd } = await watchedPipe(posix, linux.EPOLLIN | linux.EPOLLET);
    const collect = async () => (await posix.epollWait(epfd, 8, 0)).map((event) => event.events);
    await posix.write(writer, "a");
    await posix.write(writer, "b");
    expect([await collect(), await collect()]).toEqual([[linux.EPOLLIN], []]);
    await posix.read(reader, new Uint8Array(1));
    expect(await collect()).toEqual([]);
    const events = linux.EPOLLIN | linux.EPOLLET;
    await posix.epollCtl(epfd, linux.EPOLL_CTL_MOD, reader, { events });
    expect(await collect()).toEqual([linux.EPOLLIN]);
    const [other, out] = await posix.pipe();
    const outEdge = { events: linux.EPOLLOUT | linux.EPOLLET };
    await posix.epollCtl(epfd, linux.EPOLL_CTL_ADD, out, outEdge);
    expect([await collect(), await collect()]).toEqual([[linux.EPOLLOUT], []]);
    await posix.close(other);
    expect(await collect()).toEqual([linux.EPOLLOUT | linux.EPOLLERR]);
    expect(await posix.lseek(epfd, 0, linux.SEEK_SET)).toBe(0);
  });
});

test("EPOLLONESHOT reports once until it is armed again", async () => {
  await inProgram(async (posix) => {
    const { reader, writer, epfd } = await watchedPipe(posix, linux.EPOLLIN | linux.EPOLLONESHOT);
    await posix.write(writer, "a");
    expect(await posix.epollWait(epfd, 8, 0)).toHaveLength(1);
    await posix.write(writer, "b");
    expect(await posix.epollWait(epfd, 8, 0)).toHaveLength(0);
    const events = linux.EPOLLIN | linux.EPOLLONESHOT;
    await posix.epollCtl(epfd, linux.EPOLL_CTL_MOD, reader, { events });
    expect(await posix.epollWait(epfd, 8, 0)).toEqual([{ events: linux.EPOLLIN, data: reader }]);
  });
});

test("epoll_wait blocks until an event or its time", async () => {
  await inProgram(async (posix) => {
    const { writer, epfd } = await watchedPipe(posix, linux.EPOLLIN);
    expect(await posix.epollWait(epfd, 8, 7)).toEqual([]);
    expect(posix.now()).toBe(7_000_000);
    posix.createThread(async () => {
      await posix.nanosleep(1000);
      await posix.write(writer, "x");
    });
    expect(await posix.epollWait(epfd, 8, -1)).toHaveLength(1);
    expect(posix.now()).toBe(7_001_000);
  });
});

test("hang-up is reported without being asked for", async () => {
  await inProgram(async (posix) => {
    const { writer, epfd } = await watchedPipe(posix, 0);
    await posix.close(writer);
    expect(await posix.epollWait(epfd, 8, 0)).toEqual([{ events: linux.EPOLLHUP, data: "pipe" }]);
  });
});

test("epoll_ctl refuses as Linux does", async () => {
  await inProgram(async (posix) => {
    const { reader, epfd } = await watchedPipe(posix, linux.EPOLLIN);
    const add = (fd: number) =>
      errorOf(() => posix.epollCtl(epfd, linux.EPOLL_CTL_ADD, fd, { events: linux.EPOLLIN }));
    expect(await add(reader)).toBe("EEXIST");
    expect(await add(epfd)).toBe("EINVAL");
    expect(await add(99)).toBe("EBADF");
    const file = await posix.open("/tmp/f", linux.O_CREAT | linux.O_RDWR);
    expect(await add(file)).toBe("EPERM");
    expect(await add(await posix.open("/dev/null"))).toBe("EPERM");
    expect(await add(await posix.open("/proc/version"))).toBe("");
    const [other] = await posix.pipe();
    expect(await errorOf(() => posix.epollCtl(epfd, linux.EPOLL_CTL_DEL, other))).toBe("ENOENT");
    expect(await errorOf(() => posix.epollCtl(epfd, linux.EPOLL_CTL_MOD, other))).toBe("ENOENT");
    expect(await errorOf(() => posix.epollCtl(reader, linux.EPOLL_CTL_ADD, other))).toBe("EINVAL");
    expect(await errorOf(() => posix.epollWait(epfd, 0, 0))).toBe("EINVAL");
  });
});

test("an epoll of epolls reports through, and a circle is refused", async () => {
  await inProgram(async (posix) => {
    const { writer, epfd } = await watchedPipe(posix, linux.EPOLLIN);
    const outer = await posix.epollCreate();
    await posix.epollCtl(outer, linux.EPOLL_CTL_ADD, epfd, { events: linux.EPOLLIN });
    const circle = () =>
      posix.epollCtl(epfd, linux.EPOLL_CTL_ADD, outer, { events: linux.EPOLLIN });
    expect(await errorOf(circle)).toBe("ELOOP");
    posix.createThread(async () => {
      await posix.nanosleep(500);
      await posix.write(writer, "x");
    });
    expect(await posix.epollWait(outer, 8, -1)).toEqual([{ events: linux.EPOLLIN, data: epfd }]);
  });
});

test("a closed file leaves by itself, a duplicate keeps it", async () => {
  await inProgram(async (posix) => {
    const { reader, writer, epfd } = await watchedPipe(posix, linux.EPOLLIN);
    const copy = await posix.dup(reader);
    await posix.close(reader);
    await posix.write(writer, "x");
    expect(await posix.epollWait(epfd, 8, 0)).toHaveLength(1);
    await posix.close(copy);
    expect(await posix.epollWait(epfd, 8, 0)).toHaveLength(0);
    expect(posix.process.files.get(epfd)).toMatchObject({ itemCount: 0 });
  });
});

test("one event wakes one of the threads that wait in epoll_wait", async () => {
  await inProgram(async (posix) => {
    const { reader, writer, epfd } = await watchedPipe(posix, linux.EPOLLIN | linux.EPOLLET);
    let woken = 0;
    const threads = [1, 2, 3].map(() =>
      posix.createThread(async () => {
        const events = await posix.epollWait(epfd, 1, 10);
        woken += events.length;
      }),
    );
    await posix.nanosleep(1000);
    await posix.write(writer, "x");
    for (const thread of threads) await posix.join(thread);
    expect(woken).toBe(1);
    expect(await posix.read(reader, new Uint8Array(4))).toBe(1);
  });
});

test("waiting costs what is ready, not what is watched", async () => {
  await inProgram(async (posix) => {
    posix.setrlimit(linux.RLIMIT_NOFILE, { soft: 5000, hard: 5000 });
    const epfd = await posix.epollCreate();
    const pipes: [number, number][] = [];
    for (let i = 0; i < 2000; i++) {
      const pipe = await posix.pipe();
      await posix.epollCtl(epfd, linux.EPOLL_CTL_ADD, pipe[0], { events: linux.EPOLLIN, data: i });
      pipes.push(pipe);
    }
    let asked = 0;
    for (const [reader] of pipes) {
      const file = posix.process.files.get(reader);
      if (file === undefined) continue;
      const poll = file.poll.bind(file);
      file.poll = (table) => {
        asked++;
        return poll(table);
      };
    }
    await posix.write(pipes[1234]?.[1] ?? -1, "x");
    const ready = await posix.epollWait(epfd, 8, -1);
    expect(ready.map((event) => event.data)).toEqual([1234]);
    expect(asked).toBe(1);
  });
});

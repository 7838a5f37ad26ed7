import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { errorOf, inProgram } from "../process/test-host.ts";

const element = (fd: number, events: number) => ({ fd, events, revents: 0 });

test("poll reports POLLNVAL for a descriptor that is not open and skips negative ones", async () => {
  await inProgram(async (posix) => {
    const fds = [element(77, linux.POLLIN), element(-1, linux.POLLIN)];
    expect(await posix.poll(fds, -1)).toBe(1);
    expect(fds.map((each) => each.revents)).toEqual([linux.POLLNVAL, 0]);
  });
});

test("poll waits exactly its time and then gives 0", async () => {
  await inProgram(async (posix) => {
    const [reader] = await posix.pipe();
    expect(await posix.poll([element(reader, linux.POLLIN)], 250)).toBe(0);
    expect(posix.now()).toBe(250_000_000);
    expect(await posix.poll([], 10)).toBe(0);
    expect(posix.now()).toBe(260_000_000);
  });
});

test("poll wakes for the file that changes", async () => {
  await inProgram(async (posix) => {
    const pipes = [await posix.pipe(), await posix.pipe(), await posix.pipe()];
    posix.createThread(async () => {
      await posix.nanosleep(3000);
      await posix.write(pipes[1]?.[1] ?? -1, "x");
    });
    const fds = pipes.map(([reader]) => element(reader, linux.POLLIN));
    expect(await posix.poll(fds, -1)).toBe(1);
    expect(fds.map((each) => each.revents)).toEqual([0, linux.POLLIN, 0]);
    expect(posix.now()).toBe(3000);
  });
});

test("a pipe shows POLLHUP to its reader and POLLERR to its writer", async () => {
  await inProgram(async (posix) => {
    const [r1, w1] = await posix.pipe();
    await posix.write(w1, "x");
    await posix.close(w1);
    const [r2, w2] = await posix.pipe();
    await posix.close(r2);
    const fds = [element(r1, linux.POLLIN), element(w2, linux.POLLOUT)];
    expect(await posix.poll(fds, 0)).toBe(2);
    expect(fds[0]?.revents).toBe(linux.POLLIN | linux.POLLHUP);
    expect(fds[1]?.revents).toBe(linux.POLLOUT | linux.POLLERR);
  });
});

test("regular files are always ready", async () => {
  await inProgram(async (posix) => {
    const fd = await posix.open("/tmp/file", linux.O_CREAT | linux.O_RDWR);
    const fds = [element(fd, linux.POLLIN | linux.POLLOUT)];
    expect(await posix.poll(fds, -1)).toBe(1);
    expect(fds[0]?.revents).toBe(linux.POLLIN | linux.POLLOUT);
  });
});

test("select answers per set and refuses descriptors that are not open", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    expect(await posix.select({ read: [reader], write: [writer] }, 0)).toEqual({
      read: [],
      write: [writer],
      except: [],
    });
    await posix.write(writer, "x");
    expect((await posix.select({ read: [reader] })).read).toEqual([reader]);
    expect(await errorOf(() => posix.select({ read: [99] }, 0))).toBe("EBADF");
  });
});

test("select without descriptors is a sleep", async () => {
  await inProgram(async (posix) => {
    await posix.select({}, 1_500_000);
    expect(posix.now()).toBe(1_500_000);
  });
});

test("a poll that is over leaves nothing registered", async () => {
  await inProgram(async (posix) => {
    const [reader] = await posix.pipe();
    for (let i = 0; i < 10; i++) await posix.poll([element(reader, linux.POLLIN)], 1);
    const file = posix.process.files.get(reader);
    expect(file !== undefined && "waitPoint" in file && file.waitPoint).toMatchObject({
      length: 0,
    });
  });
});

test("a busy poll with timeout 0 does not stop the time", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    posix.createThread(async () => {
      await posix.nanosleep(20_000);
      await posix.write(writer, "x");
    });
    let polls = 0;
    while ((await posix.poll([element(reader, linux.POLLIN)], 0)) === 0) polls++;
    expect(posix.now()).toBeGreaterThanOrEqual(20_000);
    expect(posix.now()).toBeLessThan(30_000);
    expect(polls).toBeGreaterThan(0);
  });
});

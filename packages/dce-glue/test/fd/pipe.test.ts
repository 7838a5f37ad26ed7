import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { errorOf, inProgram, runProgram } from "../process/test-host.ts";

test("read blocks in virtual time until the writer writes", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    posix.createThread(async () => {
      await posix.nanosleep(5_000_000);
      await posix.write(writer, "ping");
    });
    const buffer = new Uint8Array(16);
    expect(await posix.read(reader, buffer)).toBe(4);
    expect(posix.now()).toBe(5_000_000);
  });
});

test("a pipe holds 64 KiB, and a full one blocks its writer", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe2(linux.O_NONBLOCK);
    expect(await posix.write(writer, new Uint8Array(100_000))).toBe(65_536);
    expect(await errorOf(() => posix.write(writer, "x"))).toBe("EAGAIN");
    expect(await posix.fcntl(writer, linux.F_GETPIPE_SZ)).toBe(65_536);
    // As on Linux 6.18: a page that was read in part is not free yet.
    expect(await posix.read(reader, new Uint8Array(1000))).toBe(1000);
    expect(await errorOf(() => posix.write(writer, "x"))).toBe("EAGAIN");
    expect(await posix.read(reader, new Uint8Array(3096))).toBe(3096);
    expect(await posix.write(writer, new Uint8Array(5000))).toBe(4096);
  });
});

test("small writes share the pages of a pipe", async () => {
  await inProgram(async (posix) => {
    const [, writer] = await posix.pipe2(linux.O_NONBLOCK);
    let writes = 0;
    while ((await errorOf(() => posix.write(writer, new Uint8Array(100)))) === "") writes++;
    expect(writes).toBe(640);
  });
});

test("a blocking write larger than the pipe comes back when all is written", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    const total = 300_000;
    const thread = posix.createThread(() => posix.write(writer, new Uint8Array(total).fill(7)));
    let seen = 0;
    const buffer = new Uint8Array(10_000);
    while (seen < total) seen += await posix.read(reader, buffer);
    expect(await posix.join(thread)).toBe(total);
  });
});

test("writes of PIPE_BUF octets by several writers are not mixed", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    for (const letter of [1, 2, 3]) {
      posix.createThread(async () => {
        for (let i = 0; i < 20; i++) await posix.write(writer, new Uint8Array(4096).fill(letter));
      });
    }
    const block = new Uint8Array(4096);
    for (let i = 0; i < 60; i++) {
      expect(await posix.read(reader, block)).toBe(4096);
      expect(new Set(block).size).toBe(1);
    }
  });
});

test("F_SETPIPE_SZ rounds up to a power of two pages and refuses what is too small or too big", async () => {
  await inProgram(async (posix) => {
    const [, writer] = await posix.pipe();
    expect(await posix.fcntl(writer, linux.F_SETPIPE_SZ, 5000)).toBe(8192);
    await posix.write(writer, new Uint8Array(6000));
    expect(await errorOf(() => posix.fcntl(writer, linux.F_SETPIPE_SZ, 4096))).toBe("EBUSY");
    expect(await errorOf(() => posix.fcntl(writer, linux.F_SETPIPE_SZ, 2 ** 21))).toBe("EPERM");
  });
});

test("read gives 0 when the last writer is gone, also to one that waits", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    posix.createThread(async () => {
      await posix.nanosleep(1000);
      await posix.close(writer);
    });
    expect(await posix.read(reader, new Uint8Array(4))).toBe(0);
  });
});

test("a write without readers kills with SIGPIPE, or fails with EPIPE when that is ignored", async () => {
  const killed = await runProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    await posix.close(reader);
    await posix.write(writer, "x");
  });
  expect(killed.status).toBe(linux.SIGPIPE);
  await inProgram(async (posix) => {
    posix.sigaction(linux.SIGPIPE, "SIG_IGN");
    const [reader, writer] = await posix.pipe();
    await posix.close(reader);
    expect(await errorOf(() => posix.write(writer, "x"))).toBe("EPIPE");
  });
});

test("the ends of a pipe do one thing each", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    expect(await errorOf(() => posix.write(reader, "x"))).toBe("EBADF");
    expect(await errorOf(() => posix.read(writer, new Uint8Array(1)))).toBe("EBADF");
    expect(await errorOf(() => posix.lseek(reader, 0, linux.SEEK_SET))).toBe("ESPIPE");
    expect(await errorOf(() => posix.pread(reader, new Uint8Array(1), 0))).toBe("ESPIPE");
    expect((await posix.fstat(reader)).mode & linux.S_IFMT).toBe(linux.S_IFIFO);
  });
});

test("a file that another thread closes lives until the blocked read is over", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    posix.createThread(async () => {
      await posix.close(reader);
      await posix.write(writer, "late");
    });
    expect(await posix.read(reader, new Uint8Array(8))).toBe(4);
    expect(await errorOf(() => posix.read(reader, new Uint8Array(8)))).toBe("EBADF");
  });
});

test("readv fills its buffers one after the other, writev sends them as one", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    const parts = [Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4, 5, 6)];
    expect(await posix.writev(writer, parts)).toBe(6);
    const a = new Uint8Array(4);
    const b = new Uint8Array(4);
    expect(await posix.readv(reader, [a, b])).toBe(6);
    expect([...a, ...b]).toEqual([1, 2, 3, 4, 5, 6, 0, 0]);
  });
});

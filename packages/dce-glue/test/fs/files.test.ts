import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { errorOf, inProgram } from "../process/test-host.ts";

test("a regular file holds what was written, whatever the order", async () => {
  const operation = fc.record({
    offset: fc.integer({ min: 0, max: 2000 }),
    data: fc.uint8Array({ maxLength: 300 }),
    truncate: fc.option(fc.integer({ min: 0, max: 2000 })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
      await inProgram(async (posix) => {
        const fd = await posix.open("/tmp/f", linux.O_CREAT | linux.O_RDWR);
        let model: number[] = [];
        for (const { offset, data, truncate } of operations) {
          expect(await posix.pwrite(fd, data, offset)).toBe(data.length);
          if (data.length > 0) while (model.length < offset) model.push(0);
          model.splice(offset, data.length, ...data);
          if (truncate === null) continue;
          await posix.ftruncate(fd, truncate);
          model = model.slice(0, truncate);
          while (model.length < truncate) model.push(0);
        }
        expect([...(await posix.readFile("/tmp/f"))]).toEqual(model);
        expect((await posix.stat("/tmp/f")).size).toBe(model.length);
      });
    }),
    { numRuns: 30 },
  );
});

test("dup shares the offset, a second open does not", async () => {
  await inProgram(async (posix) => {
    await posix.writeFile("/tmp/f", "abcdef");
    const a = await posix.open("/tmp/f");
    const b = await posix.dup(a);
    const c = await posix.open("/tmp/f");
    const one = new Uint8Array(2);
    await posix.read(a, one);
    await posix.read(b, one);
    expect(String.fromCharCode(...one)).toBe("cd");
    await posix.read(c, one);
    expect(String.fromCharCode(...one)).toBe("ab");
    expect(await posix.lseek(b, 0, linux.SEEK_CUR)).toBe(4);
    expect(await posix.lseek(a, -1, linux.SEEK_END)).toBe(5);
    expect(await errorOf(() => posix.lseek(a, -1, linux.SEEK_SET))).toBe("EINVAL");
  });
});

test("O_APPEND writes at the end, also after a seek and with pwrite", async () => {
  await inProgram(async (posix) => {
    const fd = await posix.open("/tmp/f", linux.O_CREAT | linux.O_RDWR | linux.O_APPEND);
    await posix.write(fd, "ab");
    await posix.lseek(fd, 0, linux.SEEK_SET);
    await posix.write(fd, "cd");
    await posix.pwrite(fd, "ef", 0);
    expect(await posix.readTextFile("/tmp/f")).toBe("abcdef");
    await posix.fcntl(fd, linux.F_SETFL, 0);
    await posix.lseek(fd, 0, linux.SEEK_SET);
    await posix.write(fd, "X");
    expect(await posix.readTextFile("/tmp/f")).toBe("Xbcdef");
  });
});

test("descriptors do only what they were opened for", async () => {
  await inProgram(async (posix) => {
    await posix.writeFile("/tmp/f", "x");
    const reading = await posix.open("/tmp/f", linux.O_RDONLY);
    const writing = await posix.open("/tmp/f", linux.O_WRONLY);
    expect(await errorOf(() => posix.write(reading, "y"))).toBe("EBADF");
    expect(await errorOf(() => posix.read(writing, new Uint8Array(1)))).toBe("EBADF");
    expect(await errorOf(() => posix.ftruncate(reading, 0))).toBe("EINVAL");
    expect(await errorOf(() => posix.read(55, new Uint8Array(1)))).toBe("EBADF");
    const folder = await posix.open("/tmp", linux.O_RDONLY | linux.O_DIRECTORY);
    expect(await errorOf(() => posix.read(folder, new Uint8Array(1)))).toBe("EISDIR");
    expect(await errorOf(() => posix.open("/tmp", linux.O_RDWR))).toBe("EISDIR");
    expect(await errorOf(() => posix.open("/tmp/f", linux.O_DIRECTORY))).toBe("ENOTDIR");
    expect(await errorOf(() => posix.recv(reading, new Uint8Array(1)))).toBe("ENOTSOCK");
    expect(await errorOf(() => posix.ioctl(reading, 1, new Uint8Array(4)))).toBe("ENOTTY");
  });
});

test("the working folder follows chdir and a rename of the folder", async () => {
  await inProgram(async (posix) => {
    await posix.mkdir("/tmp/work");
    await posix.chdir("/tmp/work");
    await posix.writeFile("note", "here");
    expect(await posix.readTextFile("/tmp/work/note")).toBe("here");
    await posix.rename("/tmp/work", "/tmp/moved");
    expect(posix.getcwd()).toBe("/tmp/moved");
    expect(await posix.readTextFile("note")).toBe("here");
    expect(await errorOf(() => posix.chdir("note"))).toBe("ENOTDIR");
    expect(posix.readdir(".")).toEqual(["note"]);
  });
});

test("the devices do what they are for", async () => {
  await inProgram(async (posix) => {
    const nul = await posix.open("/dev/null", linux.O_RDWR);
    expect(await posix.write(nul, "gone")).toBe(4);
    expect(await posix.read(nul, new Uint8Array(4))).toBe(0);
    const zero = await posix.open("/dev/zero");
    const buffer = new Uint8Array(4).fill(9);
    expect(await posix.read(zero, buffer)).toBe(4);
    expect([...buffer]).toEqual([0, 0, 0, 0]);
    const full = await posix.open("/dev/full", linux.O_WRONLY);
    expect(await errorOf(() => posix.write(full, "x"))).toBe("ENOSPC");
    const random = await posix.open("/dev/urandom");
    const other = new Uint8Array(32);
    await posix.read(random, other);
    expect(new Set(other).size).toBeGreaterThan(8);
    const stat = await posix.stat("/dev/null");
    expect(stat.mode & linux.S_IFMT).toBe(linux.S_IFCHR);
    expect(stat.rdev).toBe(0x103);
    const tty = await posix.open("/dev/tty", linux.O_RDWR);
    expect(await errorOf(() => posix.read(tty, buffer))).toBe("ENXIO");
  });
});

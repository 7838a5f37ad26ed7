import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { errorOf, inProgram } from "../process/test-host.ts";

test("an eventfd adds up and a read takes all", async () => {
  await inProgram(async (posix) => {
    const fd = await posix.eventfd(3);
    await posix.writeCounter(fd, 4);
    expect(await posix.readCounter(fd)).toBe(7);
    posix.createThread(async () => {
      await posix.nanosleep(100);
      await posix.writeCounter(fd, 5);
    });
    expect(await posix.readCounter(fd)).toBe(5);
    expect(posix.now()).toBe(100);
  });
});

test("an eventfd semaphore gives one at a time", async () => {
  await inProgram(async (posix) => {
    const fd = await posix.eventfd(2, linux.EFD_SEMAPHORE | linux.O_NONBLOCK);
    expect(await posix.readCounter(fd)).toBe(1);
    expect(await posix.readCounter(fd)).toBe(1);
    expect(await errorOf(() => posix.readCounter(fd))).toBe("EAGAIN");
  });
});

test("an eventfd is full at 2^64-2 and takes no 2^64-1", async () => {
  await inProgram(async (posix) => {
    const fd = await posix.eventfd(0, linux.O_NONBLOCK);
    const ones = new Uint8Array(8).fill(255);
    expect(await errorOf(() => posix.write(fd, ones))).toBe("EINVAL");
    const almost = ones.slice();
    almost[0] = 254;
    expect(await posix.write(fd, almost)).toBe(8);
    expect(await errorOf(() => posix.writeCounter(fd, 1))).toBe("EAGAIN");
    const poll = { fd, events: linux.POLLIN | linux.POLLOUT, revents: 0 };
    await posix.poll([poll], 0);
    expect(poll.revents).toBe(linux.POLLIN);
    expect(await errorOf(() => posix.read(fd, new Uint8Array(7)))).toBe("EINVAL");
  });
});

test("a timerfd expires at its time and counts what was missed", async () => {
  await inProgram(async (posix) => {
    const fd = await posix.timerfdCreate(linux.CLOCK_MONOTONIC);
    await posix.timerfdSettime(fd, 0, { valueNs: 1000, intervalNs: 300 });
    expect(await posix.readCounter(fd)).toBe(1);
    expect(posix.now()).toBe(1000);
    await posix.nanosleep(1000);
    expect(await posix.readCounter(fd)).toBe(3);
    expect(await posix.readCounter(fd)).toBe(1);
    expect(posix.now()).toBe(2200);
    expect(await posix.timerfdGettime(fd)).toEqual({ valueNs: 300, intervalNs: 300 });
    const old = await posix.timerfdSettime(fd, 0, { valueNs: 0, intervalNs: 0 });
    expect(old).toEqual({ valueNs: 300, intervalNs: 300 });
    expect(await posix.timerfdGettime(fd)).toEqual({ valueNs: 0, intervalNs: 0 });
  });
});

test("TFD_TIMER_ABSTIME of CLOCK_REALTIME is a time since 1970", async () => {
  await inProgram(async (posix) => {
    const fd = await posix.timerfdCreate(linux.CLOCK_REALTIME);
    const base = posix.process.node.wallClockBaseSeconds;
    const spec = { valueSec: base + 2, valueNs: 1, intervalNs: 0 };
    await posix.timerfdSettime(fd, linux.TFD_TIMER_ABSTIME, spec);
    expect(await posix.readCounter(fd)).toBe(1);
    expect(posix.now()).toBe(2_000_000_001);
  });
});

test("timerfd_create refuses CPU clocks and settime negative times", async () => {
  await inProgram(async (posix) => {
    expect(await errorOf(() => posix.timerfdCreate(linux.CLOCK_PROCESS_CPUTIME_ID))).toBe("EINVAL");
    const fd = await posix.timerfdCreate(linux.CLOCK_MONOTONIC);
    const bad = { valueNs: -1, intervalNs: 0 };
    expect(await errorOf(() => posix.timerfdSettime(fd, 0, bad))).toBe("EINVAL");
    const [reader] = await posix.pipe();
    expect(await errorOf(() => posix.timerfdGettime(reader))).toBe("EINVAL");
  });
});

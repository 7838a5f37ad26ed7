/** What was found wrong in DCE by reading it, one test each. */
import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { inProgram, runProgram } from "../process/test-host.ts";

test("kill(pid, sig) sends sig, not SIGKILL", async () => {
  let seen = 0;
  const { status } = await runProgram(async (posix) => {
    posix.sigaction(linux.SIGTERM, (signo) => void (seen = signo));
    await posix.kill(posix.getpid(), linux.SIGTERM);
  });
  expect([seen, status]).toEqual([linux.SIGTERM, 0]);
});

test("socketpair sockets are connected", async () => {
  await inProgram(async (posix) => {
    const [a, b] = await posix.socketpair(linux.AF_UNIX, linux.SOCK_DGRAM);
    await posix.write(a, "x");
    expect(await posix.read(b, new Uint8Array(2))).toBe(1);
  });
});

test("clocks differ: realtime has a base, the CPU clock does not run while one sleeps", async () => {
  await inProgram(async (posix) => {
    await posix.nanosleep(1_500_000_000);
    const { sec } = await posix.clockGettime(linux.CLOCK_REALTIME);
    expect(sec).toBe(1_262_304_001);
    expect(await posix.clockGettime(linux.CLOCK_MONOTONIC)).toEqual({ sec: 1, nsec: 500_000_000 });
    const cpu = await posix.clockGettime(linux.CLOCK_PROCESS_CPUTIME_ID);
    expect(cpu).toEqual({ sec: 0, nsec: 0 });
    expect(await posix.gettimeofday()).toEqual({ sec: 1_262_304_001, usec: 500_000 });
  });
});

test("a child keeps its parent's uids and a program keeps its own environment", async () => {
  await inProgram(
    async (posix) => {
      const pid = posix.spawn((child) => {
        child.setenv("TZ", "UTC");
        return child.getuid() === 1000 && child.geteuid() === 1000 ? 0 : 1;
      });
      expect((await posix.waitpid(pid)).status).toBe(0);
      expect(posix.getenv("TZ")).toBeUndefined();
    },
    { uid: 1000 },
  );
});

test("a handler's siginfo is filled in", async () => {
  await inProgram(async (posix) => {
    let info: unknown;
    posix.sigaction(linux.SIGUSR2, (_signo, given) => void (info = given));
    await posix.raise(linux.SIGUSR2);
    expect(info).toMatchObject({ signo: linux.SIGUSR2, pid: posix.getpid(), uid: 0 });
  });
});

test("signals are delivered at the next call, not at the next switch of tasks", async () => {
  await inProgram(async (posix) => {
    let handled = 0;
    posix.sigaction(linux.SIGUSR1, () => void handled++);
    const switches = posix.process.node.taskManager.switchCount;
    await posix.kill(posix.getpid(), linux.SIGUSR1);
    expect(handled).toBe(1);
    expect(posix.process.node.taskManager.switchCount).toBe(switches);
  });
});

test("poll says POLLNVAL for what is not open", async () => {
  await inProgram(async (posix) => {
    const bad = { fd: 300, events: 0, revents: 0 };
    expect(await posix.poll([bad], 0)).toBe(1);
    expect(bad.revents).toBe(linux.POLLNVAL);
  });
});

test("select with microseconds waits microseconds, and without sets it is a sleep", async () => {
  await inProgram(async (posix) => {
    await posix.select({}, 1500);
    expect(posix.now()).toBe(1500);
  });
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { SignalSet } from "../../src/process/signals.ts";
import { errorOf, inProgram, runProgram, TestHost } from "./test-host.ts";

test("kill sends the signal that was asked for", async () => {
  for (const signo of [linux.SIGTERM, linux.SIGHUP, linux.SIGUSR1, linux.SIGKILL]) {
    const { status } = await runProgram(async (posix) => {
      await posix.kill(posix.getpid(), signo);
    });
    expect(status).toBe(signo);
  }
});

test("a handler gets a complete siginfo", async () => {
  await inProgram(async (posix) => {
    const seen: unknown[] = [];
    posix.sigaction(linux.SIGUSR1, (signo, info) => void seen.push(signo, info));
    await posix.kill(posix.getpid(), linux.SIGUSR1);
    const { pid } = posix.process;
    const info = { signo: linux.SIGUSR1, code: 0, pid, uid: 0, status: 0, value: 0 };
    expect(seen).toEqual([linux.SIGUSR1, info]);
  });
});

test("a signal interrupts a blocked read: EINTR, or again with SA_RESTART", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    let handled = 0;
    posix.sigaction(linux.SIGALRM, () => void handled++);
    posix.alarm(2);
    expect(await errorOf(() => posix.read(reader, new Uint8Array(4)))).toBe("EINTR");
    expect(posix.now()).toBe(2_000_000_000);
    posix.sigaction(linux.SIGALRM, { handler: () => void handled++, flags: linux.SA_RESTART });
    posix.alarm(1);
    posix.createThread(async () => {
      await posix.nanosleep(3_000_000_000);
      await posix.write(writer, "data");
    });
    expect(await posix.read(reader, new Uint8Array(4))).toBe(4);
    expect(posix.now()).toBe(5_000_000_000);
    expect(handled).toBe(2);
  });
});

test("sleep, poll and epoll_wait are never restarted after a handler", async () => {
  await inProgram(async (posix) => {
    posix.sigaction(linux.SIGALRM, { handler: () => undefined, flags: linux.SA_RESTART });
    posix.alarm(1);
    expect(await posix.sleep(10)).toBe(9);
    posix.alarm(1);
    expect(await errorOf(() => posix.poll([], 10_000))).toBe("EINTR");
    const epfd = await posix.epollCreate();
    posix.alarm(1);
    expect(await errorOf(() => posix.epollWait(epfd, 1, -1))).toBe("EINTR");
    expect(posix.now()).toBe(3_000_000_000);
  });
});

test("an ignored signal does not disturb a call", async () => {
  await inProgram(async (posix) => {
    posix.sigaction(linux.SIGALRM, "SIG_IGN");
    posix.alarm(1);
    expect(await posix.sleep(3)).toBe(0);
    expect(posix.now()).toBe(3_000_000_000);
  });
});

test("a blocked signal waits, once, until it is unblocked", async () => {
  await inProgram(async (posix) => {
    let handled = 0;
    posix.sigaction(linux.SIGUSR1, () => void handled++);
    await posix.sigprocmask(linux.SIG_BLOCK, [linux.SIGUSR1]);
    await posix.kill(posix.getpid(), linux.SIGUSR1);
    await posix.kill(posix.getpid(), linux.SIGUSR1);
    expect(handled).toBe(0);
    expect([...posix.sigpending()]).toEqual([linux.SIGUSR1]);
    await posix.sigprocmask(linux.SIG_UNBLOCK, [linux.SIGUSR1]);
    expect(handled).toBe(1);
    expect([...posix.sigpending()]).toEqual([]);
  });
});

test("real-time signals queue, and the lowest number comes first", async () => {
  await inProgram(async (posix) => {
    const order: number[] = [];
    for (const signo of [40, 34, linux.SIGTERM]) posix.sigaction(signo, (n) => void order.push(n));
    await posix.sigprocmask(linux.SIG_BLOCK, [40, 34, linux.SIGTERM]);
    for (const signo of [40, 34, 34, linux.SIGTERM]) await posix.kill(posix.getpid(), signo);
    await posix.sigprocmask(linux.SIG_SETMASK, []);
    expect(order).toEqual([linux.SIGTERM, 34, 34, 40]);
  });
});

test("a handler runs with its own signal blocked, and makes calls of its own", async () => {
  await inProgram(async (posix) => {
    const events: string[] = [];
    let depth = 0;
    posix.sigaction(linux.SIGUSR1, async () => {
      depth++;
      events.push(`in ${depth}`);
      if (events.length === 1) await posix.kill(posix.getpid(), linux.SIGUSR1);
      await posix.nanosleep(10);
      events.push("out");
      depth--;
    });
    await posix.kill(posix.getpid(), linux.SIGUSR1);
    expect(events).toEqual(["in 1", "out", "in 1", "out"]);
  });
});

test("SA_RESETHAND gives one call only, SIGKILL and SIGSTOP cannot be caught", async () => {
  const { status } = await runProgram(async (posix) => {
    posix.sigaction(linux.SIGUSR1, { handler: () => undefined, flags: linux.SA_RESETHAND });
    await posix.kill(posix.getpid(), linux.SIGUSR1);
    expect(await errorOf(() => posix.sigaction(linux.SIGKILL, "SIG_IGN"))).toBe("EINVAL");
    expect(await errorOf(() => posix.kill(posix.getpid(), 65))).toBe("EINVAL");
    await posix.kill(posix.getpid(), linux.SIGUSR1);
  });
  expect(status).toBe(linux.SIGUSR1);
});

test("sigsuspend waits with another mask and puts the old one back", async () => {
  await inProgram(async (posix) => {
    let handled = 0;
    posix.sigaction(linux.SIGALRM, () => void handled++);
    await posix.sigprocmask(linux.SIG_BLOCK, [linux.SIGALRM]);
    posix.alarm(1);
    await posix.nanosleep(2_000_000_000);
    expect(handled).toBe(0);
    expect(await errorOf(() => posix.sigsuspend([]))).toBe("EINTR");
    expect(handled).toBe(1);
    expect([...(await posix.sigprocmask(linux.SIG_BLOCK, []))]).toEqual([linux.SIGALRM]);
  });
});

test("interval timers keep their beat", async () => {
  await inProgram(async (posix) => {
    const times: number[] = [];
    posix.sigaction(linux.SIGALRM, () => void times.push(posix.now()));
    posix.setitimer({ valueNs: 100, intervalNs: 30 });
    while (times.length < 3) expect(await errorOf(() => posix.pause())).toBe("EINTR");
    expect(times).toEqual([100, 130, 160]);
    expect(posix.setitimer({ valueNs: 0, intervalNs: 0 })).toEqual({ valueNs: 30, intervalNs: 30 });
    expect(posix.getitimer()).toEqual({ valueNs: 0, intervalNs: 0 });
  });
});

test("kill asks for permission and for someone to be there", async () => {
  const host = new TestHost();
  const target = host.start((posix) => posix.nanosleep(1000));
  const other = host.start(
    async (posix) => {
      expect(await errorOf(() => posix.kill(target.pid, linux.SIGTERM))).toBe("EPERM");
      expect(await errorOf(() => posix.kill(target.pid, 0))).toBe("EPERM");
      expect(await errorOf(() => posix.kill(1, 0))).toBe("ESRCH");
      expect(await posix.kill(posix.getpid(), 0)).toBe(0);
    },
    { uid: 1000 },
  );
  await host.simulator.run();
  expect(other.error).toBeUndefined();
  expect(target.exitStatus).toBe(0);
});

test("SIGSTOP holds a process until SIGCONT", async () => {
  const host = new TestHost();
  const times: number[] = [];
  const process = host.start(async (posix) => {
    for (let i = 0; i < 3; i++) {
      await posix.nanosleep(10);
      times.push(posix.now());
    }
  });
  host.start(async (posix) => {
    await posix.nanosleep(15);
    await posix.kill(process.pid, linux.SIGSTOP);
    await posix.nanosleep(100);
    expect(process.stateLetter).toBe("T");
    await posix.kill(process.pid, linux.SIGCONT);
  });
  await host.simulator.run();
  expect(times).toEqual([10, 115, 125]);
});

test("a stopped process dies of SIGKILL", async () => {
  const host = new TestHost();
  const process = host.start((posix) => posix.nanosleep(1000));
  host.start(async (posix) => {
    await posix.kill(process.pid, linux.SIGSTOP);
    await posix.nanosleep(5);
    await posix.kill(process.pid, linux.SIGKILL);
  });
  await host.simulator.run();
  expect(process.exitStatus).toBe(linux.SIGKILL);
  expect(process.endTime).toBe(5);
});

test("sets of signals behave as sets", () => {
  const signals = fc.array(fc.integer({ min: 1, max: 64 }));
  fc.assert(
    fc.property(signals, signals, (a, b) => {
      const set = new SignalSet(a);
      set.addAll(new SignalSet(b));
      const union = new Set([...a, ...b]);
      expect([...set]).toEqual([...union].toSorted((x, y) => x - y));
      set.deleteAll(new SignalSet(b));
      expect([...set]).toEqual(
        [...new Set(a)].filter((n) => !b.includes(n)).toSorted((x, y) => x - y),
      );
    }),
  );
});

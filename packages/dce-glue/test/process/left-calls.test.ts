/** Calls that a program does not await. */
// oxlint-disable unicorn/consistent-function-scoping -- a program stands beside what is expected of it
import { nanoseconds } from "@dcejs/core-sched";
import { describe, expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import type { Posix } from "../../src/posix/posix.ts";
import { TestHost } from "./test-host.ts";

const SECOND = 1_000_000_000;

interface Outcome {
  readonly status: number | undefined;
  readonly endNs: number | undefined;
  readonly stderr: string;
  readonly tasks: number;
}

/** Events at this instant and at each that follows: time would move if it could. */
function keepBusy(host: TestHost): void {
  for (let i = 0; i < 100; i++) {
    host.simulator.schedule(nanoseconds(Math.max(0, i - 50)), () => undefined);
  }
}

/** Runs a program to its end. */
async function outcomeOf(main: (posix: Posix) => unknown, code = 3): Promise<Outcome> {
  const host = new TestHost();
  keepBusy(host);
  const process = host.start(async (posix) => {
    await main(posix);
    return code;
  });
  await host.simulator.run();
  return {
    status: process.exitStatus,
    endNs: process.endTime,
    stderr: host.stderr(process),
    tasks: host.taskManager.liveTaskCount,
  };
}

const EXITED = { status: 3 << 8, endNs: 0, stderr: "", tasks: 0 };

describe("a program that returns while its call is blocked ends at that instant with its status", () => {
  test("the call was made before the first await", async () => {
    expect(await outcomeOf((posix) => void posix.nanosleep(SECOND))).toEqual(EXITED);
    expect(await outcomeOf((posix) => void posix.sleep(1))).toEqual(EXITED);
    expect(await outcomeOf((posix) => void posix.pause())).toEqual(EXITED);
  });

  test("the main function is no async function", async () => {
    const host = new TestHost();
    keepBusy(host);
    const process = host.start((posix) => {
      void posix.nanosleep(SECOND);
      return 4;
    });
    await host.simulator.run();
    expect([process.exitStatus, process.endTime]).toEqual([4 << 8, 0]);
  });

  test("the call was made later", async () => {
    const late = async (posix: Posix): Promise<void> => {
      await posix.nanosleep(7);
      void posix.nanosleep(SECOND);
    };
    expect(await outcomeOf(late)).toEqual({ ...EXITED, endNs: 7 });
  });

  test("the call is one that gives more than a number", async () => {
    const left = async (posix: Posix): Promise<void> => {
      const [reader] = await posix.pipe();
      void posix.poll([{ fd: reader, events: linux.POLLIN, revents: 0 }], -1);
    };
    expect(await outcomeOf(left)).toEqual(EXITED);
  });

  test("a function that nobody awaits waits for the call: it is told nothing", async () => {
    const log: string[] = [];
    async function pump(posix: Posix): Promise<void> {
      try {
        await posix.nanosleep(SECOND);
        log.push("slept");
      } catch {
        log.push("failed");
      }
    }
    expect(await outcomeOf((posix) => void pump(posix))).toEqual(EXITED);
    expect(log).toEqual([]);
  });

  test("four functions stand between the return and the start of the program", async () => {
    const second = async (posix: Posix): Promise<void> => void posix.sleep(1);
    const first = async (posix: Posix): Promise<void> => {
      await second(posix);
    };
    const main = async (posix: Posix): Promise<void> => {
      await first(posix);
    };
    expect(await outcomeOf(main)).toEqual(EXITED);
  });

  test("functions of atexit() can still make calls", async () => {
    const left = (posix: Posix): void => {
      posix.atexit(async () => {
        await posix.nanosleep(5);
        await posix.printError("bye\n");
      });
      void posix.nanosleep(SECOND);
    };
    expect(await outcomeOf(left)).toEqual({ ...EXITED, endNs: 5, stderr: "bye\n" });
  });

  test("exit() does the same", async () => {
    const left = (posix: Posix): void => {
      void posix.nanosleep(SECOND);
      posix.exit(6);
    };
    expect((await outcomeOf(left)).endNs).toBe(0);
  });
});

test("no time passes between a blocked call and its await", async () => {
  const seen: number[] = [];
  await outcomeOf(async (posix) => {
    const sleeping = posix.nanosleep(10);
    seen.push(posix.process.node.simulator.now);
    await sleeping;
    seen.push(posix.now());
  });
  expect(seen).toEqual([0, 10]);
});

test("a call made while the one before is blocked is refused, and ends the program", async () => {
  const { status, stderr } = await outcomeOf((posix) => {
    void posix.nanosleep(10);
    void posix.nanosleep(10);
  });
  expect(status).toBe(1 << 8);
  expect(stderr).toContain("await each call");
});

describe("a failure that nobody awaits is an unhandled rejection: on stderr, exit status 1", () => {
  test("of a call that fails at once", async () => {
    const { status, stderr } = await outcomeOf((posix) => void posix.close(99));
    expect(status).toBe(1 << 8);
    expect(stderr).toContain("EBADF");
  });

  test("of a call that is made of several", async () => {
    const failing = async (posix: Posix): Promise<void> => {
      void posix.writeFile("/no/such/folder", "x");
      await posix.nanosleep(5);
    };
    const { status, endNs, stderr } = await outcomeOf(failing);
    expect([status, endNs]).toEqual([1 << 8, 5]);
    expect(stderr).toContain("ENOENT");
  });

  test("of a call during which a signal came", async () => {
    const failing = async (posix: Posix): Promise<void> => {
      posix.sigaction(linux.SIGUSR1, () => undefined);
      await posix.sigprocmask(linux.SIG_BLOCK, new Set([linux.SIGUSR1]));
      await posix.kill(posix.getpid(), linux.SIGUSR1);
      void posix.sigsuspend(new Set());
    };
    const { status, stderr } = await outcomeOf(failing);
    expect(status).toBe(1 << 8);
    expect(stderr).toContain("EINTR");
  });

  test("but not one that is caught later", async () => {
    const caught = async (posix: Posix): Promise<void> => {
      const writing = posix.writeFile("/no/such/folder", "x");
      await posix.nanosleep(5);
      await writing.catch(() => undefined);
    };
    expect(await outcomeOf(caught)).toEqual({ ...EXITED, endNs: 5 });
  });
});

/** How a kernel's own blocking calls meet signals: the contract of Thread.interruptHook. */
import type { Blocked } from "@dcejs/core-sched";
import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { ERESTARTSYS } from "../../src/fd/restart.ts";
import { UnixFd } from "../../src/fd/unix-fd.ts";
import type { Posix } from "../../src/posix/posix.ts";
import { Thread } from "../../src/process/thread.ts";
import { errorOf, inProgram, runProgram } from "./test-host.ts";

/** A file whose read sleeps in "the kernel" until it is interrupted or given something. */
class KernelFile extends UnixFd {
  override readonly kind = "socket";
  readonly #thread: Thread;
  reads = 0;
  closes = 0;

  constructor(thread: Thread) {
    super(linux.O_RDWR);
    this.#thread = thread;
  }

  override read(): number | Blocked {
    this.reads++;
    const { task } = this.#thread;
    this.#thread.interruptHook = () => task.manager.wakeup(task, -ERESTARTSYS);
    return task.manager.sleep("sk_wait_data");
  }

  give(value: number): void {
    this.#thread.task.manager.wakeup(this.#thread.task, value);
  }

  /** Takes its time, as a socket with SO_LINGER. */
  override close(): number | Blocked {
    this.closes++;
    return this.#thread.task.manager.yield();
  }

  override describe(): string {
    return "socket:[1]";
  }
}

function openKernelFile(posix: Posix): { file: KernelFile; fd: number } {
  const context = posix.process.node.taskManager.currentTask()?.context;
  if (!(context instanceof Thread)) throw new Error("no thread runs");
  const file = new KernelFile(context);
  return { file, fd: posix.process.files.allocate(file) };
}

test("a signal ends a kernel's wait with EINTR", async () => {
  await inProgram(async (posix) => {
    const { file, fd } = openKernelFile(posix);
    posix.sigaction(linux.SIGALRM, () => undefined);
    posix.alarm(1);
    expect(await errorOf(() => posix.read(fd, new Uint8Array(1)))).toBe("EINTR");
    expect(file.reads).toBe(1);
  });
});

test("with SA_RESTART the kernel's call is made again", async () => {
  await inProgram(async (posix) => {
    const { file, fd } = openKernelFile(posix);
    let handled = 0;
    posix.sigaction(linux.SIGALRM, {
      handler: () => {
        if (++handled === 3) posix.process.node.simulator.scheduleNow(() => file.give(7));
      },
      flags: linux.SA_RESTART,
    });
    posix.setitimer({ valueNs: 10, intervalNs: 10 });
    expect(await posix.read(fd, new Uint8Array(1))).toBe(7);
    expect(file.reads).toBe(4);
    posix.setitimer({ valueNs: 0, intervalNs: 0 });
  });
});

test("a killed process leaves the kernel's wait first and closes what takes its time", async () => {
  let file: KernelFile | undefined;
  const { status, host } = await runProgram(async (posix) => {
    const opened = openKernelFile(posix);
    ({ file } = opened);
    const { pid } = posix.process;
    posix.spawn(async (child) => {
      await child.nanosleep(5);
      await child.kill(pid, linux.SIGTERM);
    });
    await posix.read(opened.fd, new Uint8Array(1));
  });
  expect(status).toBe(linux.SIGTERM);
  expect(file?.closes).toBe(1);
  expect(host.taskManager.liveTaskCount).toBe(0);
});

test("close waits for the kernel and gives its result", async () => {
  await inProgram(async (posix) => {
    const { file, fd } = openKernelFile(posix);
    const closing = posix.close(fd);
    expect(closing).toBeInstanceOf(Promise);
    expect(await closing).toBe(0);
    expect(file.closes).toBe(1);
  });
});

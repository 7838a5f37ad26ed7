import { nanoseconds } from "@dcejs/core-sched";
import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { TestHost, runProgram } from "./test-host.ts";

test("what main returns is the exit code, cut to 8 bits", async () => {
  expect((await runProgram(() => undefined)).status).toBe(0);
  expect((await runProgram(() => 7)).status).toBe(7 << 8);
  expect((await runProgram(async () => 256 + 3)).status).toBe(3 << 8);
});

test("exit ends the program from anywhere and runs atexit functions backwards", async () => {
  const { status, host, process } = await runProgram(async (posix) => {
    posix.atexit(() => void posix.print("first registered\n"));
    posix.atexit(async () => {
      await posix.nanosleep(10);
      await posix.print("last registered\n");
    });
    const deep = () => posix.exit(4);
    deep();
    await posix.print("never\n");
  });
  expect(status).toBe(4 << 8);
  expect(host.stdout(process)).toBe("last registered\nfirst registered\n");
});

test("a program cannot catch its own exit", async () => {
  const { status, host, process } = await runProgram(async (posix) => {
    try {
      posix.exit(5);
    } catch {
      await posix.print("still here");
    }
    return 0;
  });
  expect(status).toBe(5 << 8);
  expect(host.stdout(process)).toBe("");
});

test("what a program throws goes to its stderr and makes exit code 1", async () => {
  const failure = new Error("boom");
  const { status, host, process } = await runProgram(async (posix) => {
    await posix.nanosleep(5);
    throw failure;
  });
  expect(status).toBe(1 << 8);
  expect(host.stderr(process)).toContain("Uncaught Error: boom");
  expect(host.manager.exitprocs[0]?.error).toBe(failure);
});

test("a failed call that nobody catches names itself on stderr", async () => {
  const { host, process } = await runProgram(async (posix) => {
    await posix.open("/none");
  });
  expect(host.stderr(process)).toContain("open ENOENT '/none'");
});

test("exitprocs has node, pid, times, status and command line", async () => {
  const host = new TestHost();
  const process = host.start((posix) => posix.nanosleep(2500), { argv: ["sleep", "2500"] });
  await host.simulator.run();
  expect(host.manager.exitprocs).toEqual([
    {
      node: 0,
      pid: process.pid,
      ppid: 0,
      status: 0,
      startNs: 0,
      endNs: 2500,
      cmdline: "sleep 2500",
      error: undefined,
    },
  ]);
});

test("arguments, environment, folder, ids and standard input are the starter's", async () => {
  const host = new TestHost();
  host.manager.node.fs.makeFolders("/home/user");
  const process = host.start(
    async (posix) => {
      expect(posix.argv).toEqual(["prog", "a", "b"]);
      expect(posix.getenv("HOME")).toBe("/home/user");
      expect(posix.getcwd()).toBe("/home/user");
      expect([posix.getuid(), posix.geteuid(), posix.getgid()]).toEqual([1000, 0, 100]);
      expect(await posix.readTextFile(0)).toBe("input");
    },
    {
      argv: ["prog", "a", "b"],
      env: { HOME: "/home/user" },
      cwd: "/home/user",
      uid: 1000,
      euid: 0,
      gid: 100,
      stdin: "input",
    },
  );
  await host.simulator.run();
  expect(process.error).toBeUndefined();
});

test("an unknown program, folder or stdin is ENOENT and leaves nothing", () => {
  const host = new TestHost();
  expect(() => host.manager.start("no-such-program")).toThrow("ENOENT");
  expect(() => host.start(() => 0, { cwd: "/none" })).toThrow("ENOENT");
  expect(() => host.start(() => 0, { stdin: { path: "/none" } })).toThrow("ENOENT");
  expect(host.manager.getProcs()).toEqual([]);
  expect(host.manager.node.processes.pids.usedCount).toBe(0);
});

test("stop kills, and the finished callback hears of it", async () => {
  const host = new TestHost();
  const process = host.start((posix) => posix.nanosleep(1e15), {});
  const records: number[] = [];
  host.manager.setFinishedCallback(process, (record) => records.push(record.status));
  host.simulator.schedule(nanoseconds(50), () => void host.manager.stop(process.pid));
  await host.simulator.run();
  expect(records).toEqual([linux.SIGKILL]);
  expect(process.endTime).toBe(50);
  expect(host.manager.stop(process.pid)).toBe(-3);
});

test("the first pid comes from the seed, and numbers 0 and 1 are never given", async () => {
  expect(pidOf(1)).toBe(pidOf(1));
  expect(new Set([1, 2, 3, 4, 5].map(pidOf)).size).toBeGreaterThan(3);
  const host = new TestHost();
  const { pids } = host.manager.node.processes;
  const seen = new Set<number>();
  for (let i = 0; i < 65_534; i++) seen.add(pids.allocate() ?? -1);
  expect(seen.has(0) || seen.has(1) || seen.has(-1)).toBe(false);
  expect(pids.allocate()).toBeUndefined();
});

test("an internal task runs as pid 0", async () => {
  const host = new TestHost();
  const seen: unknown[] = [];
  host.manager.startInternalTask("kthread", () => {
    seen.push(host.manager.currentThread?.process.pid);
  });
  await host.simulator.run();
  expect(seen).toEqual([0]);
});

test("wait gives the status of a process to a kernel task", async () => {
  const host = new TestHost();
  const process = host.start(async (posix) => {
    await posix.nanosleep(100);
    return 9;
  });
  const seen: number[] = [];
  host.manager.startInternalTask("waiter", function* () {
    const result = host.manager.wait(process.pid);
    seen.push(typeof result === "number" ? result : yield result);
  });
  await host.simulator.run();
  expect(seen).toEqual([9 << 8]);
});

function pidOf(seed: number): number {
  return new TestHost(seed).start(() => 0).pid;
}

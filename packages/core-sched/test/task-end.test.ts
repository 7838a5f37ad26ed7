import { describe, expect, test } from "vitest";
import {
  Simulator,
  TaskError,
  TaskExit,
  TaskKilled,
  TaskManager,
  type Wait,
} from "../src/index.ts";
import { ms } from "./ms.ts";

function setUp(): { sim: Simulator; tm: TaskManager; log: string[] } {
  const sim = new Simulator();
  return { sim, tm: new TaskManager(sim), log: [] };
}

describe("exit", () => {
  test("unwinds a generator, an async program and a plain function", async () => {
    const { sim, tm, log } = setUp();
    tm.start(function* (): Wait<void> {
      try {
        yield tm.sleepFor("nap", ms(1));
        tm.exit();
      } finally {
        log.push("generator");
      }
    });
    tm.start(async () => {
      try {
        await tm.promise(tm.sleepFor("nap", ms(1)));
        tm.exit();
      } finally {
        log.push("async");
      }
    });
    tm.start(() => tm.exit());
    await sim.run();
    expect(log).toEqual(["generator", "async"]);
    expect(tm.liveTaskCount).toBe(0);
  });

  test("cannot be survived: later blocking calls throw it again", () => {
    const { sim, tm, log } = setUp();
    tm.start(function* (): Wait<void> {
      try {
        tm.exit();
      } catch (error) {
        log.push(error instanceof TaskExit ? "caught" : "?");
      }
      yield tm.sleep("again");
    });
    sim.runSync();
    expect(log).toEqual(["caught"]);
    expect(tm.liveTaskCount).toBe(0);
  });

  test("by kernel code that had blocked unwinds the program, and its exit hooks run", async () => {
    const { sim, tm, log } = setUp();
    function* killedInKernel(): Wait {
      yield tm.sleepFor("nap", ms(1));
      return tm.exit();
    }
    const task = tm.start(async () => {
      try {
        const call = tm.enter(killedInKernel());
        if (typeof call !== "number") await tm.promise(call);
      } catch (error) {
        log.push(error instanceof TaskKilled ? "unwound" : "?");
        throw error;
      }
    });
    task.onExit(function* (): Wait<void> {
      yield tm.sleepFor("hook", ms(1));
      log.push(`hook at ${sim.now}`);
    });
    await sim.run();
    expect(log).toEqual(["unwound", "hook at 2000000"]);
    expect([task.state, sim.pendingEvents]).toEqual(["DEAD", 0]);
  });
});

describe("exit hooks", () => {
  test("run in order on the dying task, and may block", async () => {
    const { sim, tm, log } = setUp();
    for (const name of ["gen", "async"]) {
      const nap = function* (): Wait<void> {
        log.push(`${tm.currentTask()?.name} hook 1 at ${sim.now}`);
        yield tm.sleepFor("hook", ms(1));
        log.push(`${tm.currentTask()?.name} hook 1 ends at ${sim.now}`);
      };
      const body = name === "gen" ? function* (): Wait<void> {} : async (): Promise<void> => {};
      const task = tm.start(body, { name });
      task.onExit(nap);
      task.onExit(() => void log.push(`${name} hook 2`));
    }
    await sim.run();
    expect(log).toEqual([
      "gen hook 1 at 0",
      "async hook 1 at 0",
      "gen hook 1 ends at 1000000",
      "gen hook 2",
      "async hook 1 ends at 1000000",
      "async hook 2",
    ]);
    expect(tm.liveTaskCount).toBe(0);
  });

  test("run after an error that onError has taken", () => {
    const { sim, tm, log } = setUp();
    const task = tm.start(() => {
      throw new Error("boo");
    });
    task.onError = () => log.push("error");
    task.onExit(() => void log.push("hook"));
    sim.runSync();
    expect(log).toEqual(["error", "hook"]);
  });

  test("that throw are reported with the task's name", () => {
    const { sim, tm } = setUp();
    const task = tm.start(() => {}, { name: "tls" });
    task.onExit(() => {
      throw new Error("destructor");
    });
    expect(() => sim.runSync()).toThrow(TaskError);
    expect(tm.liveTaskCount).toBe(0);
  });
});

describe("stop", () => {
  test("unwinds kernel code and then the program, at once, without exit hooks", () => {
    const { sim, tm, log } = setUp();
    function* kernelRead(): Wait {
      try {
        yield tm.sleep("read");
      } finally {
        log.push("wait queue entry removed");
      }
      return 0;
    }
    const task = tm.start(function* (): Wait<void> {
      try {
        const call = tm.enter(kernelRead());
        if (typeof call !== "number") yield call;
      } finally {
        log.push(`finally of ${tm.currentTask()?.name}`);
        try {
          tm.sleep("more");
        } catch (error) {
          log.push(error instanceof TaskKilled ? "TaskKilled" : "?");
        }
      }
    });
    task.onExit(() => void log.push("hook"));
    sim.schedule(ms(1), () => {
      tm.stop(task);
      log.push(task.state);
      tm.stop(task);
    });
    sim.runSync();
    expect(log).toEqual(["wait queue entry removed", "finally of task-1", "TaskKilled", "DEAD"]);
    expect([tm.liveTaskCount, sim.pendingEvents]).toEqual([0, 0]);
  });

  test("makes the awaited call of an async program reject with TaskKilled, before time moves", async () => {
    const { sim, tm, log } = setUp();
    const task = tm.start(async (self) => {
      try {
        await tm.promise(tm.sleepFor("accept", ms(100)));
      } catch (error) {
        log.push(error instanceof TaskKilled ? "TaskKilled" : "?");
        throw error;
      } finally {
        await Promise.resolve();
        log.push(`finally at ${sim.now}, current: ${tm.currentTask() === self}`);
        for (const call of [() => tm.sleep("more"), () => tm.assertRuns(self)]) {
          expect(call).toThrow(TaskKilled);
        }
      }
    });
    sim.schedule(ms(1), () => {
      tm.stop(task);
      log.push(task.state);
    });
    sim.schedule(ms(2), () => void log.push("later event"));
    await sim.run();
    expect(log).toEqual(["DEAD", "TaskKilled", "finally at 1000000, current: true", "later event"]);
    expect(sim.now).toBe(2_000_000); // the timer of the killed sleep is gone
  });

  test("reports an error of the finally blocks of an async program", async () => {
    const { sim, tm } = setUp();
    const task = tm.start(
      async () => {
        try {
          await tm.promise(tm.sleep("x"));
        } finally {
          // oxlint-disable-next-line no-unsafe-finally -- the case under test
          throw new Error("in finally");
        }
      },
      { name: "messy" },
    );
    sim.schedule(ms(1), () => tm.stop(task));
    await expect(sim.run()).rejects.toThrow(/"messy" of node 0: Error: in finally/);
  });

  test("takes a task that is runnable, or has never run, out of the run queue", () => {
    const { sim, tm, log } = setUp();
    const unstarted = tm.start(() => void log.push("never"));
    tm.stop(unstarted);
    const task = tm.start(function* (): Wait<void> {
      yield tm.yield();
      log.push("never");
    });
    sim.scheduleNow(() => tm.stop(task));
    sim.runSync();
    expect(log).toEqual([]);
    expect([tm.liveTaskCount, tm.runnableCount]).toEqual([0, 0]);
  });

  test("is ignored on the running task", () => {
    const { sim, tm, log } = setUp();
    tm.start(function* (self): Wait<void> {
      tm.stop(self);
      yield tm.yield();
      log.push("alive");
    });
    sim.runSync();
    expect(log).toEqual(["alive"]);
  });
});

test("destroy kills the tasks that are left", async () => {
  const { sim, tm, log } = setUp();
  const wait = function* (): Wait<void> {
    try {
      yield tm.sleep("for ever");
    } finally {
      log.push("generator");
    }
  };
  tm.start(wait, { isDaemon: true });
  tm.start(
    async () => {
      try {
        await tm.promise(tm.sleep("for ever"));
      } finally {
        log.push("async");
      }
    },
    { isDaemon: true },
  );
  await sim.run();
  sim.scheduleDestroy(() => void log.push(`live: ${tm.liveTaskCount}`));
  sim.destroy();
  expect(log).toEqual(["live: 2", "generator"]);
  expect([tm.liveTaskCount, sim.pendingEvents]).toEqual([0, 0]);
  await Promise.resolve();
  await Promise.resolve();
  expect(log).toEqual(["live: 2", "generator", "async"]);
});

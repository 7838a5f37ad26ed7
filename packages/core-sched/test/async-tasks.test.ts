import { stat } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  type Fiber,
  ForeignAwaitError,
  instant,
  Simulator,
  type SliceOutcome,
  SyncRunError,
  TaskError,
  TaskManager,
  TaskStateError,
  type Wait,
} from "../src/index.ts";
import { ms } from "./ms.ts";

function setUp(): { sim: Simulator; tm: TaskManager; log: string[] } {
  const sim = new Simulator();
  return { sim, tm: new TaskManager(sim), log: [] };
}

function hostTimer(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}

test("async and generator tasks take turns in one order", async () => {
  const { sim, tm, log } = setUp();
  for (const name of ["a", "b"]) {
    tm.start(async () => {
      for (let i = 0; i < 3; i++) {
        log.push(name + i);
        await tm.promise(tm.yield());
      }
    });
    tm.start(function* (): Wait<void> {
      for (let i = 0; i < 3; i++) {
        log.push(name.toUpperCase() + i);
        yield tm.yield();
      }
    });
  }
  await sim.run();
  expect(log.join(" ")).toBe("a0 A0 b0 B0 a1 A1 b1 B1 a2 A2 b2 B2");
});

test("a task may await numbers and promises that are resolved already", async () => {
  const { sim, tm, log } = setUp();
  tm.start(async () => {
    // oxlint-disable-next-line typescript/await-thenable, unicorn/no-unnecessary-await -- the case under test
    log.push(String((await 3) + (await Promise.resolve(4))));
    await Promise.all([Promise.resolve(2), (async () => 3)()]);
    await tm.promise(tm.sleepFor("nap", ms(1)));
    for (let i = 0; i < 100; i++) await Promise.resolve();
    log.push(`done at ${sim.now}`);
  });
  await sim.run();
  expect(log).toEqual(["7", "done at 1000000"]);
});

describe("a foreign await", () => {
  test("ends the run with an error that names the task", async () => {
    const { sim, tm } = setUp();
    const task = tm.start(hostTimer, { name: "sleepy" });
    const error = await sim.run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ForeignAwaitError);
    expect(error).toMatchObject({ task, message: expect.stringContaining('"sleepy" of node 0') });
    expect([task.state, tm.currentTask()]).toEqual(["DEAD", undefined]);
  });

  test("is noticed after thousands of slices of the same run", async () => {
    const { sim, tm } = setUp();
    tm.start(async () => {
      for (let i = 0; i < 5000; i++) await tm.promise(tm.yield());
      await hostTimer();
    });
    await expect(sim.run()).rejects.toThrow(ForeignAwaitError);
    expect(tm.switchCount).toBe(5001);
  });

  test("is noticed after an event that was allowed to use the host", async () => {
    const { sim, tm } = setUp();
    sim.schedule(ms(0), hostTimer);
    tm.start(async () => {
      await tm.promise(tm.sleepFor("nap", ms(1)));
      await hostTimer();
    });
    await expect(sim.run()).rejects.toThrow(ForeignAwaitError);
  });

  test("leaves the simulator usable, and what the lost body does later is refused", async () => {
    const { sim, tm, log } = setUp();
    tm.start(async () => {
      await hostTimer();
      try {
        tm.sleep("late");
      } catch (error) {
        log.push(error instanceof TaskStateError ? "refused" : "?");
      }
    });
    await expect(sim.run()).rejects.toThrow(ForeignAwaitError);
    tm.start(async () => {
      await tm.promise(tm.sleepFor("nap", ms(1)));
      log.push("next task");
    });
    await sim.run();
    await hostTimer();
    await hostTimer();
    expect(log).toEqual(["next task", "refused"]);
  });

  test("is allowed through external(), while virtual time stands still", async () => {
    const { sim, tm, log } = setUp();
    sim.schedule(ms(1), () => void log.push("event"));
    tm.start(async () => {
      await tm.external(hostTimer());
      await tm.external(hostTimer());
      log.push(`back at ${sim.now}`);
      await tm.promise(tm.sleepFor("nap", ms(2)));
      log.push("end");
    });
    await sim.run();
    expect(log).toEqual(["back at 0", "event", "end"]);
  });

  test("is noticed however soon the host settles it", async () => {
    const soon = [
      () => stat("."),
      () => new Promise((resolve) => setImmediate(resolve)),
      () => new Promise((resolve) => setTimeout(resolve, 0)),
    ];
    let noticed = 0;
    for (let round = 0; round < 50; round++) {
      for (const wait of soon) {
        const { sim, tm } = setUp();
        tm.start(wait);
        const error = await sim.run().catch((thrown: unknown) => thrown);
        if (error instanceof ForeignAwaitError) noticed++;
      }
    }
    expect(noticed).toBe(50 * soon.length);
  });

  test.for([
    [
      "a timer",
      (run: () => void): void => {
        setTimeout(run, 0);
      },
    ],
    [
      "an immediate",
      (run: () => void): void => {
        setImmediate(run);
      },
    ],
    [
      "a tick",
      (run: () => void): void => {
        process.nextTick(run);
      },
    ],
    [
      "a microtask",
      (run: () => void): void => {
        queueMicrotask(run);
      },
    ],
  ] as const)(
    "is none when run() is called from %s and a task awaits what has settled",
    async ([, call]) => {
      const { sim, tm, log } = setUp();
      tm.start(async () => {
        for (let i = 0; i < 10; i++) await Promise.resolve();
        await tm.promise(tm.sleepFor("nap", ms(1)));
        for (let i = 0; i < 10; i++) await Promise.resolve();
        log.push("end");
      });
      await new Promise<void>((resolve, reject) => {
        call(() => void sim.run().then(resolve, reject));
      });
      expect(log).toEqual(["end"]);
    },
  );

  test("is noticed after external() has settled", async () => {
    const { sim, tm } = setUp();
    tm.start(async () => {
      await tm.external(hostTimer());
      await hostTimer();
    });
    await expect(sim.run()).rejects.toThrow(ForeignAwaitError);
  });
});

test("two blocking calls at once from one task are refused", async () => {
  const { sim, tm } = setUp();
  const nap = async (name: string): Promise<number> => tm.promise(tm.sleepFor(name, ms(1)));
  tm.start(async () => {
    await Promise.all([nap("first"), nap("second")]);
  });
  await expect(sim.run()).rejects.toThrow(/blocked in "first" and cannot also call "second"/);
});

test("a call by a continuation that its task did not await is refused", async () => {
  const { sim, tm, log } = setUp();
  tm.start(async (self) => {
    const stray = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      try {
        tm.assertRuns(self);
        tm.sleep("stray");
      } catch (error) {
        log.push(error instanceof TaskStateError ? "refused" : String(error));
      }
    };
    void stray();
    await tm.promise(tm.sleepFor("nap", ms(1)));
  });
  tm.start(async () => {
    for (let i = 0; i < 100; i++) await tm.promise(tm.yield());
  });
  await sim.run();
  expect(log).toEqual(["refused"]);
});

test("an error of a body ends the run as a TaskError with the task's name and the cause", async () => {
  const { sim, tm } = setUp();
  const cause = new RangeError("too far");
  for (const body of [
    async () => {
      await tm.promise(tm.sleepFor("nap", ms(1)));
      throw cause;
    },
    () => {
      throw cause;
    },
  ]) {
    tm.start(body, { name: "thrower" });
    const error = await sim.run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({
      cause,
      message: expect.stringMatching(/"thrower" of node 0: RangeError: too far/),
    });
  }
  expect(tm.liveTaskCount).toBe(0);
});

test("an error goes to onError when the task has one, and the run goes on", async () => {
  const { sim, tm, log } = setUp();
  const task = tm.start(async () => {
    await Promise.reject(new Error("exit 1"));
  });
  task.onError = (error) => log.push(`${String(error)} of ${tm.currentTask()?.name}`);
  sim.schedule(ms(1), () => void log.push("later"));
  await sim.run();
  expect(log).toEqual(["Error: exit 1 of task-1", "later"]);
});

describe("a body that ends without awaiting its call", () => {
  test("ends when the call is done", async () => {
    const { sim, tm } = setUp();
    const task = tm.start(async () => {
      void tm.promise(tm.sleepFor("nap", ms(1)));
    });
    await sim.run();
    expect([task.state, sim.now, tm.liveTaskCount]).toEqual(["DEAD", 1_000_000, 0]);
  });

  test("reports its error when the call is done", async () => {
    const { sim, tm } = setUp();
    tm.start(async () => {
      void tm.promise(tm.sleepFor("nap", ms(1)));
      throw new Error("early");
    });
    await expect(sim.run()).rejects.toThrow("early");
    expect(sim.now).toBe(1_000_000);
  });
});

describe("runSync", () => {
  test("refuses to go on with an async fiber, and run() can", async () => {
    const { sim, tm, log } = setUp();
    tm.start(async () => {
      await tm.promise(tm.sleepFor("nap", ms(1)));
      log.push("woken");
    });
    await sim.runUntil(instant(0));
    expect(() => sim.runSync()).toThrow(SyncRunError);
    await sim.run();
    expect(log).toEqual(["woken"]);
  });

  test("refuses a body that turns out to await", () => {
    const { sim, tm } = setUp();
    tm.start(async () => {
      await Promise.resolve();
    });
    expect(() => sim.runSync()).toThrow(/is async: use run\(\)/);
    expect(tm.liveTaskCount).toBe(0);
  });
});

test("promise() takes only the call that the current task is blocked in", async () => {
  const { sim, tm } = setUp();
  const errors: unknown[] = [];
  const start = (body: () => Promise<unknown>): void => {
    tm.start(body).onError = (error) => errors.push(error);
  };
  start(async () => tm.promise({ waitChannel: "not ours" }));
  const generator = tm.start(function* (): Wait<void> {
    const call = tm.sleep("x");
    void tm.promise(call);
    yield call;
  });
  generator.onError = (error) => errors.push(error);
  await sim.run();
  expect(errors.map(String)).toEqual([
    expect.stringContaining('promise("not ours")'),
    expect.stringContaining('cannot await: its fiber is of kind "generator"'),
  ]);
});

test("fibers of other back ends join by implementing Fiber", async () => {
  const { sim, tm, log } = setUp();
  /** As JSPI does: a suspending import returns to resume(), which tells by a promise. */
  class SuspendingFiber implements Fiber {
    readonly kind = "jspi";
    readonly isSynchronous = false;
    readonly mayAwaitHost = true;
    #turn = 0;
    async resume(value: number): Promise<SliceOutcome> {
      await hostTimer(); // compiling
      log.push(`turn ${this.#turn} value ${value} at ${sim.now}`);
      if (this.#turn++ === 2) return "ended";
      tm.sleepFor("wasm", ms(1));
      return "blocked";
    }
    kill(): void {
      log.push("killed");
    }
  }
  tm.start(new SuspendingFiber(), { name: "a.wasm" });
  const second = tm.start(new SuspendingFiber(), { name: "b.wasm" });
  sim.schedule(ms(1), () => tm.stop(second));
  await sim.run();
  expect(log).toEqual([
    "turn 0 value 0 at 0",
    "turn 0 value 0 at 0",
    "killed",
    "turn 1 value 0 at 1000000",
    "turn 2 value 0 at 2000000",
  ]);
  expect(tm.liveTaskCount).toBe(0);
});

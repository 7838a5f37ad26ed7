import { array, assert, boolean, integer, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Blocked,
  ConstantProcessDelayModel,
  InvariantError,
  nanoseconds,
  RandomProcessDelayModel,
  Simulator,
  type Task,
  TaskManager,
  TaskStateError,
  type Wait,
} from "../src/index.ts";
import { ms } from "./ms.ts";

function setUp(seed = 1): { sim: Simulator; tm: TaskManager; log: string[] } {
  const sim = new Simulator({ seed });
  return { sim, tm: new TaskManager(sim, { name: "host" }), log: [] };
}

describe("states", () => {
  test("a task is ACTIVE after start, RUNNING in its slice, BLOCKED in a call, then DEAD", () => {
    const { sim, tm } = setUp();
    const task = tm.start(function* (self): Wait<void> {
      expect([self.state, tm.currentTask() === self]).toEqual(["RUNNING", true]);
      yield tm.sleep("disk");
    });
    expect([task.state, tm.runnableCount]).toEqual(["ACTIVE", 1]);
    sim.schedule(ms(1), () => {
      expect([task.state, task.waitChannel, task.blockedSince]).toEqual(["BLOCKED", "disk", 0]);
      expect(tm.currentTask()).toBeUndefined();
      expect(tm.wakeup(task)).toBe(true);
      expect([task.state, tm.wakeup(task)]).toEqual(["ACTIVE", false]);
    });
    sim.runSync();
    expect([task.state, tm.liveTaskCount, tm.wakeup(task)]).toEqual(["DEAD", 0, false]);
  });

  test("ids are at least 1 and unique over the nodes of a simulator", () => {
    const { sim, tm } = setUp();
    const other = new TaskManager(sim);
    const ids = [tm.start(() => {}), other.start(() => {}), tm.start(() => {})].map((t) => t.id);
    expect(ids).toEqual([1, 2, 3]);
  });

  test("TaskManager.current is the manager of the node whose event runs", () => {
    const { sim, tm } = setUp();
    const other = new TaskManager(sim, { context: 9 });
    const seen: (TaskManager | undefined)[] = [];
    tm.start(() => void seen.push(TaskManager.current(sim)));
    other.start(() => void seen.push(TaskManager.current(sim)));
    sim.runSync();
    expect(seen).toEqual([tm, other]);
    expect(TaskManager.current(sim)).toBeUndefined();
    expect(() => new TaskManager(sim, { context: 9 })).toThrow(InvariantError);
  });
});

describe("order", () => {
  test("runnable tasks take turns, first in, first out", () => {
    const { sim, tm, log } = setUp();
    for (const name of ["a", "b", "c"]) {
      tm.start(function* (): Wait<void> {
        for (let turn = 0; turn < 3; turn++) {
          log.push(name + turn);
          yield tm.yield();
        }
      });
    }
    sim.runSync();
    expect(log).toEqual(["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]);
  });

  test("no task gets a second turn before every task that was runnable had one", () => {
    const anyTask = record({ turns: integer({ min: 1, max: 8 }), isAsync: boolean() });
    assert(
      property(array(anyTask, { minLength: 1, maxLength: 12 }), (tasks) => {
        const { sim, tm } = setUp();
        const turns: number[] = [];
        tasks.forEach(({ turns: wanted }, index) => {
          tm.start(function* (): Wait<void> {
            for (let turn = 0; turn < wanted; turn++) {
              turns.push(turn);
              yield index % 2 === 0 ? tm.yield() : tm.sleepFor("nap", nanoseconds(0));
            }
          });
        });
        sim.runSync();
        // Rounds never overlap, as all naps are of length 0 and all yields go to the tail.
        expect(turns).toEqual(turns.toSorted((a, b) => a - b));
      }),
    );
  });

  test("tasks run in the order in which they were woken", () => {
    const { sim, tm, log } = setUp();
    const tasks = ["a", "b", "c"].map((name) =>
      tm.start(function* (): Wait<void> {
        const value = yield tm.sleep("turn");
        log.push(name + value);
      }),
    );
    sim.schedule(ms(1), () => {
      for (const index of [2, 0, 1]) {
        const task = tasks[index];
        if (task !== undefined) tm.wakeup(task, index);
      }
    });
    sim.runSync();
    expect(log).toEqual(["c2", "a0", "b1"]);
  });

  test("every slice is an event of its own, so other events come in between", () => {
    const { sim, tm, log } = setUp();
    tm.start(function* (): Wait<void> {
      log.push("slice 1");
      sim.scheduleNow(() => void log.push("event"));
      yield tm.yield();
      log.push("slice 2");
    });
    sim.runSync();
    expect(log).toEqual(["slice 1", "event", "slice 2"]);
    expect(tm.switchCount).toBe(2);
  });
});

describe("timed sleeps", () => {
  test("time out with 0 left", () => {
    const { sim, tm } = setUp();
    let left = -1;
    tm.start(function* (): Wait<void> {
      left = yield tm.sleepFor("nap", ms(10));
    });
    sim.runSync();
    expect([sim.now, left]).toEqual([10_000_000, 0]);
  });

  test("give the time that was left when they are woken early, and their timer is gone", () => {
    const { sim, tm } = setUp();
    let left = -1;
    const task = tm.start(function* (): Wait<void> {
      left = yield tm.sleepFor("nap", ms(10));
    });
    sim.schedule(ms(3), () => {
      tm.wakeup(task);
      expect(sim.pendingEvents).toBe(1); // the slice; the timer has gone
    });
    sim.runSync();
    expect([sim.now, left]).toEqual([3_000_000, 7_000_000]);
  });

  test("give the waker's number when it has one", () => {
    const { sim, tm } = setUp();
    let result = 0;
    const task = tm.start(function* (): Wait<void> {
      result = yield tm.sleepFor("nap", ms(10));
    });
    sim.schedule(ms(3), () => void tm.wakeup(task, -4));
    sim.runSync();
    expect(result).toBe(-4);
  });
});

describe("misuse", () => {
  test("a blocking call outside of any task is refused", () => {
    const { tm } = setUp();
    expect(() => tm.sleep("nothing")).toThrow(/"nothing": no task of node 0 \(host\) is running/);
    expect(() => tm.exit()).toThrow(TaskStateError);
    expect(tm.chargeBusyCall()).toBe(false);
  });

  test("a second blocking call before the first was handed up is refused", () => {
    const { sim, tm } = setUp();
    const errors: unknown[] = [];
    const task = tm.start(function* (): Wait<void> {
      tm.sleep("first");
      yield tm.sleep("second");
    });
    task.onError = (error) => errors.push(error);
    sim.runSync();
    expect(String(errors)).toMatch(/blocked in "first" and cannot also call "second"/);
  });

  test.each<[string, (tm: TaskManager, other: Blocked) => Wait<void>, RegExp]>([
    [
      "yields another handle",
      function* (tm, other): Wait<void> {
        tm.sleep("mine");
        yield other;
      },
      /not its blocked call/,
    ],
    [
      "yields its handle without blocking",
      function* (tm): Wait<void> {
        const handle = tm.sleepFor("once", nanoseconds(1));
        yield handle;
        yield handle;
      },
      /in no blocking call/,
    ],
    [
      "returns without yielding the handle",
      // oxlint-disable-next-line require-yield -- the case under test
      function* (tm): Wait<void> {
        tm.sleep("forgotten");
      },
      /ended while it was blocked in "forgotten"/,
    ],
  ])("a task that %s is reported", (_what, body, message) => {
    const { sim, tm } = setUp();
    tm.start(() => body(tm, { waitChannel: "other" }));
    expect(() => sim.runSync()).toThrow(message);
    expect(tm.liveTaskCount).toBe(0);
  });
});

describe("the delay model", () => {
  test("keeps the CPU of the node busy after each slice", () => {
    const sim = new Simulator();
    const delayModel = new ConstantProcessDelayModel(ms(2));
    const tm = new TaskManager(sim, { delayModel });
    const free = new TaskManager(sim);
    const times: number[] = [];
    const body = function* (): Wait<void> {
      times.push(sim.now);
      yield tm.yield();
      times.push(sim.now);
    };
    tm.start(body);
    tm.start(body);
    free.start(() => void times.push(-1));
    sim.runSync();
    expect(times).toEqual([0, -1, 2_000_000, 4_000_000, 6_000_000]);
  });

  test("may draw the cost from a stream of the simulator", () => {
    const sim = new Simulator({ seed: 5 });
    const costs: number[] = [];
    const delayModel = new RandomProcessDelayModel(() => {
      const cost = nanoseconds(sim.random("cpu").integer(1, 1000));
      costs.push(cost);
      return cost;
    });
    const tm = new TaskManager(sim, { delayModel });
    let end = 0;
    tm.start(function* (): Wait<void> {
      yield tm.yield();
      end = sim.now;
    });
    sim.runSync();
    expect(end).toBe(costs[0]);
  });
});

test("the switch notifier hears of the begin and the end of each slice", () => {
  const { sim, tm, log } = setUp();
  const task = tm.start(function* (): Wait<void> {
    log.push("1");
    yield tm.yield();
    log.push("2");
  });
  task.setSwitchNotifier((type) => log.push(type));
  sim.runSync();
  expect(log).toEqual(["TO", "1", "FROM", "TO", "2", "FROM"]);
});

test("slices and wake-ups are tracepoints", () => {
  const { sim, tm, log } = setUp();
  sim.tracer.enable("sched:*");
  sim.tracer.onRecord(({ name, args }) => log.push(`${name} ${args.join(" ")}`));
  tm.start(() => {}, { name: "init" });
  sim.runSync();
  expect(log).toEqual(["sched:sched_wakeup init 1", "sched:sched_switch init 1"]);
});

test("a HiTask is the current task while simulator code acts for it, and cannot block", () => {
  const { sim, tm } = setUp();
  const task = tm.start(() => {}, { name: "cradle" });
  tm.enterHiTask(task);
  expect(tm.currentTask()).toBe(task);
  expect(() => tm.sleep("x")).toThrow(/"cradle" .* is a HiTask and cannot block/);
  tm.leaveHiTask(task);
  expect(tm.currentTask()).toBeUndefined();
  sim.runSync();
});

test("execOnMain runs at once, with no task current; scheduleMain is an event of the node", () => {
  const { sim, tm } = setUp();
  const seen: unknown[] = [];
  tm.start((self) => {
    tm.execOnMain(() => void seen.push(tm.currentTask()));
    seen.push(tm.currentTask() === self);
    sim.scheduleWithContext(77, ms(1), () => {
      tm.scheduleMain(ms(1), (arg) => void seen.push([sim.context, arg]), 5);
    });
  });
  sim.runSync();
  expect(seen).toEqual([undefined, true, [0, 5]]);
});

test("ten thousand tasks come and go without a trace", () => {
  const { sim, tm } = setUp();
  let ended = 0;
  const child = function* (): Wait<void> {
    yield tm.sleepFor("nap", ms(1));
    yield tm.yield();
    ended++;
  };
  tm.start(function* (): Wait<void> {
    for (let i = 0; i < 10_000; i++) {
      const task: Task = tm.start(child);
      if (i % 3 === 0) {
        yield tm.yield();
        tm.stop(task);
      }
      if (i % 100 === 0) yield tm.sleepFor("pause", ms(2));
    }
  });
  sim.runSync();
  expect(ended).toBe(10_000 - 3334);
  expect([tm.liveTaskCount, tm.runnableCount, sim.pendingEvents]).toEqual([0, 0, 0]);
});

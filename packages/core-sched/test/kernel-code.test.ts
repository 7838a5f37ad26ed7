import { describe, expect, test } from "vitest";
import {
  type Blocked,
  nanoseconds,
  Simulator,
  type Task,
  TaskManager,
  type Wait,
} from "../src/index.ts";
import { ms } from "./ms.ts";

function setUp(): { sim: Simulator; tm: TaskManager; log: string[] } {
  const sim = new Simulator();
  return { sim, tm: new TaskManager(sim), log: [] };
}

function* naps(tm: TaskManager, times: number, result: number): Wait {
  for (let i = 0; i < times; i++) yield tm.sleepFor("nap", ms(1));
  return result;
}

/** A program's own way to make a call: a number at once, or the handle to yield. */
function* syscall(call: number | Blocked): Wait {
  return typeof call === "number" ? call : yield call;
}

describe("enter", () => {
  test("returns the number at once when the kernel code does not block", () => {
    const { sim, tm } = setUp();
    let result: unknown;
    tm.start(() => {
      result = tm.enter(naps(tm, 0, 7));
    });
    sim.runSync();
    expect([result, sim.eventCount]).toEqual([7, 1]);
  });

  test("resumes the kernel code on each wake-up, and the program once, with the result", () => {
    const { sim, tm, log } = setUp();
    tm.start(function* (): Wait<void> {
      const result = yield* syscall(tm.enter(naps(tm, 3, 42)));
      log.push(`${result} at ${sim.now}`);
    });
    sim.runSync();
    expect(log).toEqual(["42 at 3000000"]);
  });

  test("serves async programs through promise()", async () => {
    const { sim, tm, log } = setUp();
    tm.start(async () => {
      const call = tm.enter(naps(tm, 2, -11));
      if (typeof call !== "number") log.push(`${await tm.promise(call)} at ${sim.now}`);
    });
    await sim.run();
    expect(log).toEqual(["-11 at 2000000"]);
  });

  test("serves hosts with callbacks through onComplete, in the task's slice", () => {
    const { sim, tm, log } = setUp();
    const read = (): void => {
      const call = tm.enter(naps(tm, 1, 5));
      if (typeof call === "number") return;
      expect(call.isDone).toBe(false);
      call.onComplete = (result) => {
        expect(call.isDone).toBe(true);
        log.push(`${tm.currentTask()?.name} ${result} at ${sim.now}`);
        if (sim.now < ms(2)) read();
      };
    };
    const task = tm.start(
      {
        kind: "callbacks",
        isSynchronous: true,
        resume: () => {
          log.push("loop");
          read();
          return "blocked";
        },
        kill: () => void log.push("killed"),
      },
      { name: "node" },
    );
    sim.schedule(ms(5), () => void tm.wakeup(task));
    sim.schedule(ms(7), () => tm.stop(task));
    sim.runSync();
    expect(log).toEqual([
      "loop",
      "node 5 at 1000000",
      "node 5 at 2000000",
      "loop",
      "node 5 at 6000000",
      "killed",
    ]);
  });

  test("is refused inside of kernel code, which uses yield*", () => {
    const { sim, tm } = setUp();
    tm.start(() => {
      tm.enter(
        (function* (): Wait {
          tm.enter(naps(tm, 1, 0));
          return yield* naps(tm, 1, 0);
        })(),
      );
    });
    expect(() => sim.runSync()).toThrow(/calls blocking kernel code with yield\*/);
  });

  test("throws into the program what the kernel code throws before it blocks", () => {
    const { sim, tm, log } = setUp();
    tm.start(() => {
      try {
        tm.enter(
          // oxlint-disable-next-line require-yield -- fails before it could block
          (function* (): Wait {
            throw new Error("oops");
          })(),
        );
      } catch (error) {
        log.push(String(error));
      }
      expect(tm.enter(naps(tm, 0, 1))).toBe(1);
    });
    sim.runSync();
    expect(log).toEqual(["Error: oops"]);
  });
});

test("an error of kernel code that had blocked ends the task and unwinds its program", async () => {
  const { sim, tm, log } = setUp();
  function* oops(): Wait {
    yield tm.sleepFor("nap", ms(1));
    throw new Error("kernel oops");
  }
  const bodies = [
    function* (): Wait<void> {
      try {
        yield* syscall(tm.enter(oops()));
      } finally {
        log.push("generator unwound");
      }
    },
    async (): Promise<void> => {
      try {
        const call = tm.enter(oops());
        if (typeof call !== "number") await tm.promise(call);
      } finally {
        log.push("async unwound");
      }
    },
  ];
  for (const body of bodies) {
    const task = tm.start(body);
    task.onError = (error) => log.push(String(error));
  }
  await sim.run();
  expect(log).toEqual([
    "generator unwound",
    "Error: kernel oops",
    "Error: kernel oops",
    "async unwound",
  ]);
});

test("a kernel thread that yields blocked handles needs no enter", () => {
  const { sim, tm } = setUp();
  const order: string[] = [];
  let consumer: Task | undefined = undefined;
  consumer = tm.start(function* (): Wait<void> {
    for (let i = 0; i < 3; i++) order.push(`got ${yield tm.sleep("work")}`);
  });
  const woken = consumer;
  tm.start(function* (): Wait<void> {
    for (let i = 0; i < 3; i++) {
      tm.wakeup(woken, i);
      order.push(`gave ${i}`);
      yield tm.sleepFor("tick", nanoseconds(5));
    }
  });
  sim.runSync();
  expect(order).toEqual(["gave 0", "got 0", "gave 1", "got 1", "gave 2", "got 2"]);
});

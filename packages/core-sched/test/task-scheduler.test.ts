import { array, assert, constantFrom, integer, property, tuple } from "fast-check";
import { expect, test } from "vitest";
import { RrTaskScheduler, Simulator, type Task, TaskManager } from "../src/index.ts";

test("RrTaskScheduler is a first-in-first-out queue with removal from anywhere", () => {
  const step = tuple(constantFrom("enqueue", "next", "dequeue"), integer({ min: 0, max: 7 }));
  assert(
    property(array(step, { maxLength: 100 }), (steps) => {
      const tm = new TaskManager(new Simulator());
      const tasks = Array.from({ length: 8 }, () => tm.start(() => {}));
      for (const task of tasks) tm.stop(task);
      const scheduler = new RrTaskScheduler();
      const model: Task[] = [];
      const given: (Task | undefined)[] = [];
      const expected: (Task | undefined)[] = [];
      for (const [what, index] of steps) {
        const task = tasks[index];
        if (task === undefined) continue;
        if (what === "enqueue" && !model.includes(task)) {
          scheduler.enqueue(task);
          model.push(task);
        } else if (what === "next") {
          given.push(scheduler.dequeueNext());
          expected.push(model.shift());
        } else if (what === "dequeue") {
          scheduler.dequeue(task);
          if (model.includes(task)) model.splice(model.indexOf(task), 1);
        }
        expect(scheduler.size).toBe(model.length);
        expect(scheduler.peekNext()).toBe(model[0]);
      }
      expect(given).toEqual(expected);
    }),
  );
});

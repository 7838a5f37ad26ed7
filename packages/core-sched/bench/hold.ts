// Prints JSON: nanoseconds of CPU time for each operation, and ratios measured in this run.
//   hold    pop the earliest event and push one later, at a constant number of pending events
//           uniform: 1..2 ms later; mixed: 90 % within 20 us, 9 % within 20 ms, 1 % within 2 s
//   storm   cancel and re-arm a timer among 1,000 that never fire
//   switch  one blocking call and its wake-up, by fiber
// Usage: node -C @dcejs/source bench/hold.ts [rounds, default 5]
import {
  EventQueue,
  nanoseconds,
  NO_EVENT,
  Simulator,
  TaskManager,
  type Wait,
} from "@dcejs/core-sched";
import { NaiveQueue } from "./naive-queue.ts";

type Mix = "uniform" | "mixed";

let state = 1;
function xorshift32(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

function increment(mix: Mix): number {
  const r = xorshift32();
  if (mix === "uniform") return 1_000_000 + (r % 1_000_000);
  const kind = r % 100;
  const span = kind < 90 ? 20_000 : kind < 99 ? 20_000_000 : 2_000_000_000;
  return xorshift32() % span;
}

/** CPU nanoseconds of `run`, divided by `operations`. */
function cost(operations: number, run: () => void): number {
  const before = process.cpuUsage();
  run();
  const used = process.cpuUsage(before);
  return ((used.user + used.system) * 1000) / operations;
}

function nothing(): void {}

function rawOurs(pending: number, mix: Mix, operations: number): number {
  const queue = new EventQueue();
  for (let i = 0; i < pending; i++) queue.push(increment(mix), 0, nothing, i);
  return cost(operations, () => {
    for (let i = 0; i < operations; i++) {
      queue.take(Infinity);
      queue.push(queue.time + increment(mix), 0, nothing, queue.arg);
    }
  });
}

function rawNaive(pending: number, mix: Mix, operations: number): number {
  const queue = new NaiveQueue();
  for (let i = 0; i < pending; i++) queue.push(increment(mix), nothing, i);
  return cost(operations, () => {
    for (let i = 0; i < operations; i++) {
      const event = queue.pop();
      if (event !== undefined) queue.push(event.time + increment(mix), nothing, event.arg);
    }
  });
}

const HANDLERS = 32;

function simulatorOurs(pending: number, mix: Mix, operations: number): number {
  const sim = new Simulator();
  let left = operations;
  const handlers = Array.from({ length: HANDLERS }, () => (arg: number): void => {
    if (--left === 0) sim.stop();
    sim.schedule(nanoseconds(increment(mix)), handlers[arg] ?? nothing, arg);
  });
  for (let i = 0; i < pending; i++) {
    sim.schedule(nanoseconds(increment(mix)), handlers[i % HANDLERS] ?? nothing, i % HANDLERS);
  }
  return cost(operations, () => sim.runSync());
}

function simulatorNaive(pending: number, mix: Mix, operations: number): number {
  const queue = new NaiveQueue();
  let now = 0;
  let left = operations;
  const handlers = Array.from({ length: HANDLERS }, () => (arg: number): void => {
    left--;
    queue.push(now + increment(mix), handlers[arg] ?? nothing, arg);
  });
  for (let i = 0; i < pending; i++) {
    queue.push(increment(mix), handlers[i % HANDLERS] ?? nothing, i % HANDLERS);
  }
  return cost(operations, () => {
    // oxlint-disable-next-line no-unmodified-loop-condition -- the handlers count it down
    while (left > 0) {
      const event = queue.pop();
      if (event === undefined) break;
      now = event.time;
      event.handler(event.arg);
    }
  });
}

function cancelStorm(operations: number): number {
  const sim = new Simulator();
  const timers = Array.from({ length: 1000 }, () => NO_EVENT);
  return cost(operations, () => {
    for (let i = 0; i < operations; i++) {
      const index = i % 1000;
      sim.cancel(timers[index] ?? NO_EVENT);
      timers[index] = sim.schedule(nanoseconds(200_000_000 + (i & 0xfffff)), nothing);
    }
  });
}

function switchGenerator(operations: number): number {
  const sim = new Simulator();
  const tm = new TaskManager(sim);
  for (let task = 0; task < 2; task++) {
    tm.start(function* (): Wait<void> {
      for (let i = 0; i < operations / 2; i++) yield tm.yield();
    });
  }
  return cost(operations, () => sim.runSync());
}

async function switchAsync(operations: number): Promise<number> {
  const sim = new Simulator();
  const tm = new TaskManager(sim);
  for (let task = 0; task < 2; task++) {
    tm.start(async () => {
      for (let i = 0; i < operations / 2; i++) await tm.promise(tm.yield());
    });
  }
  const before = process.cpuUsage();
  await sim.run();
  const used = process.cpuUsage(before);
  return ((used.user + used.system) * 1000) / operations;
}

const rounds = Number(process.argv[2] ?? 5);
const best = new Map<string, number>();
function keep(name: string, ns: number): void {
  best.set(name, Math.min(best.get(name) ?? Infinity, ns));
}
const arms = { rawOurs, rawNaive, simulatorOurs, simulatorNaive };
for (let round = 0; round < rounds; round++) {
  for (const pending of [100, 10_000, 1_000_000]) {
    for (const mix of ["uniform", "mixed"] as const) {
      for (const [arm, run] of Object.entries(arms)) {
        state = 1;
        keep(`${arm} ${mix} ${pending}`, run(pending, mix, 1_000_000));
      }
    }
  }
  keep("cancelStorm", cancelStorm(1_000_000));
  keep("switchGenerator", switchGenerator(1_000_000));
  keep("switchAsync", await switchAsync(300_000));
}
const results = [...best].map(([name, ns]) => ({ name, ns: Math.round(ns) }));
const ratios = results
  .filter(({ name }) => name.includes("Ours"))
  .map(({ name, ns }) => ({
    name: name.replace("Ours", ""),
    timesFasterThanNaive: Number(((best.get(name.replace("Ours", "Naive")) ?? 0) / ns).toFixed(2)),
  }));
console.log(JSON.stringify({ node: process.version, rounds, results, ratios }, undefined, 2));

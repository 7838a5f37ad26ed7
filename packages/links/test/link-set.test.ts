import { instant, Simulator } from "@dcejs/core-sched";
import { FramePool, PointToPointLink } from "@dcejs/links";
import { expect, test } from "vitest";
import { record } from "./recording-client.ts";
import { Sender } from "./sender.ts";

test("a new rate holds for the frames that follow; those accepted keep their times", () => {
  const simulator = new Simulator();
  const cable = new PointToPointLink(simulator, "l", { rate: "8Mbit", ring: 9 });
  const receiver = record(cable.b);
  const sender = new Sender(cable.a, new FramePool(), 1000);
  sender.send(2);
  cable.set({ rate: "80Mbit" });
  sender.send(2);
  simulator.runSync();
  expect(receiver.arrived.map(({ at }) => at)).toEqual([
    1_000_000, 2_000_000, 2_100_000, 2_200_000,
  ]);
  expect(cable.a.rate).toBe(80e6);
});

test("a shorter delay does not let frames overtake those under way", () => {
  const simulator = new Simulator();
  const cable = new PointToPointLink(simulator, "l", { delay: "10ms" });
  const receiver = record(cable.b);
  const sender = new Sender(cable.a, new FramePool());
  sender.send(1);
  cable.set({ delay: "1ms" });
  sender.send(1);
  simulator.runUntilSync(instant(10_000_000));
  sender.send(1);
  simulator.runSync();
  expect(receiver.numbers).toEqual([0, 1, 2]);
  expect(receiver.arrived.map(({ at }) => at)).toEqual([10_000_000, 10_000_000, 11_000_000]);
});

test("the order is kept after reordering has been turned off", () => {
  const simulator = new Simulator({ seed: 1 });
  const jitter = { amount: "1ms", reorder: true };
  const cable = new PointToPointLink(simulator, "l", { delay: "5ms", jitter });
  const receiver = record(cable.b);
  const sender = new Sender(cable.a, new FramePool());
  sender.send(50);
  cable.set({ jitter: 0, delay: 0 });
  sender.send(50);
  simulator.runSync();
  expect(receiver.numbers.slice(50)).toEqual(Array.from({ length: 50 }, (_, i) => i + 50));
});

test("options that are not named stay, and the directions are apart", () => {
  const simulator = new Simulator({ seed: 1 });
  const cable = new PointToPointLink(simulator, "l", { rate: "8Mbit", loss: 1 });
  const pool = new FramePool();
  const [a, b] = [new Sender(cable.a, pool), new Sender(cable.b, pool)];
  cable.set({ ab: { loss: 0 } });
  a.send(1);
  b.send(1);
  simulator.runSync();
  expect([a.numbers, b.numbers]).toEqual([[], [0]]);
  expect(b.arrived[0]?.at).toBe(100_000);
  expect(cable.b.stats.drops.loss).toBe(1);
});

test("a longer ring takes more, a shorter one waits until there is room", () => {
  const simulator = new Simulator();
  const cable = new PointToPointLink(simulator, "l", { rate: "8Mbit", ring: 1 });
  const sender = new Sender(cable.a, new FramePool(), 1000);
  sender.send(8);
  expect(sender.accepted).toBe(2);
  cable.set({ ring: 4 });
  sender.send(0);
  expect(sender.accepted).toBe(5);
  cable.set({ ring: 0 });
  simulator.runUntilSync(instant(4_999_999));
  expect(sender.accepted).toBe(5);
  simulator.runSync();
  expect(sender.accepted).toBe(8);
});

test("a bad option changes nothing", () => {
  const simulator = new Simulator();
  const cable = new PointToPointLink(simulator, "l", { rate: "8Mbit" });
  expect(() => cable.set({ ab: { rate: "1Mbit" }, ba: { loss: 7 } })).toThrow(RangeError);
  expect(cable.a.rate).toBe(8e6);
});

import { instant, Simulator, type TraceRecord } from "@dcejs/core-sched";
import { FramePool, PointToPointLink, Port } from "@dcejs/links";
import { describe, expect, test } from "vitest";
import { record } from "./recording-client.ts";
import { Sender } from "./sender.ts";

describe("a cable that is cut", () => {
  test("loses the frames in the ring and under way, and counts them", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { rate: "8Mbit", delay: "10ms", ring: 5 });
    const pool = new FramePool();
    const receiver = record(cable.b);
    const sender = new Sender(cable.a, pool, 1000);
    sender.send(6);
    simulator.runUntilSync(instant(11_500_000));
    expect(receiver.numbers).toEqual([0]);
    cable.setUp(false);
    simulator.runSync();
    expect(receiver.numbers).toEqual([0]);
    expect(cable.a.stats.drops.carrier).toBe(5);
    expect(pool.live).toBe(0);
  });

  test("loses frames that may overtake each other as well", () => {
    const simulator = new Simulator();
    const jitter = { amount: "1ms", reorder: true };
    const cable = new PointToPointLink(simulator, "l", { delay: "5ms", jitter });
    const pool = new FramePool();
    const receiver = record(cable.b);
    new Sender(cable.a, pool).send(20);
    cable.setUp(false);
    cable.setUp(true);
    new Sender(cable.a, pool).send(3);
    simulator.runSync();
    expect(receiver.numbers.toSorted((x, y) => x - y)).toEqual([0, 1, 2]);
    expect(cable.a.stats.drops.carrier).toBe(20);
    expect(pool.live).toBe(0);
  });

  test("tells both clients, at that instant, and shows in port.carrier", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l");
    const [a, b] = [record(cable.a, 1), record(cable.b, 2)];
    simulator.runUntilSync(instant(1000));
    cable.setUp(false);
    cable.setUp(false);
    expect([cable.a.carrier, cable.b.carrier, cable.isUp]).toEqual([false, false, false]);
    simulator.runSync();
    cable.setUp(true);
    simulator.runSync();
    expect(a.carriers).toEqual([
      { at: 1000, up: false, context: 1 },
      { at: 1000, up: true, context: 1 },
    ]);
    expect(b.carriers.map(({ context }) => context)).toEqual([2, 2]);
    expect(cable.b.carrier).toBe(true);
  });

  test("accepts frames and drops them", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { ring: 0, rate: "1Mbit" });
    const pool = new FramePool();
    const sender = new Sender(cable.a, pool);
    cable.setUp(false);
    sender.send(10);
    expect(cable.a.stats.drops.carrier).toBe(10);
    expect(cable.a.stats.txPackets).toBe(0);
    expect(pool.live).toBe(0);
  });

  test("wakes who waits for room, and serves again at once when it is mended", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { ring: 1, rate: "8Mbit" });
    const pool = new FramePool();
    const receiver = record(cable.b);
    const sender = new Sender(cable.a, pool, 1000);
    sender.send(4);
    expect(sender.accepted).toBe(2);
    cable.setUp(false);
    cable.setUp(true);
    simulator.runSync();
    expect(sender.accepted).toBe(4);
    expect(receiver.arrived.map(({ number, at }) => [number, at])).toEqual([
      [2, 1_000_000],
      [3, 2_000_000],
    ]);
  });
});

describe("a port", () => {
  test("without a cable has no carrier and drops what is sent", () => {
    const port = new Port(new Simulator(), "loose");
    const pool = new FramePool();
    expect(port.carrier).toBe(false);
    expect(port.send(pool.alloc(60))).toBe(true);
    expect(port.stats.drops.carrier).toBe(1);
    expect(pool.live).toBe(0);
  });

  test("without a client drops what arrives", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l");
    const pool = new FramePool();
    cable.a.send(pool.alloc(60));
    simulator.runSync();
    expect(cable.b.stats.drops.unattached).toBe(1);
    expect(pool.live).toBe(0);
  });

  test("drops frames above the MTU; an 802.1Q tag does not count", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { mtu: 1500 });
    const pool = new FramePool();
    const receiver = record(cable.b);
    for (const length of [1514, 1515, 1518, 1519]) {
      for (const etherType of [0x0800, 0x8100]) {
        const frame = pool.alloc(length);
        frame.view.setUint16(12, etherType);
        cable.a.send(frame);
      }
    }
    simulator.runSync();
    const arrived = receiver.arrived.map(({ bytes }) => [bytes.length, bytes[12]]);
    expect(arrived).toEqual([
      [1514, 0x08],
      [1514, 0x81],
      [1515, 0x81],
      [1518, 0x81],
    ]);
    expect(cable.a.stats.drops.oversize).toBe(4);
    expect(cable.a.stats.txPackets).toBe(4);
    expect(pool.live).toBe(0);
  });

  test("shows frames to its taps and counts packets and octets", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l", { delay: "1us" });
    const pool = new FramePool();
    record(cable.b);
    const seen: string[] = [];
    const endOfTap = cable.a.tap((direction, frame) => seen.push(`a ${direction} ${frame.length}`));
    cable.b.tap((direction, frame) => seen.push(`b ${direction} ${frame.length}`));
    cable.a.send(pool.alloc(100));
    expect(seen).toEqual(["a tx 100"]);
    simulator.runSync();
    expect(seen).toEqual(["a tx 100", "b rx 100"]);
    endOfTap();
    cable.a.send(pool.alloc(50));
    simulator.runSync();
    expect(seen).toEqual(["a tx 100", "b rx 100", "b rx 50"]);
    expect(cable.a.stats).toMatchObject({ txPackets: 2, txBytes: 150, rxPackets: 0 });
    expect(cable.b.stats).toMatchObject({ rxPackets: 2, rxBytes: 150, txPackets: 0, dropped: 0 });
  });

  test("has the next number of its simulator", () => {
    const simulator = new Simulator();
    const first = new PointToPointLink(simulator, "one");
    const second = new PointToPointLink(simulator, "two");
    const ports = [first.a, first.b, second.a, second.b];
    expect(ports.map(({ id, name }) => `${id} ${name}`)).toEqual([
      "1 one:a",
      "2 one:b",
      "3 two:a",
      "4 two:b",
    ]);
    expect(new PointToPointLink(new Simulator(), "other").a.id).toBe(1);
  });
});

test("too many frames under way are dropped and counted", () => {
  const simulator = new Simulator();
  const cable = new PointToPointLink(simulator, "l", { delay: "1s" });
  const pool = new FramePool();
  record(cable.b);
  const frame = pool.alloc(60);
  for (let i = 0; i < 1_048_578; i++) cable.a.send(frame.clone());
  frame.release();
  expect(cable.a.stats.drops.overflow).toBe(2);
  simulator.destroy();
  expect(pool.live).toBe(0);
});

test("the tracepoints name port, length and reason", () => {
  const simulator = new Simulator({ seed: 1 });
  const records: TraceRecord[] = [];
  simulator.tracer.enable("*");
  simulator.tracer.onRecord((hit) => records.push(hit));
  const cable = new PointToPointLink(simulator, "l", { delay: "1us" });
  const pool = new FramePool();
  record(cable.b);
  cable.a.send(pool.alloc(60));
  simulator.runSync();
  cable.set({ loss: 1 });
  cable.a.send(pool.alloc(61));
  expect(records.map(({ name, args, time }) => [time, name, ...args])).toEqual([
    [0, "net:net_dev_xmit", "l:a", 60],
    [1000, "net:netif_rx", "l:b", 60],
    [1000, "net:net_dev_xmit", "l:a", 61],
    [1000, "link:drop", "l:a", "loss", 61],
  ]);
});

import { instant, Simulator } from "@dcejs/core-sched";
import { type BusOptions, EthernetBus, FramePool } from "@dcejs/links";
import { expect, test } from "vitest";
import { Sender } from "./sender.ts";

function bus(options: BusOptions) {
  const simulator = new Simulator();
  const pool = new FramePool();
  const medium = new EthernetBus(simulator, "bus", options);
  const ports = ["a", "b", "c"].map((name) => medium.addStation(name));
  const stations = ports.map((port) => new Sender(port, pool, 1000));
  return { simulator, pool, medium, ports, stations };
}

test("every other station hears a frame, at the same instant", () => {
  const { simulator, pool, ports, stations } = bus({ rate: "8Mbit", delay: "5us" });
  stations[1]?.send(1);
  simulator.runSync();
  const heard = stations.map(({ arrived }) => arrived.map(({ at }) => at));
  expect(heard).toEqual([[1_005_000], [], [1_005_000]]);
  expect(ports.map(({ name }) => name)).toEqual(["bus:a", "bus:b", "bus:c"]);
  expect(pool.live).toBe(0);
});

test("one frame at a time is on the medium, in the order of sending", () => {
  const { simulator, stations } = bus({ rate: "8Mbit" });
  stations[0]?.send(2);
  stations[1]?.send(2);
  simulator.runSync();
  expect(stations[2]?.arrived.map(({ at }) => at)).toEqual([1e6, 2e6, 3e6, 4e6]);
  expect(stations[0]?.arrived.map(({ at }) => at)).toEqual([3e6, 4e6]);
});

test("a station whose ring is full waits for the whole medium", () => {
  const { simulator, stations } = bus({ rate: "8Mbit", ring: 0 });
  const [a, b, c] = stations;
  a?.send(2);
  b?.send(2);
  expect([a?.accepted, b?.accepted]).toEqual([1, 1]);
  simulator.runUntilSync(instant(1_000_000));
  expect([a?.accepted, b?.accepted]).toEqual([2, 1]);
  simulator.runSync();
  expect(c?.arrived).toHaveLength(4);
});

test("a cut loses what is under way and tells all stations", () => {
  const { simulator, pool, medium, ports, stations } = bus({ rate: "8Mbit", delay: "5ms" });
  stations[0]?.send(3);
  simulator.runUntilSync(instant(1_500_000));
  medium.setUp(false);
  expect(medium.isUp).toBe(false);
  simulator.runSync();
  expect(stations.map(({ carriers }) => carriers.map(({ up }) => up))).toEqual([
    [false],
    [false],
    [false],
  ]);
  // Three frames, each of which two stations would have heard.
  expect(ports.map(({ stats }) => stats.drops.carrier)).toEqual([0, 3, 3]);
  medium.setUp(true);
  stations[0]?.send(1);
  simulator.runSync();
  expect(stations[1]?.arrived).toHaveLength(1);
  expect(pool.live).toBe(0);
});

test("a frame above the MTU is dropped; one on an empty bus or a destroyed one is released", () => {
  const { simulator, pool, ports, stations } = bus({ mtu: 900, delay: "1ms" });
  stations[0]?.send(1);
  expect(ports[0]?.stats.drops.oversize).toBe(1);
  const alone = new EthernetBus(simulator, "empty").addStation("only");
  alone.send(pool.alloc(60));
  expect(alone.stats.txPackets).toBe(1);
  ports[0]?.send(pool.alloc(60));
  expect(pool.live).toBe(2);
  simulator.destroy();
  expect(pool.live).toBe(0);
});

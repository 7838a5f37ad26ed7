import { instant, Simulator } from "@dcejs/core-sched";
import {
  FramePool,
  LearningSwitch,
  type LinkOptions,
  PointToPointLink,
  type SwitchOptions,
} from "@dcejs/links";
import { describe, expect, test } from "vitest";
import { record } from "./recording-client.ts";

const BROADCAST = 0xffffffffffff;

/** Hosts 1, 2, … on a switch; host n has the address n. */
function lan(hosts: number, options?: SwitchOptions, cableOptions: LinkOptions = {}) {
  const simulator = new Simulator({ seed: 1 });
  const pool = new FramePool();
  const lanSwitch = new LearningSwitch(simulator, "lan", options);
  const cables = Array.from({ length: hosts }, (_, i) => {
    const cable = new PointToPointLink(simulator, `c${i + 1}`, cableOptions);
    lanSwitch.connect(cable.b);
    return cable;
  });
  const clients = cables.map(({ a }) => record(a));
  function send(from: number, to: number, source = from, length = 60): void {
    const frame = pool.alloc(length);
    frame.bytes.fill(0, 0, length);
    frame.view.setUint16(0, Math.floor(to / 2 ** 32));
    frame.view.setUint32(2, to % 2 ** 32);
    frame.view.setUint16(6, Math.floor(source / 2 ** 32));
    frame.view.setUint32(8, source % 2 ** 32);
    const { a } = at(cables, from);
    if (!a.send(frame)) throw new Error("the cable of the test is too slow");
  }
  /** How many frames each host has got since the last call. */
  function received(): number[] {
    simulator.runSync();
    return clients.map(({ arrived }) => arrived.splice(0).length);
  }
  return { simulator, pool, lanSwitch, cables, clients, send, received };
}

function at<T>(items: readonly T[], host: number): T {
  const item = items[host - 1];
  if (item === undefined) throw new Error(`no host ${host}`);
  return item;
}

describe("a switch", () => {
  test("floods frames for unknown addresses and forwards those for learned ones to one port", () => {
    const { send, received, lanSwitch, pool } = lan(4);
    send(1, 2);
    expect(received()).toEqual([0, 1, 1, 1]);
    send(2, 1);
    expect(received()).toEqual([1, 0, 0, 0]);
    send(1, 2);
    expect(received()).toEqual([0, 1, 0, 0]);
    expect([lanSwitch.flooded, lanSwitch.addressCount]).toEqual([1, 2]);
    expect(pool.live).toBe(0);
  });

  test("floods broadcasts and multicasts", () => {
    const { send, received, pool } = lan(3);
    send(2, BROADCAST);
    expect(received()).toEqual([1, 0, 1]);
    send(3, 0x01005e000001);
    expect(received()).toEqual([1, 1, 0]);
    expect(pool.live).toBe(0);
  });

  test("follows an address that moves to another port", () => {
    const { send, received } = lan(3);
    send(1, BROADCAST, 77);
    send(2, BROADCAST, 77);
    received();
    send(3, 77);
    expect(received()).toEqual([0, 1, 0]);
  });

  test("keeps a frame for the port that it came from", () => {
    const { send, received, lanSwitch, pool } = lan(3);
    send(1, BROADCAST, 77);
    received();
    send(1, 77);
    expect(received()).toEqual([0, 0, 0]);
    expect(lanSwitch.filtered).toBe(1);
    expect(pool.live).toBe(0);
  });

  test("forgets an address that has not been seen for the ageing time", () => {
    const { simulator, send, received } = lan(3, { agingTime: "10s" });
    send(1, BROADCAST);
    received();
    simulator.runUntilSync(instant(10_000_000_000));
    send(2, 1);
    expect(received()).toEqual([1, 0, 0]);
    simulator.runUntilSync(instant(10_000_000_001));
    send(2, 1);
    expect(received()).toEqual([1, 0, 1]);
  });

  test("forgets the addresses of a port whose cable is cut, and does not flood to it", () => {
    const { send, received, cables, lanSwitch, pool } = lan(3);
    send(1, BROADCAST);
    send(2, BROADCAST);
    received();
    at(cables, 1).setUp(false);
    received();
    expect(lanSwitch.addressCount).toBe(1);
    send(2, 1);
    expect(received()).toEqual([0, 0, 1]);
    expect(pool.live).toBe(0);
  });

  test("does not forward what is not a frame for a bridge, and counts it", () => {
    const { send, received, cables, lanSwitch, pool } = lan(2);
    send(1, 2, 1, 13);
    send(1, 2, BROADCAST);
    send(1, 0x0180c2000000);
    expect(received()).toEqual([0, 0]);
    expect(at(cables, 1).b.stats.drops.malformed).toBe(3);
    expect(lanSwitch.addressCount).toBe(0);
    expect(pool.live).toBe(0);
  });

  test("stores a frame for the forwarding delay", () => {
    const { send, clients, simulator } = lan(2, { forwardingDelay: "7us" }, { delay: "1us" });
    send(1, 2);
    send(2, 1);
    simulator.runSync();
    expect(clients.map(({ arrived }) => arrived.map((frame) => frame.at))).toEqual([
      [9000],
      [9000],
    ]);
  });

  test("learns no more addresses than its table holds, until some are too old", () => {
    const { simulator, send, received, lanSwitch } = lan(2, { agingTime: "1s" });
    for (let source = 1; source <= 8200; source++) send(1, BROADCAST, source * 1024);
    received();
    expect([lanSwitch.addressCount, lanSwitch.notLearned]).toEqual([8192, 8]);
    simulator.runUntilSync(instant(2_000_000_000));
    send(1, BROADCAST, 8200 * 1024);
    received();
    expect([lanSwitch.addressCount, lanSwitch.notLearned]).toEqual([1, 8]);
  });
});

/** Three hosts, of which the last has a slow cable: 1000 octets take 1 ms. */
function congested(queue: string) {
  const network = lan(3, { queue });
  at(network.cables, 3).set({ ba: { rate: "8Mbit", ring: 1 } });
  network.send(3, BROADCAST);
  network.received();
  return network;
}

describe("an output queue", () => {
  test("of packets holds that many behind the ring, and drops the rest", () => {
    const { send, received, cables, pool } = congested("5p");
    for (let i = 0; i < 20; i++) send(1, 3, 1, 1000);
    expect(received()[2]).toBe(2 + 5);
    expect(at(cables, 3).b.stats.drops.queue).toBe(13);
    expect(pool.live).toBe(0);
  });

  test("of octets counts octets", () => {
    const { send, received, cables } = congested("2500b");
    for (let i = 0; i < 4; i++) send(1, 3, 1, 1000);
    send(1, 3, 1, 501);
    send(1, 3, 1, 500);
    expect(received()[2]).toBe(2 + 2 + 1);
    expect(at(cables, 3).b.stats.drops.queue).toBe(1);
  });

  test("keeps the order and sends as fast as the cable takes it", () => {
    const { send, clients, simulator } = congested("100p");
    const start = simulator.now;
    for (let i = 0; i < 10; i++) send(1, 3, 1, 1000);
    simulator.runSync();
    const times = at(clients, 3).arrived.map((frame) => frame.at - start);
    expect(times).toEqual(Array.from({ length: 10 }, (_, i) => (i + 1) * 1_000_000));
  });

  test("is emptied when the cable is cut or the simulation destroyed", () => {
    for (const isCut of [true, false]) {
      const { send, simulator, cables, pool } = congested("100p");
      for (let i = 0; i < 50; i++) send(1, 3, 1, 1000);
      simulator.runUntilSync(instant(simulator.now + 1_500_000));
      if (isCut) at(cables, 3).setUp(false);
      if (isCut) simulator.runSync();
      simulator.destroy();
      expect(pool.live).toBe(0);
      expect(at(cables, 3).b.stats.drops.carrier).toBe(isCut ? 49 : 0);
    }
  });
});

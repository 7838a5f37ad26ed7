import { describe, expect, test } from "vitest";
import { backEnds, whySkipped } from "../world/built.ts";
import { bootedNode, SETTLED, twoNodes } from "../world/fixture.ts";
import type { Node, Program } from "../world/node.ts";
import { AF_INET, CLOCK_MONOTONIC, NR, SOCK_DGRAM } from "../world/numbers.ts";

function* sleeper(node: Node, ns: number): Program {
  return yield [NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, node.timespec(ns), 0];
}

/** Sends a datagram each time that it wakes. */
function* sender(node: Node): Program {
  const fd = yield [NR.socket, AF_INET, SOCK_DGRAM, 0];
  const to = node.address("10.0.0.2", 9);
  for (;;) {
    yield [NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, node.timespec(1_000_000), 0];
    yield [NR.sendto, fd, node.bytes("x"), 1, 0, to, 16];
  }
}

describe.skipIf(whySkipped !== undefined).each(backEnds)(
  "a kernel that is destroyed on %s",
  (kind) => {
    test("while its programs sleep does nothing any more", async () => {
      const node = await bootedNode(kind);
      for (let index = 0; index < 5; index++) node.start(sleeper(node, 1e9 + index));
      await node.world.runTo(SETTLED + 1000);
      node.kernel.destroy();
      expect(() => node.serve(NR.getpid)).toThrow("stopped");
      expect(node.kernel.run()).toBeUndefined();
      expect(node.kernel.cpu.sleepingCalls).toEqual([]);
      node.kernel.destroy();
    });

    test("from the completion of a call lets run() end", async () => {
      const node = await bootedNode(kind);
      const task = node.start(sleeper(node, 1_000_000));
      node.start(sleeper(node, 1_000_000));
      await node.world.runTo(SETTLED);
      let results = 0;
      task.onDone = () => {
        results++;
        node.kernel.destroy();
      };
      node.world.events.add(SETTLED + 10_000_000, () => void results++);
      await node.world.runTo(SETTLED + 1_200_000).catch(ignoreStopped);
      expect(results).toBe(1);
      expect(node.kernel.cpu.isStopped).toBe(true);
    });

    test("from inside a frame that it sends lets the call or the run end", async () => {
      const { world, a } = await twoNodes(kind);
      const [port] = a.ports;
      if (port === undefined) throw new Error("no port");
      port.send = () => {
        a.kernel.destroy();
        return true;
      };
      a.start(sender(a));
      a.start(sleeper(a, 60e9));
      await world.runTo(SETTLED + 100_000_000).catch(ignoreStopped);
      expect(a.kernel.cpu.isStopped).toBe(true);
      expect(a.kernel.run()).toBeUndefined();
    });
  },
);

/** Its timers are still in the World's queue. */
function ignoreStopped(error: unknown): void {
  if (!String(error).includes("has stopped")) throw error;
}

import { describe, expect, test } from "vitest";
import { backEnds, whySkipped } from "../world/built.ts";
import { SETTLED, twoNodes } from "../world/fixture.ts";
import type { Node } from "../world/node.ts";
import { AF_INET, NR, SOCK_DGRAM } from "../world/numbers.ts";

const FRAMES = 20_000;
const LONGEST = 200_000;

/** A small generator of numbers, so that each frame is a function of its place. */
class Dice {
  #state = 12_345;

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }
}

/** Of any length, many with the header of something that Linux takes apart. */
function garbage(dice: Dice, longest: number): Uint8Array {
  const frame = new Uint8Array(dice.below(10) === 0 ? dice.below(longest) : dice.below(200));
  for (let at = 0; at < Math.min(frame.length, 120); at++) frame[at] = dice.below(256);
  if (frame.length < 34) return frame;
  const target = dice.below(3);
  if (target > 0) frame.set([2, 0, 10, 0, 0, target]);
  else frame.fill(0xff, 0, 6);
  frame.set(
    [
      [8, 0],
      [0x86, 0xdd],
      [8, 6],
      [0x81, 0],
    ][dice.below(4)] ?? [],
    12,
  );
  frame[14] = frame[12] === 8 ? 0x45 : 0x60;
  return frame;
}

function send(node: Node, dice: Dice): void {
  const frame = garbage(dice, 9000);
  const isPartial = dice.below(4) === 0;
  const start = isPartial ? dice.below(frame.length + 100) : -1;
  node.kernel.netReceive(0, frame, 0, frame.length, start, dice.below(100));
}

describe.skipIf(whySkipped !== undefined).each(backEnds)("a card on %s", (kind) => {
  test("takes garbage of all kinds, and its kernel works on and keeps its memory", async () => {
    const { a, b, world } = await twoNodes(kind, { delay: 1_000_000, rate: Infinity });
    const dice = new Dice();
    await world.runTo(SETTLED + 5e9);
    for (let i = 0; i < 1000; i++) send(b, dice);
    await world.runTo(SETTLED + 200e9);
    const before = b.kernel.machine.exports.wasm_memory_free();
    for (let i = 0; i < FRAMES; i++) {
      send(b, dice);
      // oxlint-disable-next-line eslint/no-await-in-loop -- time passes between bunches
      if (i % 100 === 0) await world.runTo(world.events.now + 10_000_000);
    }
    await world.runTo(world.events.now + 200e9);
    const lost = before - b.kernel.machine.exports.wasm_memory_free();
    expect(lost).toBeLessThan(400_000);
    expect(b.kernel.log.warnings).toEqual([]);
    expect(b.kernel.machine.isZeroPageIntact).toBe(true);

    const fd = b.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
    b.must(NR.bind, fd, b.address("10.0.0.2", 9), 16);
    const sender = a.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
    a.serve(NR.sendto, sender, a.bytes("hello"), 5, 0, a.address("10.0.0.2", 9), 16);
    await world.runTo(world.events.now + 5e9);
    expect(b.must(NR.recvfrom, fd, b.bytes(16), 16, 0x40, 0, 0)).toBe(5);
  });

  test("drops and counts frames that are too short or too long for any card", async () => {
    const { b, world } = await twoNodes(kind);
    b.mountProc();
    for (const length of [0, 1, 13, 65_550, LONGEST]) {
      b.kernel.netReceive(0, new Uint8Array(length), 0, length, -1, 0);
    }
    await world.runTo(world.events.now + 1e9);
    const counters = /eth0:(.*)/.exec(b.file("/proc/net/dev"))?.[1]?.trim().split(/\s+/);
    expect(counters?.[2]).toBe("5");
    expect(b.kernel.log.warnings).toEqual([]);
  });
});

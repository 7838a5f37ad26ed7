import { describe, expect, test } from "vitest";
import { BLOCKED, type HostTask } from "../../src/index.ts";
import { backEnds, whySkipped } from "../world/built.ts";
import { bootedNode } from "../world/fixture.ts";
import type { Node } from "../world/node.ts";
import { AF_INET, NR, SOCK_DGRAM, SOCK_STREAM } from "../world/numbers.ts";

const LAST_CALL = 480;
/** They are meant to end the kernel, or the task itself. */
const ENDS_IT: ReadonlySet<number> = new Set([93, 94, NR.reboot]);
const OUT_OF_MEMORY_BOUNDS = 0xffff_f000;
const INT_MAX = 0x7fff_ffff;

/** Arguments that are wrong for nearly everything: a descriptor that is open or none, and pointers to nowhere. */
function argumentLists(fd: number): number[][] {
  return [
    [0, 0, 0, 0, 0, 0],
    [-1, -1, -1, -1, -1, -1],
    [fd, 0, 0, 0, 0, 0],
    [fd, OUT_OF_MEMORY_BOUNDS, 16, OUT_OF_MEMORY_BOUNDS, 16, 0],
    [fd, OUT_OF_MEMORY_BOUNDS, INT_MAX, INT_MAX, INT_MAX, INT_MAX],
    [fd, 4, 4, 4, 4, 4],
    [-100, OUT_OF_MEMORY_BOUNDS, 0, 0, 0, 0],
    [1, 1, 1, 1, 1, 1],
  ];
}

/** Every call of the table, from a task each, which is interrupted where it sleeps. @returns how many there are */
async function callEverything(node: Node, fd: number): Promise<number> {
  const { kernel, world } = node;
  const spares: HostTask[] = [];
  let known = 0;
  for (let nr = 0; nr < LAST_CALL; nr++) {
    if (ENDS_IT.has(nr)) continue;
    let isKnown = false;
    for (const list of argumentLists(fd)) {
      const task = spares.pop() ?? node.newTask();
      const [a, b, c, d, e, f] = list;
      const result = kernel.sys(task, nr, a, b, c, d, e, f);
      if (result !== -38) isKnown = true;
      kernel.endTask(task, (self) => spares.push(self));
      // oxlint-disable-next-line eslint/no-await-in-loop -- each call is over before the next
      if (result === BLOCKED) await world.runTo(world.events.now + 1_000_000);
    }
    if (isKnown) known++;
  }
  return known;
}

describe.skipIf(whySkipped !== undefined).each(backEnds)("on %s", (kind) => {
  test.each([
    ["UDP socket", SOCK_DGRAM],
    ["TCP socket", SOCK_STREAM],
  ])(
    "every system call with wrong arguments and a %s is refused or does nothing that harms",
    { timeout: 60_000 },
    async (_, type) => {
      const node = await bootedNode(kind, { memory: 16 * 1024 * 1024 });
      const fd = node.must(NR.socket, AF_INET, type, 0);
      expect(await callEverything(node, fd)).toBeGreaterThan(150);
      expect(node.kernel.stopped).toBeUndefined();
      expect(node.kernel.log.warnings).toEqual([]);
      expect(node.kernel.machine.isZeroPageIntact).toBe(true);
      expect(node.kernel.serve(NR.getpid)).toBe(1);
    },
  );
});

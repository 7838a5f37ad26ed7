import { type Blocked, Simulator, TaskManager } from "@dcejs/core-sched";
import { LklLinux, linuxImage } from "@dcejs/linux";
import { expect, test } from "vitest";
import { simHostOps } from "../../../src/kernel/sim-host-ops.ts";
import { noUsual, onBackEnds } from "./built-linux.ts";

const NR_GETTID = 178;
const NR_CLOCK_NANOSLEEP = 407;
const CLOCK_MONOTONIC = 1;

function milliseconds(count: number): Uint8Array {
  const timespec = new Uint8Array(16);
  new DataView(timespec.buffer).setUint32(8, count * 1_000_000, true);
  return timespec;
}

test.skipIf(noUsual).for(onBackEnds)(
  "LklLinux runs on the simulator's host operations: threads are tasks ($stacks)",
  async ({ kernel, stacks }) => {
    const simulator = new Simulator({ seed: 1 });
    const manager = new TaskManager(simulator, { context: 0 });
    const hostOps = simHostOps(manager, { context: 0 });
    const lkl = new LklLinux({ module: linuxImage(kernel).module, stacks });
    const ends: string[] = [];

    function* call(nr: number, ...parameters: unknown[]): Generator<Blocked, number, number> {
      const result = lkl.lkl_syscall(nr, parameters);
      return typeof result === "number" ? result : yield* result;
    }
    const sleep = (ms: number): Generator<Blocked, number, number> =>
      call(NR_CLOCK_NANOSLEEP, CLOCK_MONOTONIC, 0, milliseconds(ms), null);

    expect(lkl.lkl_init(hostOps)).toBe(0);
    manager.start(
      function* () {
        expect(yield* lkl.lkl_start_kernel("loglevel=4")).toBe(0);
        yield* sleep(20);
        for (let index = 0; index < 3; index++) {
          manager.start(
            function* () {
              expect(yield* call(NR_GETTID)).toBeGreaterThan(1);
              yield* sleep(10 + index);
              ends.push(`${index} ${simulator.now}`);
            },
            { name: `sleeper${index}` },
          );
        }
        yield* sleep(100);
        expect(yield* lkl.lkl_sys_halt()).toBe(0);
        lkl.lkl_cleanup();
      },
      { name: "main" },
    );
    await simulator.run();
    // Each sleep ends with the 50 us of slack that Linux gives ordinary programs.
    expect(ends).toEqual(["0 30100000", "1 31100000", "2 32100000"]);
    expect(Object.values(hostOps.live).every((count) => count === 0)).toBe(true);
  },
);

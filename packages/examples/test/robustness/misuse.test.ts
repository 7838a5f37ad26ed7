import { type Program, runScenario, simulation } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import { NOTHING_LEFT, runAlone } from "./hosts.ts";

/** A neighbour that must not suffer. */
async function neighbour(posix: Parameters<Program>[0]): Promise<number> {
  await posix.sleep(1);
  return 42;
}

/** Programs that are wrong, the exit status of each, and what their stderr says. */
const wrong: [string, Program, number, RegExp][] = [
  [
    "throws a text",
    () => {
      throw "a text";
    },
    1,
    /^Uncaught a text$/m,
  ],
  ["rejects with nothing", () => Promise.reject(), 1, /^Uncaught undefined$/m],
  [
    "throws in a thread",
    async (posix) => {
      posix.createThread(() => {
        throw new Error("in a thread");
      });
      await posix.sleep(9);
    },
    1,
    /^Uncaught Error: in a thread$/m,
  ],
  [
    "rejects in a thread, later",
    async (posix) => {
      posix.createThread(async () => {
        await posix.usleep(1);
        throw 5;
      });
      await posix.sleep(9);
    },
    1,
    /^Uncaught 5$/m,
  ],
  [
    "makes two calls at once",
    async (posix) => {
      await Promise.all([posix.sleep(1), posix.sleep(2)]);
    },
    1,
    /await each call/,
  ],
  [
    "makes a call while another waits",
    async (posix) => {
      void posix.sleep(1);
      await posix.sleep(2);
    },
    1,
    /await each call/,
  ],
  [
    "reads a descriptor that is none",
    async (posix) => {
      await posix.read(99, new Uint8Array(1));
    },
    1,
    /EBADF/,
  ],
  [
    "reads the clock for ever",
    (posix) => {
      for (;;) posix.now();
    },
    1,
    /LivelockError/,
  ],
  [
    "needs a thousand turns of the host's microtasks",
    async () => {
      for (let i = 0; i < 1000; i++) await Promise.resolve();
    },
    0,
    /^$/,
  ],
];

test.for(wrong)(
  "a program that %s has its status and its message, and harms nobody",
  async ([, program, exit, message]) => {
    const run = await runAlone(program, neighbour);
    expect(run.processes.map((one) => one.exit)).toEqual([exit, 42]);
    expect(run.result[0]).toMatch(message);
    expect(run.leaks).toEqual(NOTHING_LEFT);
  },
);

test.for([
  ["a timer of the host", () => new Promise((resolve) => setTimeout(resolve, 50))],
  ["a promise that nobody settles", () => new Promise(() => {})],
] as [string, () => Promise<unknown>][])(
  "a program that awaits %s ends the run with its name",
  async ([, foreign]) => {
    const running = runAlone(async function stranger() {
      await foreign();
    }, neighbour);
    await expect(running).rejects.toThrow(
      /"stranger".*awaits a promise that is not the simulator's/,
    );
  },
);

test("two programs that wake each other at one instant for ever are a livelock with both names", async () => {
  const scenario = simulation({}, (sim) => {
    sim.simulator.eventsAtOneInstantMax = 10_000;
    sim.node("host").start(
      async (posix) => {
        const [here, there] = [await posix.pipe(), await posix.pipe()];
        const octet = new Uint8Array(1);
        posix.createThread(async () => {
          for (;;) {
            await posix.read(here[0], octet);
            await posix.write(there[1], octet);
          }
        });
        for (;;) {
          await posix.write(here[1], octet);
          await posix.read(there[0], octet);
        }
      },
      { name: "ping-pong" },
    );
  });
  await expect(runScenario(scenario)).rejects.toThrow(
    /more than 10000 events at one instant.*"ping-pong"/,
  );
});

import { expect, test } from "vitest";
import { AF_INET, type Posix, SOCK_DGRAM, SOCK_STREAM } from "../../../src/posix/index.ts";
import { runScenario } from "../../../src/scenario/run-scenario.ts";
import { simulation } from "../../../src/scenario/simulation.ts";
import { noReleases, noUsual, onBackEnds, onReleases } from "./built-linux.ts";
import {
  connectTo,
  errnoOf,
  listenAt,
  NO_LEAKS,
  pattern,
  readAll,
  runAlone,
  runPair,
  udpAt,
} from "./two-linux-hosts.ts";

test.skipIf(noReleases).for(onReleases)(
  "a kernel with 8 MB carries a stream ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        expect(Buffer.compare(await readAll(posix, fd), pattern(1_000_000))).toBe(0);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        await posix.send(fd, pattern(1_000_000));
      },
      { node: { memory: "8MB" } },
    );
  },
);

/** Sends datagrams to sockets that nobody reads, as much as the kernel takes. */
async function fillReceiveBuffers(posix: Posix): Promise<string[]> {
  const errors = new Set<string>();
  const sender = await posix.socket(AF_INET, SOCK_DGRAM);
  for (let port = 1000; port < 1200; port++) {
    const failed = await errnoOf(() => udpAt(posix, port));
    if (failed !== "") errors.add(failed);
    for (let i = 0; i < 10; i++) {
      const to = { address: "127.0.0.1", port };
      errors.add(await errnoOf(() => posix.sendto(sender, new Uint8Array(60_000), to)));
    }
  }
  return [...errors].toSorted();
}

test.skipIf(noReleases).for(onReleases)(
  "buffers that fill the memory are an errno, and the kernel goes on ($kernel)",
  async (on) => {
    await runAlone(
      on,
      async (posix) => {
        const errors = await fillReceiveBuffers(posix);
        expect(errors).toContain("");
        expect(errors.every((one) => ["", "ENOBUFS", "ENOMEM"].includes(one))).toBe(true);
        expect(await errnoOf(() => posix.socket(AF_INET, SOCK_STREAM))).toBe("");
      },
      { memory: "8MB" },
    );
  },
);

test.skipIf(noUsual).for(onBackEnds)(
  "threads that take all memory get ENOMEM, and the run tells of it ($kernel $stacks)",
  async (on) => {
    const scenario = simulation({}, (sim) => {
      const errors = new Set<string>();
      const node = sim.node("small", { memory: "8MB" });
      node.start(
        async (posix) => {
          const listener = await listenAt(posix, 80);
          const accept = async (): Promise<void> =>
            void errors.add(await errnoOf(() => posix.accept(listener)));
          for (let i = 0; i < 600; i++) {
            posix.createThread(accept);
            await posix.usleep(10);
          }
          await posix.usleep(1000);
          posix.exit(0);
        },
        { name: "glutton" },
      );
      // When it is gone, there is memory again.
      node.start(async (posix) => void (await udpAt(posix, 9)), { name: "modest", at: "1s" });
      return () => [...errors].toSorted();
    });
    const run = await runScenario(scenario, on);
    expect(run.result.length).toBeGreaterThan(0);
    expect(["ENFILE", "ENOMEM"]).toEqual(expect.arrayContaining(run.result));
    expect(run.processes.map(({ exit }) => exit)).toEqual([0, 0]);
    expect(run.warnings[0]).toMatchObject({
      node: "small",
      what: expect.stringMatching(/^page allocation failure: order:\d+$/),
    });
    expect(run.leaks).toEqual(NO_LEAKS);
  },
);

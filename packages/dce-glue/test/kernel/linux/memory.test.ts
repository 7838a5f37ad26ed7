import { expect, test } from "vitest";
import { AF_INET, type Posix, SOCK_DGRAM, SOCK_STREAM } from "../../../src/posix/index.ts";
import { runScenario } from "../../../src/scenario/run-scenario.ts";
import { simulation } from "../../../src/scenario/simulation.ts";
import { noReleases, noUsual, onBackEnds, onReleases } from "./built-linux.ts";
import {
  connectTo,
  errnoOf,
  listenAt,
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
  "threads that take all memory get an errno, or the run ends with the kernel's log ($kernel $stacks)",
  async (on) => {
    const scenario = simulation({}, (sim) => {
      sim.node("small", { memory: "8MB" }).start(
        async (posix) => {
          posix.setrlimit(7, { soft: 60_000, hard: 60_000 });
          const listener = await listenAt(posix, 80);
          for (let i = 0; i < 2000; i++) {
            posix.createThread(() => errnoOf(() => posix.accept(listener)));
            await posix.usleep(10);
          }
        },
        { name: "glutton", expect: "any" },
      );
    });
    const failure = await runScenario(scenario, on).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/small/);
    const stopped = { name: "LinuxStoppedError", reason: "panic" };
    expect(failure).toMatchObject({ cause: stopped });
    expect(String(failure)).toMatch(/node small at \d+\.\d+ s: panic\n {2}it has 8 MB of memory\n/);
    expect(String(failure)).toContain("Out of memory and no killable processes");
  },
);

import { AF_INET, type Main, type Posix, SOCK_STREAM } from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { connectTo, listenAt } from "../program/stream.ts";
import { type Pair, pair, type PairOptions, type Testbed } from "../testbed/index.ts";

/** What a test may say beside its program. */
export type Extras = Pick<ConformanceTest, "needs">;

export const LOOPBACK = "127.0.0.1";
export const PORT = 5000;

/** A test that is one program on one host. */
export function program(
  name: string,
  source: string,
  main: (posix: Posix) => Promise<void>,
  extras: Extras = {},
): ConformanceTest {
  return {
    name,
    source,
    ...extras,
    run: (bed) => {
      bed.host("host").start(main);
      return bed.run();
    },
  };
}

/** One program with both ends of a TCP connection over lo. */
export function connection(
  name: string,
  source: string,
  main: (posix: Posix, client: number, server: number) => Promise<void>,
  extras: Extras = {},
): ConformanceTest {
  return program(
    name,
    source,
    async (posix) => {
      const listener = await listenAt(posix, PORT);
      const client = await connectTo(posix, LOOPBACK, PORT);
      const server = await posix.accept(listener);
      await posix.close(listener);
      await main(posix, client, server);
    },
    extras,
  );
}

/** Two hosts on a cable. */
export interface Dialogue {
  readonly hosts?: PairOptions;
  /** Before the run: parameters, filters, events. */
  prepare?(made: Pair, bed: Testbed): void;
  /** Starts a millisecond after right. */
  readonly left: Main;
  readonly right?: Main;
  /** After the run: what the wire saw. */
  after?(made: Pair): void;
  /** Of the run. */
  readonly until?: string;
  readonly linger?: string;
}

export function dialogue(
  name: string,
  source: string,
  parts: Dialogue,
  extras: Extras = {},
): ConformanceTest {
  return {
    name,
    source,
    ...extras,
    run: async (bed) => {
      const made = pair(bed, parts.hosts);
      parts.prepare?.(made, bed);
      if (parts.right !== undefined) made.right.start(parts.right);
      made.left.start(parts.left, { at: "1ms" });
      const { until, linger } = parts;
      await bed.run({
        ...(until !== undefined && { until }),
        ...(linger !== undefined && { linger }),
      });
      parts.after?.(made);
    },
  };
}

/** A connection that the caller accepts at {@link PORT}. */
export async function acceptOne(posix: Posix): Promise<number> {
  const listener = await listenAt(posix, PORT);
  const socket = await posix.accept(listener);
  await posix.close(listener);
  return socket;
}

export async function tcpSocket(posix: Posix): Promise<number> {
  return posix.socket(AF_INET, SOCK_STREAM);
}

/** Virtual nanoseconds that `work` takes. */
export async function durationOf(posix: Posix, work: () => Promise<unknown>): Promise<number> {
  const before = posix.now();
  await work();
  return posix.now() - before;
}

import { expect } from "vitest";
import type { Posix } from "../../../src/posix/index.ts";
import { AF_INET, SOCK_DGRAM, SOCK_STREAM } from "../../../src/posix/index.ts";
import { SyscallError } from "../../../src/posix/syscall-error.ts";
import type { SimLink, SimLinkOptions } from "../../../src/scenario/link.ts";
import type { NodeOptions, SimNode, StartOptions } from "../../../src/scenario/node.ts";
import type { RunResult } from "../../../src/scenario/run-result.ts";
import { runScenario } from "../../../src/scenario/run-scenario.ts";
import { type Simulation, simulation } from "../../../src/scenario/simulation.ts";
import type { LinuxCase } from "./built-linux.ts";

export const SERVER = "10.0.0.1";
export const CLIENT = "10.0.0.2";
export const MSEC = 1_000_000;

export type TestProgram = (posix: Posix) => void | number | Promise<void | number>;

/** What a test may add to the run. */
export interface PairOptions {
  readonly link?: SimLinkOptions;
  readonly node?: NodeOptions;
  readonly server?: StartOptions;
  readonly client?: StartOptions;
  readonly until?: string;
  /** More of the scenario: faults, for example. */
  readonly more?: (sim: Simulation, parts: PairParts) => void;
}

interface PairParts {
  readonly server: SimNode;
  readonly client: SimNode;
  readonly link: SimLink;
}

/** A program on each of two hosts with a cable between them; the client starts 10 ms later. */
export async function runPair(
  on: LinuxCase,
  serve: TestProgram,
  ask: TestProgram,
  options: PairOptions = {},
): Promise<RunResult> {
  const { until } = options;
  const scenario = simulation({ ...(until !== undefined && { until }) }, (sim) => {
    const server = sim.node("server", options.node);
    const client = sim.node("client", options.node);
    const link = sim.link(server, client, { rate: "100Mbps", delay: "1ms", ...options.link });
    server.ip(`addr add ${SERVER}/24 dev sim0`);
    client.ip(`addr add ${CLIENT}/24 dev sim0`);
    server.start(serve, { name: "server", ...options.server });
    client.start(ask, { name: "client", at: "10ms", ...options.client });
    options.more?.(sim, { server, client, link });
  });
  return checked(await runScenario(scenario, on));
}

/** A program on a host of its own. */
export async function runAlone(
  on: LinuxCase,
  program: TestProgram,
  node: NodeOptions = {},
): Promise<RunResult> {
  const scenario = simulation({}, (sim) => {
    sim.node("host", node).start(program, { name: "program" });
  });
  return checked(await runScenario(scenario, on));
}

/** As expected, without warnings, without leaks. */
export function checked<R>(run: RunResult<R>): RunResult<R> {
  const failed = run.processes.filter((one) => !one.asExpected);
  const told = failed.map(({ argv, exit, signal, error }) => [argv[0], exit ?? signal, error]);
  expect(told).toEqual([]);
  expect(run.warnings).toEqual([]);
  expect(run.leaks).toEqual(NO_LEAKS);
  return run;
}

export const NO_LEAKS = { tasks: 0, events: 0, fileDescriptors: 0, packets: 0, hostObjects: 0 };

/** The name of a call's errno; "" when it does not fail. */
export async function errnoOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return "";
  } catch (error) {
    if (error instanceof SyscallError) return error.code;
    throw error;
  }
}

export async function listenAt(posix: Posix, port: number, backlog = 16): Promise<number> {
  const fd = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.setReuseAddress(fd, true);
  await posix.bind(fd, { address: "0.0.0.0", port });
  await posix.listen(fd, backlog);
  return fd;
}

export async function connectTo(posix: Posix, port: number): Promise<number> {
  const fd = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.connect(fd, { address: SERVER, port });
  return fd;
}

export async function udpAt(posix: Posix, port: number): Promise<number> {
  const fd = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(fd, { address: "0.0.0.0", port });
  return fd;
}

/** All octets until the end of the stream. */
export async function readAll(posix: Posix, fd: number, chunk = 65_536): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(chunk);
  for (;;) {
    const length = await posix.recv(fd, buffer);
    if (length === 0) return Buffer.concat(parts);
    parts.push(buffer.slice(0, length));
  }
}

/** Octets that tell where they are. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >>> 8) * 13) & 0xff);
}

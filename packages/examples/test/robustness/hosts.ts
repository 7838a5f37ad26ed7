import {
  AF_INET,
  type LeakReport,
  type Posix,
  type Program,
  type RunOverrides,
  type RunResult,
  runScenario,
  SHUT_WR,
  type SimLink,
  type SimLinkOptions,
  type SimNode,
  type Simulation,
  simulation,
  SOCK_STREAM,
} from "@dcejs/dce-glue";

/** What a run may leave behind. */
export const NOTHING_LEFT: LeakReport = {
  tasks: 0,
  events: 0,
  fileDescriptors: 0,
  packets: 0,
  hostObjects: 0,
};

export interface Pair {
  readonly sim: Simulation;
  /** 10.0.0.1 */
  readonly left: SimNode;
  /** 10.0.0.2 */
  readonly right: SimNode;
  readonly cable: SimLink;
}

/** Two hosts on a cable; `setup` starts what it wants on them. */
export function runPair(
  setup: (pair: Pair) => unknown,
  link: SimLinkOptions = { rate: "10Mbps", delay: "5ms" },
  overrides: RunOverrides = {},
): Promise<RunResult> {
  const scenario = simulation({ name: "pair" }, (sim) => setup(makePair(sim, link)));
  return runScenario(scenario, overrides);
}

export function makePair(sim: Simulation, link: SimLinkOptions): Pair {
  const left = sim.node("left");
  const right = sim.node("right");
  const cable = sim.link(left, right, link);
  left.ip("addr add 10.0.0.1/24 dev sim0");
  right.ip("addr add 10.0.0.2/24 dev sim0");
  return { sim, left, right, cable };
}

/** Runs programs on one host that expects nothing of how they end. The result is what each wrote to stderr. */
export function runAlone(...programs: readonly Program[]): Promise<RunResult<string[]>> {
  return runScenario(
    simulation({ name: "alone" }, (sim) => {
      const host = sim.node("host");
      const started = programs.map((program) => host.start(program, { expect: "any" }));
      return () => started.map(({ stderr }) => stderr);
    }),
  );
}

/** The errno name with which a call fails, or "none". */
export async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return "none";
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
}

export async function listenOn(posix: Posix, port: number, backlog = 128): Promise<number> {
  const listener = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.setReuseAddress(listener, true);
  await posix.bind(listener, { address: "0.0.0.0", port });
  await posix.listen(listener, backlog);
  return listener;
}

/** Octet number `at` of the stream that {@link sendStream} sends: a letter, so that no dissector takes it for more. */
function octet(at: number): number {
  return 0x41 + ((at * 7 + (at >>> 8) * 11 + (at >>> 16) * 3) % 26);
}

/** Sends `length` octets whose values tell their place in the stream. */
async function sendStream(posix: Posix, fd: number, length: number): Promise<void> {
  const chunk = new Uint8Array(16_384);
  for (let sent = 0; sent < length; ) {
    const size = Math.min(chunk.length, length - sent);
    for (let i = 0; i < size; i++) chunk[i] = octet(sent + i);
    sent += await posix.send(fd, chunk.subarray(0, size));
  }
}

/** Reads to the end of file. @throws {Error} an octet is not what was sent in its place */
async function receiveStream(posix: Posix, fd: number): Promise<number> {
  const buffer = new Uint8Array(16_384);
  for (let received = 0; ; ) {
    const length = await posix.recv(fd, buffer);
    if (length === 0) return received;
    for (let i = 0; i < length; i++) {
      if (buffer[i] !== octet(received + i)) throw new Error(`octet ${received + i} is wrong`);
    }
    received += length;
  }
}

/** Takes one connection on a port and reads all of it. */
export function streamServer(port: number): Program {
  return async function receivesStream(posix) {
    const listener = await listenOn(posix, port);
    const connection = await posix.accept(listener);
    const received = await receiveStream(posix, connection);
    await posix.print(`${received}`);
    await posix.close(connection);
    await posix.close(listener);
  };
}

/** Connects, sends `length` octets, and waits for the other side's end. */
export function streamClient(address: string, port: number, length: number): Program {
  return async function sendsStream(posix) {
    const connection = await posix.socket(AF_INET, SOCK_STREAM);
    await posix.connect(connection, { address, port });
    await sendStream(posix, connection, length);
    await posix.shutdown(connection, SHUT_WR);
    await receiveStream(posix, connection);
    await posix.close(connection);
  };
}

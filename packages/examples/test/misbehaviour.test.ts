import {
  AF_INET,
  MSG_DONTWAIT,
  type Posix,
  type Program,
  type RunResult,
  runScenario,
  type Simulation,
  SOCK_DGRAM,
  SOCK_STREAM,
  simulation,
} from "@dcejs/dce-glue";
import { expect, test } from "vitest";

/** Runs programs on one host that expects nothing of how they end. */
async function runPrograms(...programs: Program[]): Promise<RunResult> {
  return runScenario(
    simulation({}, (sim) => {
      const host = sim.node("host");
      for (const program of programs) host.start(program, { expect: "any" });
    }),
  );
}

/** Two hosts on a cable; `setup` starts what it wants on them. */
async function runPair(setup: (pair: ReturnType<typeof makePair>) => void): Promise<RunResult> {
  return runScenario(simulation({}, (sim) => setup(makePair(sim))));
}

function makePair(sim: Simulation) {
  const left = sim.node("left");
  const right = sim.node("right");
  const cable = sim.link(left, right, { rate: "10Mbps", delay: "5ms" });
  left.ip("addr add 10.0.0.1/24 dev sim0");
  right.ip("addr add 10.0.0.2/24 dev sim0");
  return { sim, left, right, cable };
}

const NOTHING_LEFT = { tasks: 0, events: 0, fileDescriptors: 0, packets: 0, hostObjects: 0 };

async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return "none";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

async function connectTo(posix: Posix, address: string, port: number): Promise<string> {
  const fd = await posix.socket(AF_INET, SOCK_STREAM);
  return codeOf(() => posix.connect(fd, { address, port }));
}

test("a program that throws ends with 1, and its neighbours go on", async () => {
  const run = await runPrograms(
    () => {
      throw new Error("at once");
    },
    async (posix) => {
      await posix.sleep(1);
      throw new TypeError("later");
    },
    async (posix) => {
      await posix.sleep(2);
      return 7;
    },
  );
  expect(run.processes.map(({ exit }) => exit)).toEqual([1, 1, 7]);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test("a program that ends with work pending leaves nothing", async () => {
  const run = await runPrograms(async (posix) => {
    const socket = await posix.socket(AF_INET, SOCK_DGRAM);
    await posix.bind(socket, { address: "127.0.0.1", port: 9 });
    posix.createThread(() => posix.recv(socket, new Uint8Array(10)));
    await posix.pipe();
    await posix.sleep(1);
  });
  expect(run.processes[0]?.exit).toBe(0);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test("a program that polls without blocking is charged, so that time goes on for the others", async () => {
  let polls = 0;
  const run = await runPrograms(
    async (posix) => {
      const socket = await posix.socket(AF_INET, SOCK_DGRAM);
      await posix.bind(socket, { address: "127.0.0.1", port: 9 });
      const buffer = new Uint8Array(10);
      for (;;) {
        polls++;
        if ((await codeOf(() => posix.recv(socket, buffer, MSG_DONTWAIT))) === "none") return 0;
      }
    },
    async (posix) => {
      await posix.usleep(50);
      const socket = await posix.socket(AF_INET, SOCK_DGRAM);
      await posix.sendto(socket, "done", { address: "127.0.0.1", port: 9 });
    },
  );
  expect(run.ok).toBe(true);
  expect(polls).toBeGreaterThan(10_000);
});

test("a program that awaits something of the host's is named", async () => {
  const waiting = runPrograms(() => new Promise(() => {}));
  await expect(waiting).rejects.toThrow(/awaits a promise that is not the simulator's/);
});

test("nobody listens, nobody has the address, no route leads there: each has its errno", async () => {
  const codes: string[] = [];
  const run = await runPair(({ left }) => {
    left.start(async (posix) => {
      codes.push(await connectTo(posix, "10.0.0.2", 81));
      codes.push(await connectTo(posix, "10.0.0.77", 81));
      codes.push(await connectTo(posix, "192.0.2.1", 81));
    });
  });
  expect(codes).toEqual(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test("a cable that loses everything: ARP gives up, and a static neighbour makes it ETIMEDOUT", async () => {
  const codes: string[] = [];
  const run = await runPair(({ left, cable }) => {
    cable.set({ loss: 1 });
    left.start(async (posix) => {
      codes.push(await connectTo(posix, "10.0.0.2", 80));
      left.ip("neigh replace 10.0.0.2 lladdr 00:00:00:00:00:02 dev sim0");
      codes.push(await connectTo(posix, "10.0.0.2", 80));
    });
  });
  expect(codes).toEqual(["EHOSTUNREACH", "ETIMEDOUT"]);
  expect(run.virtualNs / 1e9).toBeGreaterThan(60);
});

test("a corrupting cable is noticed by checksums, and the stream stays intact", async () => {
  const received: string[] = [];
  const line = "the same line again and again\n";
  const run = await runPair(({ left, right, cable }) => {
    cable.set({ corrupt: 0.05 });
    right.start(async (posix) => {
      const listener = await posix.socket(AF_INET, SOCK_STREAM);
      await posix.bind(listener, { address: "0.0.0.0", port: 80 });
      await posix.listen(listener);
      const fd = await posix.accept(listener);
      const buffer = new Uint8Array(4096);
      const decoder = new TextDecoder();
      for (;;) {
        const length = await posix.recv(fd, buffer);
        if (length === 0) return;
        received.push(decoder.decode(buffer.subarray(0, length)));
      }
    });
    left.start(
      async (posix) => {
        const fd = await posix.socket(AF_INET, SOCK_STREAM);
        await posix.connect(fd, { address: "10.0.0.2", port: 80 });
        await posix.writeAll(fd, line.repeat(5000));
      },
      { at: "1s" },
    );
  });
  expect(received.join("")).toBe(line.repeat(5000));
  const [left, right] = run.nodes;
  const errors =
    (left?.mib["Tcp"]?.["InCsumErrors"] ?? 0) + (right?.mib["Tcp"]?.["InCsumErrors"] ?? 0);
  expect(errors).toBeGreaterThan(0);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test("5,000 processes that start at one instant all run and go", async () => {
  const programs = Array.from(
    { length: 5000 },
    (): Program => async (posix) => {
      await posix.usleep(10);
      return 0;
    },
  );
  const run = await runPrograms(...programs);
  expect(run.processes.filter(({ exit }) => exit === 0)).toHaveLength(5000);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test("a routing loop ends by TTL, not by hanging", async () => {
  let code = "";
  const run = await runScenario(
    simulation({}, (sim) => {
      const a = sim.router("a");
      const b = sim.router("b");
      const host = sim.node("host");
      sim.link(a, b, { rate: "1Gbps", delay: "1ms" });
      sim.link(host, a, { rate: "1Gbps", delay: "1ms" });
      host.ip("addr add 10.0.1.1/24 dev sim0");
      host.ip("route add default via 10.0.1.2");
      a.ip("addr add 10.0.1.2/24 dev sim1");
      a.ip("addr add 10.0.0.1/24 dev sim0");
      b.ip("addr add 10.0.0.2/24 dev sim0");
      a.ip("route add 192.0.2.0/24 via 10.0.0.2");
      b.ip("route add 192.0.2.0/24 via 10.0.0.1");
      b.ip("route add 10.0.1.0/24 via 10.0.0.1");
      host.start(async (posix) => {
        code = await connectTo(posix, "192.0.2.1", 80);
      });
    }),
  );
  expect(code).toBe("EHOSTUNREACH");
  expect(run.counters.framesDelivered).toBeGreaterThan(60);
});

test("an address that is taken away in mid-connection ends the wait at last", async () => {
  let code = "";
  const run = await runPair(({ sim, left, right }) => {
    right.start(
      async (posix) => {
        const listener = await posix.socket(AF_INET, SOCK_STREAM);
        await posix.bind(listener, { address: "0.0.0.0", port: 80 });
        await posix.listen(listener);
        await posix.accept(listener);
        await posix.pause();
      },
      { daemon: true },
    );
    left.start(async (posix) => {
      const fd = await posix.socket(AF_INET, SOCK_STREAM);
      await posix.connect(fd, { address: "10.0.0.2", port: 80 });
      await posix.sleep(2);
      await posix.send(fd, "into the void");
      code = await codeOf(() => posix.recv(fd, new Uint8Array(10)));
    });
    sim.at("1s", () => right.ip("addr del 10.0.0.2/24 dev sim0"));
  });
  expect(["ETIMEDOUT", "EHOSTUNREACH"]).toContain(code);
  expect(run.virtualNs / 1e9).toBeGreaterThan(10);
});

import { DeadlockError } from "@dcejs/core-sched";
import { describe, expect, test } from "vitest";
import { AF_INET, type Posix, SOCK_DGRAM, SOCK_STREAM } from "../../src/posix/index.ts";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { type Simulation, simulation } from "../../src/scenario/simulation.ts";

const MS = 1_000_000;

async function waitsForEver(posix: Posix): Promise<void> {
  const listener = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.listen(listener, 1);
  await posix.accept(listener);
}

async function sleeps(posix: Posix): Promise<number> {
  await posix.nanosleep(Number(posix.argv[1]) * MS);
  return Number(posix.argv[2] ?? 0);
}

function throws(): never {
  throw new Error("the program is wrong");
}

describe("the end of a run", () => {
  test("is one virtual second after the last process", async () => {
    const scenario = simulation({}, (sim) => {
      sim.node("a").start(sleeps, { args: [250], at: "1s" });
    });
    const run = await runScenario(scenario);
    expect(run.virtualNs).toBe(2250 * MS);
  });

  test("is `until`, and that from outside wins", async () => {
    const scenario = simulation({ until: "5s" }, (sim) => {
      sim.node("a");
    });
    expect((await runScenario(scenario)).virtualNs).toBe(5000 * MS);
    expect((await runScenario(scenario, { until: "70ms" })).virtualNs).toBe(70 * MS);
  });

  test("an action of the scenario keeps it alive, also one that is async", async () => {
    const log: string[] = [];
    const scenario = simulation({}, (sim) => {
      const node = sim.node("a");
      node.start(sleeps, { args: [1] });
      sim.at("3s", async () => {
        await Promise.resolve();
        log.push(`at ${sim.now}`);
      });
    });
    await runScenario(scenario);
    expect(log).toEqual([`at ${3000 * MS}`]);
  });
});

describe("how processes end", () => {
  test("a status that was not expected makes the run not ok, and an error is in the result", async () => {
    const scenario = simulation({}, (sim) => {
      const node = sim.node("a");
      node.start(sleeps, { args: [1, 3] });
      node.start(throws);
    });
    const run = await runScenario(scenario);
    expect(run.ok).toBe(false);
    expect(run.processes).toMatchObject([
      { argv: ["sleeps", "1", "3"], exit: 3, asExpected: false, expected: "exit 0" },
      { argv: ["throws"], exit: 1, asExpected: false },
    ]);
    expect(run.processes[1]?.error).toContain("the program is wrong");
  });

  test("a status or signal that is expected is right", async () => {
    const scenario = simulation({}, (sim) => {
      const node = sim.node("a");
      node.start(sleeps, { args: [1, 3], expect: 3 });
      node.start(sleeps, { args: [1, 4], expect: "any" });
      const stopped = node.start(sleeps, { args: [60_000], name: "sleeper" });
      node.stopProcess(stopped, "1s");
    });
    const run = await runScenario(scenario);
    expect(run.ok).toBe(true);
    expect(run.processes[2]).toMatchObject({
      exit: undefined,
      signal: "SIGKILL",
      endNs: 1000 * MS,
    });
  });

  test("a daemon and one that is expected to run may wait when nothing else is left", async () => {
    const scenario = simulation({}, (sim) => {
      const node = sim.node("a");
      node.start(waitsForEver, { daemon: true });
      node.start(waitsForEver, { expect: "running" });
    });
    const run = await runScenario(scenario);
    expect(run.ok).toBe(true);
    expect(run.processes.map((one) => one.exit)).toEqual([undefined, undefined]);
  });

  test("a process that waits for what cannot come is a deadlock, and is named", async () => {
    const scenario = simulation({}, (sim) => {
      sim.node("lonely").start(waitsForEver, { name: "server" });
    });
    const error: unknown = await runScenario(scenario).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeadlockError);
    expect(String(error)).toMatch(/server/);
    expect(String(error)).toMatch(/lonely/);
    expect(String(error)).toMatch(/inet_csk_accept|accept/);
  });

  test("the report of a deadlock names who ended not as expected, and why", async () => {
    const scenario = simulation({}, (sim) => {
      const host = sim.node("host");
      host.start(waitsForEver, { name: "server" });
      host.start(throws, { name: "client", at: "1s" });
    });
    const error: unknown = await runScenario(scenario).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeadlockError);
    expect(String(error)).toContain(
      "host: client ended with exit 1 at 1s, expected exit 0: Error: the program is wrong",
    );
  });

  test("a program that is not there is an error of the scenario's run", async () => {
    const scenario = simulation({}, (sim) => {
      sim.node("a").start("no-such-program");
    });
    await expect(runScenario(scenario)).rejects.toThrow(/no-such-program/);
  });
});

async function show(posix: Posix): Promise<void> {
  const input = await posix.readTextFile(0);
  await posix.print(
    JSON.stringify([posix.argv, posix.getenv("LANG"), posix.getcwd(), posix.getuid(), input]),
  );
}

test("argv, environment, working directory, uid and stdin are what was asked for", async () => {
  const scenario = simulation({}, (sim) => {
    const node = sim.node("a");
    node.fs.write("/home/file", "x");
    const shown = node.start(show, {
      name: "show",
      args: ["x", 7],
      env: { LANG: "C" },
      cwd: "/home",
      uid: 1000,
      stdin: "typed",
    });
    return () => JSON.parse(shown.stdout) as unknown;
  });
  expect((await runScenario(scenario)).result).toEqual([
    ["show", "x", "7"],
    "C",
    "/home",
    1000,
    "typed",
  ]);
});

test("the program `ip` runs as a process, in iproute2's words", async () => {
  const scenario = simulation({}, (sim) => {
    const node = sim.node("a");
    sim.link(node, sim.node("b"));
    const good = node.start("ip", { args: ["addr", "add", "10.0.0.1/24", "dev", "sim0"] });
    const list = node.start("ip", { args: ["-br", "addr"], at: "1ms" });
    const bad = node.start("ip", { args: ["addr", "add", "x", "dev", "sim0"], expect: 1 });
    return () => [good.exit, list.stdout, bad.stderr];
  });
  const run = await runScenario(scenario);
  expect(run.ok).toBe(true);
  expect(run.result).toEqual([
    0,
    "lo               UNKNOWN        127.0.0.1/8 \nsim0             UP             10.0.0.1/24 \n",
    'Error: any valid prefix is expected rather than "x".\n',
  ]);
});

async function blast(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.connect(socket, { address: "10.0.0.2", port: 9 });
  for (let i = 0; i < 30; i++) {
    await posix.send(socket, String(i));
    await posix.nanosleep(100 * MS);
  }
}

async function count(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(socket, { address: "0.0.0.0", port: 9 });
  const buffer = new Uint8Array(10);
  for (;;) {
    const length = await posix.recv(socket, buffer);
    await posix.print(`${new TextDecoder().decode(buffer.subarray(0, length))} `);
  }
}

function pair(sim: Simulation): { received: () => string; cable: ReturnType<Simulation["link"]> } {
  const a = sim.node("a");
  const b = sim.node("b");
  const cable = sim.link(a, b, { delay: "1ms" });
  a.ip("addr add 10.0.0.1/24 dev sim0");
  b.ip("addr add 10.0.0.2/24 dev sim0");
  const counter = b.start(count, { daemon: true });
  a.start(blast);
  return { received: () => counter.stdout.trim(), cable };
}

test("a cable that is cut loses what is sent until it is mended; both kernels see the carrier", async () => {
  const scenario = simulation({}, (sim) => {
    const { received, cable } = pair(sim);
    const a = cable.interfaces[0]?.node;
    // Without it ARP would keep the datagrams until the cable is back (arp_evict_nocarrier).
    a?.ip(`neigh add 10.0.0.2 lladdr ${cable.interfaces[1]?.address} dev sim0`);
    const states: string[] = [];
    sim.at("950ms", () => cable.down());
    sim.at("1500ms", () => states.push(a?.ip("-br link show sim0") ?? ""));
    sim.at("1950ms", () => cable.up());
    sim.at("2500ms", () => states.push(a?.ip("-br link show sim0") ?? ""));
    return () => ({ received: received().split(" ").map(Number), states });
  });
  const { result } = await runScenario(scenario);
  expect(result.received).toEqual(
    Array.from({ length: 30 }, (_, i) => i).filter((i) => i < 10 || i >= 20),
  );
  expect(result.states).toEqual([
    expect.stringMatching(/DOWN .*<NO-CARRIER,BROADCAST,MULTICAST,UP> $/m),
    expect.stringMatching(/UP .*<BROADCAST,MULTICAST,UP,LOWER_UP> $/m),
  ]);
});

test("a link's loss can be changed while it runs", async () => {
  const scenario = simulation({}, (sim) => {
    const { received, cable } = pair(sim);
    sim.at("1050ms", () => cable.set({ loss: 1 }));
    return () => received().split(" ").length;
  });
  expect((await runScenario(scenario)).result).toBe(11);
});

test("parameters can be read and changed while it runs", async () => {
  const scenario = simulation({}, (sim) => {
    const node = sim.node("a", { sysctl: { "net.ipv4.tcp_sack": 0 }, forwarding: true });
    node.sysctl.set("net.ipv4.ip_default_ttl", 99);
    const seen: string[] = [];
    sim.at("1s", () => {
      for (const name of ["tcp_sack", "ip_forward", "ip_default_ttl"]) {
        seen.push(node.sysctl.get(`net.ipv4.${name}`));
      }
      node.sysctl.set("net/ipv4/ip_default_ttl", "7");
      seen.push(node.proc("/proc/sys/net/ipv4/ip_default_ttl"));
      expect(() => node.sysctl.set("net.ipv4.ip_default_ttl", 0)).toThrow(/out of range/);
      expect(() => node.sysctl.get("net.ipv4.nothing")).toThrow(/No such file/);
    });
    return () => seen;
  });
  expect((await runScenario(scenario)).result).toEqual(["0", "1", "99", "7\n"]);
});

test("tracing calls out what the tracepoints see", async () => {
  const names = new Set<string>();
  const scenario = simulation({}, (sim) => {
    sim.node("a").start(sleeps, { args: [1] });
  });
  await runScenario(scenario, {
    trace: "raw_syscalls:*",
    onTrace: (record) => names.add(record.name),
  });
  expect([...names]).toContain("raw_syscalls:sys_enter");
});

import { expect, test } from "vitest";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { ScenarioError } from "../../src/scenario/scenario-error.ts";
import { isScenarioFault } from "../../src/scenario/scenario-fault.ts";
import { type Simulation, simulation } from "../../src/scenario/simulation.ts";

function failureOf(build: (sim: Simulation) => void): Promise<unknown> {
  const scenario = simulation({ name: "wrong" }, build);
  return runScenario(scenario).then(
    () => "no error",
    (error: unknown) => error,
  );
}

test.each<[string, (sim: Simulation) => void, RegExp]>([
  [
    "a name used twice",
    (sim) => {
      sim.node("a");
      sim.node("a");
    },
    /^two nodes are named "a"$/,
  ],
  ["a name with a blank", (sim) => void sim.node("a b"), /^"a b" is no name: /],
  [
    "an unknown kernel",
    (sim) => void sim.node("a", { kernel: "linux-0.1" }),
    /^unknown kernel "linux-0.1"; there is: emulated/,
  ],
  [
    "a link to itself",
    (sim) => {
      const a = sim.node("a");
      sim.link(a, a);
    },
    /^link: a cannot be linked to itself$/,
  ],
  [
    "a loss above 1",
    (sim) => void sim.link(sim.node("a"), sim.node("b"), { loss: 1.5 }),
    /^link a-b: loss must be a probability from 0 to 1, not 1.5$/,
  ],
  [
    "a rate that is none",
    (sim) => void sim.link(sim.node("a"), sim.node("b"), { rate: "fast" }),
    /^link a-b: .*"fast"/,
  ],
  [
    "an MTU below Linux's least",
    (sim) => void sim.link(sim.node("a"), sim.node("b"), { mtu: 20 }),
    /^link a-b: mtu must be an integer from 68 to 65535, not 20$/,
  ],
  [
    "an option that a link does not have",
    (sim) =>
      void sim.link(sim.node("a"), sim.node("b"), Object.assign({ delay: 0 }, { dealy: "5ms" })),
    /^link a-b: there is no option "dealy"; there are rate, delay, /,
  ],
  [
    "a program that is none",
    (sim) => {
      const notAProgram: unknown = JSON.parse("42");
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a scenario in JavaScript may do
      sim.node("b").start(notAProgram as string);
    },
    /^b: start: a program is a function or a name$/,
  ],
  [
    "a program that is not registered",
    (sim) => void sim.node("a").start("no-such-program"),
    /^a: no-such-program: start ENOENT/,
  ],
  [
    "a working directory that is not there",
    (sim) => void sim.node("a").start(() => 0, { name: "lost", cwd: "/nowhere" }),
    /^a: lost: chdir ENOENT/,
  ],
  ["a time that is none", (sim) => sim.at("soon", () => {}), /^at: .*"soon"/],
  [
    "an expectation that is none",
    (sim) => void sim.node("a").start(() => 0, { expect: "happy" }),
    /^a: .*: expect: "happy" is no exit code/,
  ],
])("%s is an error of one line", async (_what, build, message) => {
  const error = await failureOf(build);
  expect(error).toBeInstanceOf(ScenarioError);
  expect(error).toHaveProperty("message", expect.stringMatching(message));
});

test("a command that makes no sense fails where it is written, in iproute2's words", async () => {
  const error = await failureOf((sim) => void sim.node("a").ip("addr add x dev sim0"));
  expect(error).toMatchObject({
    name: "IpCommandError",
    message: 'Error: any valid prefix is expected rather than "x".',
    command: "addr add x dev sim0",
  });
});

test.each<[string, (sim: Simulation) => void, string]>([
  [
    "a device that is not there",
    (sim) => void sim.node("a").ip("addr add 10.0.0.1/24 dev sim9"),
    'a: ip addr add 10.0.0.1/24 dev sim9: Cannot find device "sim9"',
  ],
  [
    "a route through nowhere",
    (sim) => void sim.node("a").ip("route add 10.5.0.0/16 via 192.168.7.1"),
    "a: ip route add 10.5.0.0/16 via 192.168.7.1: Error: Nexthop has invalid gateway.",
  ],
  [
    "an unknown sysctl",
    (sim) => sim.node("a").sysctl.set("net.ipv4.tcp_turbo", 1),
    "a: sysctl net.ipv4.tcp_turbo = 1: No such file or directory",
  ],
  [
    "a sysctl out of range",
    (sim) => sim.node("a").sysctl.set("net.ipv4.ip_default_ttl", 500),
    "a: sysctl net.ipv4.ip_default_ttl = 500: value is out of range",
  ],
  [
    "a sysctl that is read only",
    (sim) => sim.node("a").sysctl.set("net.ipv4.tcp_available_congestion_control", "x"),
    "a: sysctl net.ipv4.tcp_available_congestion_control = x: Permission denied",
  ],
])("%s ends the run at its start", async (_what, build, message) => {
  const error = await failureOf(build);
  expect(error).toBeInstanceOf(ScenarioError);
  expect(error).toHaveProperty("message", message);
});

test("a time that is past, and a node made during the run, are errors of the action", async () => {
  const late = await failureOf((sim) => sim.at("2s", () => sim.at("1s", () => {})));
  expect(late).toHaveProperty("message", "at: 1s is past; it is 2s");
  const node = await failureOf((sim) => sim.at("1s", () => void sim.node("late")));
  expect(node).toHaveProperty("message", "node late: the run has begun");
});

test.each<[string, () => never]>([
  [
    "a symbol",
    () => {
      throw Symbol("odd");
    },
  ],
  [
    "nothing",
    () => {
      throw undefined;
    },
  ],
  [
    "a BigInt",
    () => {
      throw 1n;
    },
  ],
  [
    "an object without a prototype",
    () => {
      throw Object.create(null);
    },
  ],
  [
    "an object that holds itself",
    () => {
      const cycle: Record<string, unknown> = {};
      cycle.itself = cycle;
      throw cycle;
    },
  ],
  [
    "an error whose stack throws",
    () => {
      throw Object.defineProperty(new Error("odd"), "stack", {
        get: () => {
          throw new Error("mean");
        },
      });
    },
  ],
  [
    "a proxy that throws",
    () => {
      throw new Proxy(
        {},
        {
          get: () => {
            throw new Error("mean");
          },
        },
      );
    },
  ],
])("a program that throws %s ends with 1, and the run goes on", async (_what, program) => {
  const run = await runScenario(
    simulation({}, (sim) => {
      const host = sim.node("host");
      host.start(program, { expect: 1 });
      host.start(async (posix) => {
        await posix.sleep(1);
      });
    }),
  );
  expect(run.processes.map(({ exit }) => exit)).toEqual([1, 0]);
});

test("what the scenario's own code throws is its fault, and is what the run rejects with", async () => {
  const thrown = new Error("mine");
  const builds: ((sim: Simulation) => unknown)[] = [
    () => {
      throw thrown;
    },
    async () => {
      throw thrown;
    },
    (sim) =>
      sim.at("1s", () => {
        throw thrown;
      }),
    (sim) => sim.at("1s", () => Promise.reject(thrown)),
    () => () => {
      throw thrown;
    },
  ];
  for (const build of builds) {
    const error = await runScenario(simulation({}, build)).catch((reason: unknown) => reason);
    expect(error).toBe(thrown);
    expect(isScenarioFault(error)).toBe(true);
  }
  expect(isScenarioFault(new Error("another"))).toBe(false);
});

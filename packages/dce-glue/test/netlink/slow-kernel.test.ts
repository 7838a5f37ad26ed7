import { expect, test } from "vitest";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { simulation } from "../../src/scenario/simulation.ts";
import { registerSlowKernel, slowCalls } from "../kernel/slow-kernel.ts";

const kernel = registerSlowKernel();

test("programs talk to a kernel that waits in every call as to one that answers at once", async () => {
  const scenario = simulation({}, (sim) => {
    const node = sim.node("a");
    sim.link(node, sim.node("b"));
    node.ip("addr add 10.0.0.1/24 dev sim0");
    const commands = [
      ["ip", "route", "add", "10.1.0.0/16", "via", "10.0.0.9"],
      ["ip", "route"],
      ["ip", "-br", "addr"],
      ["tc", "qdisc", "show", "dev", "sim0"],
    ];
    // All at one time: each request has a socket of its own.
    const at = ["1ms", "2ms", "2ms", "2ms"];
    const processes = commands.map(([name = "", ...args], index) =>
      node.start(name, { args, at: at[index] ?? "0ms" }),
    );
    return () => processes.map(({ stdout }) => stdout);
  });
  const fast = await runScenario(scenario);
  slowCalls.clear();
  const slow = await runScenario(scenario, { kernel });
  expect(slow.result).toEqual(fast.result);
  expect(fast.result?.[1]).toBe(
    "10.0.0.0/24 dev sim0 proto kernel scope link src 10.0.0.1 \n10.1.0.0/16 via 10.0.0.9 dev sim0 \n",
  );
  expect(slowCalls.get("sendmsg")).toBeGreaterThanOrEqual(4);
  expect(slow.leaks).toEqual(fast.leaks);
});

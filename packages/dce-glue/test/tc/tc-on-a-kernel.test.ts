import { expect, test } from "vitest";
import { IpCommandError } from "../../src/ip/ip-command-error.ts";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { ScenarioError } from "../../src/scenario/scenario-error.ts";
import { simulation } from "../../src/scenario/simulation.ts";

test("tc shows the queues of the emulated kernel, and makes no others", async () => {
  const printed: string[] = [];
  const scenario = simulation({}, (sim) => {
    const node = sim.node("a");
    sim.link(node, sim.node("b"), { queue: "50p" });
    sim.at("1ms", () => {
      for (const command of [
        "qdisc",
        "-s qdisc show dev sim0",
        "-j qdisc show dev lo",
        "class show dev sim0",
        "qdisc add dev sim0 root netem delay 1ms",
        "qdisc del dev sim0 root",
        "class add dev sim0 parent 1: classid 1:1 htb rate 1mbit",
      ]) {
        try {
          printed.push(node.tc(command));
        } catch (error) {
          if (!(error instanceof IpCommandError)) throw error;
          printed.push(error.message);
        }
      }
    });
  });
  await runScenario(scenario);
  expect(printed).toEqual([
    "qdisc noqueue 0: dev lo root refcnt 2 \nqdisc pfifo 0: dev sim0 root refcnt 2 limit 50p\n",
    "qdisc pfifo 0: root refcnt 2 limit 50p\n" +
      " Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0) \n" +
      " backlog 0b 0p requeues 0\n",
    '[{"kind":"noqueue","handle":"0:","root":true,"refcnt":2,"options":{}}]\n',
    "",
    "Error: Specified qdisc kind is unknown.",
    "Error: Cannot delete qdisc with handle of zero.",
    "RTNETLINK answers: No such file or directory",
  ]);
});

test("a command before the start is checked at once, and what the kernel refuses ends the start", async () => {
  const misspelt = simulation({}, (sim) => {
    sim.node("a").tc("qdisc add dev sim0 root netem delay soon");
  });
  await expect(runScenario(misspelt)).rejects.toThrow('Illegal "latency"');
  const refused = simulation({}, (sim) => {
    const node = sim.node("a");
    sim.link(node, sim.node("b"));
    node.tc("qdisc add dev sim0 root netem delay 1ms");
  });
  const failing = runScenario(refused);
  await expect(failing).rejects.toBeInstanceOf(ScenarioError);
  await expect(failing).rejects.toThrow(
    "a: tc qdisc add dev sim0 root netem delay 1ms: Error: Specified qdisc kind is unknown.",
  );
});

test("the program tc prints, and ends with iproute2's status", async () => {
  const scenario = simulation({}, (sim) => {
    const node = sim.node("a");
    const shown = node.start("tc", { args: ["qdisc", "show", "dev", "lo"] });
    const wrong = node.start("tc", { args: ["qdisc", "foo"], expect: 1 });
    return () => [shown.stdout, wrong.stderr];
  });
  const { result } = await runScenario(scenario);
  expect(result).toEqual([
    "qdisc noqueue 0: root refcnt 2 \n",
    'Command "foo" is unknown, try "tc qdisc help".\n',
  ]);
});

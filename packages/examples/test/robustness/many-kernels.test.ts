import { runScenario, simulation } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import { ping } from "../../src/programs/ping.ts";
import { NOTHING_LEFT } from "./hosts.ts";

const KERNELS = 1000;

test("1,000 kernels live in one process, and each answers its neighbour's ping", async () => {
  let booted = 0;
  const run = await runScenario(
    simulation({ name: "many-kernels" }, (sim) => {
      const hosts = Array.from({ length: KERNELS }, (_, i) => sim.node(`h${i}`));
      for (let i = 0; i < KERNELS; i += 2) {
        const [left, right] = [hosts[i], hosts[i + 1]];
        if (left === undefined || right === undefined) continue;
        sim.link(left, right, { rate: "1Gbps", delay: "1ms" });
        left.ip("addr add 10.0.0.1/24 dev sim0");
        right.ip("addr add 10.0.0.2/24 dev sim0");
        left.start(ping, { args: ["10.0.0.2", 1], at: `${i}us` });
        right.start(ping, { args: ["10.0.0.1", 1], at: `${i}us` });
      }
      sim.at("500ms", () => {
        for (const host of hosts) {
          if (host.dmesg().includes("NET: Registered PF_INET")) booted++;
        }
      });
    }),
  );
  const replies = run.nodes.reduce((sum, { mib }) => sum + (mib.Icmp?.OutEchoReps ?? 0), 0);
  const answered = run.processes.filter(({ exit }) => exit === 0).length;
  expect({ booted, replies, answered }).toEqual({ booted: 1000, replies: 1000, answered: 1000 });
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

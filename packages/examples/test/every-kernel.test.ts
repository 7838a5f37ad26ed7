import { runScenario, type Scenario } from "@dcejs/dce-glue";
import { describe, expect, test } from "vitest";
import dceLinux from "../src/dce-linux.ts";
import dceLinuxSimple from "../src/dce-linux-simple.ts";
import dcePing from "../src/dce-ping.ts";
import dceTcpFile from "../src/dce-tcp-file.ts";
import dceUdpPerf from "../src/dce-udp-perf.ts";
import linuxBbrVsCubic from "../src/linux-bbr-vs-cubic.ts";
import linuxNetem from "../src/linux-netem.ts";
import linuxRouterChain from "../src/linux-router-chain.ts";
import { isMissing, KERNELS } from "./kernels.ts";

/**
 * `accept-deadlock` is not among them: it is about LKL's cpu lock, which real Linux does not have here. What needs a
 * kernel of profile full is run on that one, each in a test of its own.
 */
const SCENARIOS: [string, Scenario, Record<string, string>?][] = [
  ["dce-linux-simple", dceLinuxSimple],
  ["dce-linux", dceLinux],
  ["dce-linux, UDP", dceLinux, { transport: "udp" }],
  ["dce-ping", dcePing],
  ["dce-tcp-file", dceTcpFile],
  ["dce-udp-perf", dceUdpPerf],
  ["linux-router-chain", linuxRouterChain],
];

/** The emulated kernel has neither BBR nor queueing disciplines to choose. */
const LINUX_ONLY: typeof SCENARIOS = [
  ["linux-bbr-vs-cubic", linuxBbrVsCubic, { seconds: "10" }],
  ["linux-netem", linuxNetem],
];

const NOTHING_LEFT = { tasks: 0, events: 0, fileDescriptors: 0, packets: 0, hostObjects: 0 };

describe.each(KERNELS)("%s", (kernel) => {
  const scenarios = kernel === "emulated" ? SCENARIOS : [...SCENARIOS, ...LINUX_ONLY];
  test.skipIf(isMissing(kernel)).for(scenarios)(
    "%s leaves nothing and has the pinned trace",
    async ([, scenario, options = {}]) => {
      const run = await runScenario(scenario, { kernel, options });
      expect(run.ok).toBe(true);
      expect(run.leaks).toEqual(NOTHING_LEFT);
      expect(run.traceHash).toMatchSnapshot();
    },
  );
});

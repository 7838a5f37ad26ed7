import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runScenario, type Scenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import dceLinux from "../src/dce-linux.ts";
import dceLinuxSimple from "../src/dce-linux-simple.ts";
import dcePing from "../src/dce-ping.ts";
import dceTcpFile from "../src/dce-tcp-file.ts";
import dceUdpPerf from "../src/dce-udp-perf.ts";
import linuxMptcp from "../src/linux-mptcp.ts";
import linuxNftables from "../src/linux-nftables.ts";
import linuxSctp from "../src/linux-sctp.ts";
import linuxVersionMix from "../src/linux-version-mix.ts";
import { FULL_KERNEL, isMissing, KERNELS } from "./kernels.ts";
import { CHECKSUMS_ON, hasTshark, tshark, WRONG } from "./tshark.ts";

const scenarios: [string, Scenario, number][] = [
  ["dce-linux", dceLinux, 20],
  ["dce-linux-simple", dceLinuxSimple, 10],
  ["dce-ping", dcePing, 10],
  ["dce-tcp-file", dceTcpFile, 1000],
  ["dce-udp-perf", dceUdpPerf, 1000],
];

test.skipIf(!hasTshark).for(scenarios)(
  "tshark finds nothing wrong in the captures of %s",
  async ([, scenario, framesMin]) => {
    const { wrong, frames } = await readCaptures(scenario);
    expect(wrong).toEqual([]);
    expect(frames).toBeGreaterThanOrEqual(framesMin);
  },
);

/** An ICMP error of real Linux quotes a packet as it has it: with a checksum that a card may have yet to fill in. */
const NOT_QUOTED = `(${WRONG}) && !icmp`;

const fullScenarios: typeof scenarios = [
  ["linux-mptcp", linuxMptcp, 1000],
  ["linux-nftables", linuxNftables, 50],
  ["linux-sctp", linuxSctp, 1000],
];

test.skipIf(!hasTshark || isMissing(FULL_KERNEL)).for(fullScenarios)(
  "tshark finds nothing wrong in the captures of %s",
  async ([, scenario, framesMin]) => {
    const { wrong, frames } = await readCaptures(scenario, NOT_QUOTED);
    expect(wrong).toEqual([]);
    expect(frames).toBeGreaterThanOrEqual(framesMin);
  },
);

test.skipIf(!hasTshark || isMissing(...KERNELS))(
  "tshark finds nothing wrong in what kernels of four kinds say to each other",
  async () => {
    const { wrong, frames } = await readCaptures(linuxVersionMix);
    expect(wrong).toEqual([]);
    expect(frames).toBeGreaterThanOrEqual(3000);
  },
);

/** What tshark finds wrong in the captures of a run, and the frames of the largest. */
async function readCaptures(
  scenario: Scenario,
  filter: string = WRONG,
): Promise<{ wrong: string[]; frames: number }> {
  const folder = mkdtempSync(join(tmpdir(), "dcejs-pcap-"));
  try {
    await runScenario(scenario, { pcap: folder });
    const captures = readdirSync(folder).filter((file) => file.endsWith(".pcapng"));
    const paths = captures.map((capture) => join(folder, capture));
    const wrong = paths.flatMap((path) => tshark([...CHECKSUMS_ON, "-r", path, "-Y", filter]));
    return { wrong, frames: Math.max(...paths.map((path) => tshark(["-r", path]).length)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunOverrides, runScenario, type Scenario, type Simulation } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import dceTcpFile from "../../src/dce-tcp-file.ts";
import { isMissing, KERNELS } from "../kernels.ts";
import { CHECKSUMS_ON, hasTshark, tshark, WRONG } from "../tshark.ts";

const RELEASES = KERNELS.filter((kernel) => kernel !== "emulated");
const built = RELEASES.filter((kernel) => !isMissing(kernel));

/** What tshark finds wrong in the captures of a run, and how many frames it has read. */
async function complaintsOf(
  scenario: Scenario,
  overrides: RunOverrides,
): Promise<{ complaints: string[]; frames: number }> {
  const folder = mkdtempSync(join(tmpdir(), "dcejs-linux-pcap-"));
  try {
    const run = await runScenario(scenario, { ...overrides, pcap: folder });
    expect(run.ok).toBe(true);
    expect(run.warnings).toEqual([]);
    const files = readdirSync(folder).map((file) => join(folder, file));
    return {
      complaints: files.flatMap((file) => tshark([...CHECKSUMS_ON, "-r", file, "-Y", WRONG])),
      frames: Math.max(...files.map((file) => tshark(["-r", file]).length)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const kernel of RELEASES) {
  test.skipIf(!hasTshark || !built.includes(kernel))(
    `tshark finds nothing wrong in what dce-tcp-file on ${kernel} sends`,
    async () => {
      const { complaints, frames } = await complaintsOf(dceTcpFile, { kernel });
      expect(complaints).toEqual([]);
      expect(frames).toBeGreaterThan(1000);
    },
  );
}

/** dce-tcp-file with a kernel of its own for each end. */
function between(sender: string, receiver: string): typeof dceTcpFile {
  const kernels: Readonly<Record<string, string>> = { sender, receiver };
  return {
    ...dceTcpFile,
    setup: (sim) => {
      const named = (name: string): ReturnType<Simulation["node"]> =>
        sim.node(name, { kernel: kernels[name] ?? sender });
      return dceTcpFile.setup(
        new Proxy(sim, {
          get(target, key): unknown {
            if (key === "node") return named;
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        }),
      );
    },
  };
}

const pairs = built.flatMap((kernel) => [
  ["emulated", kernel],
  [kernel, "emulated"],
]);

test.skipIf(!hasTshark || built.length === 0).for(pairs)(
  "a file from %s to %s arrives through losses, and tshark finds nothing wrong",
  async ([sender = "", receiver = ""]) => {
    const scenario = between(sender, receiver);
    const run = await runScenario(scenario, { options: { loss: 0.02 } });
    expect(run.result.bytes).toBe(1_000_000);
    expect(run.result.sha256Received).toBe(run.result.sha256Sent);
    expect(run.nodes.map(({ kernel }) => kernel)).toEqual([sender, receiver]);
    const { complaints } = await complaintsOf(scenario, { options: { loss: 0.02 } });
    expect(complaints).toEqual([]);
  },
);

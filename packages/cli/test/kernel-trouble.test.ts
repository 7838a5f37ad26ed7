import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { kernelProviderNames, loadKernelProviders } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import { EXIT_DEADLOCK, EXIT_OK, main } from "../src/index.ts";

const scenarios = fileURLToPath(new URL("scenarios/", import.meta.url));
const warns = join(scenarios, "warns.ts");

await loadKernelProviders();
const hasLinux = kernelProviderNames().includes("linux-6.12");

async function dce(...args: string[]): Promise<{ exit: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const exit = await main(args, {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    isTerminal: false,
  });
  return { exit, out: stripVTControlCharacters(said.out), err: said.err };
}

test("a kernel's warnings stand in the summary, with node, time and place", async () => {
  const { exit, out } = await dce("run", warns);
  expect(exit).toBe(EXIT_OK);
  expect(out.split("\n").filter((line) => line.startsWith("WARNING"))).toEqual([
    "WARNING  warning of node host at boot: kernel/early.c:1",
    "WARNING  warning of node host at 1.5ms: net/ipv4/tcp_input.c:3362",
  ]);
});

test("--json has the warnings too", async () => {
  const run: unknown = JSON.parse((await dce("run", warns, "--json")).out);
  expect(run).toMatchObject({
    warnings: [
      { node: "host", kernel: "warning", atNs: -1, what: "kernel/early.c:1" },
      { node: "host", kernel: "warning", atNs: 1_500_000, what: "net/ipv4/tcp_input.c:3362" },
    ],
  });
});

test("the report of a deadlock tells what kernels have warned of", async () => {
  const { exit, err } = await dce("run", warns, "--stuck");
  expect(exit).toBe(EXIT_DEADLOCK);
  expect(err).toContain("\n  warning of node host warned: net/ipv4/tcp_input.c:3362");
});

test.skipIf(!hasLinux)(
  "a panic of real Linux is exit 3 with node, time and the kernel's own log",
  { timeout: 120_000 },
  async () => {
    const { exit, out, err } = await dce("run", join(scenarios, "spins.ts"));
    expect([exit, out]).toEqual([EXIT_DEADLOCK, ""]);
    expect(err).toMatch(/linux-6\.12 of node host at 0\.\d+ s: panic\n/);
    expect(err).toContain("Kernel panic - not syncing: the kernel waits for time to pass");
  },
);

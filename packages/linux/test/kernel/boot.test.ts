import { describe, expect, test } from "vitest";
import { backEnds, image, whySkipped } from "../world/built.ts";
import { bootedNode } from "../world/fixture.ts";
import { NR } from "../world/numbers.ts";

if (whySkipped !== undefined) process.stderr.write(`Real Linux is not tested: ${whySkipped}\n`);

describe.skipIf(whySkipped !== undefined).each(backEnds)("a boot on %s", (kind) => {
  test("prints Linux's banner and its command line, and no warning", async () => {
    const { kernel } = await bootedNode(kind, { commandLine: "loglevel=7 quietly=not" });
    expect(kernel.dmesg()).toContain(`Linux version ${image?.version} `);
    expect(kernel.dmesg()).toContain("Kernel command line: loglevel=7 quietly=not");
    expect(kernel.log.warnings).toEqual([]);
  });

  test("ends with pid 1 in the hands of the host", async () => {
    const node = await bootedNode(kind);
    expect(node.serve(NR.getpid)).toBe(1);
    expect(node.serve(NR.gettid)).toBe(1);
  });

  test("leaves the kernel idle, with no stack that runs", async () => {
    const { kernel } = await bootedNode(kind);
    expect(kernel.cpu.isIdle).toBe(true);
    expect(kernel.cpu.sleepingCalls).toEqual([]);
  });

  test("is the same, octet by octet, when it is done again", async () => {
    const first = await bootedNode(kind);
    const second = await bootedNode(kind);
    expect(Buffer.compare(first.kernel.machine.u8, second.kernel.machine.u8)).toBe(0);
  });

  test("has a memory of the size that was asked for", async () => {
    const node = await bootedNode(kind, { memory: 8 * 1024 * 1024 });
    node.mountProc();
    const total = Number(/MemTotal:\s+(\d+) kB/.exec(node.file("/proc/meminfo"))?.[1]);
    expect(total).toBeGreaterThan(5 * 1024);
    expect(total).toBeLessThan(8 * 1024);
  });

  test("is refused in a memory that is too small or no multiple of 64 KB", async () => {
    await expect(bootedNode(kind, { memory: 3 * 1024 * 1024 })).rejects.toThrow(RangeError);
    await expect(bootedNode(kind, { memory: 6 * 1024 * 1024 + 4096 })).rejects.toThrow(RangeError);
  });

  test("is refused a command line that is too long", async () => {
    await expect(bootedNode(kind, { commandLine: "x".repeat(600) })).rejects.toThrow(RangeError);
  });

  test("takes its wall clock and its randomness from the host", async () => {
    const [one, two] = [await bootedNode(kind, { seed: 5 }), await bootedNode(kind, { seed: 6 })];
    const numbers = [one, two].map((node) => {
      const room = node.bytes(16);
      expect(node.serve(NR.getrandom, room, 16, 0)).toBe(16);
      return Buffer.from(node.kernel.machine.u8.slice(room, room + 16)).toString("hex");
    });
    expect(numbers[0]).not.toBe(numbers[1]);
  });
});

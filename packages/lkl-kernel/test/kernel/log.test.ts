import { KERN_DEBUG, KERN_INFO, KernelPanicError, LklBugError, LklKernel } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { GeneratorHost } from "@dcejs/lkl-kernel";
import { boot, withKernel } from "../host/kernel-fixture.ts";

test("lines carry virtual time, and each line of a text is one", () => {
  withKernel(function* (kernel, host) {
    yield host.sleep(12_345_678_901);
    kernel.printk(KERN_INFO, "one\ntwo\n");
    expect(kernel.dmesg().endsWith("[   12.345678] one\n[   12.345678] two\n")).toBe(true);
  });
});

test("the console shows what is below its level; the log keeps all", () => {
  for (const [cmdline, shown] of [
    ["", false],
    ["loglevel=8", true],
    ["quiet", false],
    ["loglevel=8 quiet", true],
  ] as const) {
    const host = new GeneratorHost();
    host.runProgram(function* () {
      const kernel = yield* boot(host, {}, cmdline);
      kernel.printk(KERN_DEBUG, "debug");
      expect(host.printed.includes("debug")).toBe(shown);
      expect(host.printed.includes("Linux version")).toBe(cmdline !== "quiet");
      expect(kernel.dmesg()).toContain("debug\n");
    });
  }
});

test("the log drops its oldest lines when it is full", () => {
  const kernel = new LklKernel();
  for (let i = 0; i < 3000; i++) kernel.printk(KERN_DEBUG, `${i} ${"x".repeat(100)}`);
  const lines = kernel.dmesg().trimEnd().split("\n");
  expect(lines.length).toBeLessThan(1300);
  expect(lines.at(-1)).toContain("2999 x");
});

test("a panic prints, tells the host, and throws with the end of the log", () => {
  const host = new GeneratorHost();
  host.runProgram(function* () {
    const kernel = yield* boot(host);
    kernel.printk(KERN_INFO, "last words");
    const panic = () => kernel.panic("VFS: Unable to mount root fs");
    expect(panic).toThrow(KernelPanicError);
    expect(panic).toThrow("Kernel panic - not syncing: VFS: Unable to mount root fs");
    const carriesLog = expect.objectContaining({ log: expect.stringContaining("last words\n") });
    expect(() => kernel.panic("again")).toThrow(carriesLog);
    expect(host.panics).toBe(3);
    expect(host.printed).toContain("---[ end Kernel panic - not syncing: again ]---");
  });
});

test("a bug throws LklBugError with the end of the log", () => {
  const kernel = new LklKernel();
  expect(() => kernel.bug("rules were broken")).toThrow(LklBugError);
  expect(kernel.dmesg()).toBe("[    0.000000] rules were broken\n");
});

test("a boot without a thread for init panics", () => {
  const host = new GeneratorHost();
  host.refusesThread = (name) => name.includes("init");
  host.start(() => boot(host));
  expect(() => host.run()).toThrow("no host thread for init");
});

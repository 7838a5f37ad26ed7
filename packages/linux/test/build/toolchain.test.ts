import { expect, test } from "vitest";
import { BuildError } from "../../build/build-error.ts";
import { cleanEnvironment, runCommand } from "../../build/command.ts";
import { firstErrors } from "../../build/kbuild.ts";
import { parseExports } from "../../build/link.ts";
import { isOnPath, missingPackages, missingToolsMessage } from "../../build/toolchain.ts";

test("nothing is missing where all commands are there", () => {
  expect(missingPackages(() => true)).toEqual([]);
});

test("missing commands are told as Debian's packages, each once", () => {
  const missing = missingPackages((command) => !/llvm|gcc|bc/.test(command));
  expect(missing).toEqual(["bc", "gcc", "libc6-dev", "llvm-19"]);
});

test("the message is one line with the command to enter", () => {
  expect(missingToolsMessage(["bc", "clang-19"], true)).toBe(
    "tools are missing; as root: apt-get install bc clang-19",
  );
});

test("a machine without apt is told which system it should be", () => {
  const message = missingToolsMessage(["bc"], false);
  expect(message).toMatch(/Debian 12 or later.* bc$/);
  expect(message).not.toContain("\n");
});

test("a command is looked for in the folders of PATH", () => {
  expect(isOnPath("sh", "/usr/bin:/bin")).toBe(true);
  expect(isOnPath("sh", "/nonexistent:/proc")).toBe(false);
});

test("a command that cannot be started or fails is an error with its last lines", async () => {
  await expect(runCommand("no-such-command-at-all", [])).rejects.toThrow(BuildError);
  const failed = await runCommand("sh", ["-c", "echo one; echo two >&2; exit 3"]).catch(
    (error: unknown) => error,
  );
  if (!(failed instanceof BuildError)) throw new Error("it did not fail");
  expect(failed.message).toBe("sh ended with exit code 3");
  expect(failed.detail.split("\n").toSorted()).toEqual(["one", "two"]);
});

test("what the user has in the environment does not reach the compiler", () => {
  process.env["KBUILD_BUILD_USER"] = "somebody";
  process.env["MAKEFLAGS"] = "-k";
  const environment = cleanEnvironment();
  delete process.env["KBUILD_BUILD_USER"];
  delete process.env["MAKEFLAGS"];
  expect(environment).not.toHaveProperty("KBUILD_BUILD_USER");
  expect(environment).not.toHaveProperty("MAKEFLAGS");
  expect(environment["LC_ALL"]).toBe("C");
});

test("of a log of make the errors are shown, not the warnings and progress between them", () => {
  const log = [
    "  CC      kernel/fork.o",
    "kernel/fork.c:3:1: warning: unused parameter [-Wunused-parameter]",
    "    3 | int a(int b)",
    "arch/wasm/kernel/cpu.c:23:8: error: redefinition of 'CPU_IDLE'",
    "   23 | enum { CPU_IDLE };",
    "include/linux/sched/idle.h:10:2: note: previous definition is here",
    "   10 |  CPU_IDLE,",
    "  CC      kernel/exit.o",
  ];
  expect(firstErrors(log.join("\n")).split("\n")).toEqual([log[3], log[4]]);
});

test("the list of exports is one symbol a line, with comments", () => {
  expect(parseExports("# stack\n__stack_pointer\n\nwasm_irq # from the host\n")).toEqual([
    "__stack_pointer",
    "wasm_irq",
  ]);
});

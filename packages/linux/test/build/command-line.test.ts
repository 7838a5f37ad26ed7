import { execFileSync, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { UsageError } from "../../build/build-error.ts";
import { HELP, parseCommandLine } from "../../build/command-line.ts";
import { linuxCacheFolder, packageFolder } from "../../build/folders.ts";

test("without arguments the net kernel of 6.12 is built", () => {
  const { action, options } = parseCommandLine([]);
  expect(action).toBe("build");
  expect(options.releases.map((release) => release.name)).toEqual(["6.12"]);
  expect(options.profiles).toEqual(["net"]);
  expect(options.archFolder).toBe(packageFolder("arch"));
  expect(options.outputFolder).toBe(packageFolder("kernels"));
});

test("releases and profiles can be given several times, and count once", () => {
  const { options } = parseCommandLine(
    "--release 6.1 --release 7.3 --release 6.1 --profile full".split(" "),
  );
  expect(options.releases.map((release) => release.name)).toEqual(["6.1", "7.3"]);
  expect(options.profiles).toEqual(["full"]);
});

test("--all is every release in every profile", () => {
  const { options } = parseCommandLine(["--all"]);
  expect(options.releases).toHaveLength(3);
  expect(options.profiles).toEqual(["net", "full"]);
});

test.each([
  ["--release 6.2", 'there is no release "6.2" (there are 6.1, 6.12, 7.3)'],
  ["--profile tiny", 'there is no profile "tiny" (there are net, full)'],
  ["--all --profile net", "--all goes with neither"],
  ["--jobs 0", "--jobs takes a number from 1 to 999"],
  ["--jobs many", "--jobs takes a number from 1 to 999"],
  ["--list --help", "exclude each other"],
  ["--bogus", "--bogus"],
  ["--keep=yes", "--keep"],
  ["6.12", "6.12"],
  ["--release", "--release"],
])("%s is refused in one line that says why", (args, complaint) => {
  const message = refusal(args.split(" "));
  expect(message).toContain(complaint);
  expect(message).not.toContain("\n");
});

function refusal(args: readonly string[]): string {
  try {
    parseCommandLine(args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "";
}

test("the cache is where XDG_CACHE_HOME says, if that is an absolute path", () => {
  expect(linuxCacheFolder({ XDG_CACHE_HOME: "/var/cache/me" })).toBe("/var/cache/me/dcejs/linux");
  expect(linuxCacheFolder({ XDG_CACHE_HOME: "cache" })).toMatch(/\/\.cache\/dcejs\/linux$/);
  expect(linuxCacheFolder({})).toMatch(/\/\.cache\/dcejs\/linux$/);
});

const MAIN = packageFolder("build", "main.ts");

test("a wrong option ends the command with exit code 2 and one line", () => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, "--bogus"], { encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

function run(options: string): string {
  return execFileSync(process.execPath, [MAIN, ...options.split(" ")], { encoding: "utf8" });
}

test("--help explains every option, --list the releases, --print-hash names a hash a kernel", () => {
  expect(run("--help").trim()).toBe(HELP.trim());
  expect(run("--list").match(/linux-source-/g)).toHaveLength(3);
  expect(run("--print-hash --all").trim().split("\n")).toHaveLength(6);
  expect(run("--print-hash")).toMatch(/^linux-6\.12-net [0-9a-f]{64}\n$/);
});

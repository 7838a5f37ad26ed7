import { expect, test } from "vitest";
import { BuildError } from "../../build/build-error.ts";
import {
  checkConfig,
  formatConfig,
  fragmentNames,
  parseFragments,
  readFragments,
} from "../../build/config.ts";
import { PROFILES, RELEASES } from "../../build/release.ts";

const BASE = `# Sockets, and why.
CONFIG_NET=y
CONFIG_TMPFS=y
CONFIG_LOG_BUF_SHIFT=14

# CONFIG_BLOCK is not set
`;

function wanted(...texts: readonly string[]) {
  return parseFragments(texts.map((text, index) => ({ name: `${index}.config`, text })));
}

function detailOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof BuildError) return error.detail;
    throw error;
  }
  return "";
}

test("a configuration that is as wanted is summed up by what is built in", () => {
  const dotConfig =
    "CONFIG_TMPFS=y\nCONFIG_NET=y\nCONFIG_LOG_BUF_SHIFT=14\n# CONFIG_X is not set\n";
  const summary = checkConfig(wanted(BASE), dotConfig);
  expect(summary).toEqual({ builtIn: ["NET", "TMPFS"], absent: [] });
});

test("an option that Kconfig dropped, changed or turned on is an error that names each", () => {
  const dotConfig = "CONFIG_NET=y\nCONFIG_LOG_BUF_SHIFT=17\nCONFIG_BLOCK=y\n";
  const detail = detailOf(() => checkConfig(wanted(BASE), dotConfig));
  expect(detail.split("\n")).toEqual([
    "CONFIG_TMPFS should be y and is n",
    "CONFIG_LOG_BUF_SHIFT should be 14 and is 17",
    "CONFIG_BLOCK should be n and is y",
  ]);
});

test("an option that a release does not have is taken back by #absent", () => {
  const options = wanted(BASE, "#absent CONFIG_TMPFS: needs an MMU\n");
  const summary = checkConfig(options, "CONFIG_NET=y\nCONFIG_LOG_BUF_SHIFT=14\n");
  expect(summary.absent).toEqual(["TMPFS"]);
  expect(formatConfig(options)).not.toContain("TMPFS");
});

test("an #absent that is no longer true is an error", () => {
  const options = wanted(BASE, "#absent CONFIG_TMPFS: needs an MMU\n");
  const dotConfig = "CONFIG_NET=y\nCONFIG_LOG_BUF_SHIFT=14\nCONFIG_TMPFS=y\n";
  expect(detailOf(() => checkConfig(options, dotConfig))).toBe(
    "CONFIG_TMPFS is there, though marked absent",
  );
});

test("a later fragment wins", () => {
  const options = wanted(BASE, "CONFIG_BLOCK=y\nCONFIG_LOG_BUF_SHIFT=12\n");
  expect(formatConfig(options)).toBe(
    "CONFIG_NET=y\nCONFIG_TMPFS=y\nCONFIG_LOG_BUF_SHIFT=12\nCONFIG_BLOCK=y\n",
  );
});

test.each(["CONFIG_NET", "NET=y", "#CONFIG_NET=y", "#absent CONFIG_NET", "#absent NET: why"])(
  "the line %j is an error that tells where it is",
  (line) => {
    expect(() => wanted(`${BASE}${line}\n`)).toThrow("config/0.config:7");
  },
);

test("full asks for all that net asks for", () => {
  expect(fragmentNames("6.12", "net")).toEqual([
    "common.config",
    "net.config",
    "release-6.12.config",
  ]);
  for (const { name } of RELEASES) {
    const full = readFragments(name, "full");
    const missing = [...readFragments(name, "net").values.keys()].filter(
      (option) => !full.values.has(option),
    );
    expect(missing).toEqual([]);
  }
});

test("the fragments of every kernel can be read", () => {
  for (const { name } of RELEASES) {
    for (const profile of PROFILES) {
      expect(readFragments(name, profile).values.get("INET")).toBe("y");
    }
  }
});

import { expect, test } from "vitest";
import {
  type OptionDeclarations,
  optionUsage,
  parseOptionArguments,
  resolveOptions,
} from "../../src/scenario/scenario-options.ts";

const DECLARATIONS = {
  rate: { type: "string", default: "100Mbps" },
  transport: { type: "string", choices: ["tcp", "udp"], default: "tcp" },
  hops: { type: "number", default: 4, min: 1, max: 200, integer: true },
  fast: { type: "boolean" },
  file: { type: "string" },
} as const satisfies OptionDeclarations;

test("a command line becomes values, the rest are defaults", () => {
  const inputs = parseOptionArguments(DECLARATIONS, ["--rate", "1Gbps", "--hops=7", "--fast"]);
  expect(resolveOptions(DECLARATIONS, inputs)).toEqual({
    rate: "1Gbps",
    transport: "tcp",
    hops: 7,
    fast: true,
    file: undefined,
  });
});

test("--no-fast turns a switch off", () => {
  const inputs = parseOptionArguments(DECLARATIONS, ["--no-fast"]);
  expect(resolveOptions(DECLARATIONS, inputs).fast).toBe(false);
});

test.each([
  [["rate"], /^"rate" is not an option; options: --rate TEXT/],
  [["--speed", "1"], /^unknown option --speed; options: --rate/],
  [["--rate"], /^option --rate needs a value$/],
])("%j is refused when it is parsed", (words, message) => {
  expect(() => parseOptionArguments(DECLARATIONS, words)).toThrow(message);
});

test.each([
  [["--hops", "x"], 'option --hops: "x" is not an integer'],
  [["--hops", "1.5"], 'option --hops: "1.5" is not an integer'],
  [["--hops", "0"], "option --hops: 0 is not in 1..200"],
  [["--transport", "sctp"], 'option --transport: "sctp" is not one of tcp, udp'],
  [["--fast=maybe"], 'option --fast: "maybe" is neither true nor false'],
])("%j is refused when it is checked", (words, message) => {
  const inputs = parseOptionArguments(DECLARATIONS, words);
  expect(() => resolveOptions(DECLARATIONS, inputs)).toThrow(message);
});

test("usage is one line", () => {
  expect(optionUsage(DECLARATIONS)).toBe(
    "options: --rate TEXT (default 100Mbps), --transport tcp|udp (default tcp), --hops NUMBER (default 4), --fast, --file TEXT",
  );
  expect(optionUsage({})).toBe("this scenario has no options");
});

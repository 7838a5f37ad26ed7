import fc from "fast-check";
import { expect, test } from "vitest";
import { IpCommandError } from "../../src/ip/ip-command-error.ts";
import { parseIpCommand, runIpCommand } from "../../src/ip/ip-language.ts";
import { ipv4ToText, prefixArgument, prefixToText } from "../../src/ip/ip-values.ts";
import { RecordingClient } from "./recording-client.ts";

const WORDS = [
  ..."addr address a route r link l neigh n add del change replace append show list flush get set".split(
    " ",
  ),
  ..."dev via src metric scope table proto type to from brd label lladdr nud up down mtu name".split(
    " ",
  ),
  ..."sim0 sim9 lo 10.0.0.1 10.0.0.1/24 default any 0/0 10.0.0.1/33 link global main 254 -j -4 -br".split(
    " ",
  ),
  ..."00:00:00:00:00:01 permanent blackhole unreachable all root match txqueuelen on off 7 -1 abc".split(
    " ",
  ),
];

test("any words are a command, or an IpCommandError that names the command", () => {
  const words = fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 4 })), {
    maxLength: 9,
  });
  fc.assert(
    fc.property(words, (command) => {
      try {
        const step = runIpCommand(parseIpCommand(command), new RecordingClient()).next();
        expect(step.done).toBe(true);
        expect(typeof step.value).toBe("string");
      } catch (error) {
        expect(error).toBeInstanceOf(IpCommandError);
      }
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test("a prefix survives printing and reading", () => {
  const address = fc.integer({ min: 1, max: 0xffff_ffff });
  fc.assert(
    fc.property(address, fc.integer({ min: 1, max: 32 }), (value, length) => {
      expect(prefixArgument(prefixToText(value, length), "inet")).toEqual({
        address: value,
        length,
      });
      expect(prefixArgument(ipv4ToText(value), "inet")).toEqual({ address: value, length: 32 });
    }),
  );
});

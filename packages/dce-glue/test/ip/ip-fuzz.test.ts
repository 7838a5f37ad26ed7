import { array, assert, constantFrom, integer, oneof, property, string } from "fast-check";
import { expect, test } from "vitest";
import { IpCommandError } from "../../src/ip/ip-command-error.ts";
import { parseIpCommand, runIpWith } from "../../src/ip/ip-language.ts";
import { ipToText, prefixArgument, prefixToText } from "../../src/ip/ip-values.ts";
import { recorded, RecordingClient } from "./recording-client.ts";

const WORDS = [
  ..."rule mptcp endpoint limits type veth peer bridge vlan vxlan id dummy master nomaster".split(
    " ",
  ),
  ..."fwmark 7/0xff lookup pref goto not ipproto tcp sport 80-90 subflow signal -s -6 fd00::1/64".split(
    " ",
  ),
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

function outcome(command: readonly string[]): string {
  try {
    const step = runIpWith(parseIpCommand(command), ...recorded(new RecordingClient())).next();
    return step.done === true && typeof step.value === "string" ? "printed" : "waits";
  } catch (error) {
    return error instanceof IpCommandError ? "refused" : String(error);
  }
}

test("any words are a command, or an IpCommandError that names the command", () => {
  const words = array(oneof(constantFrom(...WORDS), string({ maxLength: 4 })), {
    maxLength: 9,
  });
  assert(
    property(words, (command) => {
      expect(outcome(command)).toMatch(/^(printed|refused)$/);
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test("a prefix survives printing and reading", () => {
  const address = integer({ min: 1, max: 0xffff_ffff });
  assert(
    property(address, integer({ min: 1, max: 32 }), (value, length) => {
      expect(prefixArgument(prefixToText(value, length), "inet")).toEqual({
        address: value,
        length,
      });
      expect(prefixArgument(ipToText(value), "inet")).toEqual({ address: value, length: 32 });
    }),
  );
});

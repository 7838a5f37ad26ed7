import { netlinkAttributes } from "@dcejs/net-stack";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IpCommandError } from "../../src/ip/ip-command-error.ts";
import { parseTcCommand, runTcWith } from "../../src/tc/tc-language.ts";
import { RecordingClient } from "../ip/recording-client.ts";

function tc(command: string | readonly string[], client = new RecordingClient()): string {
  const step = runTcWith(parseTcCommand(command), client).next(0);
  if (step.done !== true) throw new Error("the client answers at once");
  return step.value;
}

function failure(command: string, client = new RecordingClient()): IpCommandError {
  try {
    tc(command, client);
  } catch (error) {
    if (error instanceof IpCommandError) return error;
    throw error;
  }
  throw new Error(`tc ${command} did not fail`);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

function sent(command: string): {
  type: number;
  flags: number;
  header: string;
  kind: string;
  options: string | undefined;
} {
  const client = new RecordingClient();
  tc(command, client);
  const [message] = client.messages;
  if (message === undefined) throw new Error("nothing was sent");
  const attributes = new Map(
    [...netlinkAttributes(message.payload.subarray(20))].map(({ type, value }) => [
      type,
      hex(value),
    ]),
  );
  return {
    type: message.type,
    flags: message.flags,
    header: hex(message.payload.subarray(0, 20)),
    kind: Buffer.from(attributes.get(1) ?? "", "hex")
      .toString("latin1")
      .replace("\0", ""),
    options: attributes.get(2),
  };
}

const ROOT = "000000000200000000000000ffffffff00000000";
const HANDLE_1 = "000000000200000000000100ffffffff00000000";

/** As recorded from tc of iproute2 6.1.0, octet by octet. */
describe("what tc sends", () => {
  test.each([
    [
      "qdisc add dev sim0 root netem delay 50ms 10ms 25% loss 1% 3% duplicate 2% corrupt 0.1% reorder 25% 50% gap 5 limit 500 rate 1mbit",
      "netem",
      "c2eb0b00f4010000295c8f020500000052b81e055a620200" +
        "10000100000000407b14ae0700000000" +
        "0c0003000000004000000080" +
        "0c0004003789410000000000" +
        "1400060048e80100000000000000000000000000",
    ],
    [
      "qdisc add dev sim0 root netem delay 100",
      "netem",
      "1a060000e803000000000000000000000000000000000000",
    ],
    [
      "qdisc add dev sim0 root netem loss 10%",
      "netem",
      "00000000e80300009a999919000000000000000000000000",
    ],
    ["qdisc add dev sim0 root fq", "fq", ""],
    [
      "qdisc add dev sim0 root fq limit 100 flow_limit 50 buckets 512 quantum 3000 initial_quantum 15000 maxrate 1mbit nopacing refill_delay 10ms low_rate_threshold 1mbit orphan_mask 7 timer_slack 20us ce_threshold 1ms horizon 5s horizon_cap",
      "fq",
      "0800080009000000" +
        "0800010064000000" +
        "0800020032000000" +
        "08000300b80b0000" +
        "08000400983a0000" +
        "0800050000000000" +
        "0800070048e80100" +
        "08000b0048e80100" +
        "0800090010270000" +
        "08000a0007000000" +
        "08000c00e8030000" +
        "08000d00204e0000" +
        "08000e00404b4c00" +
        "05000f0000000000",
    ],
    ["qdisc add dev sim0 root fq_codel", "fq_codel", ""],
    [
      "qdisc add dev sim0 root fq_codel limit 100 flows 512 target 2ms interval 50ms quantum 300 noecn ce_threshold 1ms memory_limit 4mb drop_batch 8",
      "fq_codel",
      "0800020064000000" +
        "0800050000020000" +
        "080006002c010000" +
        "0800030050c30000" +
        "08000100d0070000" +
        "0800040000000000" +
        "08000700e8030000" +
        "0800090000004000" +
        "0800080008000000",
    ],
    ["qdisc add dev sim0 root pfifo limit 10", "pfifo", "0a000000"],
    ["qdisc add dev sim0 root pfifo", "pfifo", undefined],
  ])("%s", (command, kind, options) => {
    expect(sent(command)).toEqual({ type: 36, flags: 0x600, header: ROOT, kind, options });
  });

  test("htb, with its handle", () => {
    expect(sent("qdisc add dev sim0 root handle 1: htb default 10 r2q 5")).toEqual({
      type: 36,
      flags: 0x600,
      header: HANDLE_1,
      kind: "htb",
      options: "180002000300000005000000100000000000000000000000",
    });
  });

  test("tbf: parameters, burst and the table of times", () => {
    const { options = "" } = sent("qdisc add dev sim0 root tbf rate 1mbit burst 10k latency 50ms");
    expect(options).toHaveLength(2 * 1076);
    expect(options.slice(0, 192)).toBe(
      "2800010003010000ffff000048e80100000000000000000000000000" +
        "6a4000000088130000000000" +
        "0800060000280000" +
        "04040200e8030000d0070000b80b0000a00f00008813000070170000581b0000401f00002823000010270000f82a0000e02e0000".slice(
          0,
          96,
        ),
    );
  });

  test("a class of htb", () => {
    const command =
      "class add dev sim0 parent 1: classid 1:1 htb rate 1mbit ceil 2mbit burst 15k cburst 3k prio 3 quantum 1500";
    const { type, header, options = "" } = sent(command);
    expect(type).toBe(40);
    expect(header).toBe("0000000002000000010001000000010000000000");
    expect(options).toHaveLength(2 * 2104);
    expect(options.slice(0, 104)).toBe(
      "3000010003010000ffff000048e8010003010000ffff000090d03000".replace("90d03000", "90d00300") +
        "004c1d0000ee0200dc0500000000000003000000" +
        "04040400",
    );
  });

  test.each([
    ["qdisc del dev sim0 root", 37, 0, ROOT],
    ["qdisc change dev sim0 root netem", 36, 0, ROOT],
    ["qdisc replace dev sim0 root netem", 36, 0x500, ROOT],
    [
      "qdisc add dev sim0 parent 1:10 handle 20: pfifo",
      36,
      0x600,
      "0000000002000000000020001000010000000000",
    ],
    ["qdisc add dev sim0 ingress", 36, 0x600, "00000000020000000000fffff1ffffff00000000"],
    ["class del dev sim0 classid 1:10", 41, 0, "0000000002000000100001000000000000000000"],
  ])("%s", (command, type, flags, header) => {
    expect(sent(command)).toMatchObject({ type, flags, header });
  });
});

/** Recorded from tc of iproute2 6.1.0. */
describe("errors are iproute2's words", () => {
  test.each([
    ["foo", 'Object "foo" is unknown, try "tc help".', 1],
    ["qdisc foo", 'Command "foo" is unknown, try "tc qdisc help".', 1],
    ["class foo", 'Command "foo" is unknown, try "tc class help".', 1],
    ["-x qdisc", 'Option "-x" is unknown, try "tc -help".', 255],
    ["qdisc add dev nope root pfifo", 'Cannot find device "nope"', 1],
    ["qdisc show dev nope", 'Cannot find device "nope"', 1],
    ["qdisc add dev sim0 pfifo limit x", 'pfifo: Illegal value for "limit": "x"', 1],
    ["qdisc add dev sim0 root pfifo foo", 'pfifo: unknown parameter "foo"', 1],
    [
      "qdisc add dev sim0 root handle x pfifo",
      'Error: argument "x" is wrong: invalid qdisc ID',
      255,
    ],
    ["qdisc add dev sim0 root netem delay", 'Command line is not complete. Try option "help"', 255],
    ["qdisc add dev sim0 root netem delay abc", 'Illegal "latency"', 1],
    [
      "qdisc add dev sim0 root tbf rate 1mbit",
      'tbf: the "burst" parameter is mandatory.\ntbf: either "limit" or "latency" is required.',
      1,
    ],
    [
      "qdisc add dev sim0 root tbf rate 1mbit burst 10k latency 50ms limit 5",
      'tbf: specifying both "latency" and "limit" is not allowed',
      1,
    ],
    ["qdisc replace dev sim0 root ingress", 'Error: "ingress" is a duplicate parent ID', 255],
    ["class add dev sim0 parent 1: classid 1:1 htb", '"rate" is required.', 1],
  ])("tc %s", (command, message, exitCode) => {
    const error = failure(command);
    expect(error.message).toBe(message);
    expect(error.exitCode).toBe(exitCode);
    expect(error.command).toBe(command);
  });

  test("the kernel's words may end with a full stop of their own", () => {
    const client = new RecordingClient();
    client.answer = -2;
    client.extack = "Qdisc not found. To create specify NLM_F_CREATE flag";
    expect(failure("qdisc change dev sim0 root pfifo", client).message).toBe(
      "Error: Qdisc not found. To create specify NLM_F_CREATE flag.",
    );
  });
});

const WORDS = [
  ..."qdisc class add del change replace show dev sim0 nope root parent 1: 1:10 handle classid".split(
    " ",
  ),
  ..."netem delay 50ms loss 1% random 25% reorder duplicate corrupt rate 1mbit gap limit 10".split(
    " ",
  ),
  ..."tbf burst 10k latency peakrate mtu htb default r2q ceil prio quantum fq fq_codel nopacing".split(
    " ",
  ),
  ..."pfifo bfifo ecn noecn -s -j ingress x".split(" "),
];

test("any words are a command, or an IpCommandError", () => {
  const words = fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 4 })), {
    maxLength: 10,
  });
  fc.assert(
    fc.property(words, (command) => {
      expect(outcome(command)).toMatch(/^(printed|refused)$/);
    }),
    { numRuns: 3000, seed: 1 },
  );
});

function outcome(command: readonly string[]): string {
  try {
    return typeof tc(command) === "string" ? "printed" : "nothing";
  } catch (error) {
    return error instanceof IpCommandError ? "refused" : String(error);
  }
}

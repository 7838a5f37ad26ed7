import { netlinkAttributes } from "@dcejs/net-stack";
import { expect, test } from "vitest";
import { parseTcCommand, runTcWith } from "../../src/tc/tc-language.ts";
import { RecordingClient } from "../ip/recording-client.ts";
import { printed, words } from "./answering-client.ts";

/** The attributes in TCA_OPTIONS, in order of their types. */
function attributesOf(options: Uint8Array): string[] {
  return [...netlinkAttributes(options)]
    .map(({ type, value }) => `${String(type).padStart(2)} ${hex(value)}`)
    .toSorted();
}

function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
  );
}

function sent(command: string): Uint8Array {
  const client = new RecordingClient();
  const step = runTcWith(parseTcCommand(command), client).next(0);
  expect(step.done).toBe(true);
  const attributes = [...netlinkAttributes(client.messages[0]?.payload.subarray(20) ?? words())];
  return attributes.find(({ type }) => type === 2)?.value ?? words();
}

/** Recorded from iproute2 6.1.0. */
test.each([
  ["", ""],
  ["bandwidth 10mbit", "0c000200d0121300000000000800090000000000"],
  ["unlimited", "0c00020000000000000000000800090000000000"],
  ["rtt 50ms", "0800070050c3000008000800c4090000"],
  ["datacentre", "08000700640000000800080005000000"],
  ["interplanetary", "0800070000ca9a3b0800080080f0fa02"],
  ["besteffort", "0800030003000000"],
  ["precedence", "0800030004000000"],
  ["diffserv4", "0800030001000000"],
  ["wash", "08000d0001000000"],
  ["no-split-gso", "0800110000000000"],
  ["flowblind", "0800050000000000"],
  ["dual-srchost", "0800050005000000"],
  ["triple-isolate", "0800050007000000"],
  ["nat", "08000b0001000000"],
  ["ptm", "0800040002000000"],
  ["atm", "0800040001000000"],
  ["raw", "0800040000000000080006000000000008000c0000000000"],
  ["conservative", "08000400010000000800060030000000"],
  ["via-ethernet", ""],
  ["ethernet", "080006002600000008000e0054000000"],
  ["ether-vlan", "0800060004000000"],
  ["docsis", "0800040000000000080006001200000008000e0040000000"],
  ["pppoa-vcmux", "0800040001000000080006000a000000"],
  ["ipoa-llcsnap", "08000400010000000800060010000000"],
  ["pppoe-ptm", "0800040002000000080006001e000000"],
  ["bridged-ptm", "08000400020000000800060016000000"],
  ["overhead 38", "0800060026000000"],
  ["overhead -4", "08000600fcffffff"],
  ["mpu 64", "08000e0040000000"],
  ["ingress", "08000f0001000000"],
  ["ack-filter-aggressive", "0800100002000000"],
  ["memlimit 32m", "08000a0000000002"],
  ["fwmark 0x0f", "080012000f000000"],
  ["autorate-ingress", "0800090001000000"],
  [
    "bandwidth 100kbit rtt 20ms nat wash ack-filter ethernet mpu 70 ether-vlan dual-srchost diffserv4",
    "0c000200d43000000000000008000300010000000800050005000000080006002a00000008000e004600000008000700204e000008000800e8030000080009000000000008000b000100000008000d00010000000800100001000000",
  ],
  ["triple-isolate flowblind", "0800050000000000"],
  ["diffserv", "0800030001000000"],
  ["ethernet docsis", "0800040000000000080006003800000008000e0040000000"],
  ["overhead 10 ethernet", "080006003000000008000e0054000000"],
  ["ethernet overhead 10", "080006000a00000008000e0054000000"],
  ["ether-vlan ether-vlan", "0800060008000000"],
  ["raw ether-vlan", "0800040000000000080006000400000008000c0000000000"],
  ["conservative ether-vlan", "08000400010000000800060034000000"],
  ["docsis ethernet", "0800040000000000080006003800000008000e0054000000"],
  ["mpu 30 ethernet", "080006002600000008000e0054000000"],
  ["atm ethernet", "0800040001000000080006002600000008000e0054000000"],
  ["rtt 10us", "080007000a0000000800080001000000"],
  ["bandwidth 1mbit autorate-ingress", "0c00020048e80100000000000800090001000000"],
  ["autorate-ingress bandwidth 1mbit", "0c00020048e80100000000000800090000000000"],
  ["bandwidth 10mbit unlimited", "0c00020000000000000000000800090000000000"],
  ["bridged-ptm docsis", "0800040000000000080006002800000008000e0040000000"],
  ["pppoe-ptm ether-vlan", "08000400020000000800060022000000"],
  ["via-ethernet raw", "0800040000000000080006000000000008000c0000000000"],
  ["raw overhead 3", "0800040000000000080006000300000008000c0000000000"],
  ["overhead 3 raw", "0800040000000000080006000000000008000c0000000000"],
  ["raw ptm", "0800040002000000080006000000000008000c0000000000"],
  ["datacentre rtt 3ms", "08000700b80b00000800080096000000"],
  ["bandwidth 0", "0800090000000000"],
  ["memlimit 0", ""],
  ["mpu 0", ""],
  ["overhead 256", "0800060000010000"],
  ["overhead -64", "08000600c0ffffff"],
  ["rtt 0", "0800080001000000"],
  ["pppoa-vcmux bridged-ptm", "08000400020000000800060020000000"],
  ["fwmark 4294967295", "08001200ffffffff"],
])("cake %s", (command, options) => {
  expect(attributesOf(sent(`qdisc add dev sim0 root cake ${command}`))).toEqual(
    attributesOf(fromHex(options)),
  );
});

test.each([
  ["bogus", 'What is "bogus"?'],
  ["bandwidth x", 'Illegal "bandwidth"'],
  ["rtt x", 'Illegal "rtt"'],
  ["overhead 500", 'Illegal "overhead", valid range is -64 to 256'],
  ["mpu 300", 'Illegal "mpu", valid range is 0 to 256'],
  ["memlimit x", 'Illegal value for "memlimit": "x"'],
  ["fwmark x", 'Illegal value for "fwmark": "x"'],
  ["bandwidth", "Command line is not complete"],
])("cake %s is refused", (command, message) => {
  expect(() => parseTcCommand(`qdisc add dev sim0 root cake ${command}`)).toThrow(message);
});

/** Attributes of 32 bits, one after the other. */
function list(...values: readonly (readonly [type: number, value: number])[]): number[] {
  return values.flatMap(([type, value]) => [(type << 16) | 8, value]);
}

/** struct nlattr with `content` in it. */
function nest(type: number, ...content: readonly number[]): number[] {
  return [(type << 16) | (4 + content.length * 4), ...content];
}

const RATE: readonly number[] = nest(2, 1_250_000, 0);

/** iproute2 6.1.0 printed these lines about the same octets. */
test.each([
  [
    words(
      ...RATE,
      ...list([3, 0], [4, 0], [5, 7], [6, 0], [7, 100_000], [11, 0], [13, 0], [16, 0], [17, 1]),
    ),
    "bandwidth 10Mbit diffserv3 triple-isolate nonat nowash no-ack-filter split-gso rtt 100ms noatm overhead 0 ",
  ],
  [
    words(
      ...nest(2, 0, 0),
      ...list([3, 1], [4, 1], [5, 5], [6, -4], [7, 1000], [9, 1], [10, 0x200_0000], [11, 1]),
      ...list([13, 1], [14, 64], [15, 1], [16, 2], [17, 0], [18, 255]),
      ...nest(12),
    ),
    "bandwidth unlimited autorate-ingress diffserv4 dual-srchost nat wash ingress ack-filter-aggressive no-split-gso rtt 1ms raw atm overhead -4 mpu 64 memlimit 32Mb fwmark 0xff ",
  ],
  [
    words(...list([3, 9], [5, 9], [9, 2])),
    "(?autorate?) (?diffserv?)(?flowmode?)nonat nowash no-ack-filter no-split-gso noatm overhead 0 ",
  ],
])("cake's options are shown", (options, text) => {
  expect(printed("qdisc show dev sim0", { kind: "cake", options })).toBe(
    `qdisc cake 1: root refcnt 2 ${text}\n`,
  );
});

test("its options are members with -j", () => {
  const options = words(...RATE, ...list([3, 0], [5, 7], [7, 100_000], [17, 1]));
  const [qdisc] = JSON.parse(printed("-j qdisc show dev sim0", { kind: "cake", options }));
  expect(qdisc.options).toEqual({
    bandwidth: 1_250_000,
    diffserv: "diffserv3",
    flowmode: "triple-isolate",
    nat: false,
    wash: false,
    ingress: false,
    "ack-filter": "disabled",
    split_gso: true,
    rtt: 100_000,
    raw: false,
    atm: "noatm",
    overhead: 0,
    fwmark: "0",
  });
});

function tin(index: number): number[] {
  const wide = (type: number, value: number): number[] => nest(type, value, 0);
  return nest(
    index + 1,
    ...list([2, 1000 + index], [4, 3], [6, 5], [8, 70], [11, 1514]),
    ...wide(3, 15),
    ...wide(12, 62_500),
    ...list([13, 11], [14, 12], [15, 5000], [16, 100_000], [17, 1], [18, 2000], [19, 3_500_000]),
    ...list([20, 1], [21, 2], [22, 3], [23, 4], [24, 300]),
  );
}

test("its statistics are a table of tins", () => {
  const own = words(
    ...RATE,
    ...list([3, 4_194_304], [4, 9000], [5, 34], [7, 1500], [8, 46], [9, 1518], [6, 60]),
    ...nest(10, ...tin(0), ...tin(1), ...tin(2)),
  );
  const told = { kind: "cake", own };
  const lines = printed("-s qdisc show dev sim0", told).split("\n").slice(3);
  expect(lines).toEqual([
    " memory used: 9000b of 4Mb",
    " capacity estimate: 10Mbit",
    " min/max network layer size:           60 /    1500",
    " min/max overhead-adjusted size:       46 /    1518",
    " average network hdr offset:           34",
    "",
    "                   Bulk  Best Effort        Voice",
    "  thresh        500Kbit      500Kbit      500Kbit",
    "  target           11us         11us         11us",
    "  interval         12us         12us         12us",
    "  pk_delay          2ms          2ms          2ms",
    "  av_delay         3.5s         3.5s         3.5s",
    "  sp_delay          1us          1us          1us",
    "  backlog         1514b        1514b        1514b",
    "  pkts             1000         1001         1002",
    "  bytes              15           15           15",
    "  way_inds         5000         5000         5000",
    "  way_miss       100000       100000       100000",
    "  way_cols            1            1            1",
    "  drops               3            3            3",
    "  marks              70           70           70",
    "  ack_drop            5            5            5",
    "  sp_flows            2            2            2",
    "  bk_flows            3            3            3",
    "  un_flows            4            4            4",
    "  max_len           300          300          300",
    "",
    "",
  ]);
  const [qdisc] = JSON.parse(printed("-s -j qdisc show dev sim0", told));
  expect(qdisc).toMatchObject({ memory_used: 9000, avg_hdr_offset: 34 });
  expect(qdisc.tins).toHaveLength(3);
  expect(qdisc.tins[1]).toMatchObject({ threshold_rate: 62_500, sent_packets: 1001 });
});

test.each([
  [
    list([11, -300], [12, 5], [13, 1], [14, -2500], [15, 7], [16, 700]),
    "  deficit -300 count 5 dropping drop_next -2.5ms blue_prob 7 blue_timer 700us",
  ],
  [list([11, 1514], [12, 0]), "  deficit 1514 count 0"],
  [list([11, 3], [12, 2], [13, 0], [14, 1700], [15, 7]), "  deficit 3 count 2 blue_prob 7"],
])("each of its flows is a class", (values, line) => {
  const text = printed("-s class show dev sim0", { kind: "cake", own: words(...values) });
  expect(text.split("\n").slice(3)).toEqual([line, ""]);
});

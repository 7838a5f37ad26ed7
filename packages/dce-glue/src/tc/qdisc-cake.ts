import { NetlinkAttributes, type NetlinkWriter } from "@dcejs/net-stack";
import type { IpArguments } from "../ip/ip-arguments.ts";
import { cakeStatistics } from "./qdisc-cake-statistics.ts";
import { type QdiscKind, shown, type ShownPart, whatIs } from "./qdisc-kind.ts";
import {
  rateFromText,
  rateToText,
  sizeFromText,
  sizeToText,
  TcCommandError,
  timeFromText,
  timeToText,
  unsignedFromText,
  valueArgument,
} from "./tc-values.ts";

/** TCA_CAKE_* */
const CAKE = {
  BASE_RATE64: 2,
  DIFFSERV_MODE: 3,
  ATM: 4,
  FLOW_MODE: 5,
  OVERHEAD: 6,
  RTT: 7,
  TARGET: 8,
  AUTORATE: 9,
  MEMORY: 10,
  NAT: 11,
  RAW: 12,
  WASH: 13,
  MPU: 14,
  INGRESS: 15,
  ACK_FILTER: 16,
  SPLIT_GSO: 17,
  FWMARK: 18,
} as const;

const DIFFSERV = ["diffserv3", "diffserv4", "diffserv8", "besteffort", "precedence"];
const FLOWS = [
  "flowblind",
  "srchost",
  "dsthost",
  "hosts",
  "flows",
  "dual-srchost",
  "dual-dsthost",
  "triple-isolate",
];
const ATM = ["noatm", "atm", "ptm"];

/** Words without a value: the attribute and what it gets. */
const FLAGS: ReadonlyMap<string, readonly [type: number, value: number]> = new Map([
  ["diffserv", [CAKE.DIFFSERV_MODE, 1]],
  ...numbered(CAKE.DIFFSERV_MODE, DIFFSERV),
  ...numbered(CAKE.FLOW_MODE, FLOWS),
  ...numbered(CAKE.ATM, ATM),
  ...numbered(CAKE.NAT, ["nonat", "nat"]),
  ...numbered(CAKE.WASH, ["nowash", "wash"]),
  ...numbered(CAKE.INGRESS, ["egress", "ingress"]),
  ...numbered(CAKE.ACK_FILTER, ["no-ack-filter", "ack-filter", "ack-filter-aggressive"]),
  ...numbered(CAKE.SPLIT_GSO, ["no-split-gso", "split-gso"]),
  ["autorate-ingress", [CAKE.AUTORATE, 1]],
]);

function numbered(
  type: number,
  words: readonly string[],
): [string, readonly [type: number, value: number]][] {
  return words.map((word, value) => [word, [type, value]]);
}

/** Times of a round trip, in microseconds. */
const ROUND_TRIPS: ReadonlyMap<string, number> = new Map([
  ["datacentre", 100],
  ["lan", 1000],
  ["metro", 10_000],
  ["regional", 30_000],
  ["internet", 100_000],
  ["oceanic", 300_000],
  ["satellite", 1_000_000],
  ["interplanetary", 1_000_000_000],
]);

interface Framing {
  /** Octets that are added to what other words have said. */
  readonly overhead: number;
  readonly atm?: number;
  readonly mpu?: number;
}

/** What links put around a packet. */
const FRAMINGS: ReadonlyMap<string, Framing> = new Map<string, Framing>([
  ["ethernet", { overhead: 38, mpu: 84 }],
  ["ether-vlan", { overhead: 4 }],
  ["docsis", { overhead: 18, atm: 0, mpu: 64 }],
  ["pppoe-ptm", { overhead: 30, atm: 2 }],
  ["bridged-ptm", { overhead: 22, atm: 2 }],
  ["pppoa-vcmux", { overhead: 10, atm: 1 }],
  ["pppoa-llc", { overhead: 14, atm: 1 }],
  ["pppoe-vcmux", { overhead: 32, atm: 1 }],
  ["pppoe-llcsnap", { overhead: 40, atm: 1 }],
  ["bridged-vcmux", { overhead: 24, atm: 1 }],
  ["bridged-llcsnap", { overhead: 32, atm: 1 }],
  ["ipoa-vcmux", { overhead: 8, atm: 1 }],
  ["ipoa-llcsnap", { overhead: 16, atm: 1 }],
]);
const CONSERVATIVE = 48;

interface Cake {
  /** Octets per second; 0: no limit. */
  rate: number | undefined;
  roundTrip: number | undefined;
  isRaw: boolean;
  readonly values: Map<number, number>;
}

export const cakeKind: QdiscKind = {
  showOwn: cakeStatistics,
  parse(args) {
    const cake: Cake = { rate: undefined, roundTrip: undefined, isRaw: false, values: new Map() };
    while (!args.isEmpty) cakeWord(cake, args.take(), args);
    return (writer) => writeCake(writer, cake);
  },
  show: showCake,
};

function cakeWord(cake: Cake, word: string, args: IpArguments): void {
  const { values } = cake;
  const flag = FLAGS.get(word);
  const frame = FRAMINGS.get(word);
  if (flag !== undefined) values.set(flag[0], flag[1]);
  else if (frame !== undefined) addFraming(values, frame);
  else if (ROUND_TRIPS.has(word)) cake.roundTrip = ROUND_TRIPS.get(word);
  else if (word === "bandwidth" || word === "unlimited") {
    // A bandwidth of 0 says nothing.
    cake.rate = word === "unlimited" ? 0 : valueArgument(args, word, rateFromText) || undefined;
    values.set(CAKE.AUTORATE, 0);
  } else if (word === "rtt") cake.roundTrip = valueArgument(args, word, timeFromText);
  else if (word === "overhead") values.set(CAKE.OVERHEAD, within(args, word, -64, 256));
  else if (word === "mpu") values.set(CAKE.MPU, within(args, word, 0, 256));
  else if (word === "memlimit") values.set(CAKE.MEMORY, valueOf(args, word, sizeFromText));
  else if (word === "fwmark") values.set(CAKE.FWMARK, valueOf(args, word, unsignedFromText));
  else if (word === "raw" || word === "conservative") {
    cake.isRaw = word === "raw";
    values.set(CAKE.ATM, cake.isRaw ? 0 : 1).set(CAKE.OVERHEAD, cake.isRaw ? 0 : CONSERVATIVE);
  } else if (word !== "via-ethernet") throw whatIs(word);
}

function addFraming(values: Map<number, number>, { overhead, atm, mpu }: Framing): void {
  values.set(CAKE.OVERHEAD, (values.get(CAKE.OVERHEAD) ?? 0) + overhead);
  if (atm !== undefined) values.set(CAKE.ATM, atm);
  if (mpu !== undefined) values.set(CAKE.MPU, mpu);
}

function within(args: IpArguments, word: string, min: number, max: number): number {
  const text = args.take();
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new TcCommandError(`Illegal "${word}", valid range is ${min} to ${max}`, 1);
}

function valueOf(
  args: IpArguments,
  word: string,
  read: (text: string) => number | undefined,
): number {
  const text = args.take();
  const value = read(text);
  if (value !== undefined) return value;
  throw new TcCommandError(`Illegal value for "${word}": "${text}"`, 1);
}

/** Left out when 0. */
const NON_ZERO: ReadonlySet<number> = new Set<number>([CAKE.MPU, CAKE.MEMORY, CAKE.FWMARK]);
/** CoDel's target is this part of the round trip. */
const TARGET_PART = 20;

function writeCake(writer: NetlinkWriter, { rate, roundTrip, isRaw, values }: Cake): void {
  if (rate !== undefined) writer.attributeU64(CAKE.BASE_RATE64, rate);
  for (const [type, value] of values) {
    if (value !== 0 || !NON_ZERO.has(type)) writer.attributeU32(type, value);
  }
  if (isRaw) writer.attributeU32(CAKE.RAW, 0);
  if (roundTrip === undefined) return;
  if (roundTrip !== 0) writer.attributeU32(CAKE.RTT, roundTrip);
  writer.attributeU32(CAKE.TARGET, Math.max(Math.floor(roundTrip / TARGET_PART), 1));
}

function showCake(options: Uint8Array): ReturnType<QdiscKind["show"]> {
  const of = new NetlinkAttributes(options);
  const parts: (ShownPart | undefined)[] = [
    ratePart(of.u64(CAKE.BASE_RATE64)),
    autoratePart(of.u32(CAKE.AUTORATE)),
    named(of.u32(CAKE.DIFFSERV_MODE), "diffserv", DIFFSERV),
    named(of.u32(CAKE.FLOW_MODE), "flowmode", FLOWS),
    ...switches(of),
    ...framing(of),
  ];
  return shown(parts, "");
}

function ratePart(rate: number | undefined): ShownPart | undefined {
  if (rate === undefined) return undefined;
  if (rate === 0) return ["bandwidth unlimited ", "bandwidth", "unlimited"];
  return [`bandwidth ${rateToText(rate)} `, "bandwidth", rate];
}

function autoratePart(value: number | undefined): ShownPart | undefined {
  if (value === undefined || value === 0) return undefined;
  return value === 1
    ? ["autorate-ingress ", "autorate", "autorate-ingress"]
    : ["(?autorate?) ", "autorate", "unknown"];
}

function named(
  value: number | undefined,
  member: string,
  words: readonly string[],
): ShownPart | undefined {
  if (value === undefined) return undefined;
  const word = words[value];
  return word === undefined ? [`(?${member}?)`, member, "unknown"] : [`${word} `, member, word];
}

function switches(of: NetlinkAttributes): (ShownPart | undefined)[] {
  const isOn = (type: number): boolean => (of.u32(type) ?? 0) !== 0;
  const [nat, wash, ingress] = [isOn(CAKE.NAT), isOn(CAKE.WASH), isOn(CAKE.INGRESS)];
  const split = isOn(CAKE.SPLIT_GSO);
  const filter = of.u32(CAKE.ACK_FILTER);
  const roundTrip = of.u32(CAKE.RTT) ?? 0;
  return [
    [nat ? "nat " : "nonat ", "nat", nat],
    [wash ? "wash " : "nowash ", "wash", wash],
    [ingress ? "ingress " : "", "ingress", ingress],
    filter === 2
      ? ["ack-filter-aggressive ", "ack-filter", "aggressive"]
      : filter === 1
        ? ["ack-filter ", "ack-filter", "enabled"]
        : ["no-ack-filter ", "ack-filter", "disabled"],
    [split ? "split-gso " : "no-split-gso ", "split_gso", split],
    [roundTrip === 0 ? "" : `rtt ${timeToText(roundTrip)} `, "rtt", roundTrip],
  ];
}

function framing(of: NetlinkAttributes): (ShownPart | undefined)[] {
  const isRaw = of.has(CAKE.RAW);
  const atm = ATM[of.u32(CAKE.ATM) ?? 0] ?? "noatm";
  const overhead = of.s32(CAKE.OVERHEAD) ?? 0;
  const mpu = of.u32(CAKE.MPU) ?? 0;
  const memory = of.u32(CAKE.MEMORY) ?? 0;
  const mark = of.u32(CAKE.FWMARK) ?? 0;
  const markText = mark === 0 ? "0" : `0x${mark.toString(16)}`;
  return [
    [isRaw ? "raw " : "", "raw", isRaw],
    [isRaw && atm === "noatm" ? "" : `${atm} `, "atm", atm],
    [`overhead ${overhead} `, "overhead", overhead],
    mpu === 0 ? undefined : [`mpu ${mpu} `, "mpu", mpu],
    memory === 0 ? undefined : [`memlimit ${sizeToText(memory)} `, "memlimit", memory],
    [mark === 0 ? "" : `fwmark ${markText} `, "fwmark", markText],
  ];
}

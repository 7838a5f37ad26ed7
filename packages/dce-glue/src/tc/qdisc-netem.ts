import { NetlinkAttributes, type NetlinkWriter } from "@dcejs/net-stack";
import { type IpArguments, isShortFor } from "../ip/ip-arguments.ts";
import { NO_OPTIONS, type QdiscKind, shown, type ShownPart, viewOf, whatIs } from "./qdisc-kind.ts";
import {
  illegal,
  percentFromText,
  percentToText,
  rateFromText,
  rateToText,
  shareToNumber,
  sizeFromText,
  TcCommandError,
  ticksToTime,
  timeFromText,
  timeToText,
  timeToTicks,
  valueArgument,
} from "./tc-values.ts";

/** TCA_NETEM_* */
const CORR = 1;
const REORDER = 3;
const CORRUPT = 4;
const RATE = 6;
const ECN = 7;
const RATE64 = 8;
const DEFAULT_LIMIT = 1000;
/** struct tc_netem_qopt */
const QOPT_OCTETS = 24;

/** Times in ticks, shares of 2^32 - 1. */
interface Netem {
  latency: number;
  jitter: number;
  limit: number;
  loss: number;
  gap: number;
  duplicate: number;
  delayCorrelation: number;
  lossCorrelation: number;
  duplicateCorrelation: number;
  reorder: number;
  reorderCorrelation: number;
  corrupt: number;
  corruptCorrelation: number;
  /** Octets per second. */
  rate: number;
  packetOverhead: number;
  ecn: boolean;
}

export const netemKind: QdiscKind = {
  parse(args) {
    const options = parseNetem(args);
    return (writer) => writeNetem(writer, options);
  },
  show: showNetem,
};

function parseNetem(args: IpArguments): Netem {
  const netem: Netem = { ...NOTHING };
  while (!args.isEmpty) netemWord(netem, args.take(), args);
  if (netem.reorder !== 0 && netem.latency === 0) {
    throw new TcCommandError("reordering not possible without specifying some delay", 1);
  }
  if (netem.reorder !== 0 && netem.gap === 0) netem.gap = 1;
  return netem;
}

const NOTHING: Netem = {
  latency: 0,
  jitter: 0,
  limit: DEFAULT_LIMIT,
  loss: 0,
  gap: 0,
  duplicate: 0,
  delayCorrelation: 0,
  lossCorrelation: 0,
  duplicateCorrelation: 0,
  reorder: 0,
  reorderCorrelation: 0,
  corrupt: 0,
  corruptCorrelation: 0,
  rate: 0,
  packetOverhead: 0,
  ecn: false,
};

function netemWord(netem: Netem, word: string, args: IpArguments): void {
  if (isShortFor(word, "limit")) netem.limit = valueArgument(args, "limit", sizeFromText);
  else if (isShortFor(word, "latency") || isShortFor(word, "delay")) delayWords(netem, args);
  else if (isShortFor(word, "loss") || isShortFor(word, "drop")) lossWords(netem, args);
  else if (word === "ecn") netem.ecn = true;
  else if (isShortFor(word, "reorder")) {
    netem.reorder = valueArgument(args, "reorder", percentFromText);
    netem.reorderCorrelation = correlation(args, "reorder");
  } else if (isShortFor(word, "corrupt")) {
    netem.corrupt = valueArgument(args, "corrupt", percentFromText);
    netem.corruptCorrelation = correlation(args, "corrupt");
  } else if (isShortFor(word, "gap")) netem.gap = valueArgument(args, "gap", sizeFromText);
  else if (isShortFor(word, "duplicate")) {
    netem.duplicate = valueArgument(args, "duplicate", percentFromText);
    netem.duplicateCorrelation = correlation(args, "duplicate");
  } else if (isShortFor(word, "rate")) {
    netem.rate = valueArgument(args, "rate", rateFromText);
    const overhead = args.peek();
    if (overhead !== undefined && /^-?\d+$/.test(overhead)) {
      netem.packetOverhead = Number(args.take());
    }
  } else throw whatIs(word);
}

/** `delay TIME [ JITTER [CORRELATION]]` */
function delayWords(netem: Netem, args: IpArguments): void {
  netem.latency = timeToTicks(valueArgument(args, "latency", timeFromText));
  if (!nextIsNumber(args)) return;
  netem.jitter = timeToTicks(valueArgument(args, "latency", timeFromText));
  netem.delayCorrelation = correlation(args, "latency");
}

/** `loss [random] PERCENT [CORRELATION]`; the models of bursts are not here. */
function lossWords(netem: Netem, args: IpArguments): void {
  const word = args.peek();
  if (word === "random") args.take();
  else if (word === "state" || word === "gemodel") {
    throw new TcCommandError(`loss ${word}: this model is not supported here`, 1);
  }
  netem.loss = valueArgument(args, "loss", percentFromText);
  netem.lossCorrelation = correlation(args, "loss");
}

function nextIsNumber(args: IpArguments): boolean {
  return /^[.\d]/.test(args.peek() ?? "");
}

function correlation(args: IpArguments, keyword: string): number {
  if (!nextIsNumber(args)) return 0;
  const share = percentFromText(args.take());
  if (share === undefined) throw illegal(keyword);
  return share;
}

function writeNetem(writer: NetlinkWriter, netem: Netem): void {
  writer.u32(netem.latency).u32(netem.limit).u32(netem.loss);
  writer.u32(netem.gap).u32(netem.duplicate).u32(netem.jitter);
  const { delayCorrelation, lossCorrelation, duplicateCorrelation } = netem;
  if (delayCorrelation !== 0 || lossCorrelation !== 0 || duplicateCorrelation !== 0) {
    writer.attribute(CORR, words(delayCorrelation, lossCorrelation, duplicateCorrelation));
  }
  if (netem.reorder !== 0) {
    writer.attribute(REORDER, words(netem.reorder, netem.reorderCorrelation));
  }
  if (netem.ecn) writer.attributeU32(ECN, 1);
  if (netem.corrupt !== 0) {
    writer.attribute(CORRUPT, words(netem.corrupt, netem.corruptCorrelation));
  }
  if (netem.rate === 0) return;
  const isWide = netem.rate >= 2 ** 32;
  if (isWide) writer.attributeU64(RATE64, netem.rate);
  writer.attribute(RATE, words(isWide ? 0xffff_ffff : netem.rate, netem.packetOverhead, 0, 0));
}

function words(...values: readonly number[]): Uint8Array {
  const octets = new Uint8Array(values.length * 4);
  for (const [index, value] of values.entries()) viewOf(octets).setUint32(index * 4, value, true);
  return octets;
}

/** netem_print_opt */
function showNetem(options: Uint8Array): ReturnType<QdiscKind["show"]> {
  if (options.length < QOPT_OCTETS) return NO_OPTIONS;
  const netem = readNetem(options);
  const parts: (ShownPart | undefined)[] = [
    [`limit ${netem.limit}`, "limit", netem.limit],
    delayPart(netem),
    chancePart("loss", "loss-random", "loss", netem.loss, netem.lossCorrelation),
    chancePart("duplicate", "duplicate", "duplicate", netem.duplicate, netem.duplicateCorrelation),
    chancePart("reorder", "reorder", "reorder", netem.reorder, netem.reorderCorrelation),
    chancePart("corrupt", "corrupt", "corrupt", netem.corrupt, netem.corruptCorrelation),
    netem.rate === 0 ? undefined : ratePart(netem),
    netem.ecn ? ["ecn", "", true] : undefined,
    netem.gap === 0 ? undefined : [`gap ${netem.gap}`, "", netem.gap],
  ];
  const { text, json } = shown(parts, " ");
  const always = { ecn: netem.ecn, gap: netem.gap };
  return { text: text.trimEnd(), json: { ...json, ...always } };
}

function delayPart(netem: Netem): ShownPart | undefined {
  if (netem.latency === 0) return undefined;
  const delay = ticksToTime(netem.latency);
  const jitter = ticksToTime(netem.jitter);
  const spread = netem.jitter === 0 ? "" : `  ${timeToText(jitter)}`;
  const related =
    netem.jitter === 0 || netem.delayCorrelation === 0
      ? ""
      : ` ${percentToText(netem.delayCorrelation)}`;
  const value = {
    delay: delay / 1e6,
    jitter: jitter / 1e6,
    correlation: shareToNumber(netem.delayCorrelation),
  };
  return [`delay ${timeToText(delay)}${spread}${related}`, "delay", value];
}

function chancePart(
  word: string,
  name: string,
  member: string,
  share: number,
  related: number,
): ShownPart | undefined {
  if (share === 0) return undefined;
  const text = `${word} ${percentToText(share)}${related === 0 ? "" : ` ${percentToText(related)}`}`;
  const value = { [member]: shareToNumber(share), correlation: shareToNumber(related) };
  return [text, name, value];
}

function ratePart({ rate, packetOverhead }: Netem): ShownPart {
  const overhead = packetOverhead === 0 ? "" : ` packetoverhead ${packetOverhead}`;
  return [
    `rate ${rateToText(rate)}${overhead}`,
    "rate",
    { rate, packetoverhead: packetOverhead, cellsize: 0, celloverhead: 0 },
  ];
}

function readNetem(options: Uint8Array): Netem {
  const view = viewOf(options);
  const attributes = new NetlinkAttributes(options.subarray(QOPT_OCTETS));
  const of = (type: number, at: number): number => {
    const octets = attributes.bytes(type);
    return octets === undefined || octets.length < at * 4 + 4
      ? 0
      : viewOf(octets).getUint32(at * 4, true);
  };
  return {
    latency: view.getUint32(0, true),
    limit: view.getUint32(4, true),
    loss: view.getUint32(8, true),
    gap: view.getUint32(12, true),
    duplicate: view.getUint32(16, true),
    jitter: view.getUint32(20, true),
    delayCorrelation: of(CORR, 0),
    lossCorrelation: of(CORR, 1),
    duplicateCorrelation: of(CORR, 2),
    reorder: of(REORDER, 0),
    reorderCorrelation: of(REORDER, 1),
    corrupt: of(CORRUPT, 0),
    corruptCorrelation: of(CORRUPT, 1),
    rate: attributes.u64(RATE64) ?? of(RATE, 0),
    packetOverhead: of(RATE, 1) | 0,
    ecn: attributes.u32(ECN) === 1,
  };
}

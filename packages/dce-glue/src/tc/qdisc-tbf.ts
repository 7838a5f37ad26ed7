import { NetlinkAttributes, type NetlinkWriter } from "@dcejs/net-stack";
import { type IpArguments, isShortFor } from "../ip/ip-arguments.ts";
import { NO_OPTIONS, type QdiscKind, shown, type ShownPart, viewOf, whatIs } from "./qdisc-kind.ts";
import { rateTable, readRate, writeRateSpec } from "./rate-spec.ts";
import {
  illegal,
  rateFromText,
  rateToText,
  sizeFromText,
  sizeToText,
  TcCommandError,
  ticksToTime,
  timeFromText,
  timeToText,
  transmitOctets,
  transmitTicks,
  valueArgument,
} from "./tc-values.ts";

/** TCA_TBF_* */
const PARMS = 1;
const RTAB = 2;
const PTAB = 3;
const RATE64 = 4;
const PRATE64 = 5;
const BURST = 6;
const PBURST = 7;
/** struct tc_tbf_qopt */
const QOPT_OCTETS = 36;
const USEC_PER_SEC = 1_000_000;

interface Tbf {
  rate: number;
  peakRate: number;
  burst: number;
  mtu: number;
  limit?: number;
  /** Microseconds. */
  latency?: number;
}

export const tbfKind: QdiscKind = {
  parse(args) {
    const tbf = parseTbf(args);
    return (writer) => writeTbf(writer, tbf);
  },
  show: showTbf,
};

function parseTbf(args: IpArguments): Tbf & { limit: number } {
  const tbf: Tbf = { rate: 0, peakRate: 0, burst: 0, mtu: 0 };
  while (!args.isEmpty) tbfWord(tbf, args.take(), args);
  const { rate, burst, latency, limit } = tbf;
  const complaints = [
    ...(rate === 0 ? ['tbf: the "rate" parameter is mandatory.'] : []),
    ...(burst === 0 ? ['tbf: the "burst" parameter is mandatory.'] : []),
    ...(tbf.peakRate !== 0 && tbf.mtu === 0
      ? ['tbf: when "peakrate" is specified, "mtu" must also be specified.']
      : []),
    ...(limit === undefined && latency === undefined
      ? ['tbf: either "limit" or "latency" is required.']
      : []),
  ];
  if (complaints.length > 0) throw new TcCommandError(complaints.join("\n"), 1);
  return { ...tbf, limit: limit ?? limitOf(tbf, latency ?? 0) };
}

/** What the bucket and the queue hold together when a packet waits no longer than that. */
function limitOf({ rate, peakRate, burst, mtu }: Tbf, latency: number): number {
  const slow = (rate * latency) / USEC_PER_SEC + burst;
  const fast = peakRate === 0 ? slow : (peakRate * latency) / USEC_PER_SEC + mtu;
  return Math.floor(Math.min(slow, fast));
}

function tbfWord(tbf: Tbf, word: string, args: IpArguments): void {
  if (isShortFor(word, "limit")) {
    if (tbf.latency !== undefined) throw bothGiven();
    tbf.limit = valueArgument(args, "limit", sizeFromText);
  } else if (isShortFor(word, "latency")) {
    if (tbf.limit !== undefined) throw bothGiven();
    tbf.latency = valueArgument(args, "latency", timeFromText);
  } else if (isShortFor(word, "burst") || word === "buffer" || word === "maxburst") {
    tbf.burst = sizeWithCell(args, "buffer");
  } else if (word === "mtu" || word === "minburst") tbf.mtu = sizeWithCell(args, "mtu");
  else if (word === "rate") tbf.rate = valueArgument(args, "rate", rateFromText);
  else if (isShortFor(word, "peakrate"))
    tbf.peakRate = valueArgument(args, "peakrate", rateFromText);
  else throw whatIs(word);
}

function bothGiven(): TcCommandError {
  return new TcCommandError('tbf: specifying both "latency" and "limit" is not allowed', 1);
}

/** "10k" or "10k/8": the size of a cell is the kernel's affair. */
function sizeWithCell(args: IpArguments, keyword: string): number {
  const size = sizeFromText(args.take().split("/", 1)[0] ?? "");
  if (size === undefined) throw illegal(keyword);
  return size;
}

function writeTbf(writer: NetlinkWriter, tbf: Tbf & { limit: number }): void {
  const { rate, peakRate, burst, mtu, limit } = tbf;
  const cell = mtu === 0 ? undefined : mtu;
  writer.nestPlain(PARMS, () => {
    writeRateSpec(writer, rate, cell);
    writeRateSpec(writer, peakRate, cell);
    writer.u32(limit).u32(transmitTicks(rate, burst));
    writer.u32(peakRate === 0 ? 0 : transmitTicks(peakRate, mtu));
  });
  writer.attributeU32(BURST, burst);
  if (rate >= 2 ** 32) writer.attributeU64(RATE64, rate);
  writer.attribute(RTAB, rateTable(rate, cell));
  if (peakRate === 0) return;
  if (peakRate >= 2 ** 32) writer.attributeU64(PRATE64, peakRate);
  writer.attributeU32(PBURST, mtu);
  writer.attribute(PTAB, rateTable(peakRate, cell));
}

/** tbf_print_opt */
function showTbf(options: Uint8Array): ReturnType<QdiscKind["show"]> {
  const attributes = new NetlinkAttributes(options);
  const parameters = attributes.bytes(PARMS);
  if (parameters === undefined || parameters.length < QOPT_OCTETS) return NO_OPTIONS;
  const view = viewOf(parameters);
  const rate = attributes.u64(RATE64) ?? readRate(parameters, 0);
  const peakRate = attributes.u64(PRATE64) ?? readRate(parameters, 12);
  const limit = view.getUint32(24, true);
  const buffer = view.getUint32(28, true);
  const mtu = view.getUint32(32, true);
  const burst = transmitOctets(rate, buffer);
  const slow = (USEC_PER_SEC * limit) / rate - ticksToTime(buffer);
  const fast = peakRate === 0 ? slow : (USEC_PER_SEC * limit) / peakRate - ticksToTime(mtu);
  const latency = Math.floor(Math.max(slow, fast));
  const smallest = peakRate === 0 ? 0 : transmitOctets(peakRate, mtu);
  const parts: (ShownPart | undefined)[] = [
    [`rate ${rateToText(rate)}`, "rate", rate],
    [`burst ${sizeToText(burst)}`, "burst", burst],
    // iproute2 gives the peak rate as text only.
    peakRate === 0 ? undefined : [`peakrate ${rateToText(peakRate)}`, "", peakRate],
    smallest === 0 ? undefined : [`minburst ${sizeToText(smallest)}`, "minburst", smallest],
    latency >= 0
      ? [`lat ${timeToText(latency)}`, "lat", latency]
      : [`limit ${sizeToText(limit)}`, "limit", limit],
  ];
  return shown(parts, " ");
}

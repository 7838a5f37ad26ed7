import { NetlinkAttributes, type NetlinkWriter } from "@dcejs/net-stack";
import { type IpArguments, isShortFor } from "../ip/ip-arguments.ts";
import {
  NO_OPTIONS,
  type QdiscKind,
  shown,
  viewOf,
  whatIs,
  type WriteOptions,
} from "./qdisc-kind.ts";
import { rateTable, readRate, writeRateSpec } from "./rate-spec.ts";
import {
  illegal,
  rateFromText,
  rateToText,
  sizeFromText,
  sizeToText,
  TcCommandError,
  transmitOctets,
  transmitTicks,
  unsignedFromText,
  valueArgument,
} from "./tc-values.ts";

/** TCA_HTB_* */
const PARMS = 1;
const INIT = 2;
const CTAB = 3;
const RTAB = 4;
const DIRECT_QLEN = 5;
const RATE64 = 6;
const CEIL64 = 7;

const TC_HTB_PROTOVER = 3;
const DEFAULT_R2Q = 10;
const DEFAULT_MTU = 1600;
/** struct tc_htb_glob, struct tc_htb_opt */
const GLOB_OCTETS = 20;
const OPT_OCTETS = 44;
/** Ticks of the scheduler's clock in a second, as get_hz() reads them. */
const HZ = 1_000_000_000;

export const htb: QdiscKind = {
  parse(args) {
    let r2q = DEFAULT_R2Q;
    let fallback = 0;
    let directQueue: number | undefined;
    while (!args.isEmpty) {
      const word = args.take();
      if (isShortFor(word, "r2q")) r2q = valueArgument(args, "r2q", unsignedFromText);
      else if (isShortFor(word, "default")) fallback = valueArgument(args, "default", hexadecimal);
      else if (word === "direct_qlen") {
        directQueue = valueArgument(args, "direct_qlen", unsignedFromText);
      } else if (word !== "offload") throw whatIs(word);
    }
    return (writer) => {
      writer.nestPlain(INIT, () => {
        writer.u32(TC_HTB_PROTOVER).u32(r2q).u32(fallback).u32(0).u32(0);
      });
      if (directQueue !== undefined) writer.attributeU32(DIRECT_QLEN, directQueue);
    };
  },
  show(options) {
    const attributes = new NetlinkAttributes(options);
    const glob = attributes.bytes(INIT);
    if (glob === undefined || glob.length < GLOB_OCTETS) return NO_OPTIONS;
    const view = viewOf(glob);
    const r2q = view.getUint32(4, true);
    const fallback = `0x${view.getUint32(8, true).toString(16)}`;
    const direct = view.getUint32(16, true);
    const queue = attributes.u32(DIRECT_QLEN);
    const { text, json } = shown(
      [
        [`r2q ${r2q}`, "r2q", r2q],
        [`default ${fallback}`, "default", fallback],
        [`direct_packets_stat ${direct}`, "direct_packets_stat", direct],
        queue === undefined ? undefined : [`direct_qlen ${queue}`, "direct_qlen", queue],
      ],
      " ",
    );
    return { text: text.trimEnd(), json };
  },
};

function hexadecimal(text: string): number | undefined {
  return /^(0x)?[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}

interface HtbClass {
  rate: number;
  ceil: number;
  burst: number;
  ceilBurst: number;
  mtu: number;
  prio: number;
  quantum: number;
}

/** The words behind `tc class add … htb`. */
export function parseHtbClass(args: IpArguments): WriteOptions {
  const words: HtbClass = {
    rate: 0,
    ceil: 0,
    burst: 0,
    ceilBurst: 0,
    mtu: DEFAULT_MTU,
    prio: 0,
    quantum: 0,
  };
  while (!args.isEmpty) classWord(words, args.take(), args);
  if (words.rate === 0) throw new TcCommandError('"rate" is required.', 1);
  const { rate, mtu, prio, quantum } = words;
  const ceil = words.ceil === 0 ? rate : words.ceil;
  // A burst that is not said lets one packet through at each tick.
  const burst = words.burst === 0 ? Math.floor(rate / HZ + mtu) : words.burst;
  const ceilBurst = words.ceilBurst === 0 ? Math.floor(ceil / HZ + mtu) : words.ceilBurst;
  return (writer: NetlinkWriter) => {
    if (rate >= 2 ** 32) writer.attributeU64(RATE64, rate);
    if (ceil >= 2 ** 32) writer.attributeU64(CEIL64, ceil);
    writer.nestPlain(PARMS, () => {
      writeRateSpec(writer, rate, mtu);
      writeRateSpec(writer, ceil, mtu);
      writer.u32(transmitTicks(rate, burst)).u32(transmitTicks(ceil, ceilBurst));
      writer.u32(quantum).u32(0).u32(prio);
    });
    writer.attribute(RTAB, rateTable(rate, mtu));
    writer.attribute(CTAB, rateTable(ceil, mtu));
  };
}

function classWord(words: HtbClass, word: string, args: IpArguments): void {
  if (isShortFor(word, "prio")) words.prio = valueArgument(args, "prio", unsignedFromText);
  else if (word === "mtu") words.mtu = valueArgument(args, "mtu", unsignedFromText);
  else if (isShortFor(word, "quantum")) {
    words.quantum = valueArgument(args, "quantum", unsignedFromText);
  } else if (isShortFor(word, "burst") || word === "buffer" || word === "maxburst") {
    words.burst = cellSize(args, "buffer");
  } else if (isShortFor(word, "cburst") || word === "cbuffer") {
    words.ceilBurst = cellSize(args, "cbuffer");
  } else if (isShortFor(word, "ceil")) words.ceil = valueArgument(args, "ceil", rateFromText);
  else if (isShortFor(word, "rate")) words.rate = valueArgument(args, "rate", rateFromText);
  else throw whatIs(word);
}

function cellSize(args: IpArguments, keyword: string): number {
  const size = sizeFromText(args.take().split("/", 1)[0] ?? "");
  if (size === undefined) throw illegal(keyword);
  return size;
}

/** htb_print_opt of a class. */
export function showHtbClass(options: Uint8Array): string {
  const attributes = new NetlinkAttributes(options);
  const parameters = attributes.bytes(PARMS);
  if (parameters === undefined || parameters.length < OPT_OCTETS) return "";
  const view = viewOf(parameters);
  const rate = attributes.u64(RATE64) ?? readRate(parameters, 0);
  const ceil = attributes.u64(CEIL64) ?? readRate(parameters, 12);
  const level = view.getUint32(36, true);
  const prio = level === 0 ? `prio ${view.getUint32(40, true)} ` : "";
  const burst = transmitOctets(rate, view.getUint32(24, true));
  const ceilBurst = transmitOctets(ceil, view.getUint32(28, true));
  return (
    `${prio}rate ${rateToText(rate)} ceil ${rateToText(ceil)} ` +
    `burst ${sizeToText(burst)} cburst ${sizeToText(ceilBurst)} `
  );
}

/** struct tc_htb_xstats, behind `tc -s class`. */
export function showHtbStatistics(statistics: Uint8Array): string {
  if (statistics.length < 20) return "";
  const view = viewOf(statistics);
  const [lends, borrows, giants] = [0, 4, 8].map((at) => view.getUint32(at, true));
  const [tokens, ctokens] = [12, 16].map((at) => view.getInt32(at, true));
  return (
    ` lended: ${lends} borrowed: ${borrows} giants: ${giants}\n` +
    ` tokens: ${tokens} ctokens: ${ctokens}\n`
  );
}

import { NetlinkAttributes, type NetlinkWriter } from "@dcejs/net-stack";
import type { IpArguments } from "../ip/ip-arguments.ts";
import { type QdiscKind, shown, type ShownPart, whatIs } from "./qdisc-kind.ts";
import { fqCodelStatistics, fqStatistics } from "./qdisc-own-statistics.ts";
import {
  rateFromText,
  rateToText,
  sizeFromText,
  sizeToText,
  nanosecondsToText,
  timeFromText,
  timeToText,
  unsignedFromText,
  valueArgument,
} from "./tc-values.ts";

/** One option of a kind that is a list of attributes of 32 bits. */
interface Option {
  readonly type: number;
  readonly read: (text: string) => number | undefined;
}

type Options = Readonly<Record<string, Option>>;

/** Takes words that each have a value; `flags` have none. */
function parseOptions(
  args: IpArguments,
  options: Options,
  flags: Readonly<Record<string, readonly [type: number, value: number]>>,
): Map<number, number> {
  const values = new Map<number, number>();
  while (!args.isEmpty) {
    const word = args.take();
    const flag = Object.hasOwn(flags, word) ? flags[word] : undefined;
    const option = Object.hasOwn(options, word) ? options[word] : undefined;
    if (flag !== undefined) values.set(flag[0], flag[1]);
    else if (option !== undefined) values.set(option.type, valueArgument(args, word, option.read));
    else throw whatIs(word);
  }
  return values;
}

/** iproute2's order of writing. */
function writeValues(
  writer: NetlinkWriter,
  values: ReadonlyMap<number, number>,
  order: readonly number[],
): void {
  for (const type of order) {
    const value = values.get(type);
    if (value !== undefined) writer.attributeU32(type, value);
  }
}

/** TCA_FQ_* */
const FQ = {
  PLIMIT: 1,
  FLOW_PLIMIT: 2,
  QUANTUM: 3,
  INITIAL_QUANTUM: 4,
  RATE_ENABLE: 5,
  FLOW_MAX_RATE: 7,
  BUCKETS_LOG: 8,
  FLOW_REFILL_DELAY: 9,
  ORPHAN_MASK: 10,
  LOW_RATE_THRESHOLD: 11,
  CE_THRESHOLD: 12,
  TIMER_SLACK: 13,
  HORIZON: 14,
  HORIZON_DROP: 15,
} as const;

const FQ_OPTIONS: Options = {
  limit: { type: FQ.PLIMIT, read: unsignedFromText },
  flow_limit: { type: FQ.FLOW_PLIMIT, read: unsignedFromText },
  buckets: { type: FQ.BUCKETS_LOG, read: logarithm },
  maxrate: { type: FQ.FLOW_MAX_RATE, read: rateFromText },
  low_rate_threshold: { type: FQ.LOW_RATE_THRESHOLD, read: rateFromText },
  ce_threshold: { type: FQ.CE_THRESHOLD, read: timeFromText },
  timer_slack: { type: FQ.TIMER_SLACK, read: nanoseconds },
  quantum: { type: FQ.QUANTUM, read: unsignedFromText },
  initial_quantum: { type: FQ.INITIAL_QUANTUM, read: unsignedFromText },
  orphan_mask: { type: FQ.ORPHAN_MASK, read: unsignedFromText },
  refill_delay: { type: FQ.FLOW_REFILL_DELAY, read: timeFromText },
  horizon: { type: FQ.HORIZON, read: timeFromText },
};
const FQ_FLAGS = {
  pacing: [FQ.RATE_ENABLE, 1],
  nopacing: [FQ.RATE_ENABLE, 0],
  horizon_drop: [FQ.HORIZON_DROP, 1],
  horizon_cap: [FQ.HORIZON_DROP, 0],
} as const;
const FQ_ORDER = [8, 1, 2, 3, 4, 5, 7, 11, 9, 10, 12, 13, 14];

function logarithm(text: string): number | undefined {
  const value = unsignedFromText(text);
  return value === undefined || value === 0 ? undefined : 31 - Math.clz32(value);
}

function nanoseconds(text: string): number | undefined {
  const usec = timeFromText(text);
  return usec === undefined ? undefined : usec * 1000;
}

export const fq: QdiscKind = {
  showOwn: fqStatistics,
  parse(args) {
    const values = parseOptions(args, FQ_OPTIONS, FQ_FLAGS);
    const drops = values.get(FQ.HORIZON_DROP);
    return (writer) => {
      writeValues(writer, values, FQ_ORDER);
      if (drops !== undefined) writer.attributeU8(FQ.HORIZON_DROP, drops);
    };
  },
  show(options) {
    const of = new NetlinkAttributes(options);
    const slack = of.u32(FQ.TIMER_SLACK);
    const mark = of.u32(FQ.CE_THRESHOLD);
    const drops = of.u8(FQ.HORIZON_DROP);
    const rate = of.u32(FQ.FLOW_MAX_RATE);
    const log = of.u32(FQ.BUCKETS_LOG);
    return shown(
      [
        number(of.u32(FQ.PLIMIT), "limit", "limit", "p"),
        number(of.u32(FQ.FLOW_PLIMIT), "flow_limit", "flow_limit", "p"),
        number(log === undefined ? undefined : 2 ** log, "buckets", "buckets", ""),
        number(of.u32(FQ.ORPHAN_MASK), "orphan_mask", "orphan_mask", ""),
        of.u32(FQ.RATE_ENABLE) === 0 ? ["nopacing", "pacing", false] : undefined,
        size(of.u32(FQ.QUANTUM), "quantum"),
        size(of.u32(FQ.INITIAL_QUANTUM), "initial_quantum"),
        rate === undefined || rate === 0xffff_ffff
          ? undefined
          : [`maxrate ${rateToText(rate)}`, "maxrate", rate],
        rateOf(of.u32(FQ.LOW_RATE_THRESHOLD), "low_rate_threshold"),
        time(of.u32(FQ.FLOW_REFILL_DELAY), "refill_delay"),
        mark === undefined || mark === 0xffff_ffff ? undefined : time(mark, "ce_threshold"),
        slack === undefined
          ? undefined
          : [`timer_slack ${nanosecondsToText(slack)}`, "timer_slack", slack],
        time(of.u32(FQ.HORIZON), "horizon"),
        drops === undefined ? undefined : horizonPart(drops),
      ],
      " ",
    );
  },
};

function horizonPart(drops: number): ShownPart {
  return drops === 0
    ? ["horizon_cap", "horizon_cap", null]
    : ["horizon_drop", "horizon_drop", null];
}

/** TCA_FQ_CODEL_* */
const CODEL = {
  TARGET: 1,
  LIMIT: 2,
  INTERVAL: 3,
  ECN: 4,
  FLOWS: 5,
  QUANTUM: 6,
  CE_THRESHOLD: 7,
  DROP_BATCH: 8,
  MEMORY_LIMIT: 9,
} as const;

const CODEL_OPTIONS: Options = {
  limit: { type: CODEL.LIMIT, read: unsignedFromText },
  flows: { type: CODEL.FLOWS, read: unsignedFromText },
  quantum: { type: CODEL.QUANTUM, read: unsignedFromText },
  target: { type: CODEL.TARGET, read: timeFromText },
  ce_threshold: { type: CODEL.CE_THRESHOLD, read: timeFromText },
  memory_limit: { type: CODEL.MEMORY_LIMIT, read: sizeFromText },
  drop_batch: { type: CODEL.DROP_BATCH, read: unsignedFromText },
  interval: { type: CODEL.INTERVAL, read: timeFromText },
};
const CODEL_FLAGS = { ecn: [CODEL.ECN, 1], noecn: [CODEL.ECN, 0] } as const;
const CODEL_ORDER = [2, 5, 6, 3, 1, 4, 7, 9, 8];

export const fqCodel: QdiscKind = {
  showOwn: fqCodelStatistics,
  parse(args) {
    const values = parseOptions(args, CODEL_OPTIONS, CODEL_FLAGS);
    return (writer) => writeValues(writer, values, CODEL_ORDER);
  },
  show(options) {
    const of = new NetlinkAttributes(options);
    const mark = of.u32(CODEL.CE_THRESHOLD);
    return shown(
      [
        number(of.u32(CODEL.LIMIT), "limit", "limit", "p"),
        number(of.u32(CODEL.FLOWS), "flows", "flows", ""),
        number(of.u32(CODEL.QUANTUM), "quantum", "quantum", ""),
        time(of.u32(CODEL.TARGET), "target"),
        mark === undefined ? undefined : time(mark, "ce_threshold"),
        time(of.u32(CODEL.INTERVAL), "interval"),
        size(of.u32(CODEL.MEMORY_LIMIT), "memory_limit"),
        of.u32(CODEL.ECN) === 1 ? ["ecn", "ecn", true] : undefined,
        number(of.u32(CODEL.DROP_BATCH), "drop_batch", "drop_batch", ""),
      ],
      " ",
    );
  },
};

function number(
  value: number | undefined,
  word: string,
  name: string,
  unit: string,
): ShownPart | undefined {
  return value === undefined ? undefined : [`${word} ${value}${unit}`, name, value];
}

function size(value: number | undefined, name: string): ShownPart | undefined {
  return value === undefined ? undefined : [`${name} ${sizeToText(value)}`, name, value];
}

function time(value: number | undefined, name: string): ShownPart | undefined {
  return value === undefined ? undefined : [`${name} ${timeToText(value)}`, name, value];
}

function rateOf(value: number | undefined, name: string): ShownPart | undefined {
  return value === undefined || value === 0
    ? undefined
    : [`${name} ${rateToText(value)}`, name, value];
}

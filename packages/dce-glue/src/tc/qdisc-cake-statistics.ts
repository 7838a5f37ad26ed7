import { NetlinkAttributes } from "@dcejs/net-stack";
import { NO_OPTIONS, type ShownOptions } from "./qdisc-kind.ts";
import { rateToText, sizeToText, timeToText } from "./tc-values.ts";

/** TCA_CAKE_STATS_* */
const STATS = {
  CAPACITY_ESTIMATE64: 2,
  MEMORY_LIMIT: 3,
  MEMORY_USED: 4,
  AVG_NETOFF: 5,
  MIN_NETLEN: 6,
  MAX_NETLEN: 7,
  MIN_ADJLEN: 8,
  MAX_ADJLEN: 9,
  TIN_STATS: 10,
  /** Of one flow, which is a class. */
  DEFICIT: 11,
  COBALT_COUNT: 12,
  DROPPING: 13,
  DROP_NEXT_US: 14,
  P_DROP: 15,
  BLUE_TIMER_US: 16,
} as const;

/** One line of the table of tins: its head, its attribute, its JSON member and how it is written. */
interface Row {
  readonly head: string;
  readonly type: number;
  readonly member: string;
  readonly isWide?: true;
  readonly write?: (value: number) => string;
}

/** TCA_CAKE_TIN_STATS_*, in the order of the lines */
const ROWS: readonly Row[] = [
  { head: "thresh", type: 12, member: "threshold_rate", isWide: true, write: rateToText },
  { head: "target", type: 13, member: "target_us", write: timeToText },
  { head: "interval", type: 14, member: "interval_us", write: timeToText },
  { head: "pk_delay", type: 18, member: "peak_delay_us", write: timeToText },
  { head: "av_delay", type: 19, member: "avg_delay_us", write: timeToText },
  { head: "sp_delay", type: 20, member: "base_delay_us", write: timeToText },
  { head: "backlog", type: 11, member: "backlog_bytes", write: sizeToText },
  { head: "pkts", type: 2, member: "sent_packets" },
  { head: "bytes", type: 3, member: "sent_bytes", isWide: true },
  { head: "way_inds", type: 15, member: "way_indirect_hits" },
  { head: "way_miss", type: 16, member: "way_misses" },
  { head: "way_cols", type: 17, member: "way_collisions" },
  { head: "drops", type: 4, member: "drops" },
  { head: "marks", type: 8, member: "ecn_mark" },
  { head: "ack_drop", type: 6, member: "ack_drops" },
  { head: "sp_flows", type: 21, member: "sparse_flows" },
  { head: "bk_flows", type: 22, member: "bulk_flows" },
  { head: "un_flows", type: 23, member: "unresponsive_flows" },
  { head: "max_len", type: 24, member: "max_pkt_len" },
];
/** JSON has these first. */
const FIRST_MEMBERS: readonly string[] = ["threshold_rate", "sent_bytes", "backlog_bytes"];
const TIN_NAMES: ReadonlyMap<number, readonly string[]> = new Map([
  [3, ["Bulk", "Best Effort", "Voice"]],
  [4, ["Bulk", "Best Effort", "Video", "Voice"]],
]);
const HEAD = 10;
const COLUMN = 13;

/** The attributes of TCA_STATS_APP: memory, sizes, and a table of the tins. */
export function cakeStatistics(octets: Uint8Array): ShownOptions {
  const of = new NetlinkAttributes(octets);
  if (of.types().length === 0) return NO_OPTIONS;
  const tins = tinsOf(of);
  const table = of.has(STATS.TIN_STATS) ? `\n${tableOf(tins)}` : "";
  const json = { ...totals(of), ...(tins.length === 0 ? {} : { tins: tins.map(tinObject) }) };
  return { text: `${summary(of)}${table}${flowText(of)}\n`, json };
}

function tinsOf(of: NetlinkAttributes): NetlinkAttributes[] {
  const nest = of.nested(STATS.TIN_STATS);
  const tins: NetlinkAttributes[] = [];
  for (let type = 1; nest?.has(type) === true; type++) {
    tins.push(nest.nested(type) ?? new NetlinkAttributes(new Uint8Array(0)));
  }
  return tins;
}

function summary(of: NetlinkAttributes): string {
  const lines: string[] = [];
  const used = of.u32(STATS.MEMORY_USED);
  const limit = of.u32(STATS.MEMORY_LIMIT);
  if (used !== undefined && limit !== undefined) {
    lines.push(` memory used: ${sizeToText(used)} of ${sizeToText(limit)}`);
  }
  const capacity = of.u64(STATS.CAPACITY_ESTIMATE64);
  if (capacity !== undefined) lines.push(` capacity estimate: ${rateToText(capacity)}`);
  lines.push(
    ...range(of, " min/max network layer size:", 13, STATS.MIN_NETLEN, STATS.MAX_NETLEN),
    ...range(of, " min/max overhead-adjusted size:", 9, STATS.MIN_ADJLEN, STATS.MAX_ADJLEN),
  );
  const offset = of.u32(STATS.AVG_NETOFF);
  if (offset !== undefined) {
    lines.push(` average network hdr offset:${String(offset).padStart(13)}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function range(
  of: NetlinkAttributes,
  head: string,
  width: number,
  minType: number,
  maxType: number,
): string[] {
  const min = of.u32(minType);
  const max = of.u32(maxType);
  if (min === undefined || max === undefined) return [];
  return [`${head}${String(min).padStart(width)} / ${String(max).padStart(7)}`];
}

/** Each pair is there or is not. */
function totals(of: NetlinkAttributes): Record<string, number> {
  const { MEMORY_USED, MEMORY_LIMIT, MIN_NETLEN, MAX_NETLEN, MIN_ADJLEN, MAX_ADJLEN } = STATS;
  return {
    ...pair(of, ["memory_used", MEMORY_USED], ["memory_limit", MEMORY_LIMIT]),
    ...present([["capacity_estimate", of.u64(STATS.CAPACITY_ESTIMATE64)]]),
    ...pair(of, ["min_network_size", MIN_NETLEN], ["max_network_size", MAX_NETLEN]),
    ...pair(of, ["min_adj_size", MIN_ADJLEN], ["max_adj_size", MAX_ADJLEN]),
    ...present([["avg_hdr_offset", of.u32(STATS.AVG_NETOFF)]]),
  };
}

function pair(
  of: NetlinkAttributes,
  ...members: readonly (readonly [name: string, type: number])[]
): Record<string, number> {
  return members.every(([, type]) => of.has(type))
    ? present(members.map(([name, type]) => [name, of.u32(type)]))
    : {};
}

/** What is counted of one flow. */
function flowText(of: NetlinkAttributes): string {
  const deficit = of.s32(STATS.DEFICIT);
  const count = of.u32(STATS.COBALT_COUNT);
  const next = of.s32(STATS.DROP_NEXT_US);
  const chance = of.u32(STATS.P_DROP);
  const timer = of.s32(STATS.BLUE_TIMER_US);
  let text = "";
  if (deficit !== undefined) text += `  deficit ${deficit}`;
  if (count !== undefined) text += ` count ${count}`;
  if ((of.u32(STATS.DROPPING) ?? 0) !== 0) {
    text += " dropping";
    if (next !== undefined) text += ` drop_next ${signedTime(next)}`;
  }
  if (chance !== undefined) {
    text += ` blue_prob ${chance}`;
    if (timer !== undefined) text += ` blue_timer ${signedTime(timer)}`;
  }
  return text;
}

function signedTime(usec: number): string {
  return usec < 0 ? `-${timeToText(-usec)}` : timeToText(usec);
}

function tableOf(tins: readonly NetlinkAttributes[]): string {
  const [first] = tins;
  if (first === undefined) return "";
  const names = TIN_NAMES.get(tins.length) ?? tins.map((_, index) => `Tin ${index}`);
  const rows = ROWS.filter(({ type }) => first.has(type)).map((row) => {
    const cells = tins.map((tin) => {
      const value = valueOf(tin, row) ?? 0;
      return (row.write?.(value) ?? String(value)).padStart(COLUMN);
    });
    return `  ${row.head}`.padEnd(HEAD) + cells.join("");
  });
  const head = " ".repeat(HEAD) + names.map((name) => name.padStart(COLUMN)).join("");
  return `${[head, ...rows].join("\n")}\n`;
}

function valueOf(tin: NetlinkAttributes, { type, isWide }: Row): number | undefined {
  return isWide === true ? tin.u64(type) : tin.u32(type);
}

function tinObject(tin: NetlinkAttributes): Record<string, number> {
  const rows = ROWS.toSorted((a, b) => rank(a) - rank(b));
  return present(rows.map((row) => [row.member, valueOf(tin, row)]));
}

/** Lines besides the first keep their order. */
function rank({ member }: Row): number {
  const at = FIRST_MEMBERS.indexOf(member);
  return at < 0 ? FIRST_MEMBERS.length : at;
}

function present(
  values: readonly (readonly [string, number | undefined])[],
): Record<string, number> {
  const object: Record<string, number> = {};
  for (const [name, value] of values) if (value !== undefined) object[name] = value;
  return object;
}

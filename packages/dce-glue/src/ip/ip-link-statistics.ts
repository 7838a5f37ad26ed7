import type { LinkRecord } from "../kernel/rtnl-request.ts";

/** The members of struct rtnl_link_stats64 that `ip -s link` shows, and their places. */
const RECEIVED: readonly (readonly [title: string, name: string, at: number])[] = [
  ["bytes", "bytes", 2],
  ["packets", "packets", 0],
  ["errors", "errors", 4],
  ["dropped", "dropped", 6],
  ["missed", "over_errors", 15],
  ["mcast", "multicast", 8],
];
const SENT: readonly (readonly [title: string, name: string, at: number])[] = [
  ["bytes", "bytes", 3],
  ["packets", "packets", 1],
  ["errors", "errors", 5],
  ["dropped", "dropped", 7],
  ["carrier", "carrier_errors", 17],
  ["collsns", "collisions", 9],
];

/** print_stats64: the columns are as wide as both directions need. */
export function statisticsText(link: LinkRecord): string {
  if (link.statistics === undefined) return "";
  const received = columns(link, RECEIVED);
  const sent = columns(link, SENT);
  const widths = WIDTHS.map((width, index) =>
    Math.max(width, received[index]?.length ?? 0, sent[index]?.length ?? 0),
  );
  return table("RX:", RECEIVED, received, widths) + table("TX:", SENT, sent, widths);
}

/** The first column begins under the direction's name; the last title is that of compressed packets. */
const WIDTHS: readonly number[] = [10, 7, 6, 7, 7, 7];
const NAME_OCTETS = 4;
const NO_COMPRESSED: string = " ".repeat(10);

function table(
  name: string,
  titles: typeof RECEIVED,
  values: readonly string[],
  widths: readonly number[],
): string {
  const heads = titles.map(([title], index) =>
    title.padStart((widths[index] ?? 0) - (index === 0 ? NAME_OCTETS : 0)),
  );
  const cells = values.map((value, index) => `${value.padStart(widths[index] ?? 0)} `);
  return `    ${name} ${heads.join(" ")} ${NO_COMPRESSED}\n    ${cells.join("")}\n`;
}

function columns(link: LinkRecord, titles: typeof RECEIVED): string[] {
  return titles.map(([, , at]) => String(counter(link.statistics, at)));
}

export function statisticsObject(link: LinkRecord): Record<string, unknown> {
  const of = (titles: typeof RECEIVED): Record<string, number> =>
    Object.fromEntries(titles.map(([, name, at]) => [name, counter(link.statistics, at)]));
  return link.statistics === undefined ? {} : { stats64: { rx: of(RECEIVED), tx: of(SENT) } };
}

function counter(statistics: Uint8Array | undefined, at: number): number {
  if (statistics === undefined || statistics.length < at * 8 + 8) return 0;
  const view = new DataView(statistics.buffer, statistics.byteOffset, statistics.byteLength);
  return view.getUint32(at * 8 + 4, true) * 0x1_0000_0000 + view.getUint32(at * 8, true);
}

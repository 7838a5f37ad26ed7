import { QUEUE_BYTES_MAX, QUEUE_PACKETS_MAX, RATE_MAX } from "./limits.ts";

/** How much a queue may hold, in packets or in octets. */
export interface QueueLimit {
  readonly unit: "packets" | "bytes";
  readonly limit: number;
}

/**
 * Reads a rate and gives bit/s, rounded to a whole bit.
 *
 * A number is bit/s. A text is a decimal number with a unit: `bit`, `kbit`, `mbit`, `gbit`, `tbit`
 * as tc(8) writes them (also `bit/s`), or just the prefix (`56k`). Prefixes are powers of 1000,
 * with an `i` (`kibit`) powers of 1024; their case does not matter.
 *
 * `bps` and `b/s` are bits per second, as data sheets and ns-3 use them (`100Mbps`). That is not
 * tc's reading, where `bps` means bytes per second; for bytes write a capital `B`: `10MBps`.
 *
 * @returns 0 (no limit) to 10¹⁵.
 * @throws RangeError which names the text.
 * @example
 * parseRate("100Mbps"); // 100000000
 * parseRate("1Gbit");   // 1000000000
 * parseRate("56k");     // 56000
 * parseRate("10MBps");  // 80000000
 */
export function parseRate(rate: string | number): number {
  const bits = typeof rate === "number" ? rate : scaled(rate, BITS_PER_RATE_UNIT, 1000);
  if (!Number.isFinite(bits) || bits < 0 || bits > RATE_MAX) throw bad("rate", rate);
  return Math.round(bits);
}

/**
 * Reads an amount of data and gives octets, rounded to a whole octet.
 *
 * A number is octets. A text is a decimal number with `b`, `k`, `kb`, `m`, `mb`, `g`, `gb`
 * (`64kB`, `1MiB`; the case does not matter), or in bits with `kbit`, `mbit`, `gbit`. As in tc(8)
 * all prefixes of a size are powers of 1024.
 *
 * @throws RangeError which names the text.
 * @example
 * parseSize("64kB"); // 65536
 * parseSize(1500);   // 1500
 */
export function parseSize(size: string | number): number {
  const octets = typeof size === "number" ? size : scaled(size, OCTETS_PER_SIZE_UNIT, 1024);
  if (!Number.isFinite(octets) || octets < 0 || octets > Number.MAX_SAFE_INTEGER) {
    throw bad("size", size);
  }
  return Math.round(octets);
}

/**
 * Reads the limit of a queue: `100p` (or 100) is packets, anything with a unit of `parseSize` octets.
 *
 * @throws RangeError which names the text, also for a limit below 1 or above the bounds of limits.ts.
 * @example
 * parseQueueLimit("100p"); // { unit: "packets", limit: 100 }
 * parseQueueLimit("64kB"); // { unit: "bytes", limit: 65536 }
 */
export function parseQueueLimit(limit: string | number): QueueLimit {
  const packets = typeof limit === "number" ? limit : packetCount(limit);
  if (packets !== undefined) {
    if (!Number.isInteger(packets) || packets < 1 || packets > QUEUE_PACKETS_MAX) {
      throw bad("queue limit", limit);
    }
    return { unit: "packets", limit: packets };
  }
  const octets = parseSize(limit);
  if (octets < 1 || octets > QUEUE_BYTES_MAX) throw bad("queue limit", limit);
  return { unit: "bytes", limit: octets };
}

const BITS_PER_RATE_UNIT: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["bit", 1],
  ["bit/s", 1],
  ["bps", 1],
  ["b/s", 1],
  ["Bps", 8],
  ["B/s", 8],
]);

const OCTETS_PER_SIZE_UNIT: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["B", 1],
  ["bit", 1 / 8],
]);

const PREFIXES = "kmgt";

/** A number, an optional prefix with an optional `i`, and one of `units`. NaN when it is not that. */
function scaled(text: string, units: ReadonlyMap<string, number>, base: 1000 | 1024): number {
  const parts = /^\s*(\d+(?:\.\d+)?)\s*([a-z/]*)\s*$/i.exec(text);
  if (parts === null) return Number.NaN;
  const [, digits = "", word = ""] = parts;
  const [, prefix = "", binary = "", name = ""] = /^([kmgt]?)(i?)(.*)$/i.exec(word) ?? [];
  if (prefix === "" && binary !== "") return Number.NaN;
  const unit = units.get(name) ?? units.get(name.toLowerCase());
  if (unit === undefined) return Number.NaN;
  const power = PREFIXES.indexOf(prefix.toLowerCase()) + 1;
  const step = binary === "" ? base : 1024;
  return Number(digits) * (prefix === "" ? 1 : step ** power) * unit;
}

function packetCount(text: string): number | undefined {
  const digits = /^\s*(\d+)\s*p?\s*$/i.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function bad(what: string, text: string | number): RangeError {
  return new RangeError(`not a ${what}: ${JSON.stringify(text)}`);
}

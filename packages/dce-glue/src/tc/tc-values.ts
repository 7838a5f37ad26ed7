import type { IpArguments } from "../ip/ip-arguments.ts";
import { IpCommandError } from "../ip/ip-command-error.ts";

/** A command of the `tc` language failed, in iproute2's words. */
export class TcCommandError extends IpCommandError {}

/** Clock ticks of the packet scheduler in a microsecond: 64 ns each (/proc/net/psched). */
const TICKS_PER_USEC = 15.625;
const USEC_PER_SEC = 1_000_000;

export const TC_H_ROOT = 0xffff_ffff;
export const TC_H_INGRESS = 0xffff_fff1;

/** tc's `explain1()`. */
export function illegal(keyword: string): TcCommandError {
  return new TcCommandError(`Illegal "${keyword}"`, 1);
}

/** A number and the rest of the word: "1.5mbit" → 1.5 and "mbit". */
function numberAndUnit(text: string): { value: number; unit: string } | undefined {
  const match = /^(\d+(?:\.\d*)?|\.\d+)([a-z]*)$/i.exec(text);
  if (match === null) return undefined;
  return { value: Number(match[1]), unit: (match[2] ?? "").toLowerCase() };
}

const BIT_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  bit: 1,
  kbit: 1e3,
  kibit: 1024,
  mbit: 1e6,
  mibit: 1024 ** 2,
  gbit: 1e9,
  gibit: 1024 ** 3,
  tbit: 1e12,
  bps: 8,
  kbps: 8e3,
  kibps: 8 * 1024,
  mbps: 8e6,
  mibps: 8 * 1024 ** 2,
  gbps: 8e9,
};

/** `get_rate64()`: octets per second; undefined: no rate. */
export function rateFromText(text: string): number | undefined {
  const parsed = numberAndUnit(text);
  const factor = parsed === undefined ? undefined : BIT_UNITS[parsed.unit];
  return parsed === undefined || factor === undefined
    ? undefined
    : Math.floor((parsed.value * factor) / 8);
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  kbit: 1024 / 8,
  mbit: 1024 ** 2 / 8,
  gbit: 1024 ** 3 / 8,
};

/** `get_size()`: octets. */
export function sizeFromText(text: string): number | undefined {
  const parsed = numberAndUnit(text);
  const factor = parsed === undefined ? undefined : SIZE_UNITS[parsed.unit];
  if (parsed === undefined || factor === undefined) return undefined;
  const size = Math.floor(parsed.value * factor);
  return size > 0xffff_ffff ? undefined : size;
}

const TIME_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  us: 1,
  usec: 1,
  usecs: 1,
  ms: 1e3,
  msec: 1e3,
  msecs: 1e3,
  s: 1e6,
  sec: 1e6,
  secs: 1e6,
};

/** `get_time()`: microseconds. */
export function timeFromText(text: string): number | undefined {
  const parsed = numberAndUnit(text);
  const factor = parsed === undefined ? undefined : TIME_UNITS[parsed.unit];
  return parsed === undefined || factor === undefined
    ? undefined
    : Math.floor(parsed.value * factor);
}

/** `get_percent()`: "1%" or "0.5" (of 100) as a share of 2^32 - 1. */
export function percentFromText(text: string): number | undefined {
  const match = /^(\d+(?:\.\d*)?|\.\d+)%?$/.exec(text);
  if (match === null) return undefined;
  const share = Number(match[1]) / 100;
  return share > 1 ? undefined : Math.round(share * 0xffff_ffff);
}

/** `get_qdisc_handle()`: "1:" → 0x10000. */
export function handleFromText(text: string): number | undefined {
  const match = /^([0-9a-f]{1,4}):?$/i.exec(text);
  return match === null ? undefined : (Number.parseInt(match[1] ?? "", 16) << 16) >>> 0;
}

/** `get_tc_classid()`: "1:10", "1:", "root". */
export function classIdFromText(text: string): number | undefined {
  if (text === "root") return TC_H_ROOT;
  if (text === "none") return 0;
  const match = /^([0-9a-f]{0,4}):([0-9a-f]{0,4})$/i.exec(text);
  if (match === null) return undefined;
  const major = match[1] === "" ? 0 : Number.parseInt(match[1] ?? "", 16);
  const minor = match[2] === "" ? 0 : Number.parseInt(match[2] ?? "", 16);
  return ((major << 16) | minor) >>> 0;
}

/** The next word as what `read` makes of it. @throws {TcCommandError} Illegal "limit" */
export function valueArgument(
  args: IpArguments,
  keyword: string,
  read: (text: string) => number | undefined,
): number {
  const value = read(args.take());
  if (value === undefined) throw illegal(keyword);
  return value;
}

export function unsignedFromText(text: string): number | undefined {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) return undefined;
  const value = Number(text);
  return value > 0xffff_ffff ? undefined : value;
}

export function timeToTicks(usec: number): number {
  return Math.floor(usec * TICKS_PER_USEC);
}

export function ticksToTime(ticks: number): number {
  return Math.floor(ticks / TICKS_PER_USEC);
}

/** `tc_calc_xmittime()`: ticks that so many octets take at so many octets per second. */
export function transmitTicks(rate: number, octets: number): number {
  return Math.floor(USEC_PER_SEC * (octets / rate) * TICKS_PER_USEC);
}

/** `tc_calc_xmitsize()` */
export function transmitOctets(rate: number, ticks: number): number {
  return Math.floor((rate * (ticks / TICKS_PER_USEC)) / USEC_PER_SEC);
}

/** C's %.3g and %g. */
function general(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}

/** `sprint_rate()`: octets per second in SI units of bits. */
export function rateToText(rate: number): string {
  const units = ["", "K", "M", "G", "T"];
  let bits = rate * 8;
  let unit = 0;
  while (unit < units.length - 1) {
    if (bits < 1000 || (bits % 1000 !== 0 && bits < 1_000_000)) break;
    bits /= 1000;
    unit++;
  }
  return `${Math.round(bits)}${units[unit]}bit`;
}

/** `sprint_size()` */
export function sizeToText(size: number): string {
  const mega = 1024 ** 2;
  if (size >= mega && Math.abs(mega * Math.round(size / mega) - size) < 1024) {
    return `${Math.round(size / mega)}Mb`;
  }
  if (size >= 1024 && Math.abs(1024 * Math.round(size / 1024) - size) < 16) {
    return `${Math.round(size / 1024)}Kb`;
  }
  return `${size}b`;
}

/** `sprint_time()`, of microseconds. */
export function timeToText(usec: number): string {
  if (usec >= USEC_PER_SEC) return `${general(usec / USEC_PER_SEC, 3)}s`;
  if (usec >= 1000) return `${general(usec / 1000, 3)}ms`;
  return `${Math.floor(usec)}us`;
}

/** `sprint_percent()`: %g of a share of 2^32 - 1. */
export function percentToText(share: number): string {
  return `${general((100 * share) / 0xffff_ffff, 6)}%`;
}

/** As JSON has it: six digits, 0 to 1. */
export function shareToNumber(share: number): number {
  return Number((share / 0xffff_ffff).toPrecision(6));
}

/** "1:10", "root", "8001:" */
export function classIdToText(id: number): string {
  if (id === TC_H_ROOT) return "root";
  if (id === 0) return "none";
  const major = id >>> 16;
  const minor = id & 0xffff;
  if (major === 0) return `:${minor.toString(16)}`;
  return `${major.toString(16)}:${minor === 0 ? "" : minor.toString(16)}`;
}

export function handleToText(handle: number): string {
  return `${(handle >>> 16).toString(16)}:`;
}

/** `sprint_time64()` */
export function nanosecondsToText(nsec: number): string {
  if (nsec >= 1e9) return `${general(nsec / 1e9, 3)}s`;
  if (nsec >= 1e6) return `${general(nsec / 1e6, 3)}ms`;
  return nsec >= 1000 ? `${general(nsec / 1000, 3)}us` : `${nsec}ns`;
}

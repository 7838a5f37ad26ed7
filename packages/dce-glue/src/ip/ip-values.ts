import {
  addressOctets,
  IFF_BROADCAST,
  IFF_LOOPBACK,
  IFF_LOWER_UP,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_POINTOPOINT,
  IFF_PROMISC,
  IFF_RUNNING,
  IFF_UP,
  type IpAddress,
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  RTN_ANYCAST,
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
} from "../kernel/rtnl-request.ts";
import { AF_INET, AF_INET6 } from "../posix/socket-address.ts";
import { formatIpv4, formatIpv6, parseIpv6 } from "../posix/ip-text.ts";
import { invalidArgument, unsignedArgument } from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";

export interface Prefix {
  readonly address: IpAddress;
  readonly length: number;
  /** "default" and its kin: of whatever family the rest is. */
  readonly isAny?: true;
}

/** What an address may be called in an error: with `-4` iproute2 says "inet". */
export type FamilyWord = "any valid" | "inet" | "inet6";

/** AF_* of the option; 0: any. */
export function familyNumber(family: FamilyWord): number {
  if (family === "any valid") return 0;
  return family === "inet" ? AF_INET : AF_INET6;
}

/** Dotted IPv4 text, IPv6 text, or what the family allows; undefined for anything else. */
function addressFromText(text: string, family: FamilyWord): IpAddress | undefined {
  const ipv4 = family === "inet6" ? undefined : ipv4FromText(text);
  return ipv4 ?? (family === "inet" || !text.includes(":") ? undefined : parseIpv6(text));
}

/** Dotted IPv4 text → unsigned number; undefined for anything else. Short forms are not taken. */
function ipv4FromText(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let address = 0;
  for (let i = 1; i <= 4; i++) {
    const octet = Number(match[i]);
    if (octet > 255) return undefined;
    address = address * 256 + octet;
  }
  return address;
}

/** "10.0.0.1", "fd00::1" */
export function ipToText(address: IpAddress): string {
  return typeof address === "number" ? formatIpv4(address) : formatIpv6(address);
}

function bitsOf(address: IpAddress): number {
  return typeof address === "number" ? 32 : 128;
}

function isZero(address: IpAddress): boolean {
  return typeof address === "number" ? address === 0 : address.every((octet) => octet === 0);
}

/** "10.0.0.0/24", or "10.0.0.1" for a host, as iproute2 prints a destination. */
export function prefixToText(address: IpAddress, length: number): string {
  if (length === 0) return isZero(address) ? "default" : `${ipToText(address)}/0`;
  return length === bitsOf(address) ? ipToText(address) : `${ipToText(address)}/${length}`;
}

/** Whether the address is of the prefix's family and in it. */
export function isInside(address: IpAddress, prefix: Prefix): boolean {
  if (prefix.isAny === true) return true;
  const one = addressOctets(address);
  const other = addressOctets(prefix.address);
  if (one.length !== other.length) return false;
  for (let bit = 0; bit < prefix.length; bit += 8) {
    const mask = 0xff00 >> Math.min(prefix.length - bit, 8);
    if ((((one[bit / 8] ?? 0) ^ (other[bit / 8] ?? 0)) & mask & 0xff) !== 0) return false;
  }
  return true;
}

function anyAddress(family: FamilyWord): IpAddress {
  return family === "inet6" ? new Uint8Array(16) : 0;
}

/** `get_prefix()`: "10.0.0.1/24", "10.0.0.1", "10.0.0.0/255.255.255.0", "fd00::/64", "default", "any", "all". */
export function prefixArgument(word: string, family: FamilyWord): Prefix {
  if (word === "default" || word === "any" || word === "all") {
    const isAny = family === "any valid" ? { isAny: true as const } : {};
    return { address: anyAddress(family), length: 0, ...isAny };
  }
  const slash = word.indexOf("/");
  const address = addressFromText(slash < 0 ? word : word.slice(0, slash), family);
  const length = address === undefined ? undefined : prefixLength(word, slash, bitsOf(address));
  if (address === undefined || length === undefined) {
    throw new IpCommandError(`Error: ${family} prefix is expected rather than "${word}".`, 1);
  }
  return { address, length };
}

function prefixLength(word: string, slash: number, bits: number): number | undefined {
  return slash < 0 ? bits : prefixLengthFromText(word.slice(slash + 1), bits);
}

/** `get_addr()` */
export function addressArgument(word: string, family: FamilyWord): IpAddress {
  const isAny = word === "default" || word === "any";
  const address = isAny ? anyAddress(family) : addressFromText(word, family);
  if (address === undefined) {
    throw new IpCommandError(`Error: ${family} address is expected rather than "${word}".`, 1);
  }
  return address;
}

/** A network mask counts its ones: "255.255.255.0" → 24. */
function prefixLengthFromText(text: string, bits: number): number | undefined {
  if (/^\d{1,3}$/.test(text)) {
    const length = Number(text);
    return length <= bits ? length : undefined;
  }
  const mask = bits === 32 ? ipv4FromText(text) : undefined;
  if (mask === undefined) return undefined;
  const length = Math.clz32(~mask);
  return (length === 0 ? 0 : (-1 << (32 - length)) >>> 0) === mask ? length : undefined;
}

/** `ll_addr_a2n()`: "00:00:00:00:00:01" → 6 octets. */
export function lladdrArgument(word: string): Uint8Array {
  const parts = word.split(":");
  if (!parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part))) {
    throw new IpCommandError(`"${word}" is invalid lladdr.`, 1);
  }
  return Uint8Array.from(parts, (part) => Number.parseInt(part, 16));
}

export function lladdrToText(address: Uint8Array): string {
  return Array.from(address, (octet) => octet.toString(16).padStart(2, "0")).join(":");
}

const SCOPES: Readonly<Record<string, number>> = {
  global: 0,
  universe: 0,
  site: 200,
  link: 253,
  host: 254,
  nowhere: 255,
};
const TABLES: Readonly<Record<string, number>> = { default: 253, main: 254, local: 255 };
const PROTOCOLS: Readonly<Record<string, number>> = {
  unspec: 0,
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  ra: 9,
  zebra: 11,
  bird: 12,
  dhcp: 16,
  bgp: 186,
  isis: 187,
  ospf: 188,
  rip: 189,
  eigrp: 192,
};
export const ROUTE_TYPES: Readonly<Record<string, number>> = {
  unicast: RTN_UNICAST,
  local: RTN_LOCAL,
  broadcast: RTN_BROADCAST,
  anycast: RTN_ANYCAST,
  multicast: RTN_MULTICAST,
  blackhole: RTN_BLACKHOLE,
  unreachable: RTN_UNREACHABLE,
  prohibit: RTN_PROHIBIT,
};

export function scopeArgument(word: string): number {
  return numbered(SCOPES, word, 'invalid "scope" value\n', 255);
}

/** A table's name or number; undefined for anything else. */
export function tableNumber(word: string): number | undefined {
  if (Object.hasOwn(TABLES, word)) return TABLES[word];
  const number = /^(0x[0-9a-f]+|\d+)$/i.test(word) ? Number(word) : undefined;
  return number === undefined || number > 0xffff_ffff ? undefined : number;
}

export function tableArgument(word: string): number {
  return numbered(TABLES, word, '"table" value is invalid\n', 0xffffffff);
}

export function protocolArgument(word: string): number {
  return numbered(PROTOCOLS, word, '"protocol" value is invalid\n', 255);
}

export function scopeToText(scope: number): string {
  return scope === 0 ? "global" : nameOf(SCOPES, scope);
}

export function tableToText(table: number): string {
  return nameOf(TABLES, table);
}

export function protocolToText(protocol: number): string {
  return nameOf(PROTOCOLS, protocol);
}

export function routeTypeToText(type: number): string {
  return nameOf(ROUTE_TYPES, type);
}

function numbered(
  names: Readonly<Record<string, number>>,
  word: string,
  message: string,
  max: number,
): number {
  return Object.hasOwn(names, word)
    ? (names[word] ?? 0)
    : unsignedArgument(word, message.trimEnd(), max);
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
}

const NEIGHBOUR_STATES: readonly (readonly [string, number])[] = [
  ["INCOMPLETE", NUD_INCOMPLETE],
  ["REACHABLE", NUD_REACHABLE],
  ["STALE", NUD_STALE],
  ["DELAY", NUD_DELAY],
  ["PROBE", NUD_PROBE],
  ["FAILED", NUD_FAILED],
  ["NOARP", NUD_NOARP],
  ["PERMANENT", NUD_PERMANENT],
];

export function neighbourStateArgument(word: string): number {
  const state = NEIGHBOUR_STATES.find(([name]) => name.toLowerCase() === word.toLowerCase());
  if (state === undefined) throw invalidArgument("nud state is bad", word);
  return state[1];
}

export function neighbourStatesToText(state: number): string[] {
  return NEIGHBOUR_STATES.filter(([, bit]) => (state & bit) !== 0).map(([name]) => name);
}

const LINK_FLAGS: readonly (readonly [string, number])[] = [
  ["LOOPBACK", IFF_LOOPBACK],
  ["BROADCAST", IFF_BROADCAST],
  ["POINTOPOINT", IFF_POINTOPOINT],
  ["MULTICAST", IFF_MULTICAST],
  ["NOARP", IFF_NOARP],
  ["PROMISC", IFF_PROMISC],
  ["UP", IFF_UP],
  ["LOWER_UP", IFF_LOWER_UP],
];

/** Flags in iproute2's order; an interface that is up without carrier says NO-CARRIER first. */
export function linkFlagsToText(flags: number): string[] {
  const names = LINK_FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  if ((flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) === 0) names.unshift("NO-CARRIER");
  return names;
}

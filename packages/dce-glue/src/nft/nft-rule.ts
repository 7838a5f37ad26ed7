import type { NftPlace } from "./nft-command-error.ts";
import type { NftField } from "./nft-fields.ts";

/** A rule: what has to be so, and what is done then, in the order in which it is written. */
export interface NftRule {
  readonly parts: readonly NftPart[];
  readonly comment: string | undefined;
}

export type NftPart = NftMatch | NftStatement;

/** "implicit" is written as nothing: equal, or for flags any of them. */
export type NftOperator = "implicit" | "==" | "!=" | "<" | ">" | "<=" | ">=";

export interface NftMatch {
  readonly kind: "match";
  readonly field: NftField;
  readonly operator: NftOperator;
  readonly value: NftValue;
}

export type NftValue =
  | NftElement
  /** Of flags: those of the mask are exactly these. */
  | { readonly kind: "masked"; readonly octets: Uint8Array; readonly mask: Uint8Array }
  | { readonly kind: "set"; readonly elements: readonly NftElement[] }
  | { readonly kind: "named set"; readonly name: string; readonly place: NftPlace };

/** What may be in a set as well. */
export type NftElement =
  /** Fewer octets than the field has: whatever begins so. */
  | { readonly kind: "value"; readonly octets: Uint8Array }
  | { readonly kind: "prefix"; readonly octets: Uint8Array; readonly bits: number }
  | { readonly kind: "range"; readonly from: Uint8Array; readonly to: Uint8Array };

export type NftVerdict = "accept" | "drop" | "continue" | "return" | "jump" | "goto";

export type NftStatement =
  | {
      readonly kind: "verdict";
      readonly verdict: NftVerdict;
      readonly chain: string | undefined;
      readonly place: NftPlace | undefined;
    }
  | { readonly kind: "counter"; readonly packets: number; readonly octets: number }
  | {
      readonly kind: "log";
      readonly prefix: string | undefined;
      readonly level: number | undefined;
      readonly group: number | undefined;
    }
  | {
      readonly kind: "limit";
      readonly isOver: boolean;
      readonly rate: number;
      /** Seconds. */
      readonly unit: number;
      readonly burst: number;
    }
  /** NFT_REJECT_* and an ICMP code. */
  | { readonly kind: "reject"; readonly type: number; readonly code: number }
  | NftTranslation
  | { readonly kind: "notrack" }
  | { readonly kind: "set mark"; readonly of: "meta" | "ct"; readonly octets: Uint8Array };

/** snat, dnat, masquerade and redirect. */
export interface NftTranslation {
  readonly kind: "nat";
  readonly action: "snat" | "dnat" | "masquerade" | "redirect";
  /** NFPROTO_* of the addresses. */
  readonly family: number;
  readonly addresses: NftSpan | undefined;
  readonly ports: NftSpan | undefined;
  /** NF_NAT_RANGE_PROTO_RANDOM… */
  readonly flags: number;
}

export interface NftSpan {
  readonly from: Uint8Array;
  /** undefined: it is one. */
  readonly to: Uint8Array | undefined;
}

export const NAT_FLAGS: readonly (readonly [string, number])[] = [
  ["random", 4],
  ["persistent", 8],
  ["fully-random", 16],
];

export const LOG_LEVELS: readonly string[] = [
  "emerg",
  "alert",
  "crit",
  "err",
  "warn",
  "notice",
  "info",
  "debug",
];
export const LOG_LEVEL_DEFAULT = 4;

export const LIMIT_UNITS: readonly (readonly [string, number])[] = [
  ["second", 1],
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
  ["week", 604_800],
];
export const LIMIT_BURST_DEFAULT = 5;

export const REJECT_ICMP = 0;
export const REJECT_TCP_RESET = 1;
export const REJECT_ICMPX = 2;

type Codes = Readonly<Record<string, number>>;

export const ICMP_CODES: Codes = {
  "net-unreachable": 0,
  "host-unreachable": 1,
  "prot-unreachable": 2,
  "port-unreachable": 3,
  "net-prohibited": 9,
  "host-prohibited": 10,
  "admin-prohibited": 13,
};
export const ICMPV6_CODES: Codes = {
  "no-route": 0,
  "admin-prohibited": 1,
  "addr-unreachable": 3,
  "port-unreachable": 4,
  "policy-fail": 5,
  "reject-route": 6,
};
export const ICMPX_CODES: Codes = {
  "no-route": 0,
  "port-unreachable": 1,
  "host-unreachable": 2,
  "admin-prohibited": 3,
};

/** What a plain `reject` of a family says: the port cannot be reached. */
export function defaultReject(family: NftFamily): { type: number; code: number } {
  if (family === "ip") return { type: REJECT_ICMP, code: 3 };
  if (family === "ip6") return { type: REJECT_ICMP, code: 4 };
  return { type: REJECT_ICMPX, code: 1 };
}

export type NftFamily = "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev";

/** NFPROTO_* */
export const FAMILIES: Readonly<Record<NftFamily, number>> = {
  ip: 2,
  ip6: 10,
  inet: 1,
  arp: 3,
  bridge: 7,
  netdev: 5,
};

export function isFamily(word: string): word is NftFamily {
  return Object.hasOwn(FAMILIES, word);
}

export function familyName(number: number): NftFamily | undefined {
  return Object.keys(FAMILIES).find(
    (name): name is NftFamily => isFamily(name) && FAMILIES[name] === number,
  );
}

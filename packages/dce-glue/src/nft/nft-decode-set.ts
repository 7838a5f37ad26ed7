import { NetlinkAttributes, netlinkAttributes } from "@dcejs/net-stack";
import { DATA, SET_ELEM, SET_ELEM_INTERVAL_END } from "./nft-numbers.ts";
import type { NftElement } from "./nft-rule.ts";
import { IPV4, IPV6, type NftType } from "./nft-types.ts";
import { compareOctets, highest, maskOf, merged } from "./nft-value-parser.ts";

/** A key of a set as the kernel holds it; in a set of intervals each key begins or ends one. */
export interface SetKey {
  readonly octets: Uint8Array;
  readonly isEnd: boolean;
}

/** Keys in NFTA_SET_ELEM_LIST_ELEMENTS. */
export function readKeys(list: Uint8Array | undefined): SetKey[] {
  return [...netlinkAttributes(list ?? new Uint8Array())].map(({ value }) => {
    const element = new NetlinkAttributes(value);
    const flags = element.be32(SET_ELEM.FLAGS) ?? 0;
    const octets = element.nested(SET_ELEM.KEY)?.bytes(DATA.VALUE)?.slice() ?? new Uint8Array();
    return { octets, isEnd: (flags & SET_ELEM_INTERVAL_END) !== 0 };
  });
}

/** Elements as they are written. */
export function elementsOf(
  keys: readonly SetKey[],
  type: NftType,
  isInterval: boolean,
): NftElement[] {
  if (!isInterval) {
    return merged(
      keys.map(({ octets }) => ({ kind: "value", octets })),
      type,
    );
  }
  const sorted = keys.toSorted(
    (a, b) => compareOctets(a.octets, b.octets) || Number(b.isEnd) - Number(a.isEnd),
  );
  const elements: NftElement[] = [];
  for (const [i, { octets, isEnd }] of sorted.entries()) {
    if (isEnd) continue;
    const next = sorted[i + 1]?.octets;
    const to = next === undefined ? new Uint8Array(type.octets).fill(0xff) : before(next);
    elements.push(interval(octets, to, type));
  }
  return elements;
}

/**
 * Keys that say what is in a set, ends of intervals included.
 * @param isDeleted they go: what lies below them stays said
 */
export function keysOf(
  elements: readonly NftElement[],
  isInterval: boolean,
  isDeleted = false,
): SetKey[] {
  if (!isInterval) {
    return elements.flatMap((one) =>
      one.kind === "value" ? [{ octets: one.octets, isEnd: false }] : [],
    );
  }
  const [first] = elements;
  const keys: SetKey[] = [];
  const low = first === undefined ? undefined : startOf(first);
  // What lies below the first interval is said to be outside.
  if (!isDeleted && low?.some((octet) => octet !== 0)) {
    keys.push({ octets: new Uint8Array(low.length), isEnd: true });
  }
  for (const element of elements) {
    keys.push({ octets: startOf(element), isEnd: false });
    const end = after(highest(element));
    if (end !== undefined) keys.push({ octets: end, isEnd: true });
  }
  return keys;
}

function startOf(element: NftElement): Uint8Array {
  return element.kind === "range" ? element.from : element.octets;
}

/** A range that is a prefix of an address is written as one. */
function interval(from: Uint8Array, to: Uint8Array, type: NftType): NftElement {
  if (compareOctets(from, to) === 0) return { kind: "value", octets: from };
  if (type === IPV4 || type === IPV6) {
    for (let bits = 0; bits < type.octets * 8; bits++) {
      const prefix: NftElement = { kind: "prefix", octets: from, bits };
      const mask = maskOf(bits, type.octets);
      const isAligned = from.every((octet, i) => (octet & ~(mask[i] ?? 0)) === 0);
      if (isAligned && compareOctets(highest(prefix), to) === 0) return prefix;
    }
  }
  return { kind: "range", from, to };
}

function before(octets: Uint8Array): Uint8Array {
  const result = octets.slice();
  for (let i = result.length - 1; i >= 0; i--) {
    const octet = result[i] ?? 0;
    result[i] = octet - 1;
    if (octet > 0) break;
  }
  return result;
}

/** @returns undefined: there is none, all bits are set */
function after(octets: Uint8Array): Uint8Array | undefined {
  const result = octets.slice();
  for (let i = result.length - 1; i >= 0; i--) {
    const octet = result[i] ?? 0;
    result[i] = octet + 1;
    if (octet < 0xff) return result;
  }
  return undefined;
}

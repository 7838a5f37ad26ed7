import { errorAt, type NftPlace } from "./nft-command-error.ts";
import type { NftField } from "./nft-fields.ts";
import type { NftElement, NftValue } from "./nft-rule.ts";
import { CT_STATE, IFNAME, IPV4, IPV6, INET_SERVICE, type NftType, numberOf } from "./nft-types.ts";
import type { NftWord, NftWords } from "./nft-words.ts";

/** The right side of a match. @throws {NftCommandError} */
export function parseValue(words: NftWords, field: NftField): NftValue {
  const { type } = field;
  if (words.peek().text === "{") return { kind: "set", elements: parseElements(words, type) };
  const word = words.peek();
  if (word.kind === "word" && word.text.startsWith("@")) {
    words.take();
    return { kind: "named set", name: word.text.slice(1), place: word.place };
  }
  if (type.isBitmask) return parseFlags(words, type);
  return parseElement(words, type);
}

/** `{ 22, 80-90 }` */
export function parseElements(words: NftWords, type: NftType): NftElement[] {
  words.expect("{");
  const elements: NftElement[] = [];
  for (;;) {
    skipNewlines(words);
    if (words.peek().text === "}" && elements.length > 0) break;
    const { place } = words.peek();
    const element = parseElement(words, type);
    if (element.kind === "value" && element.octets.length < type.octets) {
      throw errorAt(place, "a name that ends with * in a set is not supported here");
    }
    elements.push(element);
    skipNewlines(words);
    if (words.accept(",") === undefined) break;
  }
  words.expect("}");
  return merged(elements, type);
}

function skipNewlines(words: NftWords): void {
  while (words.peek().kind === "newline") words.take();
}

/** One value, prefix or range. */
function parseElement(words: NftWords, type: NftType): NftElement {
  const word = words.peek();
  if (word.kind !== "word" && word.kind !== "string") throw words.unexpected();
  words.take();
  const whole = type.parse(word.text);
  if (whole !== undefined) return { kind: "value", octets: whole };
  const [from, to] = splitRange(word.text);
  if (to !== undefined && type.isBigEndian) return range(word, type, from, to);
  const [address = "", length] = word.text.split("/");
  if (length !== undefined && (type === IPV4 || type === IPV6)) {
    return prefix(word, type, address, length);
  }
  throw invalidValue(word, type);
}

/** At the dash that is no part of a name: "80-90", "10.0.0.1-10.0.0.9". */
function splitRange(text: string): [string, string | undefined] {
  const match = /^([\d.:a-f]+)-([\d.:a-f]+)$/i.exec(text);
  return [match?.[1] ?? text, match?.[2]];
}

function range(word: NftWord, type: NftType, low: string, high: string): NftElement {
  const from = parsed(word, type, low);
  const to = parsed(word, type, high);
  if (compareOctets(from, to) >= 0) {
    throw errorAt(word.place, "Range has zero or negative size");
  }
  return { kind: "range", from, to };
}

function prefix(word: NftWord, type: NftType, address: string, length: string): NftElement {
  const octets = parsed(word, type, address);
  const bits = Number(length);
  if (!/^\d+$/.test(length) || bits > type.octets * 8) {
    throw errorAt(word.place, `Prefix length ${length} is invalid for type ${type.title}`);
  }
  if (bits === type.octets * 8) return { kind: "value", octets };
  return { kind: "prefix", octets: and(octets, maskOf(bits, type.octets)), bits };
}

/** `established,related`, and of one octet also `syn / syn,ack` and `& (syn|ack) == syn`. */
function parseFlags(words: NftWords, type: NftType): NftValue {
  if (words.accept("&") !== undefined) {
    words.expect("(");
    const mask = flagList(words, type, "|");
    words.expect(")");
    words.expect("==");
    return { kind: "masked", mask, octets: flagList(words, type, "|") };
  }
  const octets = flagList(words, type, ",");
  const { kind, text } = words.peek();
  if (kind !== "word" || text !== "/") return { kind: "value", octets };
  words.take();
  return { kind: "masked", octets, mask: flagList(words, type, ",") };
}

function flagList(words: NftWords, type: NftType, between: string): Uint8Array {
  const sum = new Uint8Array(type.octets);
  do {
    const word = words.expectWord();
    for (const [i, octet] of parsed(word, type, word.text).entries())
      sum[i] = (sum[i] ?? 0) | octet;
  } while (words.accept(between) !== undefined);
  return sum;
}

function parsed(word: NftWord, type: NftType, text: string): Uint8Array {
  const octets = type.parse(text);
  if (octets === undefined) throw invalidValue(word, type, text);
  return octets;
}

/** nft's words for a value that is none. */
export function invalidValue(word: NftWord, type: NftType, text: string = word.text): Error {
  const { place } = word;
  if (type === INET_SERVICE && /^\d+$/.test(text)) return errorAt(place, "Service out of range");
  if (type === INET_SERVICE) {
    return errorAt(place, "Could not resolve service: Servname not supported for ai_socktype");
  }
  if (type === IPV4 || type === IPV6) {
    return errorAt(place, "Could not resolve hostname: Name or service not known");
  }
  if (/^\d+$/.test(text)) {
    return errorAt(place, `Value ${text} exceeds valid range 0-${256 ** type.octets - 1}`);
  }
  if (type === CT_STATE) return unknownSymbol(place, "conntrack state");
  return unknownSymbol(place, type.title);
}

function unknownSymbol(place: NftPlace, title: string): Error {
  return errorAt(place, `Could not parse ${title}`);
}

export function compareOctets(a: Uint8Array, b: Uint8Array): number {
  for (const [i, octet] of a.entries()) {
    const difference = octet - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function maskOf(bits: number, octets: number): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, i) => {
    const left = Math.min(Math.max(bits - i * 8, 0), 8);
    return (0xff << (8 - left)) & 0xff;
  });
}

function and(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((octet, i) => octet & (b[i] ?? 0));
}

function lowest(element: NftElement): Uint8Array {
  return element.kind === "range" ? element.from : element.octets;
}

/** The last address of a prefix or range. */
export function highest(element: NftElement): Uint8Array {
  if (element.kind === "range") return element.to;
  if (element.kind === "value") return element.octets;
  const mask = maskOf(element.bits, element.octets.length);
  return element.octets.map((octet, i) => octet | (~(mask[i] ?? 0) & 0xff));
}

/** In order, without doubles; those that overlap or touch with a range or prefix are one, as nft's auto-merge. */
export function merged(elements: readonly NftElement[], type: NftType): NftElement[] {
  const compare = (a: Uint8Array, b: Uint8Array): number =>
    type.isBigEndian || type === IFNAME
      ? compareOctets(a, b)
      : numberOf(a, false) - numberOf(b, false);
  const sorted = elements.toSorted((a, b) => compare(lowest(a), lowest(b)));
  const result: NftElement[] = [];
  for (const element of sorted) {
    const last = result.at(-1);
    if (last === undefined || compare(lowest(element), highest(last)) > 0) {
      result.push(element);
    } else if (compare(highest(element), highest(last)) > 0) {
      result[result.length - 1] = { kind: "range", from: lowest(last), to: highest(element) };
    }
  }
  return result;
}

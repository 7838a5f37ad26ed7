import { errorAt } from "./nft-command-error.ts";
import type { NftChange, NftHook, NftName } from "./nft-command.ts";
import { CHAIN_TYPES, hookNumber, namedPriority } from "./nft-hooks.ts";
import type { NftElement, NftFamily, NftRule } from "./nft-rule.ts";
import { parseRule } from "./nft-rule-parser.ts";
import { type NftType, SET_TYPES } from "./nft-types.ts";
import { parseElements } from "./nft-value-parser.ts";
import type { NftWords } from "./nft-words.ts";

const NF_DROP = 0;
const NF_ACCEPT = 1;

/** What is in the braces of a chain. */
export interface ChainBlock {
  readonly hook: NftHook | undefined;
  readonly policy: number | undefined;
  readonly rules: readonly NftRule[];
}

/** What is in the braces of a set. */
export interface SetBlock {
  readonly type: NftType;
  readonly isInterval: boolean;
  readonly elements: readonly NftElement[];
}

/** `{ chain NAME { … } set NAME { … } }`: sets and chains come before the rules that name them. */
export function parseTableBlock(words: NftWords, family: NftFamily, table: NftName): NftChange[] {
  words.expect("{");
  const sets: NftChange[] = [];
  const chains: NftChange[] = [];
  const rules: NftChange[] = [];
  for (words.skipStops(); words.accept("}") === undefined; words.skipStops()) {
    const start = words.peek();
    if (words.accept("set") !== undefined) {
      const set = words.expectWord("string");
      const block = parseSetBlock(words);
      const place = words.since(start);
      sets.push({ action: "add", object: "set", family, table, set, place, ...block });
      continue;
    }
    if (words.accept("chain") === undefined) throw words.unexpected();
    const chain = words.expectWord("string");
    const { hook, policy, rules: inside } = parseChainBlock(words, family);
    const common = { family, table, chain, place: start.place };
    chains.push({ action: "add", object: "chain", ...common, hook, policy });
    for (const rule of inside) {
      rules.push({ action: "add", object: "rule", ...common, rule, position: undefined });
    }
  }
  return [...sets, ...chains, ...rules];
}

/** `{ type filter hook input priority 0; policy drop; RULES }` */
export function parseChainBlock(words: NftWords, family: NftFamily): ChainBlock {
  words.expect("{");
  let hook: NftHook | undefined;
  let policy: number | undefined;
  const rules: NftRule[] = [];
  for (words.skipStops(); words.accept("}") === undefined; words.skipStops()) {
    if (words.accept("type") !== undefined) {
      hook = parseHook(words, family);
      expectStop(words);
    } else if (words.accept("policy") !== undefined) {
      policy = parsePolicy(words);
      expectStop(words);
    } else rules.push(parseRule(words, family));
  }
  return { hook, policy, rules };
}

/** A line in braces ends with a newline or `;`. */
function expectStop(words: NftWords): void {
  const { kind, text } = words.peek();
  if (kind !== "newline" && text !== ";") throw words.unexpected("newline or semicolon");
}

function parseHook(words: NftWords, family: NftFamily): NftHook {
  const type = words.expectWord("string");
  if (!CHAIN_TYPES.has(type.text)) throw errorAt(type.place, "unknown chain type");
  words.expect("hook");
  const name = words.expectWord("string");
  const hook = hookNumber(name.text, family);
  if (hook === undefined) throw errorAt(name.place, "unknown chain hook");
  words.expect("priority");
  return { type: type.text, hook, priority: parsePriority(words, hook) };
}

/** `0`, `-150`, `filter`, `filter + 5` */
function parsePriority(words: NftWords, hook: number): number {
  const word = words.expectWord();
  if (/^-?\d+$/.test(word.text)) return Number(word.text);
  const base = namedPriority(word.text, hook);
  if (base === undefined) {
    throw errorAt(word.place, "invalid priority expression value in this context.");
  }
  const sign = words.accept("+") ?? words.accept("-");
  if (sign === undefined) return base;
  const distance = words.peek();
  if (!/^\d+$/.test(distance.text)) throw words.unexpected("number");
  words.take();
  return sign.text === "+" ? base + Number(distance.text) : base - Number(distance.text);
}

function parsePolicy(words: NftWords): number {
  if (words.accept("accept") !== undefined) return NF_ACCEPT;
  if (words.accept("drop") !== undefined) return NF_DROP;
  throw words.unexpected("accept or drop or '$'");
}

/** `{ type ipv4_addr; flags interval; elements = { … } }` */
export function parseSetBlock(words: NftWords): SetBlock {
  words.expect("{");
  let type: NftType | undefined;
  let isInterval = false;
  let elements: readonly NftElement[] = [];
  for (words.skipStops(); words.accept("}") === undefined; words.skipStops()) {
    if (words.accept("type") !== undefined) {
      const word = words.expectWord("string");
      type = SET_TYPES.find(({ name }) => name === word.text);
      if (type === undefined) throw errorAt(word.place, `unknown datatype ${word.text}`);
    } else if (words.accept("flags") !== undefined) {
      words.expect("interval");
      isInterval = true;
    } else if (words.accept("elements") !== undefined) {
      words.expect("=");
      if (type === undefined) throw words.unexpected();
      const { place } = words.peek();
      elements = parseElements(words, type);
      if (!isInterval && elements.some(({ kind }) => kind !== "value")) {
        throw errorAt(
          place,
          "You must add 'flags interval' to your set declaration if you want to add prefix elements",
        );
      }
    } else throw words.unexpected();
  }
  if (type === undefined) throw errorAt(words.peek().place, "set definition does not specify key");
  return { type, isInterval, elements };
}

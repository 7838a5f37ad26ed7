import { errorAt } from "./nft-command-error.ts";
import type { NftHandle, NftName, NftOneCommand } from "./nft-command.ts";
import { parseChainBlock, parseSetBlock, parseTableBlock } from "./nft-block-parser.ts";
import { isFamily, type NftElement, type NftFamily } from "./nft-rule.ts";
import { parseRule } from "./nft-rule-parser.ts";
import type { NftType } from "./nft-types.ts";
import { parseElements } from "./nft-value-parser.ts";
import { type NftWord, NftWords } from "./nft-words.ts";

/** Verbs, and the objects that each takes. */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  add: ["table", "chain", "rule", "set", "element"],
  create: ["table", "chain", "set", "element"],
  insert: ["rule"],
  replace: ["rule"],
  delete: ["table", "chain", "rule", "set", "element"],
  flush: ["table", "chain", "ruleset"],
  list: ["table", "chain", "set", "ruleset", "tables", "chains"],
};

/** All commands of a source: one a line, or with `;` between them. @throws {NftCommandError} in nft's words */
export function parseCommands(text: string): NftOneCommand[] {
  const words = new NftWords(text);
  const commands: NftOneCommand[] = [];
  words.skipStops();
  while (!words.isAtEnd) {
    commands.push(...parseCommand(words));
    if (!words.isAtEnd && words.peek().kind !== "newline" && words.peek().text !== ";") {
      throw words.unexpected("end of file or newline or semicolon");
    }
    words.skipStops();
  }
  return commands;
}

function parseCommand(words: NftWords): NftOneCommand[] {
  const start = words.peek();
  // `table ip filter { … }` adds; so does a verb that is left out before a table's name.
  if (start.text === "table") {
    words.take();
    return parseTable(words, start, "add");
  }
  const verb = words.expectWord();
  const objects = Object.hasOwn(VERBS, verb.text) ? VERBS[verb.text] : undefined;
  if (objects === undefined) throw errorAt(verb.place, "syntax error, unexpected string");
  const object = words.peek();
  if (!objects.includes(object.text)) {
    if (verb.text !== "add" || object.kind !== "word") {
      throw words.unexpected(object.kind === "word" ? undefined : "string");
    }
    // `add filter input accept` is a rule.
    return parseRuleCommand(words, start, "add");
  }
  words.take();
  return parseObject(words, start, verb.text, object.text);
}

function parseObject(
  words: NftWords,
  start: NftWord,
  verb: string,
  object: string,
): NftOneCommand[] {
  if (object === "table") return parseTable(words, start, verb);
  if (object === "chain") return parseChain(words, start, verb);
  if (object === "rule") return parseRuleCommand(words, start, verb);
  if (object === "set") return parseSet(words, start, verb);
  if (object === "element") return parseElementCommand(words, start, verb);
  const family = words.isAtStop ? undefined : optionalFamily(words);
  const place = words.since(start);
  if (verb === "flush") return [{ action: "flush", object: "ruleset", family, place }];
  if (object === "tables" || object === "chains" || object === "ruleset") {
    return [{ action: "list", object, family, place }];
  }
  throw errorAt(place, "syntax error, unexpected string");
}

function optionalFamily(words: NftWords): NftFamily | undefined {
  const { text } = words.peek();
  if (!isFamily(text)) return undefined;
  words.take();
  return text;
}

function name(words: NftWords): NftName {
  const { text, place } = words.expectWord("string");
  return { text, place };
}

function handle(words: NftWords): NftHandle {
  const word = words.peek();
  if (!/^\d+$/.test(word.text)) throw words.unexpected("number");
  words.take();
  return { number: Number(word.text), place: word.place };
}

function parseTable(words: NftWords, start: NftWord, verb: string): NftOneCommand[] {
  const family = optionalFamily(words) ?? "ip";
  const table = name(words);
  if (verb === "add" || verb === "create") {
    const head = { object: "table", family, table, place: words.since(start) } as const;
    const block = words.peek().text === "{" ? parseTableBlock(words, family, table) : [];
    return [{ action: verb, ...head }, ...block];
  }
  const common = { object: "table", family, table, place: words.since(start) } as const;
  if (verb === "list") return [{ action: "list", ...common }];
  return [{ action: verb === "flush" ? "flush" : "delete", ...common }];
}

function parseChain(words: NftWords, start: NftWord, verb: string): NftOneCommand[] {
  const family = optionalFamily(words) ?? "ip";
  const table = name(words);
  const chain = name(words);
  if (verb === "add" || verb === "create") {
    const isBlock = words.peek().text === "{";
    const block = isBlock ? parseChainBlock(words, family) : undefined;
    const common = { family, table, chain, place: words.since(start) };
    const rules = (block?.rules ?? []).map(
      (rule): NftOneCommand => ({
        ...common,
        action: "add",
        object: "rule",
        rule,
        position: undefined,
      }),
    );
    const { hook, policy } = block ?? {};
    return [{ ...common, action: verb, object: "chain", hook, policy }, ...rules];
  }
  const common = { object: "chain", family, table, chain, place: words.since(start) } as const;
  if (verb === "list") return [{ action: "list", ...common }];
  return [{ action: verb === "flush" ? "flush" : "delete", ...common }];
}

function parseRuleCommand(words: NftWords, start: NftWord, verb: string): NftOneCommand[] {
  const family = optionalFamily(words) ?? "ip";
  const head = { object: "rule", family, table: name(words), chain: name(words) } as const;
  if (verb === "delete" || verb === "replace") {
    words.expect("handle");
    const wanted = handle(words);
    const rule = verb === "replace" ? parseRule(words, family) : undefined;
    const common = { ...head, handle: wanted, place: words.since(start) };
    if (rule === undefined) return [{ action: "delete", ...common }];
    return [{ action: "replace", ...common, rule }];
  }
  const position = parsePosition(words);
  const rule = parseRule(words, family);
  const action = verb === "insert" ? "insert" : "add";
  return [{ action, ...head, rule, position, place: words.since(start) }];
}

/** `position 5` or `handle 5`; each is shown at its own place. */
function parsePosition(words: NftWords): NftHandle | undefined {
  const keyword = words.accept("position");
  if (keyword !== undefined) return { ...handle(words), place: words.since(keyword) };
  return words.accept("handle") === undefined ? undefined : handle(words);
}

function parseSet(words: NftWords, start: NftWord, verb: string): NftOneCommand[] {
  const family = optionalFamily(words) ?? "ip";
  const head = { object: "set", family, table: name(words), set: name(words) } as const;
  if (verb === "add" || verb === "create") {
    const block = parseSetBlock(words);
    return [{ action: verb, ...head, ...block, place: words.since(start) }];
  }
  const place = words.since(start);
  return [
    verb === "list" ? { action: "list", ...head, place } : { action: "delete", ...head, place },
  ];
}

function parseElementCommand(words: NftWords, start: NftWord, verb: string): NftOneCommand[] {
  const family = optionalFamily(words) ?? "ip";
  const head = { object: "element", family, table: name(words), set: name(words) } as const;
  const braces = words.takeBraces();
  const elementsAs = (type: NftType): NftElement[] => parseElements(new NftWords(braces), type);
  const action = verb === "delete" ? "delete" : verb === "create" ? "create" : "add";
  return [{ action, ...head, elementsAs, place: words.since(start) }];
}

import type { Wait } from "@dcejs/lkl-kernel";
import { NetlinkAttributes, type NetlinkMessage } from "@dcejs/net-stack";
import { errorAt } from "./nft-command-error.ts";
import type { NftClient } from "./nft-client.ts";
import type { NftElementChange, NftList } from "./nft-command.ts";
import { decodeRule } from "./nft-decode-rule.ts";
import { elementsOf, readKeys, type SetKey } from "./nft-decode-set.ts";
import { hookName, priorityText } from "./nft-hooks.ts";
import { CHAIN, HOOK, NFT_MSG, RULE, SET, SET_ELEM_LIST, SET_FLAG, TABLE } from "./nft-numbers.ts";
import { printElements, printRule } from "./nft-print-rule.ts";
import { familyName, type NftFamily } from "./nft-rule.ts";
import { type NftType, numberOf, SET_TYPES } from "./nft-types.ts";

/** How a list is printed. */
export interface NftOutput {
  /** `-a` */
  readonly withHandles: boolean;
  /** `-s`: without what was counted. */
  readonly isStateless: boolean;
}

interface Found {
  readonly family: NftFamily;
  readonly table: string;
  readonly name: string;
  readonly attributes: NetlinkAttributes;
}

interface FoundSet extends Found {
  readonly flags: number;
  readonly keys: readonly SetKey[];
}

/** The parts of a ruleset as the kernel tells them. */
interface Ruleset {
  readonly tables: readonly Found[];
  readonly chains: readonly Found[];
  readonly rules: readonly Found[];
  readonly sets: readonly FoundSet[];
}

/** @throws {NftCommandError} there is nothing of that name */
export function* list(command: NftList, client: NftClient, output: NftOutput): Wait<string> {
  const ruleset = yield* readRuleset(client, command.family);
  switch (command.object) {
    case "tables":
      return ruleset.tables.map(({ family, name }) => `table ${family} ${name}\n`).join("");
    case "chains":
      return ruleset.tables.map((table) => printTable(table, chainsOnly(ruleset, output))).join("");
    case "ruleset":
      return ruleset.tables.map((table) => printTable(table, whole(ruleset, output))).join("");
    case "table":
    case "chain":
    case "set":
      return printOne(command, ruleset, output);
    default:
      return command satisfies never;
  }
}

/** What of a table is printed, in its order, and how far apart. */
interface Selection {
  readonly output: NftOutput;
  readonly blank: string;
  readonly itemsOf: (table: Found) => readonly string[];
}

function whole(ruleset: Ruleset, output: NftOutput): Selection {
  const itemsOf = (table: Found): string[] => [
    ...namedSets(ruleset, table).map((set) => printSet(set, output)),
    ...chainsOf(ruleset, table).map((chain) => printChain(chain, ruleset, output)),
  ];
  return { output, blank: "\n", itemsOf };
}

function chainsOnly(ruleset: Ruleset, output: NftOutput): Selection {
  const empty = { ...ruleset, rules: [] };
  const itemsOf = (table: Found): string[] =>
    chainsOf(ruleset, table).map((chain) => printChain(chain, empty, output));
  return { output, blank: "", itemsOf };
}

function printOne(
  command: Exclude<NftList, { object: "ruleset" | "tables" | "chains" }>,
  ruleset: Ruleset,
  output: NftOutput,
): string {
  const table = ruleset.tables.find(({ name }) => name === command.table.text);
  if (table === undefined) throw errorAt(command.table.place, "No such file or directory");
  if (command.object === "table") return printTable(table, whole(ruleset, output));
  const wanted = command.object === "chain" ? command.chain : command.set;
  const item =
    command.object === "chain"
      ? chainsOf(ruleset, table)
          .filter(({ name }) => name === wanted.text)
          .map((chain) => printChain(chain, ruleset, output))[0]
      : namedSets(ruleset, table)
          .filter(({ name }) => name === wanted.text)
          .map((set) => printSet(set, output))[0];
  if (item === undefined) throw errorAt(wanted.place, "No such file or directory");
  // Only the list of a whole table has the table's handle.
  const plain = { ...output, withHandles: false };
  return printTable(table, { output: plain, blank: "", itemsOf: () => [item] });
}

function isOf(table: Found): (one: Found) => boolean {
  return (one) => one.family === table.family && one.table === table.name;
}

function chainsOf({ chains }: Ruleset, table: Found): Found[] {
  return chains.filter(isOf(table));
}

function namedSets({ sets }: Ruleset, table: Found): FoundSet[] {
  return sets.filter(isOf(table)).filter(({ flags }) => (flags & SET_FLAG.ANONYMOUS) === 0);
}

function printTable(table: Found, { output, blank, itemsOf }: Selection): string {
  const head = `table ${table.family} ${table.name} {${handleText(table, TABLE.HANDLE, output)}\n`;
  return `${head}${itemsOf(table).join(blank)}}\n`;
}

function printChain(chain: Found, { rules, sets }: Ruleset, output: NftOutput): string {
  const { family, table, name, attributes } = chain;
  const lines = [`\tchain ${name} {${handleText(chain, CHAIN.HANDLE, output)}\n`];
  const hook = attributes.nested(CHAIN.HOOK);
  if (hook !== undefined) {
    const number = hook.be32(HOOK.HOOKNUM) ?? 0;
    const priority = priorityText((hook.be32(HOOK.PRIORITY) ?? 0) | 0, number);
    const policy = attributes.be32(CHAIN.POLICY) === 0 ? "drop" : "accept";
    const type = attributes.text(CHAIN.TYPE) ?? "";
    lines.push(
      `\t\ttype ${type} hook ${hookName(number, family)} priority ${priority}; policy ${policy};\n`,
    );
  }
  const own = rules.filter((rule) => isSameTable(rule, chain) && rule.name === name);
  for (const rule of own) {
    const decoded = decodeRule(rule.attributes, family, (setName, type) => {
      const set = sets.find((one) => isSameTable(one, chain) && one.name === setName);
      if (set === undefined) return undefined;
      return elementsOf(set.keys, type, (set.flags & SET_FLAG.INTERVAL) !== 0);
    });
    const text = printRule(decoded, family, output.isStateless);
    lines.push(`\t\t${text}${handleText(rule, RULE.HANDLE, output)}\n`);
  }
  return `${lines.join("")}\t}\n`;

  function isSameTable(a: Found, b: Found): boolean {
    return a.family === b.family && a.table === table;
  }
}

function printSet(set: FoundSet, output: NftOutput): string {
  const number = set.attributes.be32(SET.KEY_TYPE);
  const type = SET_TYPES.find((one) => one.number === number);
  const isInterval = (set.flags & SET_FLAG.INTERVAL) !== 0;
  const lines = [`\tset ${set.name} {${handleText(set, SET.HANDLE, output)}\n`];
  lines.push(`\t\ttype ${type?.name ?? number}\n`);
  if (isInterval) lines.push("\t\tflags interval\n");
  const elements = type === undefined ? [] : elementsOf(set.keys, type, isInterval);
  if (type !== undefined && elements.length > 0) {
    lines.push(`\t\telements = ${printElements(elements, type)}\n`);
  }
  return `${lines.join("")}\t}\n`;
}

function handleText({ attributes }: Found, attribute: number, output: NftOutput): string {
  if (!output.withHandles) return "";
  return ` # handle ${numberOf(attributes.bytes(attribute) ?? new Uint8Array(), true)}`;
}

/** What the kernel says of a set. @throws {NftCommandError} there is none, or none of a type that is known here */
export function* setOf(
  { family, table, set }: NftElementChange,
  client: NftClient,
): Wait<{ type: NftType; isInterval: boolean }> {
  const sets = found(yield* client.dump(NFT_MSG.GETSET, family), SET.TABLE, SET.NAME);
  const one = sets.find((each) => each.table === table.text && each.name === set.text);
  const number = one?.attributes.be32(SET.KEY_TYPE);
  const type = SET_TYPES.find((each) => each.number === number);
  if (type === undefined) throw errorAt(set.place, "No such file or directory");
  const flags = one?.attributes.be32(SET.FLAGS) ?? 0;
  return { type, isInterval: (flags & SET_FLAG.INTERVAL) !== 0 };
}

function* readRuleset(client: NftClient, family: NftFamily | undefined): Wait<Ruleset> {
  const tables = found(yield* client.dump(NFT_MSG.GETTABLE, family), TABLE.NAME, TABLE.NAME);
  const chains = found(yield* client.dump(NFT_MSG.GETCHAIN, family), CHAIN.TABLE, CHAIN.NAME);
  const rules = found(yield* client.dump(NFT_MSG.GETRULE, family), RULE.TABLE, RULE.CHAIN);
  const sets: FoundSet[] = [];
  for (const set of found(yield* client.dump(NFT_MSG.GETSET, family), SET.TABLE, SET.NAME)) {
    const elements = yield* client.dump(NFT_MSG.GETSETELEM, set.family, (writer) => {
      writer.attributeText(SET_ELEM_LIST.TABLE, set.table);
      writer.attributeText(SET_ELEM_LIST.SET, set.name);
    });
    const keys = elements.flatMap((message) =>
      readKeys(attributesOf(message).bytes(SET_ELEM_LIST.ELEMENTS)),
    );
    sets.push({ ...set, flags: set.attributes.be32(SET.FLAGS) ?? 0, keys });
  }
  return { tables, chains, rules, sets };
}

const NFGENMSG_LENGTH = 4;

function attributesOf({ payload }: NetlinkMessage): NetlinkAttributes {
  return new NetlinkAttributes(payload.subarray(NFGENMSG_LENGTH));
}

function found(messages: readonly NetlinkMessage[], table: number, name: number): Found[] {
  return messages.flatMap((message) => {
    const attributes = attributesOf(message);
    const family = familyName(message.payload[0] ?? 0);
    if (family === undefined) return [];
    return [
      {
        family,
        table: attributes.text(table) ?? "",
        name: attributes.text(name) ?? "",
        attributes,
      },
    ];
  });
}

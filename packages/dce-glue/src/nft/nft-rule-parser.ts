import { errorAt, type NftPlace } from "./nft-command-error.ts";
import { fieldNamed, isFieldGroup, type NftField } from "./nft-fields.ts";
import type { NftFamily, NftMatch, NftOperator, NftPart, NftRule } from "./nft-rule.ts";
import { isStatementWord, parseStatement } from "./nft-statement-parser.ts";
import { RuleProtocols } from "./nft-rule-protocols.ts";
import { parseValue } from "./nft-value-parser.ts";
import { numberOf } from "./nft-types.ts";
import type { NftWords } from "./nft-words.ts";

const OPERATORS: readonly NftOperator[] = ["==", "!=", "<=", ">=", "<", ">"];

/** Everything of a rule up to where the command ends. @throws {NftCommandError} in nft's words */
export function parseRule(words: NftWords, family: NftFamily): NftRule {
  const parts: NftPart[] = [];
  const protocols = new RuleProtocols(family);
  let terminal: NftPlace | undefined;
  while (!words.isAtStop && words.peek().text !== "comment") {
    const first = words.peek();
    const isKnown = first.kind === "word";
    if (isKnown && isFieldGroup(first.text) && !isMarkStatement(words)) {
      parts.push(parseMatch(words, protocols));
    } else if (isKnown && isStatementWord(first.text)) {
      const statement = parseStatement(words, family, protocols);
      if (terminal !== undefined) {
        throw errorAt(words.since(first), "Statement after terminal statement has no effect");
      }
      if (isTerminal(statement)) terminal = first.place;
      parts.push(statement);
    } else {
      throw words.unexpected();
    }
  }
  if (parts.length === 0) throw words.unexpected();
  return { parts, comment: parseComment(words) };
}

function parseComment(words: NftWords): string | undefined {
  if (words.accept("comment") === undefined) return undefined;
  return words.expectString().text;
}

/** `meta mark set 7` begins like a match. */
function isMarkStatement(words: NftWords): boolean {
  return words.peek(1).text === "mark" && words.peek(2).text === "set";
}

function isTerminal(part: NftPart): boolean {
  if (part.kind === "verdict") return part.verdict !== "continue" || part.chain !== undefined;
  return part.kind === "reject" || part.kind === "nat";
}

function parseMatch(words: NftWords, protocols: RuleProtocols): NftMatch {
  const field = parseField(words, protocols);
  const operator = OPERATORS.find((mark) => words.accept(mark) !== undefined) ?? "implicit";
  const { place } = words.peek();
  const value = parseValue(words, field);
  const isOrder = operator.startsWith("<") || operator.startsWith(">");
  if (isOrder && (value.kind !== "value" || !field.type.isBigEndian)) {
    throw errorAt(place, "a comparison of order takes one number of a header");
  }
  const isPlain = operator === "==" && !field.type.isBitmask;
  if ((operator === "implicit" || operator === "==") && value.kind === "value") {
    protocols.see(field, numberOf(value.octets, true));
  }
  return { kind: "match", field, operator: isPlain ? "implicit" : operator, value };
}

/** "ip saddr", "iifname"… and checks that the rule's protocols have it. */
function parseField(words: NftWords, protocols: RuleProtocols): NftField {
  const first = words.take();
  const alone = fieldNamed(first.text);
  if (alone !== undefined) return alone;
  const second = words.peek();
  if (second.kind !== "word") throw words.unexpected();
  const field = fieldNamed(`${first.text} ${second.text}`);
  if (field === undefined) throw words.unexpected();
  words.take();
  protocols.require(field, words.since(first));
  return field;
}

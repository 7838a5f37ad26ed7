import type { NetlinkWriter } from "@dcejs/net-stack";
import { ExpressionWriter, type NftAnonymousSet, type NotePlace } from "./nft-encode-match.ts";
import {
  COUNTER,
  CT,
  CT_MARK,
  DATA,
  IMMEDIATE,
  LIMIT,
  LOG,
  MASQ,
  META,
  META_MARK,
  NAT,
  REDIR,
  REG_1,
  REG_VERDICT,
  REJECT,
  RULE,
  VERDICT,
  VERDICT_CODE,
} from "./nft-numbers.ts";
import {
  type NftFamily,
  type NftRule,
  type NftSpan,
  type NftStatement,
  type NftTranslation,
  REJECT_TCP_RESET,
} from "./nft-rule.ts";
import { RuleProtocols } from "./nft-rule-protocols.ts";
import { bigEndian } from "./nft-types.ts";

const IPPROTO_TCP = 6;
const USERDATA_COMMENT = 0;

/** The sets without a name that a rule looks into. @param nextId gives each its number in the batch */
export function anonymousSets({ parts }: NftRule, nextId: () => number): NftAnonymousSet[] {
  return parts.flatMap((part) =>
    part.kind === "match" && part.value.kind === "set"
      ? [{ id: nextId(), type: part.field.type, elements: part.value.elements }]
      : [],
  );
}

/** Writes a rule's expressions and comment as attributes of NFT_MSG_NEWRULE. */
export function writeRule(
  writer: NetlinkWriter,
  rule: NftRule,
  family: NftFamily,
  sets: readonly NftAnonymousSet[],
  note: NotePlace,
): void {
  writer.nest(RULE.EXPRESSIONS, () => {
    const protocols = new RuleProtocols(family);
    const ids = sets.map(({ id }) => id);
    const expressions = new ExpressionWriter(writer, protocols, ids, note);
    for (const part of rule.parts) {
      if (part.kind === "match") expressions.match(part);
      else writeStatement(expressions, part, note);
    }
  });
  if (rule.comment !== undefined) {
    const text = new TextEncoder().encode(`${rule.comment}\0`);
    writer.attribute(RULE.USERDATA, Uint8Array.of(USERDATA_COMMENT, text.length, ...text));
  }
}

/** The comment in a rule's userdata. */
export function commentOf(userdata: Uint8Array | undefined): string | undefined {
  if (userdata?.[0] !== USERDATA_COMMENT) return undefined;
  return new TextDecoder().decode(userdata.subarray(2, 1 + (userdata[1] ?? 1)));
}

function writeStatement(out: ExpressionWriter, statement: NftStatement, note: NotePlace): void {
  switch (statement.kind) {
    case "verdict":
      return writeVerdict(out, statement, note);
    case "counter":
      return out.expression("counter", (writer) => {
        writer.attribute(COUNTER.BYTES, bigEndian(statement.octets, 8));
        writer.attribute(COUNTER.PACKETS, bigEndian(statement.packets, 8));
      });
    case "log":
      return writeLog(out, statement);
    case "limit":
      return out.expression("limit", (writer) => {
        writer.attribute(LIMIT.RATE, bigEndian(statement.rate, 8));
        writer.attribute(LIMIT.UNIT, bigEndian(statement.unit, 8));
        writer.attributeBe32(LIMIT.BURST, statement.burst).attributeBe32(LIMIT.TYPE, 0);
        writer.attributeBe32(LIMIT.FLAGS, statement.isOver ? 1 : 0);
      });
    case "reject":
      if (statement.type === REJECT_TCP_RESET) out.require(undefined, IPPROTO_TCP);
      return out.expression("reject", (writer) => {
        writer.attributeBe32(REJECT.TYPE, statement.type);
        writer.attributeU8(REJECT.ICMP_CODE, statement.code);
      });
    case "nat":
      return writeTranslation(out, statement);
    case "notrack":
      return out.expression("notrack", () => {});
    case "set mark":
      immediate(out, REG_1, statement.octets);
      return out.expression(statement.of, (writer) => {
        const [names, key] = statement.of === "meta" ? [META, META_MARK] : [CT, CT_MARK];
        writer.attributeBe32(names.KEY, key).attributeBe32(names.SREG, REG_1);
      });
    default:
      return statement satisfies never;
  }
}

function writeVerdict(
  out: ExpressionWriter,
  { verdict, chain, place }: Extract<NftStatement, { kind: "verdict" }>,
  note: NotePlace,
): void {
  note(place);
  out.expression("immediate", (data) => {
    data.attributeBe32(IMMEDIATE.DREG, REG_VERDICT);
    data.nest(IMMEDIATE.DATA, (value) => {
      value.nest(DATA.VERDICT, (writer) => {
        writer.attributeBe32(VERDICT.CODE, VERDICT_CODE[verdict]);
        if (chain !== undefined) writer.attributeText(VERDICT.CHAIN, chain);
      });
    });
  });
}

function writeLog(
  out: ExpressionWriter,
  { prefix, group, level }: Extract<NftStatement, { kind: "log" }>,
): void {
  out.expression("log", (writer) => {
    if (prefix !== undefined) writer.attributeText(LOG.PREFIX, prefix);
    if (group !== undefined) writer.attributeBe16(LOG.GROUP, group);
    if (level !== undefined) writer.attributeBe32(LOG.LEVEL, level);
  });
}

function immediate(out: ExpressionWriter, register: number, octets: Uint8Array): void {
  out.expression("immediate", (writer) => {
    writer.attributeBe32(IMMEDIATE.DREG, register);
    out.data(IMMEDIATE.DATA, octets);
  });
}

/** Values go into registers one after the other, and the expression says which holds what. */
function writeTranslation(out: ExpressionWriter, translation: NftTranslation): void {
  const { action, family, addresses, ports, flags } = translation;
  let register = REG_1;
  const put = (span: NftSpan | undefined, min: number, max: number): [number, number][] =>
    [[min, span?.from] as const, [max, span?.to] as const].flatMap(([attribute, octets]) => {
      if (octets === undefined) return [];
      immediate(out, register, octets);
      return [[attribute, register++]];
    });
  if (action === "snat" || action === "dnat") {
    const registers = [
      ...put(addresses, NAT.ADDR_MIN, NAT.ADDR_MAX),
      ...put(ports, NAT.PROTO_MIN, NAT.PROTO_MAX),
    ];
    out.expression("nat", (writer) => {
      writer.attributeBe32(NAT.TYPE, action === "snat" ? 0 : 1).attributeBe32(NAT.FAMILY, family);
      writeAll(writer, registers);
      if (flags !== 0) writer.attributeBe32(NAT.FLAGS, flags);
    });
    return;
  }
  const names = action === "masquerade" ? MASQ : REDIR;
  const registers = put(ports, names.PROTO_MIN, names.PROTO_MAX);
  out.expression(action === "masquerade" ? "masq" : "redir", (writer) => {
    writeAll(writer, registers);
    if (flags !== 0) writer.attributeBe32(names.FLAGS, flags);
  });
}

function writeAll(writer: NetlinkWriter, registers: readonly [number, number][]): void {
  for (const [attribute, register] of registers) writer.attributeBe32(attribute, register);
}

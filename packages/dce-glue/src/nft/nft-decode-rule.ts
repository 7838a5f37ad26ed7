import { NetlinkAttributes, netlinkAttributes } from "@dcejs/net-stack";
import { type ElementsOf, MatchReader } from "./nft-decode-match.ts";
import { commentOf } from "./nft-encode-rule.ts";
import {
  COUNTER,
  CT,
  CT_MARK,
  DATA,
  EXPR,
  IMMEDIATE,
  LIMIT,
  LOG,
  MASQ,
  META,
  META_MARK,
  NAT,
  REDIR,
  REG_VERDICT,
  REJECT,
  RULE,
  VERDICT,
  VERDICT_CODE,
} from "./nft-numbers.ts";
import {
  NAT_FLAGS,
  type NftFamily,
  type NftRule,
  type NftSpan,
  type NftStatement,
  type NftTranslation,
  type NftVerdict,
  REJECT_TCP_RESET,
} from "./nft-rule.ts";
import { RuleProtocols } from "./nft-rule-protocols.ts";
import { numberOf } from "./nft-types.ts";

/** A rule as it is written, or the name of the expression that this language does not have. */
export type DecodedRule = NftRule | { readonly unknown: string };

/** @param attributes of NFT_MSG_NEWRULE as the kernel tells them */
export function decodeRule(
  attributes: NetlinkAttributes,
  family: NftFamily,
  elementsOf: ElementsOf,
): DecodedRule {
  const matches = new MatchReader(new RuleProtocols(family), elementsOf);
  const registers = new Map<number, Uint8Array>();
  const list = attributes.bytes(RULE.EXPRESSIONS) ?? new Uint8Array();
  for (const { value } of netlinkAttributes(list)) {
    const expression = new NetlinkAttributes(value);
    const name = expression.text(EXPR.NAME) ?? "";
    const data = expression.nested(EXPR.DATA) ?? new NetlinkAttributes(new Uint8Array());
    if (matches.read(name, data) || isValue(name, data, registers)) continue;
    const statement = decodeStatement(name, data, registers);
    if (statement === undefined) return { unknown: name };
    if (statement.kind === "reject" && statement.type === REJECT_TCP_RESET) {
      matches.implyTransport();
    }
    matches.parts.push(statement);
  }
  return { parts: matches.parts, comment: commentOf(attributes.bytes(RULE.USERDATA)) };
}

/** A value that a later expression takes from its register. */
function isValue(
  name: string,
  data: NetlinkAttributes,
  registers: Map<number, Uint8Array>,
): boolean {
  const register = data.be32(IMMEDIATE.DREG);
  if (name !== "immediate" || register === undefined || register === REG_VERDICT) return false;
  const octets = data.nested(IMMEDIATE.DATA)?.bytes(DATA.VALUE);
  registers.set(register, octets?.slice() ?? new Uint8Array());
  return true;
}

function decodeStatement(
  name: string,
  data: NetlinkAttributes,
  registers: ReadonlyMap<number, Uint8Array>,
): NftStatement | undefined {
  switch (name) {
    case "immediate":
      return decodeVerdict(data);
    case "counter":
      return {
        kind: "counter",
        packets: be64(data, COUNTER.PACKETS),
        octets: be64(data, COUNTER.BYTES),
      };
    case "log":
      return {
        kind: "log",
        prefix: data.text(LOG.PREFIX),
        level: data.be32(LOG.LEVEL),
        group: data.be16(LOG.GROUP),
      };
    case "limit":
      if ((data.be32(LIMIT.TYPE) ?? 0) !== 0) return undefined;
      return {
        kind: "limit",
        isOver: ((data.be32(LIMIT.FLAGS) ?? 0) & 1) !== 0,
        rate: be64(data, LIMIT.RATE),
        unit: be64(data, LIMIT.UNIT),
        burst: data.be32(LIMIT.BURST) ?? 0,
      };
    case "reject":
      return {
        kind: "reject",
        type: data.be32(REJECT.TYPE) ?? 0,
        code: data.u8(REJECT.ICMP_CODE) ?? 0,
      };
    case "notrack":
      return { kind: "notrack" };
    case "meta":
    case "ct":
      return decodeMark(name, data, registers);
    default:
      return decodeTranslation(name, data, registers);
  }
}

function decodeVerdict(data: NetlinkAttributes): NftStatement | undefined {
  const verdict = data.nested(IMMEDIATE.DATA)?.nested(DATA.VERDICT);
  const code = (verdict?.be32(VERDICT.CODE) ?? 0) | 0;
  const found = Object.entries(VERDICT_CODE).find(([, value]) => value === code)?.[0];
  if (verdict === undefined || !isVerdict(found)) return undefined;
  return { kind: "verdict", verdict: found, chain: verdict.text(VERDICT.CHAIN), place: undefined };
}

function isVerdict(name: string | undefined): name is NftVerdict {
  return name !== undefined && Object.hasOwn(VERDICT_CODE, name);
}

function decodeMark(
  of: "meta" | "ct",
  data: NetlinkAttributes,
  registers: ReadonlyMap<number, Uint8Array>,
): NftStatement | undefined {
  const [names, mark] = of === "meta" ? [META, META_MARK] : [CT, CT_MARK];
  const octets = registers.get(data.be32(names.SREG) ?? -1);
  if (octets === undefined || data.be32(names.KEY) !== mark) return undefined;
  return { kind: "set mark", of, octets };
}

function decodeTranslation(
  name: string,
  data: NetlinkAttributes,
  registers: ReadonlyMap<number, Uint8Array>,
): NftTranslation | undefined {
  const span = (min: number, max: number): NftSpan | undefined => {
    const from = registers.get(data.be32(min) ?? -1);
    const to = registers.get(data.be32(max) ?? -1);
    if (from === undefined) return undefined;
    const isOne = to === undefined || numberOf(to, true) === numberOf(from, true);
    return { from, to: isOne ? undefined : to };
  };
  const known = NAT_FLAGS.reduce((sum, [, flag]) => sum | flag, 0);
  const flags = (attribute: number): number => (data.be32(attribute) ?? 0) & known;
  switch (name) {
    case "nat":
      return {
        kind: "nat",
        action: data.be32(NAT.TYPE) === 0 ? "snat" : "dnat",
        family: data.be32(NAT.FAMILY) ?? 0,
        addresses: span(NAT.ADDR_MIN, NAT.ADDR_MAX),
        ports: span(NAT.PROTO_MIN, NAT.PROTO_MAX),
        flags: flags(NAT.FLAGS),
      };
    case "masq":
    case "redir": {
      const names = name === "masq" ? MASQ : REDIR;
      return {
        kind: "nat",
        action: name === "masq" ? "masquerade" : "redirect",
        family: 0,
        addresses: undefined,
        ports: span(names.PROTO_MIN, names.PROTO_MAX),
        flags: flags(names.FLAGS),
      };
    }
    default:
      return undefined;
  }
}

function be64(data: NetlinkAttributes, attribute: number): number {
  return numberOf(data.bytes(attribute) ?? new Uint8Array(), true);
}

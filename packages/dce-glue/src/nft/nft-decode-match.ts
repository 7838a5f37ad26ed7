import type { NetlinkAttributes } from "@dcejs/net-stack";
import { metaOrCtField, type NftField, payloadField, PAYLOAD_NETWORK } from "./nft-fields.ts";
import {
  BITWISE,
  CMP,
  CMP_OP,
  CT,
  DATA,
  LOOKUP,
  LOOKUP_INVERTED,
  META,
  PAYLOAD,
  RANGE,
} from "./nft-numbers.ts";
import type { NftElement, NftMatch, NftOperator, NftPart, NftValue } from "./nft-rule.ts";
import type { RuleProtocols } from "./nft-rule-protocols.ts";
import { IPV4, IPV6, type NftType } from "./nft-types.ts";
import { numberOf } from "./nft-types.ts";

/** Elements of a rule's anonymous set, read as values of this type. */
export type ElementsOf = (setName: string, type: NftType) => readonly NftElement[] | undefined;

interface Loaded {
  readonly field: NftField;
  readonly octets: number;
  mask: Uint8Array | undefined;
}

const ANONYMOUS = /^__set\d+$/;
const OPERATORS: Readonly<Record<number, NftOperator>> = {
  [CMP_OP.EQ]: "implicit",
  [CMP_OP.NEQ]: "!=",
  [CMP_OP.LT]: "<",
  [CMP_OP.LTE]: "<=",
  [CMP_OP.GT]: ">",
  [CMP_OP.GTE]: ">=",
};

/** Puts loads and what is done with them together to matches. What a later match implies is left out, as nft does. */
export class MatchReader {
  readonly parts: NftPart[] = [];
  readonly #protocols: RuleProtocols;
  readonly #elementsOf: ElementsOf;
  #loaded: Loaded | undefined;
  /** Matches that only say which protocol it is, until a field of that protocol makes them needless. */
  #network: NftMatch | undefined;
  #transport: NftMatch | undefined;

  constructor(protocols: RuleProtocols, elementsOf: ElementsOf) {
    this.#protocols = protocols;
    this.#elementsOf = elementsOf;
  }

  /** @returns whether the expression was one of a match */
  read(name: string, data: NetlinkAttributes): boolean {
    switch (name) {
      case "payload":
        return this.#load(this.#payloadField(data), data.be32(PAYLOAD.LEN) ?? 0);
      case "meta":
        return data.has(META.DREG) && this.#loadKey("meta", data.be32(META.KEY) ?? 0);
      case "ct":
        return data.has(CT.DREG) && this.#loadKey("ct", data.be32(CT.KEY) ?? 0);
      case "bitwise":
        if (this.#loaded !== undefined) this.#loaded.mask = value(data, BITWISE.MASK);
        return this.#loaded !== undefined;
      case "cmp":
        return this.#compare(data.be32(CMP.OP) ?? 0, value(data, CMP.DATA));
      case "range":
        return this.#push("!=", {
          kind: "range",
          from: value(data, RANGE.FROM_DATA),
          to: value(data, RANGE.TO_DATA),
        });
      case "lookup":
        return this.#lookup(data);
      default:
        return false;
    }
  }

  /** A statement that only TCP has (`reject with tcp reset`) makes the match needless that asks for it. */
  implyTransport(): void {
    this.#transport = this.#drop(this.#transport);
  }

  #payloadField(data: NetlinkAttributes): NftField | undefined {
    const base = data.be32(PAYLOAD.BASE) ?? 0;
    const { network, transport } = this.#protocols;
    const octets = data.be32(PAYLOAD.LEN) ?? 0;
    const field = payloadField(base, data.be32(PAYLOAD.OFFSET) ?? 0, octets, network, transport);
    if (field === undefined) return undefined;
    if (field.network !== undefined) this.#network = this.#drop(this.#network);
    const isTransport = base !== PAYLOAD_NETWORK && field.transport !== undefined;
    if (isTransport) this.#transport = this.#drop(this.#transport);
    return field;
  }

  #drop(match: NftMatch | undefined): undefined {
    const at = match === undefined ? -1 : this.parts.indexOf(match);
    if (at >= 0) this.parts.splice(at, 1);
    return undefined;
  }

  #loadKey(from: "meta" | "ct", key: number): boolean {
    const field = metaOrCtField(from, key);
    return this.#load(field, field?.type.octets ?? 0);
  }

  #load(field: NftField | undefined, octets: number): boolean {
    this.#loaded = field === undefined ? undefined : { field, octets, mask: undefined };
    return field !== undefined;
  }

  #compare(number: number, octets: Uint8Array): boolean {
    const loaded = this.#loaded;
    const operator = OPERATORS[number];
    if (loaded === undefined || operator === undefined) return false;
    const { field, mask } = loaded;
    const { type } = field;
    const last = this.parts.at(-1);
    if (operator === "<=" && last?.kind === "match" && last.operator === ">=") {
      if (last.field === field && last.value.kind === "value") {
        this.parts.pop();
        return this.#push("implicit", { kind: "range", from: last.value.octets, to: octets });
      }
    }
    if (type === IPV4 || type === IPV6) {
      const bits = mask === undefined ? octets.length * 8 : bitsOf(mask);
      if (bits < type.octets * 8 || mask !== undefined) {
        const whole = new Uint8Array(type.octets);
        whole.set(octets);
        return this.#push(operator, { kind: "prefix", octets: whole, bits });
      }
    }
    if (mask !== undefined && type.isBitmask) {
      const isAny = operator === "!=" && octets.every((octet) => octet === 0);
      if (isAny) return this.#push("implicit", { kind: "value", octets: mask });
      return this.#push(operator, { kind: "masked", octets, mask });
    }
    if (mask !== undefined) return false;
    const isExact = operator === "implicit" && type.isBitmask;
    return this.#push(isExact ? "==" : operator, { kind: "value", octets });
  }

  #lookup(data: NetlinkAttributes): boolean {
    const name = data.text(LOOKUP.SET) ?? "";
    const isInverted = ((data.be32(LOOKUP.FLAGS) ?? 0) & LOOKUP_INVERTED) !== 0;
    const type = this.#loaded?.field.type;
    if (type === undefined) return false;
    const place = { line: "", at: 0, end: 0 };
    const elements = ANONYMOUS.test(name) ? this.#elementsOf(name, type) : undefined;
    const operator = isInverted ? "!=" : "implicit";
    return this.#push(
      operator,
      elements === undefined ? { kind: "named set", name, place } : { kind: "set", elements },
    );
  }

  #push(operator: NftOperator, found: NftValue): boolean {
    if (this.#loaded === undefined) return false;
    const { field } = this.#loaded;
    const match: NftMatch = { kind: "match", field, operator, value: found };
    this.parts.push(match);
    if (operator === "implicit" && found.kind === "value") {
      this.#protocols.see(field, numberOf(found.octets, true));
      if (field.text === "meta nfproto") this.#network = match;
      if (/^(meta l4proto|ip protocol|ip6 nexthdr)$/.test(field.text)) this.#transport = match;
    }
    return true;
  }
}

function value(data: NetlinkAttributes, attribute: number): Uint8Array {
  return data.nested(attribute)?.bytes(DATA.VALUE)?.slice() ?? new Uint8Array();
}

function bitsOf(mask: Uint8Array): number {
  let bits = 0;
  for (const octet of mask) bits += octet.toString(2).replaceAll("0", "").length;
  return bits;
}

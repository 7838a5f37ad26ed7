import type { NetlinkWriter } from "@dcejs/net-stack";
import type { NftPlace } from "./nft-command-error.ts";
import { META_L4PROTO, META_NFPROTO, type NftField, type NftLoad } from "./nft-fields.ts";
import {
  BITWISE,
  CMP,
  CMP_OP,
  CT,
  DATA,
  EXPR,
  LIST_ELEM,
  LOOKUP,
  LOOKUP_INVERTED,
  META,
  PAYLOAD,
  RANGE,
  REG_1,
} from "./nft-numbers.ts";
import type { NftElement, NftMatch, NftOperator } from "./nft-rule.ts";
import type { RuleProtocols } from "./nft-rule-protocols.ts";
import type { NftType } from "./nft-types.ts";
import { maskOf } from "./nft-value-parser.ts";

/** A set without a name that a rule looks into: made in the same batch, before the rule. */
export interface NftAnonymousSet {
  /** Of this batch: the kernel gives it its name. */
  readonly id: number;
  readonly type: NftType;
  readonly elements: readonly NftElement[];
}

/** Notes where in the message something is, for the place of an error. */
export type NotePlace = (place: NftPlace | undefined) => void;

/** The kernel puts a number in the place of %d. */
export const ANONYMOUS_SET_NAME = "__set%d";

/** Writes the expressions of one rule, and notes the sets that it needs. */
export class ExpressionWriter {
  readonly writer: NetlinkWriter;
  readonly protocols: RuleProtocols;
  readonly #setIds: Iterator<number>;
  readonly #note: NotePlace;

  /** @param setIds of the rule's anonymous sets, in their order */
  constructor(
    writer: NetlinkWriter,
    protocols: RuleProtocols,
    setIds: Iterable<number>,
    note: NotePlace,
  ) {
    this.#note = note;
    this.writer = writer;
    this.protocols = protocols;
    this.#setIds = setIds[Symbol.iterator]();
  }

  expression(name: string, fill: (writer: NetlinkWriter) => void): void {
    this.writer.nest(LIST_ELEM, (writer) => {
      writer.attributeText(EXPR.NAME, name);
      writer.nest(EXPR.DATA, fill);
    });
  }

  data(attribute: number, octets: Uint8Array): void {
    this.writer.nest(attribute, (writer) => writer.attribute(DATA.VALUE, octets));
  }

  /** What a field needs is asked first, where the rule has not said it. */
  require(network: number | undefined, transport: number | undefined): void {
    const { protocols } = this;
    if (network !== undefined && protocols.network === undefined) {
      protocols.network = network;
      this.#isValue(META_NFPROTO, network);
    }
    if (transport !== undefined && protocols.transport === undefined) {
      protocols.transport = transport;
      this.#isValue(META_L4PROTO, transport);
    }
  }

  match({ field, operator, value }: NftMatch): void {
    this.require(field.network, field.transport);
    const isNot = operator === "!=";
    switch (value.kind) {
      case "set":
        this.#load(field.load, field.type.octets);
        this.#lookup(ANONYMOUS_SET_NAME, this.#setIds.next().value, isNot);
        return;
      case "named set":
        this.#load(field.load, field.type.octets);
        this.#note(value.place);
        this.#lookup(value.name, undefined, isNot);
        return;
      case "masked":
        this.#load(field.load, field.type.octets);
        this.#bitwise(value.mask);
        this.#compare(isNot ? CMP_OP.NEQ : CMP_OP.EQ, value.octets);
        return;
      case "value":
      case "prefix":
      case "range":
        this.#element(field, operator, value);
        break;
      default:
        return value satisfies never;
    }
    if (value.kind === "value" && !isNot) this.protocols.see(field, value.octets[0] ?? 0);
  }

  #element(field: NftField, operator: NftOperator, value: NftElement): void {
    const { type, load } = field;
    const isNot = operator === "!=";
    const equal = isNot ? CMP_OP.NEQ : CMP_OP.EQ;
    if (value.kind === "range") {
      this.#load(load, type.octets);
      if (isNot) this.#outside(value.from, value.to);
      else {
        this.#compare(CMP_OP.GTE, value.from);
        this.#compare(CMP_OP.LTE, value.to);
      }
      return;
    }
    if (value.kind === "prefix") {
      const octets = value.bits / 8;
      const isWhole = Number.isInteger(octets) && octets > 0;
      this.#load(load, isWhole ? octets : type.octets);
      if (!isWhole) this.#bitwise(maskOf(value.bits, type.octets));
      this.#compare(equal, isWhole ? value.octets.subarray(0, octets) : value.octets);
      return;
    }
    this.#load(load, type.octets);
    if (type.isBitmask && operator === "implicit") {
      // Any of the flags.
      this.#bitwise(value.octets);
      this.#compare(CMP_OP.NEQ, new Uint8Array(type.octets));
    } else this.#compare(ORDER[operator] ?? equal, value.octets);
  }

  #isValue(field: NftField, value: number): void {
    this.#load(field.load, field.type.octets);
    this.#compare(CMP_OP.EQ, Uint8Array.of(value));
  }

  #load(load: NftLoad, octets: number): void {
    this.expression(load.from, (writer) => {
      if (load.from === "payload") {
        writer.attributeBe32(PAYLOAD.DREG, REG_1).attributeBe32(PAYLOAD.BASE, load.base);
        writer.attributeBe32(PAYLOAD.OFFSET, load.offset).attributeBe32(PAYLOAD.LEN, octets);
      } else {
        const names = load.from === "meta" ? META : CT;
        writer.attributeBe32(names.KEY, load.key).attributeBe32(names.DREG, REG_1);
      }
    });
  }

  #bitwise(mask: Uint8Array): void {
    this.expression("bitwise", (writer) => {
      writer.attributeBe32(BITWISE.SREG, REG_1).attributeBe32(BITWISE.DREG, REG_1);
      writer.attributeBe32(BITWISE.LEN, mask.length);
      this.data(BITWISE.MASK, mask);
      this.data(BITWISE.XOR, new Uint8Array(mask.length));
    });
  }

  #compare(operator: number, octets: Uint8Array): void {
    this.expression("cmp", (writer) => {
      writer.attributeBe32(CMP.SREG, REG_1).attributeBe32(CMP.OP, operator);
      this.data(CMP.DATA, octets);
    });
  }

  #outside(from: Uint8Array, to: Uint8Array): void {
    this.expression("range", (writer) => {
      writer.attributeBe32(RANGE.SREG, REG_1).attributeBe32(RANGE.OP, 1);
      this.data(RANGE.FROM_DATA, from);
      this.data(RANGE.TO_DATA, to);
    });
  }

  #lookup(name: string, id: number | undefined, isInverted: boolean): void {
    this.expression("lookup", (writer) => {
      writer.attributeBe32(LOOKUP.SREG, REG_1).attributeText(LOOKUP.SET, name);
      if (id !== undefined) writer.attributeBe32(LOOKUP.SET_ID, id);
      if (isInverted) writer.attributeBe32(LOOKUP.FLAGS, LOOKUP_INVERTED);
    });
  }
}

const ORDER: Partial<Record<NftOperator, number>> = {
  "<": CMP_OP.LT,
  "<=": CMP_OP.LTE,
  ">": CMP_OP.GT,
  ">=": CMP_OP.GTE,
};

/** Checking the attributes of a request (lib/nlattr.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { NLMSG_HDRLEN } from "./netlink.ts";
import type { NetlinkMessage } from "./netlink.ts";
import { NetlinkAttributes, netlinkAttributes } from "./netlink-attributes.ts";
import type { NetlinkAttribute } from "./netlink-attributes.ts";
import type { NetlinkExtAck } from "./netlink-ext-ack.ts";
import type { NetlinkWriter } from "./netlink-writer.ts";

/** What one attribute must be: struct nla_policy. Lengths are in octets; integers have the length of their kind. */
export interface NetlinkPolicy {
  readonly kind: "u8" | "u16" | "u32" | "s32" | "text" | "binary" | "nested" | "reject" | "octets";
  /** "text", "binary": at most; "octets": at least. */
  readonly length?: number;
  /** Integers: smallest value. */
  readonly min?: number;
}

/** By attribute type. An attribute without an entry may be anything. */
export type NetlinkPolicies = Readonly<Record<number, NetlinkPolicy>>;

const INTEGER_OCTETS: Readonly<Partial<Record<NetlinkPolicy["kind"], number>>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  s32: 4,
};

/**
 * nlmsg_parse: the attributes behind a family's header of `headerLength` octets, checked.
 * @param isStrict nlmsg_parse_deprecated_strict: also types above `maxType` and octets left over are errors
 * @returns the attributes; -EINVAL (short header, refused attribute), -ERANGE (wrong length or value)
 */
export function nlmsgParse(
  message: NetlinkMessage,
  headerLength: number,
  maxType: number,
  policies: NetlinkPolicies,
  isStrict: boolean,
  extack: NetlinkExtAck,
): NetlinkAttributes | number {
  const { payload } = message;
  if (payload.length < headerLength) return extack.say("Invalid header length", -Errno.EINVAL);
  // NLMSG_ALIGN: every family header here is a multiple of four octets but rtgenmsg.
  const begin = Math.min((headerLength + 3) & ~3, payload.length);
  const table = new Map<number, Uint8Array>();
  const attributes = netlinkAttributes(payload.subarray(begin));
  for (let step = attributes.next(); ; step = attributes.next()) {
    if (step.done === true) {
      if (step.value === 0) return new NetlinkAttributes(table);
      extack.message = "bytes leftover after parsing attributes";
      return isStrict ? -Errno.EINVAL : new NetlinkAttributes(table);
    }
    const attribute = step.value;
    const at = NLMSG_HDRLEN + begin + attribute.at;
    if (attribute.type === 0 || attribute.type > maxType) {
      if (!isStrict) continue;
      extack.badAttribute = at;
      return extack.say("Unknown attribute type", -Errno.EINVAL);
    }
    const policy = policies[attribute.type];
    const error = policy === undefined ? 0 : validate(attribute, policy);
    if (error < 0) {
      extack.badAttribute = at;
      extack.policy = policy;
      const isRange = error === OUT_OF_RANGE;
      return extack.say(
        isRange ? "integer out of range" : "Attribute failed policy validation",
        isRange ? -Errno.ERANGE : error,
      );
    }
    table.set(attribute.type, attribute.value);
  }
}

/** Stands for -ERANGE with other words. */
const OUT_OF_RANGE = -10_000;

/** validate_nla. An integer that is too long is only warned about. */
function validate(attribute: NetlinkAttribute, policy: NetlinkPolicy): number {
  const { value } = attribute;
  const { length = 0 } = policy;
  switch (policy.kind) {
    case "reject":
      return -Errno.EINVAL;
    case "text": {
      if (value.length < 1) return -Errno.ERANGE;
      const octets = value.at(-1) === 0 ? value.length - 1 : value.length;
      return length > 0 && octets > length ? -Errno.ERANGE : 0;
    }
    case "binary":
      return length > 0 && value.length > length ? -Errno.ERANGE : 0;
    case "nested":
      return value.length > 0 && value.length < 4 ? -Errno.ERANGE : 0;
    case "octets":
      return value.length < length ? -Errno.ERANGE : 0;
    case "u8":
    case "u16":
    case "u32":
    case "s32":
      return validateInteger(value, policy);
    default:
      return policy.kind satisfies never;
  }
}

function validateInteger(value: Uint8Array, policy: NetlinkPolicy): number {
  const octets = INTEGER_OCTETS[policy.kind] ?? 0;
  if (value.length < octets) return -Errno.ERANGE;
  if (policy.min === undefined) return 0;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const number = policy.kind === "s32" ? view.getInt32(0, true) : view.getUint32(0, true);
  return number < policy.min ? OUT_OF_RANGE : 0;
}

const NL_POLICY_TYPE_ATTR_TYPE = 1;
const NL_POLICY_TYPE_ATTR_MIN_VALUE_S = 2;
const NL_POLICY_TYPE_ATTR_MAX_VALUE_S = 3;
const NL_POLICY_TYPE_ATTR_MIN_VALUE_U = 4;
const NL_POLICY_TYPE_ATTR_MAX_VALUE_U = 5;
const NL_POLICY_TYPE_ATTR_MAX_LENGTH = 7;

/** enum netlink_attribute_type */
const NL_ATTR_TYPE: Readonly<Partial<Record<NetlinkPolicy["kind"], number>>> = {
  u8: 2,
  u16: 3,
  u32: 4,
  s32: 8,
  binary: 10,
  text: 11,
  nested: 13,
};

/** netlink_policy_dump_write_attr: tells the program what the attribute should have been. */
export function writePolicy(writer: NetlinkWriter, type: number, policy: NetlinkPolicy): void {
  const attributeType = NL_ATTR_TYPE[policy.kind];
  // NLA_REJECT and NLA_UNSPEC have nothing to show.
  if (attributeType === undefined) return;
  writer.nest(type, () => {
    const octets = INTEGER_OCTETS[policy.kind];
    if (policy.kind === "s32") {
      writeS64(writer, NL_POLICY_TYPE_ATTR_MIN_VALUE_S, policy.min ?? -0x8000_0000);
      writeS64(writer, NL_POLICY_TYPE_ATTR_MAX_VALUE_S, 0x7fff_ffff);
    } else if (octets !== undefined) {
      writer.attributeU64(NL_POLICY_TYPE_ATTR_MIN_VALUE_U, policy.min ?? 0);
      writer.attributeU64(NL_POLICY_TYPE_ATTR_MAX_VALUE_U, 2 ** (8 * octets) - 1);
    } else if (policy.length !== undefined) {
      writer.attributeU32(NL_POLICY_TYPE_ATTR_MAX_LENGTH, policy.length);
    }
    writer.attributeU32(NL_POLICY_TYPE_ATTR_TYPE, attributeType);
  });
}

function writeS64(writer: NetlinkWriter, type: number, value: number): void {
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setBigInt64(0, BigInt(value), true);
  writer.attribute(type, octets);
}

/** Reading attributes: type, length, value, padded to four octets (struct nlattr). */

const NLA_HDRLEN = 4;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of the type. */
const NLA_TYPE_MASK = 0x3fff;
export const NLA_F_NESTED = 0x8000;

export interface NetlinkAttribute {
  readonly type: number;
  /** NLA_F_NESTED is set. */
  readonly isNested: boolean;
  readonly value: Uint8Array;
  /** Where the attribute's header is, from the start of what was read. */
  readonly at: number;
}

/**
 * The attributes of `bytes` in their order, up to the first that does not fit (nla_ok, nla_next).
 * @returns octets that were left over
 */
export function* netlinkAttributes(
  bytes: Uint8Array,
): Generator<NetlinkAttribute, number, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (bytes.length - at >= NLA_HDRLEN) {
    const length = view.getUint16(at, true);
    if (length < NLA_HDRLEN || length > bytes.length - at) break;
    const type = view.getUint16(at + 2, true);
    const value = bytes.subarray(at + NLA_HDRLEN, at + length);
    yield { type: type & NLA_TYPE_MASK, isNested: (type & NLA_F_NESTED) !== 0, value, at };
    at += (length + 3) & ~3;
  }
  return Math.max(bytes.length - at, 0);
}

/** Attributes by type; of several with one type the last counts, as in nla_parse. */
export class NetlinkAttributes {
  readonly #values: ReadonlyMap<number, Uint8Array>;

  /** @param values the attributes' octets, or a table of them that somebody has checked */
  constructor(values: Uint8Array | ReadonlyMap<number, Uint8Array>) {
    this.#values = values instanceof Uint8Array ? tableOf(values) : values;
  }

  has(type: number): boolean {
    return this.#values.has(type);
  }

  /** Types that are there, in order of their first appearance. */
  types(): number[] {
    return [...this.#values.keys()];
  }

  bytes(type: number): Uint8Array | undefined {
    return this.#values.get(type);
  }

  u8(type: number): number | undefined {
    return this.#values.get(type)?.[0];
  }

  u16(type: number): number | undefined {
    const view = this.#view(type, 2);
    return view?.getUint16(0, true);
  }

  u32(type: number): number | undefined {
    const view = this.#view(type, 4);
    return view?.getUint32(0, true);
  }

  s32(type: number): number | undefined {
    const view = this.#view(type, 4);
    return view?.getInt32(0, true);
  }

  /** Exact up to 2^53. */
  u64(type: number): number | undefined {
    const view = this.#view(type, 8);
    return view === undefined
      ? undefined
      : view.getUint32(4, true) * 0x1_0000_0000 + view.getUint32(0, true);
  }

  be16(type: number): number | undefined {
    return this.#view(type, 2)?.getUint16(0);
  }

  /** Network byte order: an IPv4 address as an unsigned number. */
  be32(type: number): number | undefined {
    return this.#view(type, 4)?.getUint32(0);
  }

  /** Up to the first zero octet; each octet is one character. */
  text(type: number): string | undefined {
    const value = this.#values.get(type);
    if (value === undefined) return undefined;
    const end = value.indexOf(0);
    return String.fromCharCode(...(end < 0 ? value : value.subarray(0, end)));
  }

  nested(type: number): NetlinkAttributes | undefined {
    const value = this.#values.get(type);
    return value === undefined ? undefined : new NetlinkAttributes(value);
  }

  #view(type: number, length: number): DataView | undefined {
    const value = this.#values.get(type);
    if (value === undefined || value.length < length) return undefined;
    return new DataView(value.buffer, value.byteOffset, value.byteLength);
  }
}

function tableOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const table = new Map<number, Uint8Array>();
  for (const { type, value } of netlinkAttributes(bytes)) table.set(type, value);
  return table;
}

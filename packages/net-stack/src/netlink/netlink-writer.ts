/** Writing netlink messages: headers, family headers, attributes, nests, each in its place and padded. */
import { nlmsgAlign } from "./netlink.ts";
import { NLA_F_NESTED } from "./netlink-attributes.ts";

const FIRST_OCTETS = 512;

export class NetlinkWriter {
  #bytes: Uint8Array = new Uint8Array(FIRST_OCTETS);
  #view: DataView = new DataView(this.#bytes.buffer);
  /** Where the message in hand begins. */
  #start = 0;
  #length = 0;
  readonly #limit: number;

  /** @param limit octets that all messages together may have */
  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** Octets that are still free below the limit. */
  get room(): number {
    return this.#limit - this.#length;
  }

  /** A copy of what was written. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** nlmsg_put: a header; what is written up to `end` belongs to the message. */
  begin(type: number, flags: number, seq: number, portid: number): this {
    this.#start = this.#length;
    return this.u32(0).u16(type).u16(flags).u32(seq).u32(portid);
  }

  /**
   * nlmsg_end: fills in the message's length and pads it.
   * @returns false when the message would pass the limit; it is taken back then
   */
  end(): boolean {
    const length = this.#length - this.#start;
    this.#grow(nlmsgAlign(length) - length);
    if (this.#length > this.#limit) {
      this.#length = this.#start;
      return false;
    }
    this.#view.setUint32(this.#start, length, true);
    return true;
  }

  /** Sets bits in the flags of the message in hand. */
  addFlags(flags: number): void {
    const at = this.#start + 6;
    this.#view.setUint16(at, this.#view.getUint16(at, true) | flags, true);
  }

  /** Writes the ending with one call: begin, payload, end. */
  message(type: number, flags: number, seq: number, portid: number, payload: Uint8Array): boolean {
    return this.begin(type, flags, seq, portid).raw(payload).end();
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** @param value at most 2^53 */
  u64(value: number): this {
    return this.u32(value % 0x1_0000_0000).u32(Math.floor(value / 0x1_0000_0000));
  }

  /** Network byte order. */
  be16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }

  be32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
    return this;
  }

  raw(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** nla_put */
  attribute(type: number, value: Uint8Array): this {
    return this.#attributeHeader(type, value.length).raw(value).#pad(value.length);
  }

  attributeU8(type: number, value: number): this {
    return this.#attributeHeader(type, 1).u8(value).#pad(1);
  }

  attributeU16(type: number, value: number): this {
    return this.#attributeHeader(type, 2).u16(value).#pad(2);
  }

  attributeU32(type: number, value: number): this {
    return this.#attributeHeader(type, 4).u32(value);
  }

  attributeU64(type: number, value: number): this {
    return this.#attributeHeader(type, 8).u64(value);
  }

  attributeBe16(type: number, value: number): this {
    return this.#attributeHeader(type, 2).be16(value).#pad(2);
  }

  attributeBe32(type: number, value: number): this {
    return this.#attributeHeader(type, 4).be32(value);
  }

  /** nla_put_string: with its zero octet. Characters are octets. */
  attributeText(type: number, text: string): this {
    this.#attributeHeader(type, text.length + 1);
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
    return this.u8(0).#pad(text.length + 1);
  }

  /** nla_put_flag: an attribute without a value. */
  attributeFlag(type: number): this {
    return this.#attributeHeader(type, 0);
  }

  /** An attribute of attributes, with NLA_F_NESTED: what `fill` writes is inside. */
  nest(type: number, fill: (writer: this) => void): this {
    return this.nestPlain(type | NLA_F_NESTED, fill);
  }

  /** nla_nest_start_noflag: older families leave NLA_F_NESTED out. */
  nestPlain(type: number, fill: (writer: this) => void): this {
    const at = this.#length;
    this.#attributeHeader(type, 0);
    fill(this);
    const length = this.#length - at;
    this.#view.setUint16(at, length, true);
    return this.#pad(length);
  }

  #attributeHeader(type: number, length: number): this {
    return this.u16(length + 4).u16(type);
  }

  #pad(length: number): this {
    this.#grow(nlmsgAlign(length) - length);
    return this;
  }

  /** Room for `count` more octets, which are zero; returns where they begin. */
  #grow(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      bytes.set(this.#bytes.subarray(0, at));
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    } else this.#bytes.fill(0, at, needed);
    this.#length = needed;
    return at;
  }
}

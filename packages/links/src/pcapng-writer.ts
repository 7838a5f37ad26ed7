import type { ByteSink } from "./byte-sink.ts";
import { type Frame, pendingChecksum } from "./frame.ts";
import { CAPTURE_CHUNK_LENGTH, SNAPLEN_MAX } from "./limits.ts";

/** Goes into the section header. The number changes when the writer's bytes do, not with releases. */
const WRITER = "dcejs pcapng writer 1";

/** LINKTYPE_ETHERNET. */
const LINKTYPE_ETHERNET = 1;

// Block types, draft-ietf-opsawg-pcapng, section 4.
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

// Option codes.
const OPT_END = 0;
const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_MACADDR = 6;
const IF_SPEED = 8;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;
const ISB_IFRECV = 4;
const ISB_IFDROP = 5;

const INBOUND = 1;
const OUTBOUND = 2;
const TWO_POW_32 = 2 ** 32;
/** Octets of an enhanced packet block beside its packet data and comment, rounded up. */
const PACKET_BLOCK_ROOM = 64;

export interface PcapngOptions {
  /** Octets kept of each frame. @default 262144 */
  readonly snaplen?: number | undefined;
  /** Seconds since 1970 at which virtual time 0 lies. @default 0 */
  readonly epochSeconds?: number | undefined;
  /** Comment on the whole capture. */
  readonly comment?: string | undefined;
}

export interface PcapngInterface {
  readonly name: string;
  readonly description?: string | undefined;
  /** Six octets. */
  readonly macAddress?: Uint8Array | undefined;
  /** Bit/s; left out when 0 or undefined. */
  readonly speed?: number | undefined;
}

/**
 * Writes a capture in the pcapng format (draft-ietf-opsawg-pcapng), little-endian, one section,
 * with time stamps in nanoseconds. The bytes depend on the calls only: no host, no clock.
 */
export class PcapngWriter {
  readonly #sink: ByteSink;
  readonly #snaplen: number;
  /** Nanoseconds since 1970 at virtual time 0, upper and lower half. */
  readonly #baseHigh: number;
  readonly #baseLow: number;
  #bytes = new Uint8Array(CAPTURE_CHUNK_LENGTH);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #blockStart = 0;
  #interfaces = 0;

  /** @throws RangeError when snaplen is not 1 to SNAPLEN_MAX or epochSeconds not a whole number >= 0. */
  constructor(sink: ByteSink, options: PcapngOptions = {}) {
    const { snaplen = SNAPLEN_MAX, epochSeconds = 0, comment } = options;
    if (!Number.isInteger(snaplen) || snaplen < 1 || snaplen > SNAPLEN_MAX) {
      throw new RangeError(`snaplen must be an integer from 1 to ${SNAPLEN_MAX}, not ${snaplen}`);
    }
    if (!Number.isSafeInteger(epochSeconds) || epochSeconds < 0) {
      throw new RangeError(`epochSeconds must be an integer >= 0, not ${epochSeconds}`);
    }
    this.#sink = sink;
    this.#snaplen = snaplen;
    const base = BigInt(epochSeconds) * 1_000_000_000n;
    this.#baseHigh = Number(base >> 32n);
    this.#baseLow = Number(base & 0xffffffffn);
    this.#writeSectionHeader(comment);
  }

  /** Describes an interface; gives the number that its packets carry, from 0. */
  addInterface(description: PcapngInterface): number {
    const { name, macAddress, speed } = description;
    this.#begin(INTERFACE_DESCRIPTION, 256 + textRoom(name) + textRoom(description.description));
    this.#u16(LINKTYPE_ETHERNET);
    this.#u16(0);
    this.#u32(this.#snaplen);
    this.#textOption(IF_NAME, name);
    this.#textOption(IF_DESCRIPTION, description.description);
    if (macAddress !== undefined) this.#bytesOption(IF_MACADDR, macAddress.subarray(0, 6));
    if (speed !== undefined && speed > 0) this.#u64Option(IF_SPEED, speed);
    this.#optionHeader(IF_TSRESOL, 1);
    this.#u32(9);
    this.#end();
    return this.#interfaces++;
  }

  /**
   * Writes a frame. A checksum that is still missing is completed in the file, not in the frame.
   * @param time Virtual time in ns.
   */
  writeFrame(
    interfaceId: number,
    time: number,
    direction: "tx" | "rx",
    frame: Frame,
    comment?: string,
  ): void {
    const { bytes, offset, length } = frame;
    const captured = Math.min(length, this.#snaplen);
    this.#begin(ENHANCED_PACKET, PACKET_BLOCK_ROOM + captured + textRoom(comment));
    this.#u32(interfaceId);
    this.#time(time);
    this.#u32(captured);
    this.#u32(length);
    const start = this.#length;
    // A loop is faster than a view and set() for the short frames that most are.
    if (captured <= 128)
      for (let i = 0; i < captured; i++) this.#bytes[start + i] = bytes[offset + i] ?? 0;
    else this.#bytes.set(bytes.subarray(offset, offset + captured), start);
    if (frame.csumStart >= 0) this.#completeChecksum(frame, start, captured);
    this.#length = start + captured;
    this.#pad();
    this.#optionHeader(EPB_FLAGS, 4);
    this.#u32(direction === "rx" ? INBOUND : OUTBOUND);
    this.#textOption(OPT_COMMENT, comment);
    this.#end();
  }

  /**
   * Writes the statistics of an interface, usually at the end.
   * @param time Virtual time in ns.
   * @param received Frames seen at the interface in both directions.
   * @param dropped Frames that the interface dropped.
   */
  writeStatistics(interfaceId: number, time: number, received: number, dropped: number): void {
    this.#begin(INTERFACE_STATISTICS, 128);
    this.#u32(interfaceId);
    this.#time(time);
    this.#u64Option(ISB_IFRECV, received);
    this.#u64Option(ISB_IFDROP, dropped);
    this.#end();
  }

  /** Hands what has been gathered to the sink. */
  flush(): void {
    if (this.#length > 0) this.#sink.write(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
  }

  /** Flushes and closes the sink. */
  close(): void {
    this.flush();
    this.#sink.close();
  }

  #writeSectionHeader(comment: string | undefined): void {
    this.#begin(SECTION_HEADER, 128 + textRoom(comment));
    this.#u32(BYTE_ORDER_MAGIC);
    this.#u16(1); // major version
    this.#u16(0); // minor version
    this.#u32(0xffffffff); // section length: not stated
    this.#u32(0xffffffff);
    this.#textOption(OPT_COMMENT, comment);
    this.#textOption(SHB_USERAPPL, WRITER);
    this.#end();
  }

  #completeChecksum(frame: Frame, start: number, captured: number): void {
    const field = frame.csumStart + frame.csumOffset - frame.offset;
    if (field + 2 <= captured) this.#view.setUint16(start + field, pendingChecksum(frame));
  }

  /** Opens a block with room for `room` octets after those that are gathered already. */
  #begin(type: number, room: number): void {
    if (this.#length + room > this.#bytes.length) this.#makeRoom(room);
    this.#blockStart = this.#length;
    this.#u32(type);
    this.#u32(0); // total length: written by #end
  }

  #end(): void {
    this.#u16(OPT_END);
    this.#u16(0);
    const total = this.#length + 4 - this.#blockStart;
    this.#u32(total);
    this.#view.setUint32(this.#blockStart + 4, total, true);
  }

  #makeRoom(room: number): void {
    this.flush();
    if (room <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(room);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #u16(value: number): void {
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
  }

  #u32(value: number): void {
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** A time stamp: the upper half first, whatever the byte order of the section. */
  #time(time: number): void {
    const low = this.#baseLow + (time % TWO_POW_32);
    const carry = low >= TWO_POW_32 ? 1 : 0;
    this.#u32(this.#baseHigh + Math.floor(time / TWO_POW_32) + carry);
    this.#u32(low - carry * TWO_POW_32);
  }

  #optionHeader(code: number, length: number): void {
    this.#u16(code);
    this.#u16(length);
  }

  #u64Option(code: number, value: number): void {
    this.#optionHeader(code, 8);
    this.#u32(value % TWO_POW_32);
    this.#u32(Math.floor(value / TWO_POW_32));
  }

  #textOption(code: number, text: string | undefined): void {
    if (text !== undefined) this.#bytesOption(code, utf8.encode(text));
  }

  #bytesOption(code: number, value: Uint8Array): void {
    const kept = value.subarray(0, 0xffff);
    this.#optionHeader(code, kept.length);
    this.#bytes.set(kept, this.#length);
    this.#length += kept.length;
    this.#pad();
  }

  /** Blocks and options are padded to 32 bits with zeros. */
  #pad(): void {
    while ((this.#length - this.#blockStart) % 4 !== 0) this.#bytes[this.#length++] = 0;
  }
}

const utf8 = new TextEncoder();

/** Upper bound of the octets that an option with this text takes. */
function textRoom(text: string | undefined): number {
  return text === undefined ? 0 : text.length * 3 + 8;
}

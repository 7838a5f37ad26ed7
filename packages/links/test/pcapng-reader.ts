/** A small reader of little-endian pcapng, written from the format's draft, to check the writer. */
interface PacketBlock {
  readonly interfaceId: number;
  readonly time: bigint;
  readonly bytes: Uint8Array;
  readonly originalLength: number;
  readonly direction: "rx" | "tx" | undefined;
  readonly comment: string | undefined;
}

interface InterfaceBlock {
  readonly linkType: number;
  readonly snaplen: number;
  readonly name: string | undefined;
  readonly macAddress: string | undefined;
  readonly speed: bigint | undefined;
  readonly resolution: number | undefined;
}

interface StatisticsBlock {
  readonly interfaceId: number;
  readonly time: bigint;
  readonly received: bigint | undefined;
  readonly dropped: bigint | undefined;
}

export interface PcapngFile {
  readonly application: string | undefined;
  readonly comment: string | undefined;
  readonly interfaces: readonly InterfaceBlock[];
  readonly packets: readonly PacketBlock[];
  readonly statistics: readonly StatisticsBlock[];
}

/** Throws when a block's two lengths differ, a block is not padded, or its type is not known. */
export function readPcapng(file: Uint8Array): PcapngFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const u16 = (at: number): number => view.getUint16(at, true);
  const u32 = (at: number): number => view.getUint32(at, true);
  const time = (at: number): bigint => (BigInt(u32(at)) << 32n) | BigInt(u32(at + 4));

  function options(from: number, to: number): Map<number, Uint8Array> {
    const found = new Map<number, Uint8Array>();
    for (let at = from; at < to; ) {
      const code = u16(at);
      const length = u16(at + 2);
      if (code === 0) {
        if (at + 4 !== to) throw new Error("octets after the end of the options");
        return found;
      }
      found.set(code, file.subarray(at + 4, at + 4 + length));
      at += 4 + Math.ceil(length / 4) * 4;
    }
    throw new Error("no end of the options");
  }

  const interfaces: InterfaceBlock[] = [];
  const packets: PacketBlock[] = [];
  const statistics: StatisticsBlock[] = [];
  let section: Map<number, Uint8Array> | undefined;
  for (let at = 0; at < file.length; ) {
    const type = u32(at);
    const total = u32(at + 4);
    const end = at + total - 4;
    if (total % 4 !== 0 || u32(end) !== total) throw new Error(`block at ${at}: bad length`);
    if (type === 0x0a0d0d0a) {
      if (u32(at + 8) !== 0x1a2b3c4d || u16(at + 12) !== 1) throw new Error("not our byte order");
      section = options(at + 24, end);
    } else if (type === 1) {
      const found = options(at + 16, end);
      interfaces.push({
        linkType: u16(at + 8),
        snaplen: u32(at + 12),
        name: text(found.get(2)),
        macAddress: hex(found.get(6)),
        speed: u64(found.get(8)),
        resolution: found.get(9)?.[0],
      });
    } else if (type === 6) {
      const captured = u32(at + 20);
      const found = options(at + 28 + Math.ceil(captured / 4) * 4, end);
      const flags = (found.get(2)?.[0] ?? 0) & 3;
      packets.push({
        interfaceId: u32(at + 8),
        time: time(at + 12),
        bytes: file.subarray(at + 28, at + 28 + captured),
        originalLength: u32(at + 24),
        direction: flags === 1 ? "rx" : flags === 2 ? "tx" : undefined,
        comment: text(found.get(1)),
      });
    } else if (type === 5) {
      const found = options(at + 20, end);
      const [received, dropped] = [u64(found.get(4)), u64(found.get(5))];
      statistics.push({ interfaceId: u32(at + 8), time: time(at + 12), received, dropped });
    } else {
      throw new Error(`block at ${at}: type ${type}`);
    }
    at += total;
  }
  if (section === undefined) throw new Error("no section header");
  return {
    application: text(section.get(4)),
    comment: text(section.get(1)),
    interfaces,
    packets,
    statistics,
  };
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

function hex(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString("hex");
}

function u64(value: Uint8Array | undefined): bigint | undefined {
  return value === undefined ? undefined : Buffer.from(value).readBigUInt64LE();
}

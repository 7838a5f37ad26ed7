import { FramePool, MemorySink, PcapngWriter, type PcapngOptions } from "@dcejs/links";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PcapngFile, readPcapng } from "./pcapng-reader.ts";
import { udpFrame } from "./udp-frame.ts";

function written(write: (writer: PcapngWriter) => void, options?: PcapngOptions): PcapngFile {
  const sink = new MemorySink();
  const writer = new PcapngWriter(sink, options);
  write(writer);
  writer.close();
  return readPcapng(sink.bytes());
}

describe("the writer", () => {
  test("names itself and nothing of the host in the section header", () => {
    const file = written(() => {}, { comment: "Größe: 1" });
    expect(file).toEqual({
      application: "dcejs pcapng writer 1",
      comment: "Größe: 1",
      interfaces: [],
      packets: [],
      statistics: [],
    });
  });

  test("describes interfaces: name, address, speed, nanoseconds", () => {
    const { interfaces } = written((writer) => {
      const macAddress = Uint8Array.of(2, 0, 0, 0, 0, 1);
      expect(writer.addInterface({ name: "sim0", macAddress, speed: 1e11 })).toBe(0);
      expect(writer.addInterface({ name: "sim1", description: "other", speed: 0 })).toBe(1);
    });
    expect(interfaces).toEqual([
      {
        linkType: 1,
        snaplen: 262_144,
        name: "sim0",
        macAddress: "020000000001",
        speed: 100_000_000_000n,
        resolution: 9,
      },
      {
        linkType: 1,
        snaplen: 262_144,
        name: "sim1",
        macAddress: undefined,
        speed: undefined,
        resolution: 9,
      },
    ]);
  });

  test("keeps any frame at any time as it was", () => {
    const packet = fc.record({
      octets: fc.uint8Array({ maxLength: 300 }),
      headroom: fc.nat(20),
      time: fc.maxSafeNat(),
      direction: fc.constantFrom("tx" as const, "rx" as const),
      comment: fc.option(fc.string({ maxLength: 20, unit: "grapheme" }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), fc.nat(4e9), (packets, epochSeconds) => {
        const pool = new FramePool();
        const file = written(
          (writer) => {
            const id = writer.addInterface({ name: "x" });
            for (const { octets, headroom, time, direction, comment } of packets) {
              const frame = pool.alloc(octets.length, headroom);
              frame.bytes.set(octets, headroom);
              writer.writeFrame(id, time, direction, frame, comment);
              frame.release();
            }
          },
          { epochSeconds },
        );
        const expected = packets.map(({ octets, time, direction, comment }) => ({
          interfaceId: 0,
          time: BigInt(epochSeconds) * 1_000_000_000n + BigInt(time),
          bytes: octets,
          originalLength: octets.length,
          direction,
          comment,
        }));
        expect(
          file.packets.map((found) => ({ ...found, bytes: Uint8Array.from(found.bytes) })),
        ).toEqual(expected);
      }),
    );
  });

  test("cuts frames at snaplen and tells their length", () => {
    const pool = new FramePool();
    const { packets } = written(
      (writer) => {
        writer.addInterface({ name: "x" });
        writer.writeFrame(0, 0, "tx", pool.from(new Uint8Array(101).fill(5)));
      },
      { snaplen: 33 },
    );
    expect(packets[0]?.bytes).toHaveLength(33);
    expect(packets[0]?.originalLength).toBe(101);
  });

  test.each([
    [200, 65_000],
    [262_144, 262_144],
  ])("hands frames of %d octets to the sink in pieces of %d and more", (length, pieceMin) => {
    const frame = new FramePool().from(new Uint8Array(length).fill(1));
    const sizes: number[] = [];
    const writer = new PcapngWriter({
      write: (bytes) => sizes.push(bytes.length),
      close: () => {},
    });
    writer.addInterface({ name: "x" });
    for (let i = 0; i < 1000 && sizes.length < 3; i++) writer.writeFrame(0, i, "rx", frame);
    writer.close();
    expect(sizes.length).toBeGreaterThanOrEqual(3);
    expect(sizes[1]).toBeGreaterThanOrEqual(pieceMin);
  });

  test("completes a missing checksum in the file and not in the frame", () => {
    const pool = new FramePool();
    const frame = udpFrame(pool, Uint8Array.of(1, 2, 3), 50);
    const before = [...frame.toBytes()];
    const { packets } = written((writer) => {
      writer.addInterface({ name: "x" });
      writer.writeFrame(0, 0, "tx", frame);
    });
    expect([...frame.toBytes()]).toEqual(before);
    expect(frame.csumStart).toBe(84);
    // 10.0.0.1 > 10.0.0.2, UDP, 1000 > 2000, length 11, payload 01 02 03: sum worked out by hand.
    const sum = 0x0a00 + 1 + 0x0a00 + 2 + 17 + 11 + 1000 + 2000 + 11 + 0x0102 + 0x0300;
    expect(Buffer.from(packets[0]?.bytes ?? []).readUInt16BE(40)).toBe(0xffff - sum);
  });

  test("leaves a checksum field that snaplen has cut out", () => {
    const pool = new FramePool();
    const { packets } = written(
      (writer) => {
        writer.addInterface({ name: "x" });
        writer.writeFrame(0, 0, "tx", udpFrame(pool, new Uint8Array(10)));
      },
      { snaplen: 41 },
    );
    expect(packets[0]?.bytes).toHaveLength(41);
  });

  test.each([{ snaplen: 0 }, { snaplen: 1e9 }, { epochSeconds: -1 }, { epochSeconds: 0.5 }])(
    "refuses %o",
    (options) => {
      expect(() => new PcapngWriter(new MemorySink(), options)).toThrow(RangeError);
    },
  );
});

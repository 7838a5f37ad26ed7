import { completeChecksum, FramePool, onesComplementSum, pendingChecksum } from "@dcejs/links";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("a frame of a pool", () => {
  test("shares its octets with a clone and not with a copy", () => {
    const pool = new FramePool();
    const frame = pool.alloc(4, 10);
    frame.bytes.set([1, 2, 3, 4], 10);
    const clone = frame.clone();
    const copy = frame.copy();
    expect(frame.isShared).toBe(true);
    frame.bytes[10] = 9;
    expect([...clone.toBytes()]).toEqual([9, 2, 3, 4]);
    expect([...copy.toBytes()]).toEqual([1, 2, 3, 4]);
    expect(copy.offset).toBe(10);
    frame.release();
    expect(clone.isShared).toBe(false);
    expect([...clone.toBytes()]).toEqual([9, 2, 3, 4]);
    clone.release();
    copy.release();
    expect(pool.live).toBe(0);
  });

  test("gives its memory to the next frame after the last owner's release only", () => {
    const pool = new FramePool();
    const frame = pool.alloc(100);
    const { bytes } = frame;
    const clone = frame.clone();
    frame.release();
    const second = pool.alloc(100);
    expect(second.bytes).not.toBe(bytes);
    clone.release();
    expect(pool.alloc(100).bytes).toBe(bytes);
  });

  test("must not be released twice", () => {
    const frame = new FramePool().alloc(10);
    frame.release();
    expect(() => frame.release()).toThrow("released only once");
  });

  test("may be longer than the pool's buffers, up to a bound", () => {
    const pool = new FramePool(64);
    const frame = pool.from(new Uint8Array(1000).fill(7));
    expect(frame.toBytes()).toEqual(new Uint8Array(1000).fill(7));
    frame.release();
    expect(pool.live).toBe(0);
    expect(() => pool.alloc(300_000)).toThrow(RangeError);
  });
});

describe("a checksum that is still missing", () => {
  test("is the one of the example in RFC 1071, section 3", () => {
    const words = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    expect(onesComplementSum(words, 0, 8)).toBe(0xddf2);
  });

  test("makes the whole sum 0xffff, whatever the octets", () => {
    const octets = fc.uint8Array({ minLength: 20, maxLength: 200 });
    fc.assert(
      fc.property(octets, fc.integer({ min: 0, max: 9 }), (bytes, words) => {
        const pool = new FramePool();
        const frame = pool.from(bytes);
        // The field holds the pseudo-header's sum, so the sum over all must give its complement back.
        const pseudoHeader = frame.view.getUint16(words * 2);
        frame.csumStart = 0;
        frame.csumOffset = words * 2;
        completeChecksum(frame);
        expect(frame.csumStart).toBe(-1);
        const sum = onesComplementSum(frame.bytes, 0, bytes.length) + pseudoHeader;
        const folded = (sum & 0xffff) + (sum >>> 16);
        expect(folded === 0xffff || folded === 0).toBe(true);
      }),
    );
  });

  test("of UDP is stored as 0xffff when it comes out as 0, which UDP reads as none", () => {
    const frame = new FramePool().from(Uint8Array.of(0xff, 0xff, 0, 0, 0, 0, 0, 0));
    frame.csumStart = 0;
    frame.csumOffset = 6;
    expect(pendingChecksum(frame)).toBe(0xffff);
  });

  test("of TCP may be 0", () => {
    const frame = new FramePool().from(new Uint8Array(18).fill(0xff, 0, 2));
    frame.csumStart = 0;
    frame.csumOffset = 16;
    expect(pendingChecksum(frame)).toBe(0);
  });

  test("must have its field inside the frame", () => {
    const frame = new FramePool().from(new Uint8Array(20));
    frame.csumStart = 10;
    frame.csumOffset = 9;
    expect(() => completeChecksum(frame)).toThrow("inside the frame");
  });

  test("leaves a complete frame as it is", () => {
    const frame = new FramePool().from(Uint8Array.of(1, 2, 3, 4));
    completeChecksum(frame);
    expect([...frame.toBytes()]).toEqual([1, 2, 3, 4]);
  });
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  csum_fold16,
  csum_partial,
  csum_replace2,
  csum_replace4,
  csum_sub,
  csum_tcpudp_magic,
  ip_fast_csum,
} from "../src/checksum.ts";

/** RFC 1071, word by word. */
function slowSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

const bytes = fc.uint8Array({ maxLength: 200 });
const viewOf = (data: Uint8Array): DataView => new DataView(data.buffer, data.byteOffset);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);

test("the sum is RFC 1071's, at every length and offset", () => {
  fc.assert(
    fc.property(bytes, fc.nat(10), (data, skip) => {
      const from = Math.min(skip, data.length);
      const sum = csum_partial(viewOf(data), from, data.length - from, 0);
      expect(sum % 0xffff).toBe(slowSum(data.subarray(from)) % 0xffff);
    }),
  );
});

test("a block that holds its check sums to zero", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 100 }), (data) => {
      const view = viewOf(data);
      view.setUint16(2, 0);
      view.setUint16(2, ip_fast_csum(view, 0, data.length));
      expect(ip_fast_csum(view, 0, data.length)).toBe(0);
    }),
  );
});

test("parts add up to the whole, and come out of it again", () => {
  fc.assert(
    fc.property(bytes, fc.nat(100), (data, cut) => {
      const at = Math.min(cut * 2, data.length & ~1);
      const whole = csum_partial(viewOf(data), 0, data.length, 0);
      const first = csum_partial(viewOf(data), 0, at, 0);
      const rest = csum_partial(viewOf(data), at, data.length - at, 0);
      expect(csum_partial(viewOf(data), at, data.length - at, first) % 0xffff).toBe(whole % 0xffff);
      expect(csum_sub(whole, first) % 0xffff).toBe(rest % 0xffff);
    }),
  );
});

test("an incremental update equals a new sum (RFC 1624)", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 40 }), u16, u32, (data, word, long) => {
      const view = viewOf(data);
      // An all-zero block has no complement of its own.
      view.setUint16(0, 0x4500);
      const before = ip_fast_csum(view, 0, data.length);
      const after2 = csum_replace2(before, view.getUint16(2), word);
      view.setUint16(2, word);
      expect(after2).toBe(ip_fast_csum(view, 0, data.length));
      const after4 = csum_replace4(after2, view.getUint32(4), long);
      view.setUint32(4, long);
      expect(after4).toBe(ip_fast_csum(view, 0, data.length));
    }),
  );
});

test("64 KB of ones do not overflow", () => {
  const data = new Uint8Array(65_535).fill(0xff);
  expect(csum_partial(viewOf(data), 0, data.length, 0)).toBe(csum_fold16(0xffff * 32_767 + 0xff00));
});

test("the UDP checksum of a hand-made datagram", () => {
  // 10.0.0.1:1 → 10.0.0.2:2, length 8: 0a00+0001+0a00+0002+0011+0008+0001+0002+0008 = 1427
  const header = Uint8Array.of(0, 1, 0, 2, 0, 8, 0, 0);
  const sum = csum_partial(viewOf(header), 0, 8, 0);
  expect(csum_tcpudp_magic(0x0a000001, 0x0a000002, 8, 17, sum)).toBe(~0x1427 & 0xffff);
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seqNum } from "../../src/tcp/seq.ts";
import { emptyTcpHeader, readTcpHeader, writeTcpHeader } from "../../src/tcp/wire.ts";

const header = fc.record({
  source: fc.integer({ min: 0, max: 0xffff }),
  dest: fc.integer({ min: 0, max: 0xffff }),
  seq: fc.integer().map(seqNum),
  ack_seq: fc.integer().map(seqNum),
  headerLength: fc.integer({ min: 5, max: 15 }).map((words) => words * 4),
  flags: fc.integer({ min: 0, max: 0xff }),
  window: fc.integer({ min: 0, max: 0xffff }),
  urg_ptr: fc.integer({ min: 0, max: 0xffff }),
});

test("reading gives back what was written", () => {
  fc.assert(
    fc.property(header, fc.integer({ min: 0, max: 7 }), (th, offset) => {
      const view = new DataView(new ArrayBuffer(80));
      writeTcpHeader(view, offset, th);
      const read = emptyTcpHeader();
      expect(readTcpHeader(view, offset, th.headerLength, read)).toBe(true);
      expect(read).toEqual(th);
    }),
  );
});

test("a header that is cut off, or shorter than 20 octets, is not read", () => {
  fc.assert(
    fc.property(header, fc.integer({ min: 0, max: 59 }), (th, available) => {
      const view = new DataView(new ArrayBuffer(80));
      writeTcpHeader(view, 0, th);
      const ok = readTcpHeader(view, 0, available, emptyTcpHeader());
      expect(ok).toBe(available >= th.headerLength);
    }),
  );
  const view = new DataView(new ArrayBuffer(20));
  writeTcpHeader(view, 0, { ...emptyTcpHeader(), headerLength: 16 });
  expect(readTcpHeader(view, 0, 20, emptyTcpHeader())).toBe(false);
});

test("a SYN captured from Linux is read as it was sent", () => {
  // Linux 6.18 on its loopback: 60742 > 5999: S, seq 676388926, win 65495
  const bytes = Uint8Array.from([
    0xed, 0x46, 0x17, 0x6f, 0x28, 0x50, 0xe0, 0x3e, 0x00, 0x00, 0x00, 0x00, 0xa0, 0x02, 0xff, 0xd7,
    0xfe, 0x30, 0x00, 0x00, 0x02, 0x04, 0xff, 0xd7, 0x04, 0x02, 0x08, 0x0a, 0x27, 0x47, 0x4b, 0x69,
    0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x0a,
  ]);
  const th = emptyTcpHeader();
  expect(readTcpHeader(new DataView(bytes.buffer), 0, bytes.length, th)).toBe(true);
  expect({ ...th, seq: th.seq >>> 0 }).toEqual({
    source: 60742,
    dest: 5999,
    seq: 0x2850e03e,
    ack_seq: 0,
    headerLength: 40,
    flags: 0x02,
    window: 65495,
    urg_ptr: 0,
  });
});

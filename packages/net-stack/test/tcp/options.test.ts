import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  TcpOptionsReceived,
  emptyTcpOptionsOut,
  optionsLength,
  readSackBlock,
  tcp_options_write,
  tcp_parse_options,
} from "../../src/tcp/options.ts";
import type { TcpOptionsOut } from "../../src/tcp/options.ts";
import { seqNum } from "../../src/tcp/seq.ts";
import { TCPHDR_ACK, TCPHDR_SYN } from "../../src/tcp/wire.ts";

const willing = { timestamps: true, windowScaling: true, sack: true };

function write(opts: TcpOptionsOut, blocks: { start: number; end: number }[] = []): Uint8Array {
  const bytes = new Uint8Array(optionsLength(opts));
  const sack = blocks.map((b) => ({ start: seqNum(b.start), end: seqNum(b.end) }));
  tcp_options_write(new DataView(bytes.buffer), 0, opts, undefined, sack);
  return bytes;
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
}

test("a SYN carries its options in the order that Linux writes them", () => {
  const opts = emptyTcpOptionsOut();
  Object.assign(opts, { mss: 1460, ws: 7, sackPermitted: true, timestamps: true, tsval: 1 });
  expect(hex(write(opts))).toBe("02 04 05 b4 04 02 08 0a 00 00 00 01 00 00 00 00 01 03 03 07");
});

test("without timestamps SACK-permitted is padded in front", () => {
  const opts = emptyTcpOptionsOut();
  Object.assign(opts, { mss: 1460, ws: 7, sackPermitted: true });
  expect(hex(write(opts))).toBe("02 04 05 b4 01 01 04 02 01 03 03 07");
});

test("parsing a SYN gives back what was written", () => {
  const option = fc.record({
    mss: fc.integer({ min: 1, max: 65535 }),
    ws: fc.integer({ min: 0, max: 14 }),
    tsval: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
    tsecr: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  });
  fc.assert(
    fc.property(option, (o) => {
      const opts = { ...emptyTcpOptionsOut(), ...o, sackPermitted: true, timestamps: true };
      const bytes = write(opts);
      const rx = new TcpOptionsReceived();
      const view = new DataView(bytes.buffer);
      tcp_parse_options(view, 0, bytes.length, TCPHDR_SYN, rx, willing);
      expect([rx.mss_clamp, rx.snd_wscale, rx.wscale_ok, rx.sack_ok, rx.tstamp_ok]).toEqual([
        o.mss,
        o.ws,
        true,
        true,
        true,
      ]);
      expect([rx.rcv_tsval, rx.rcv_tsecr]).toEqual([o.tsval, o.tsecr]);
    }),
  );
});

test("what the host does not want is not agreed to", () => {
  const opts = emptyTcpOptionsOut();
  Object.assign(opts, { mss: 1460, ws: 7, sackPermitted: true, timestamps: true, tsval: 1 });
  const bytes = write(opts);
  const rx = new TcpOptionsReceived();
  tcp_parse_options(new DataView(bytes.buffer), 0, bytes.length, TCPHDR_SYN, rx, {
    timestamps: false,
    windowScaling: false,
    sack: false,
  });
  expect([rx.tstamp_ok, rx.wscale_ok, rx.sack_ok]).toEqual([false, false, false]);
});

test("a window scale above 14 counts as 14", () => {
  const rx = new TcpOptionsReceived();
  const view = new DataView(Uint8Array.from([3, 3, 20, 0]).buffer);
  tcp_parse_options(view, 0, 4, TCPHDR_SYN, rx, willing);
  expect(rx.snd_wscale).toBe(14);
});

test("SACK blocks are read in the order of the option", () => {
  const blocks = [
    { start: 100, end: 200 },
    { start: -5, end: 10 },
    { start: 400, end: 500 },
  ];
  const opts = { ...emptyTcpOptionsOut(), timestamps: true, num_sack_blocks: 3 };
  const bytes = write(opts, blocks);
  const rx = new TcpOptionsReceived();
  rx.sack_ok = true;
  rx.tstamp_ok = true;
  const view = new DataView(bytes.buffer);
  tcp_parse_options(view, 0, bytes.length, TCPHDR_ACK, rx, undefined);
  const read = Array.from({ length: rx.sack_count }, (_, i) => {
    const into = { start: seqNum(0), end: seqNum(0) };
    readSackBlock(view, rx, i, into);
    return into;
  });
  expect(read).toEqual(blocks);
});

test("no garbage makes the parser throw or read beyond the end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 255 }), (o, flags) => {
      const bytes = Uint8Array.from(o);
      const rx = new TcpOptionsReceived();
      rx.sack_ok = true;
      tcp_parse_options(new DataView(bytes.buffer), 0, bytes.length, flags, rx, willing);
      expect(rx.sack_offset + rx.sack_count * 8).toBeLessThanOrEqual(
        Math.max(bytes.length, rx.sack_offset),
      );
      expect(rx.sack_count).toBeLessThanOrEqual(4);
    }),
    { numRuns: 1000 },
  );
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ip_fast_csum } from "../../src/checksum.ts";
import { ARP_LENGTH, readArp, writeArp } from "../../src/wire/arp.ts";
import type { ArpPacket } from "../../src/wire/arp.ts";
import { ETH_HLEN, readEthernetHeader, writeEthernetHeader } from "../../src/wire/ethernet.ts";
import { ICMP_HEADER_LENGTH, readIcmpHeader, writeIcmpHeader } from "../../src/wire/icmp.ts";
import {
  formatIpv4,
  inet_make_mask,
  inet_mask_len,
  ip_decrease_ttl,
  parseIpv4,
  readIpv4Header,
  writeIpv4Header,
} from "../../src/wire/ipv4.ts";
import { UDP_HEADER_LENGTH, readUdpHeader, writeUdpHeader } from "../../src/wire/udp.ts";

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const view = new DataView(new ArrayBuffer(128));
const OFFSET = 6;

/** Reads at every shorter length: all must be refused. */
function refusesShort(length: number, read: (end: number) => boolean): void {
  for (let end = OFFSET; end < OFFSET + length; end++) expect(read(end)).toBe(false);
}

test("Ethernet: read(write(x)) = x, and shorter is refused", () => {
  const into = { destHi: 0, destLo: 0, sourceHi: 0, sourceLo: 0, type: 0 };
  fc.assert(
    fc.property(u16, u32, u16, u32, u16, (destHi, destLo, sourceHi, sourceLo, type) => {
      writeEthernetHeader(view, OFFSET, destHi, destLo, sourceHi, sourceLo, type);
      expect(readEthernetHeader(view, OFFSET, OFFSET + ETH_HLEN, into)).toBe(true);
      expect(into).toEqual({ destHi, destLo, sourceHi, sourceLo, type });
    }),
  );
  refusesShort(ETH_HLEN, (end) => readEthernetHeader(view, OFFSET, end, into));
});

test("ARP: read(write(x)) = x, and shorter or foreign is refused", () => {
  const into: ArpPacket = {
    operation: 0,
    senderHi: 0,
    senderLo: 0,
    sip: 0,
    targetHi: 0,
    targetLo: 0,
    tip: 0,
  };
  const packet = fc.record({
    operation: u16,
    senderHi: u16,
    senderLo: u32,
    sip: u32,
    targetHi: u16,
    targetLo: u32,
    tip: u32,
  });
  fc.assert(
    fc.property(packet, (arp) => {
      writeArp(view, OFFSET, arp);
      expect(readArp(view, OFFSET, OFFSET + ARP_LENGTH, into)).toBe(true);
      expect(into).toEqual(arp);
    }),
  );
  refusesShort(ARP_LENGTH, (end) => readArp(view, OFFSET, end, into));
  view.setUint8(OFFSET + 4, 8);
  expect(readArp(view, OFFSET, OFFSET + ARP_LENGTH, into)).toBe(false);
});

test("IPv4: read(write(x)) = x with a right checksum, and shorter is refused", () => {
  const into = {
    headerLength: 0,
    tos: 0,
    tot_len: 0,
    id: 0,
    frag_off: 0,
    ttl: 0,
    protocol: 0,
    check: 0,
    saddr: 0,
    daddr: 0,
  };
  const fields = fc.record({
    tos: u8,
    tot_len: fc.integer({ min: 20, max: 100 }),
    id: u16,
    frag_off: u16,
    ttl: u8,
    protocol: u8,
    saddr: u32,
    daddr: u32,
  });
  fc.assert(
    fc.property(fields, (h) => {
      writeIpv4Header(
        view,
        OFFSET,
        h.tos,
        h.tot_len,
        h.id,
        h.frag_off,
        h.ttl,
        h.protocol,
        h.saddr,
        h.daddr,
      );
      expect(readIpv4Header(view, OFFSET, OFFSET + h.tot_len, into)).toBe(true);
      expect(into).toEqual({ headerLength: 20, check: into.check, ...h });
      if (h.ttl > 0) ip_decrease_ttl(view, OFFSET);
      expect(ip_fast_csum(view, OFFSET, 20)).toBe(0);
      refusesShort(h.tot_len, (end) => readIpv4Header(view, OFFSET, end, into));
    }),
    { numRuns: 30 },
  );
});

test("UDP and ICMP: read(write(x)) = x, and shorter is refused", () => {
  const udp = { source: 0, dest: 0, len: 0, check: 0 };
  const icmp = { type: 0, code: 0, check: 0, rest: 0 };
  fc.assert(
    fc.property(
      u16,
      u16,
      fc.integer({ min: 8, max: 100 }),
      u16,
      u32,
      (source, dest, len, check, rest) => {
        writeUdpHeader(view, OFFSET, source, dest, len, check);
        expect(readUdpHeader(view, OFFSET, OFFSET + len, udp)).toBe(true);
        expect(udp).toEqual({ source, dest, len, check });
        writeIcmpHeader(view, OFFSET, source & 0xff, dest & 0xff, rest);
        expect(readIcmpHeader(view, OFFSET, OFFSET + ICMP_HEADER_LENGTH, icmp)).toBe(true);
        expect(icmp).toEqual({ type: source & 0xff, code: dest & 0xff, check: 0, rest });
      },
    ),
  );
  writeUdpHeader(view, OFFSET, 1, 2, UDP_HEADER_LENGTH, 0);
  refusesShort(UDP_HEADER_LENGTH, (end) => readUdpHeader(view, OFFSET, end, udp));
  refusesShort(ICMP_HEADER_LENGTH, (end) => readIcmpHeader(view, OFFSET, end, icmp));
});

test("a hand-made frame: UDP from 192.168.1.10:12345 to 192.168.1.20:53", () => {
  const text =
    "525400123456 525400abcdef 0800" +
    "4500 0020 1c46 4000 40 11 9b18 c0a8010a c0a80114" +
    "3039 0035 000c 1234 deadbeef";
  const octets = Uint8Array.from(text.replace(/ /g, "").match(/../g) ?? [], (pair) =>
    Number.parseInt(pair, 16),
  );
  const frame = new DataView(octets.buffer);
  const ip = {
    headerLength: 0,
    tos: 0,
    tot_len: 0,
    id: 0,
    frag_off: 0,
    ttl: 0,
    protocol: 0,
    check: 0,
    saddr: 0,
    daddr: 0,
  };
  expect(readIpv4Header(frame, 14, octets.length, ip)).toBe(true);
  expect(ip).toMatchObject({ tot_len: 32, id: 0x1c46, frag_off: 0x4000, ttl: 64, protocol: 17 });
  expect([formatIpv4(ip.saddr), formatIpv4(ip.daddr)]).toEqual(["192.168.1.10", "192.168.1.20"]);
  expect(ip_fast_csum(frame, 14, 20)).toBe(0);
  const udp = { source: 0, dest: 0, len: 0, check: 0 };
  expect(readUdpHeader(frame, 34, octets.length, udp)).toBe(true);
  expect(udp).toEqual({ source: 12_345, dest: 53, len: 12, check: 0x1234 });
});

test("addresses and masks are read as inet_pton reads them", () => {
  fc.assert(
    fc.property(u32, (addr) => {
      expect(parseIpv4(formatIpv4(addr))).toBe(addr);
    }),
  );
  for (const bad of ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "a.b.c.d", "1.2.3.-4"]) {
    expect(parseIpv4(bad)).toBeUndefined();
  }
  for (let length = 0; length <= 32; length++) {
    expect(inet_mask_len(inet_make_mask(length))).toBe(length);
  }
  expect(inet_mask_len(0xff00ff00)).toBe(-1);
});

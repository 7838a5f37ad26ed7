/**
 * IPv4 header (RFC 791, section 3.1). Offsets in octets from the start of the header.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |version|  ihl  |      tos      |            tot_len            |
 *     |              id               |flags|        frag_off         |
 *     |      ttl      |   protocol    |             check             |
 *     |                             saddr                             |
 *     |                             daddr                             |
 */
import { csum_replace2, ip_fast_csum } from "../checksum.ts";

export const IP_TOS = 1;
export const IP_TOT_LEN = 2;
export const IP_ID = 4;
export const IP_FRAG_OFF = 6;
export const IP_TTL = 8;
export const IP_PROTOCOL = 9;
export const IP_CHECK = 10;
export const IP_SADDR = 12;
export const IP_DADDR = 16;
export const IPV4_HEADER_LENGTH = 20;
export const IPV4_PACKET_LENGTH_MAX = 65_535;

/** Bits of the frag_off word. */
export const IP_DF = 0x4000;
export const IP_MF = 0x2000;
export const IP_OFFSET = 0x1fff;

export interface Ipv4Header {
  /** Octets, options included. */
  headerLength: number;
  tos: number;
  tot_len: number;
  id: number;
  /** Flags and offset as on the wire; the offset counts 8 octets. */
  frag_off: number;
  ttl: number;
  protocol: number;
  check: number;
  saddr: number;
  daddr: number;
}

/**
 * Fills `into`. False when the octets up to `end` hold no whole header of version 4, or not the whole
 * packet. The checksum is not looked at.
 */
export function readIpv4Header(
  view: DataView,
  offset: number,
  end: number,
  into: Ipv4Header,
): boolean {
  if (end - offset < IPV4_HEADER_LENGTH) return false;
  const first = view.getUint8(offset);
  if (first >> 4 !== 4) return false;
  const headerLength = (first & 0x0f) * 4;
  const tot_len = view.getUint16(offset + IP_TOT_LEN);
  if (headerLength < IPV4_HEADER_LENGTH || tot_len < headerLength) return false;
  if (tot_len > end - offset) return false;
  into.headerLength = headerLength;
  into.tos = view.getUint8(offset + IP_TOS);
  into.tot_len = tot_len;
  into.id = view.getUint16(offset + IP_ID);
  into.frag_off = view.getUint16(offset + IP_FRAG_OFF);
  into.ttl = view.getUint8(offset + IP_TTL);
  into.protocol = view.getUint8(offset + IP_PROTOCOL);
  into.check = view.getUint16(offset + IP_CHECK);
  into.saddr = view.getUint32(offset + IP_SADDR);
  into.daddr = view.getUint32(offset + IP_DADDR);
  return true;
}

/** Writes the header without options and its checksum. */
export function writeIpv4Header(
  view: DataView,
  offset: number,
  tos: number,
  totLen: number,
  id: number,
  fragOff: number,
  ttl: number,
  protocol: number,
  saddr: number,
  daddr: number,
): void {
  view.setUint16(offset, 0x4500 | tos);
  view.setUint16(offset + IP_TOT_LEN, totLen);
  view.setUint16(offset + IP_ID, id);
  view.setUint16(offset + IP_FRAG_OFF, fragOff);
  view.setUint16(offset + IP_TTL, (ttl << 8) | protocol);
  view.setUint32(offset + IP_SADDR, saddr);
  view.setUint32(offset + IP_DADDR, daddr);
  let sum =
    (0x4500 | tos) +
    totLen +
    id +
    fragOff +
    ((ttl << 8) | protocol) +
    (saddr >>> 16) +
    (saddr & 0xffff) +
    (daddr >>> 16) +
    (daddr & 0xffff);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(offset + IP_CHECK, ~sum & 0xffff);
}

/** ip_send_check: computes the checksum of the header as it stands. */
export function ip_send_check(view: DataView, offset: number): void {
  view.setUint16(offset + IP_CHECK, 0);
  const length = (view.getUint8(offset) & 0x0f) * 4;
  view.setUint16(offset + IP_CHECK, ip_fast_csum(view, offset, length));
}

/** ip_decrease_ttl: one hop less, checksum kept right (RFC 1624). */
export function ip_decrease_ttl(view: DataView, offset: number): void {
  const word = view.getUint16(offset + IP_TTL);
  view.setUint16(offset + IP_TTL, word - 0x100);
  view.setUint16(
    offset + IP_CHECK,
    csum_replace2(view.getUint16(offset + IP_CHECK), word, word - 0x100),
  );
}

export function ipv4_is_loopback(addr: number): boolean {
  return addr >>> 24 === 127;
}
export function ipv4_is_multicast(addr: number): boolean {
  return addr >>> 28 === 0xe;
}
export function ipv4_is_zeronet(addr: number): boolean {
  return addr >>> 24 === 0;
}
export function ipv4_is_lbcast(addr: number): boolean {
  return addr === 0xffffffff;
}

/** "10.0.0.1". */
export function formatIpv4(addr: number): string {
  return `${addr >>> 24}.${(addr >>> 16) & 0xff}.${(addr >>> 8) & 0xff}.${addr & 0xff}`;
}

/** The address of four decimal numbers, or undefined (inet_pton's syntax). */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let addr = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    addr = addr * 256 + Number(part);
  }
  return addr;
}

/** inet_make_mask: the netmask of a prefix length 0 … 32. */
export function inet_make_mask(prefixLength: number): number {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}

/** The prefix length of a netmask, or -1 when its ones are not in one piece. */
export function inet_mask_len(mask: number): number {
  const inverse = ~mask >>> 0;
  if ((inverse & (inverse + 1)) !== 0) return -1;
  return Math.clz32(inverse);
}

/**
 * Ethernet II header. Offsets in octets from the start of the header.
 *
 * A link address is handled as two numbers, so that no array is touched on the data path: `hi` holds
 * its first 16 bits, `lo` the last 32 (unsigned).
 */
const SOURCE = 6;
const TYPE = 12;
export const ETH_HLEN = 14;
export const ETH_ALEN = 6;
/** Largest payload of an ordinary frame, and smallest MTU that IPv4 works with. */
export const ETH_DATA_LEN = 1500;

export const ETH_P_802_3_MIN = 0x0600;
export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;
export const ETH_P_802_2 = 0x0004;

export const BROADCAST_HI = 0xffff;
export const BROADCAST_LO = 0xffffffff;

export interface EthernetHeader {
  destHi: number;
  destLo: number;
  sourceHi: number;
  sourceLo: number;
  /** Ethertype, or an 802.3 length below 0x600. */
  type: number;
}

/** Fills `into`; false when fewer than 14 octets are there. */
export function readEthernetHeader(
  view: DataView,
  offset: number,
  end: number,
  into: EthernetHeader,
): boolean {
  if (end - offset < ETH_HLEN) return false;
  into.destHi = view.getUint16(offset);
  into.destLo = view.getUint32(offset + 2);
  into.sourceHi = view.getUint16(offset + SOURCE);
  into.sourceLo = view.getUint32(offset + SOURCE + 2);
  into.type = view.getUint16(offset + TYPE);
  return true;
}

export function writeEthernetHeader(
  view: DataView,
  offset: number,
  destHi: number,
  destLo: number,
  sourceHi: number,
  sourceLo: number,
  type: number,
): void {
  view.setUint16(offset, destHi);
  view.setUint32(offset + 2, destLo);
  view.setUint16(offset + SOURCE, sourceHi);
  view.setUint32(offset + SOURCE + 2, sourceLo);
  view.setUint16(offset + TYPE, type);
}

/** First 16 bits of a link address. */
export function macHi(address: Uint8Array): number {
  return ((address[0] ?? 0) << 8) | (address[1] ?? 0);
}

/** Last 32 bits of a link address. */
export function macLo(address: Uint8Array): number {
  return (
    (((address[2] ?? 0) << 24) |
      ((address[3] ?? 0) << 16) |
      ((address[4] ?? 0) << 8) |
      (address[5] ?? 0)) >>>
    0
  );
}

export function macBytes(hi: number, lo: number): Uint8Array {
  return Uint8Array.of(
    hi >>> 8,
    hi & 0xff,
    lo >>> 24,
    (lo >>> 16) & 0xff,
    (lo >>> 8) & 0xff,
    lo & 0xff,
  );
}

/** is_valid_ether_addr: not multicast and not zero. */
export function is_valid_ether_addr(address: Uint8Array): boolean {
  return (
    address.length === ETH_ALEN &&
    ((address[0] ?? 0) & 1) === 0 &&
    address.some((octet) => octet !== 0)
  );
}

/** "52:54:00:12:34:56". */
export function formatMac(hi: number, lo: number): string {
  return Array.from(macBytes(hi, lo), (octet) => octet.toString(16).padStart(2, "0")).join(":");
}

/** UDP header (RFC 768). Offsets in octets from the start of the header. */
export const UDP_SOURCE = 0;
const UDP_DEST = 2;
const UDP_LEN = 4;
export const UDP_CHECK = 6;
export const UDP_HEADER_LENGTH = 8;

export interface UdpHeader {
  source: number;
  dest: number;
  /** Header and payload, octets. */
  len: number;
  check: number;
}

/** Fills `into`; false when the header is short or claims a length that is not there. */
export function readUdpHeader(
  view: DataView,
  offset: number,
  end: number,
  into: UdpHeader,
): boolean {
  if (end - offset < UDP_HEADER_LENGTH) return false;
  const len = view.getUint16(offset + UDP_LEN);
  if (len < UDP_HEADER_LENGTH || len > end - offset) return false;
  into.source = view.getUint16(offset + UDP_SOURCE);
  into.dest = view.getUint16(offset + UDP_DEST);
  into.len = len;
  into.check = view.getUint16(offset + UDP_CHECK);
  return true;
}

export function writeUdpHeader(
  view: DataView,
  offset: number,
  source: number,
  dest: number,
  len: number,
  check: number,
): void {
  view.setUint16(offset + UDP_SOURCE, source);
  view.setUint16(offset + UDP_DEST, dest);
  view.setUint16(offset + UDP_LEN, len);
  view.setUint16(offset + UDP_CHECK, check);
}

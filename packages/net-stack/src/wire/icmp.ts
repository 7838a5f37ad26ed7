/** ICMP header (RFC 792). Offsets in octets from the start of the header. */
const ICMP_TYPE = 0;
const ICMP_CODE = 1;
export const ICMP_CHECK = 2;
/** Second word: identifier and sequence of an echo, next-hop MTU, pointer, gateway. */
export const ICMP_REST = 4;
export const ICMP_HEADER_LENGTH = 8;

export const ICMP_ECHOREPLY = 0;
export const ICMP_DEST_UNREACH = 3;
export const ICMP_SOURCE_QUENCH = 4;
export const ICMP_REDIRECT = 5;
export const ICMP_ECHO = 8;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETERPROB = 12;
export const ICMP_TIMESTAMP = 13;
export const NR_ICMP_TYPES = 18;

/** Codes of ICMP_DEST_UNREACH. */
export const ICMP_NET_UNREACH = 0;
export const ICMP_HOST_UNREACH = 1;
export const ICMP_PROT_UNREACH = 2;
export const ICMP_PORT_UNREACH = 3;
export const ICMP_FRAG_NEEDED = 4;
export const ICMP_PKT_FILTERED = 13;
export const NR_ICMP_UNREACH = 15;

/** Codes of ICMP_TIME_EXCEEDED. */
export const ICMP_EXC_TTL = 0;
export const ICMP_EXC_FRAGTIME = 1;

export interface IcmpHeader {
  type: number;
  code: number;
  check: number;
  /** The second word as one unsigned number. */
  rest: number;
}

/** Fills `into`; false when fewer than 8 octets are there. */
export function readIcmpHeader(
  view: DataView,
  offset: number,
  end: number,
  into: IcmpHeader,
): boolean {
  if (end - offset < ICMP_HEADER_LENGTH) return false;
  into.type = view.getUint8(offset + ICMP_TYPE);
  into.code = view.getUint8(offset + ICMP_CODE);
  into.check = view.getUint16(offset + ICMP_CHECK);
  into.rest = view.getUint32(offset + ICMP_REST);
  return true;
}

/** Writes the header with a zero checksum; see icmp_send_check. */
export function writeIcmpHeader(
  view: DataView,
  offset: number,
  type: number,
  code: number,
  rest: number,
): void {
  view.setUint8(offset + ICMP_TYPE, type);
  view.setUint8(offset + ICMP_CODE, code);
  view.setUint16(offset + ICMP_CHECK, 0);
  view.setUint32(offset + ICMP_REST, rest);
}

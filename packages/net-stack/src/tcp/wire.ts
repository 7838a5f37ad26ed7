import type { SeqNum } from "./seq.ts";
import { seqNum } from "./seq.ts";

/**
 * TCP header (RFC 9293, section 3.1). Offsets in octets from the start of the header.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |          source port          |       destination port        |
 *     |                        sequence number                        |
 *     |                    acknowledgment number                      |
 *     | offset| rsrvd |C|E|U|A|P|R|S|F|            window             |
 *     |           checksum            |        urgent pointer         |
 */
const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const SEQUENCE = 4;
const ACKNOWLEDGMENT = 8;
const DATA_OFFSET = 12;
const FLAGS = 13;
const WINDOW = 14;
export const TCP_CHECKSUM_OFFSET = 16;
const URGENT_POINTER = 18;

export const TCP_HEADER_LENGTH = 20;
export const MAX_TCP_OPTION_SPACE = 40;
/** Room for IPv4 header and link header in front of a full TCP header (Linux: MAX_TCP_HEADER). */
export const MAX_TCP_HEADER = 160;

export const TCPHDR_FIN = 0x01;
export const TCPHDR_SYN = 0x02;
export const TCPHDR_RST = 0x04;
export const TCPHDR_PSH = 0x08;
export const TCPHDR_ACK = 0x10;
export const TCPHDR_URG = 0x20;

/** One header in host form. The receive path owns one instance and refills it for each segment. */
export interface TcpHeader {
  source: number;
  dest: number;
  seq: SeqNum;
  ack_seq: SeqNum;
  /** Header with options, octets: 20 … 60. */
  headerLength: number;
  flags: number;
  /** As on the wire, not scaled. */
  window: number;
  urg_ptr: number;
}

export function emptyTcpHeader(): TcpHeader {
  return {
    source: 0,
    dest: 0,
    seq: seqNum(0),
    ack_seq: seqNum(0),
    headerLength: TCP_HEADER_LENGTH,
    flags: 0,
    window: 0,
    urg_ptr: 0,
  };
}

/**
 * Reads the header at `offset`; false when `available` octets cannot hold what it says it is.
 * Touches nothing but `into`.
 */
export function readTcpHeader(
  view: DataView,
  offset: number,
  available: number,
  into: TcpHeader,
): boolean {
  if (available < TCP_HEADER_LENGTH) return false;
  const headerLength = (view.getUint8(offset + DATA_OFFSET) >> 4) * 4;
  if (headerLength < TCP_HEADER_LENGTH || headerLength > available) return false;
  into.source = view.getUint16(offset + SOURCE_PORT);
  into.dest = view.getUint16(offset + DESTINATION_PORT);
  into.seq = seqNum(view.getInt32(offset + SEQUENCE));
  into.ack_seq = seqNum(view.getInt32(offset + ACKNOWLEDGMENT));
  into.headerLength = headerLength;
  into.flags = view.getUint8(offset + FLAGS);
  into.window = view.getUint16(offset + WINDOW);
  into.urg_ptr = view.getUint16(offset + URGENT_POINTER);
  return true;
}

/** Writes the 20 fixed octets with a zero checksum; options follow at `offset + 20`. */
export function writeTcpHeader(view: DataView, offset: number, th: Readonly<TcpHeader>): void {
  view.setUint16(offset + SOURCE_PORT, th.source);
  view.setUint16(offset + DESTINATION_PORT, th.dest);
  view.setInt32(offset + SEQUENCE, th.seq);
  view.setInt32(offset + ACKNOWLEDGMENT, th.ack_seq);
  view.setUint8(offset + DATA_OFFSET, (th.headerLength >> 2) << 4);
  view.setUint8(offset + FLAGS, th.flags);
  view.setUint16(offset + WINDOW, th.window);
  view.setUint16(offset + TCP_CHECKSUM_OFFSET, 0);
  view.setUint16(offset + URGENT_POINTER, th.urg_ptr);
}

import { invariant } from "@dcejs/core-sched";

/**
 * An Ethernet frame on its way, without preamble and frame check sequence.
 *
 * Its octets are `bytes[offset … offset + length)`. A frame has one owner at a time: who passes it
 * on must not touch it afterwards, who ends its way calls `release()` exactly once.
 */
export interface Frame {
  /** The memory that the frame lies in; may be larger and may be shared with other frames. */
  readonly bytes: Uint8Array;
  /** A view of the same memory, so that reading a header does not make one. */
  readonly view: DataView;
  offset: number;
  length: number;
  /**
   * Index in `bytes` from which the ones' complement sum up to the end of the frame is still to be
   * stored at `csumStart + csumOffset`; the field holds the sum of the pseudo-header already.
   * -1: the checksum is complete. As VIRTIO_NET_HDR_F_NEEDS_CSUM and Linux' CHECKSUM_PARTIAL.
   */
  csumStart: number;
  csumOffset: number;
  /** Another owner of the same octets, which are read-only from then on. */
  clone(): Frame;
  /** A frame with octets of its own. */
  copy(): Frame;
  /** Ends this owner's part. The frame must not be used afterwards. */
  release(): void;
}

/** Where a UDP header has its checksum. */
const UDP_CHECKSUM = 6;
/** Destination, source and type (IEEE 802.3). */
export const ETHERNET_HEADER_LENGTH = 14;

/**
 * The value that the checksum field of a frame with `csumStart >= 0` must get, as a network card
 * computes it: UDP's is never 0, which it reads as "no checksum" (RFC 768); that of others may be.
 */
export function pendingChecksum(frame: Frame): number {
  const { bytes, csumStart, csumOffset } = frame;
  const end = frame.offset + frame.length;
  invariant(
    csumStart >= frame.offset && csumOffset >= 0 && csumStart + csumOffset + 2 <= end,
    "frame: the checksum field must lie inside the frame",
  );
  const checksum = ~onesComplementSum(bytes, csumStart, end) & 0xffff;
  return checksum === 0 && csumOffset === UDP_CHECKSUM ? 0xffff : checksum;
}

/**
 * Stores the checksum that is still missing and marks the frame complete; nothing when it is.
 * Writes to the frame's octets: the caller must be their only owner.
 */
export function completeChecksum(frame: Frame): void {
  if (frame.csumStart < 0) return;
  frame.view.setUint16(frame.csumStart + frame.csumOffset, pendingChecksum(frame));
  frame.csumStart = -1;
  frame.csumOffset = 0;
}

/** Ones' complement sum of 16-bit words (RFC 1071), folded to 16 bits; an odd last octet is padded. */
export function onesComplementSum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  const lastPair = to - 1;
  let at = from;
  // 131,072 words of 0xffff fit in 2^33; a double holds that exactly, so there is one fold at the end.
  for (; at < lastPair; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (at < to) sum += (bytes[at] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

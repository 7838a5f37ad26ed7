/**
 * An Ethernet frame on its way between a device driver and a link, without preamble and frame check
 * sequence. Its octets are `bytes[offset … offset + length)`. It has one owner at a time: who passes
 * it on must not touch it afterwards; who ends its way calls `release()` exactly once.
 */
export interface Frame {
  /** The memory that the frame lies in; may be larger than the frame. */
  readonly bytes: Uint8Array;
  /** A view of the same memory, so that reading a header makes none. */
  readonly view: DataView;
  offset: number;
  length: number;
  /**
   * Index in `bytes` from which the ones' complement sum up to the end of the frame is still to be
   * stored at `csumStart + csumOffset`, where the pseudo-header's sum lies already
   * (VIRTIO_NET_HDR_F_NEEDS_CSUM). -1: the checksum is complete.
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
